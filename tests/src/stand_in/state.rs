//! The state of the stand-in, and the steps from a request to its response.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use axum::http::request::Parts;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    access, altered, collection,
    config::Config,
    downloads,
    faults::{Fault, FaultKind, Hit, effects},
    iam,
    lambda::Functions,
    operation::{CallContext, Response},
    rates::Rates,
    recording::Recording,
    s3::Objects,
    security_hub::SecurityHub,
    service::AwsError,
    sqs::Queues,
    sts::Callers,
    wire::{DecodeError, Reply, Request, decode, encode, encode_error},
};
use crate::{
    account::Account,
    iam::{Decision, decide},
};

/// The state of the stand-in.
#[derive(Debug)]
pub(super) struct State {
    home: Account,
    others: Vec<Account>,
    /// The positions in `others`, by account and Region.
    positions: HashMap<(String, String), usize>,
    /// Accounts as IAM sees them, by the account and the Region of a caller. They are kept until an account changes.
    globals: HashMap<(String, String), Account>,
    pub callers: Callers,
    pub hub: SecurityHub,
    pub config: Config,
    pub queues: Queues,
    pub objects: Objects,
    /// The functions that can be invoked.
    pub functions: Functions,
    /// The limits of calls; `None` if their rate is not limited.
    pub rates: Option<Rates>,
    pub recording: Recording,
    /// The number of calls that faults have hit since the start or since all faults were last removed.
    pub hits: usize,
    /// The latest time in any request or finding.
    pub latest: Timestamp,
}

/// The part of the state that a snapshot holds.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    hub: SecurityHub,
    config: Config,
    objects: Objects,
    latest: Timestamp,
}

/// The result of one HTTP request.
#[derive(Debug)]
pub(super) struct TimedReply {
    pub delay: Duration,
    /// The reply; `None` if the connection breaks.
    pub reply: Option<Reply>,
}

impl TimedReply {
    /// Returns `true` if the request invokes a function.
    pub(super) fn invokes_function(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.run.is_some())
    }

    /// Runs the function that the request invokes, if it invokes one. The state must not be locked.
    pub(super) fn complete(mut self) -> Self {
        if let Some(reply) = &mut self.reply
            && let Some(run) = reply.run.take()
        {
            self.delay += run.complete(reply);
        }
        self
    }
}

impl State {
    pub(super) fn new(mut home: Account) -> Self {
        let mut hub = SecurityHub::default();
        let latest = hub.hold(std::mem::take(&mut home.findings), Timestamp::now());
        Self {
            callers: Callers::new(&home.account),
            home,
            others: Vec::new(),
            positions: HashMap::new(),
            globals: HashMap::new(),
            hub,
            config: Config::default(),
            queues: Queues::default(),
            objects: Objects::default(),
            functions: Functions::default(),
            rates: None,
            recording: Recording::default(),
            hits: 0,
            latest,
        }
    }

    pub(super) fn kept(&self) -> Kept {
        Kept {
            hub: self.hub.clone(),
            config: self.config.clone(),
            objects: self.objects.clone(),
            latest: self.latest,
        }
    }

    pub(super) fn restore(&mut self, kept: Kept) {
        let Kept {
            hub,
            config,
            objects,
            latest,
        } = kept;
        self.latest = self.latest.max(latest);
        self.hub = hub;
        self.config = config;
        self.objects = objects;
        self.queues.take();
    }

    /// Returns the account that the stand-in was started with.
    pub(super) fn home(&self) -> &Account {
        &self.home
    }

    /// Serves another account in place of the one that the stand-in was started with.
    pub(super) fn replace_home(&mut self, account: Account) {
        self.home = account;
        self.globals.clear();
    }

    pub(super) fn fail(&mut self, fault: Fault) {
        self.home.faults.push(fault);
    }

    pub(super) fn serve(&mut self, mut account: Account) {
        let findings = std::mem::take(&mut account.findings);
        self.latest = self.latest.max(self.hub.hold(findings, Timestamp::now()));
        let place = (account.account.clone(), account.region.clone());
        self.positions.entry(place).or_insert(self.others.len());
        self.others.push(account);
        self.globals.clear();
    }

    pub(super) fn clear_faults(&mut self) {
        for account in self.accounts_mut() {
            account.faults.clear();
        }
        self.hits = 0;
    }

    /// Responds to one HTTP request and records it. It arrives at the time `at`: now or, if its sender has its own
    /// clock, the time of that clock.
    pub(super) fn respond(&mut self, parts: &Parts, body: &[u8], at: Timestamp) -> TimedReply {
        self.latest = self.latest.max(at);
        if let Some(reply) = downloads::respond(self, parts) {
            return TimedReply {
                delay: Duration::ZERO,
                reply: Some(reply),
            };
        }
        let mut request = match decode(parts, body, at) {
            Ok(request) => request,
            Err(DecodeError { service, error }) => {
                let name = format!("{} {}", parts.method, parts.uri);
                self.recording.record_error(&name, &error);
                return TimedReply {
                    delay: Duration::ZERO,
                    reply: Some(encode_error(service, &error)),
                };
            }
        };
        let resumed = altered::resume(&mut request);
        let effects = effects(self.faults_mut(), &request);
        self.hits += usize::from(effects.hit.is_some() || !effects.delay.is_zero());
        let violations = self.recording.violations().len();
        let (reply, error) = self.reply(&request, effects.hit.as_ref(), resumed);
        if self.recording.violations().len() == violations {
            self.recording.check_against_model(&request);
        }
        let is_violation = self.recording.violations().len() > violations;
        if let Some(hit) = effects.hit {
            hit.use_up(self.faults_mut());
        }
        let status = reply.as_ref().map(|reply| reply.status);
        self.recording
            .add_call(request, status, error, is_violation);
        TimedReply {
            delay: effects.delay,
            reply,
        }
    }

    /// Returns the reply to a request, and the code of the error in it.
    fn reply(
        &mut self,
        request: &Request,
        fault: Option<&Hit>,
        resumed: Option<&str>,
    ) -> (Option<Reply>, Option<String>) {
        let kind = fault.map(|fault| &fault.kind);
        if matches!(kind, Some(FaultKind::Reset)) {
            return (None, None);
        }
        match self.result(request, fault, resumed) {
            Ok(mut reply) => {
                match kind {
                    Some(FaultKind::Truncated) => match &mut reply.run {
                        Some(run) => run.is_truncated = true,
                        None => reply.body.truncate(reply.body.len() / 2),
                    },
                    Some(FaultKind::HtmlPage) => {
                        reply.run = None;
                        reply.body = altered::GARBAGE.into();
                        reply.content_type = "text/html";
                        reply.headers.clear();
                    }
                    _ => {}
                }
                (Some(reply), None)
            }
            Err(error) => {
                self.recording.record_error(&request.name(), &error);
                (
                    Some(encode_error(Some(request.service), &error)),
                    Some(error.code),
                )
            }
        }
    }

    fn result(
        &mut self,
        request: &Request,
        fault: Option<&Hit>,
        resumed: Option<&str>,
    ) -> Result<Reply, AwsError> {
        let caller = self.callers.account(request)?;
        self.authorize(&caller, request)?;
        if let Some(rates) = &mut self.rates
            && rates.is_over(&caller, request)
        {
            return Err(request.service.throttling_error());
        }
        if let Some(error) =
            fault.and_then(|fault| fault.kind.error(request.service, &request.operation))
        {
            return Err(error);
        }
        if let Response::Object(respond) = &request.row()?.row.response {
            return respond(self, request);
        }
        let mut response = self.response(&CallContext {
            caller: &caller,
            request,
            fault,
        })?;
        if let Some(fault) = fault {
            altered::alter(&fault.kind, request, resumed, &mut response);
        }
        self.recording.keep_response(&response);
        Ok(encode(request.service, &request.operation, response))
    }

    /// Returns the response to a call that is allowed.
    pub(super) fn response(&mut self, call: &CallContext<'_>) -> Result<Value, AwsError> {
        let CallContext {
            caller, request, ..
        } = *call;
        let operation = request.row()?;
        match &operation.row.response {
            Response::State(respond) => respond(self, call),
            Response::Object(_) => Err(AwsError::unknown_operation(&request.name())),
            Response::Account(respond) => respond(&self.account(caller, request), request),
            Response::List(collection) => {
                let account = self.account(caller, request);
                collection::list(collection, operation, &account, request)
            }
            Response::Describe(collection) => {
                let account = self.account(caller, request);
                collection::describe(collection, operation, &account, request)
            }
        }
    }

    /// Checks that IAM allows a request. One that it denies should have been granted or not sent, so it is a violation.
    fn authorize(&mut self, caller: &str, request: &Request) -> Result<(), AwsError> {
        let operation = request.row()?;
        self.add_global(caller, request);
        let needs = access::needs(operation, self, &self.account(caller, request), request);
        let role = self.callers.role(request);
        for need in needs {
            if !need.is_declared() {
                return Err(self.deny(request, need.undeclared()));
            }
            let Some(role) = &role else { continue };
            let requested = need.request_of(role, caller, request);
            match decide(&role.statements, &requested) {
                Decision::Denied => {
                    return Err(self.deny(request, access::denied(role, &requested)));
                }
                Decision::Allowed(by) => {
                    if let [only] = by[..] {
                        self.recording.add_use(&role.name, only, &requested);
                    }
                }
            }
        }
        Ok(())
    }

    fn deny(&mut self, request: &Request, message: String) -> AwsError {
        self.recording.add_denial(&message);
        request.service.denied(message).violation()
    }

    /// Returns the account that a request is about: the caller's in the request's Region or, for a global service, that
    /// of all Regions. An account that is not served holds nothing.
    fn account(&self, caller: &str, request: &Request) -> Cow<'_, Account> {
        let place = || (caller.to_owned(), request.region.clone());
        let account = if request.service.is_global() {
            self.globals.get(&place())
        } else if is_at(&self.home, caller, &request.region) {
            Some(&self.home)
        } else {
            let position = self.positions.get(&place());
            position.and_then(|position| self.others.get(*position))
        };
        match account {
            Some(account) => Cow::Borrowed(account),
            None => Cow::Owned(Account::empty(caller, &request.region)),
        }
    }

    /// Adds the caller's account of all Regions, if a request to a global service needs it.
    fn add_global(&mut self, caller: &str, request: &Request) {
        if request.service.is_global() {
            self.add_global_account(caller, &request.region);
        }
    }

    fn add_global_account(&mut self, caller: &str, region: &str) {
        let served = std::iter::once(&self.home).chain(&self.others);
        self.globals
            .entry((caller.to_owned(), region.to_owned()))
            .or_insert_with(|| {
                let mut account = Account::empty(caller, region);
                account.page_size = self.home.page_size;
                iam::global(account, served.filter(|account| account.account == caller))
            });
    }

    /// Returns an account that holds nothing, with the page size of the home account.
    pub(super) fn empty(&self, caller: &str, region: &str) -> Account {
        let mut account = Account::empty(caller, region);
        account.page_size = self.home.page_size;
        account
    }

    /// Returns `true` if a call is made by the home account in its Region.
    pub(super) fn is_at_home(&self, call: &CallContext<'_>) -> bool {
        is_at(&self.home, call.caller, &call.request.region)
    }

    /// Returns all accounts that are served.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &Account> + Clone {
        std::iter::once(&self.home).chain(&self.others)
    }

    fn accounts_mut(&mut self) -> impl Iterator<Item = &mut Account> {
        std::iter::once(&mut self.home).chain(&mut self.others)
    }

    fn faults_mut(&mut self) -> impl Iterator<Item = &mut Fault> {
        self.accounts_mut().flat_map(|account| &mut account.faults)
    }
}

fn is_at(account: &Account, caller: &str, region: &str) -> bool {
    account.account == caller && account.region == region
}
