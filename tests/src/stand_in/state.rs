//! The state of the stand-in, and the steps from a request to its answer.

use std::{collections::HashMap, time::Duration};

use axum::http::request::Parts;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    access::{self, RequiredPermission},
    altered,
    config::{self, Config},
    ecr, eks,
    faults::{Fault, FaultKind, Hit, trouble},
    iam, kms, organizations,
    rates::Rates,
    recording::Recording,
    regions,
    s3::{self, Objects},
    security_hub::SecurityHub,
    service::{AwsError, Service},
    sqs::Queues,
    ssm,
    sts::Callers,
    tagging,
    wire::{Reply, Request, decode, encode, encode_error},
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
    places: HashMap<(String, String), usize>,
    /// Accounts as IAM sees them, by the account and the Region of a caller. They are kept until an account changes.
    globals: HashMap<(String, String), Account>,
    pub callers: Callers,
    pub hub: SecurityHub,
    pub config: Config,
    pub queues: Queues,
    pub objects: Objects,
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
pub(super) struct Answer {
    pub delay: Duration,
    /// The reply; `None` if the connection breaks.
    pub reply: Option<Reply>,
}

impl State {
    pub(super) fn new(mut home: Account) -> Self {
        let mut hub = SecurityHub::default();
        let latest = hub.hold(std::mem::take(&mut home.findings), Timestamp::now());
        Self {
            callers: Callers::new(&home.account),
            home,
            others: Vec::new(),
            places: HashMap::new(),
            globals: HashMap::new(),
            hub,
            config: Config::default(),
            queues: Queues::default(),
            objects: Objects::default(),
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
        self.places.entry(place).or_insert(self.others.len());
        self.others.push(account);
        self.globals.clear();
    }

    pub(super) fn heal(&mut self) {
        for account in self.accounts_mut() {
            account.faults.clear();
        }
        self.hits = 0;
    }

    /// Answers and records one HTTP request, which arrives at the time `at`: now or, if its sender has its own clock,
    /// the time of that clock.
    pub(super) fn answer(&mut self, parts: &Parts, body: &[u8], at: Timestamp) -> Answer {
        self.latest = self.latest.max(at);
        let mut request = match decode(parts, body, at) {
            Ok(request) => request,
            Err(misfit) => {
                self.recording
                    .judge(&format!("{} {}", parts.method, parts.uri), &misfit.error);
                return Answer {
                    delay: Duration::ZERO,
                    reply: Some(encode_error(misfit.service, &misfit.error)),
                };
            }
        };
        let resumed = altered::resume(&mut request);
        let trouble = trouble(
            self.accounts_mut().flat_map(|account| &mut account.faults),
            &request,
        );
        self.hits += usize::from(trouble.hit.is_some() || !trouble.delay.is_zero());
        let judged = self.recording.violations().len();
        let (reply, error) = self.reply(&request, trouble.hit.as_ref(), resumed);
        if self.recording.violations().len() == judged {
            self.recording.hold_against_model(&request);
        }
        let is_violation = self.recording.violations().len() > judged;
        if let Some(hit) = trouble.hit {
            hit.settle(self.accounts_mut().flat_map(|account| &mut account.faults));
        }
        let status = reply.as_ref().map(|reply| reply.status);
        self.recording
            .add_call(request, status, error, is_violation);
        Answer {
            delay: trouble.delay,
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
                    Some(FaultKind::Malformed) => reply.body.truncate(reply.body.len() / 2),
                    Some(FaultKind::Garbage) => {
                        reply.body = altered::GARBAGE.into();
                        reply.content_type = "text/html";
                        reply.headers.clear();
                    }
                    _ => {}
                }
                (Some(reply), None)
            }
            Err(error) => {
                self.recording.judge(&request.name(), &error);
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
            return Err(request.service.throttled());
        }
        if let Some(error) =
            fault.and_then(|fault| fault.kind.error(request.service, &request.operation))
        {
            return Err(error);
        }
        let mut answer = match request.service {
            Service::S3 => return self.s3(request),
            Service::Sts => {
                let served = std::iter::once(&self.home).chain(&self.others);
                self.callers.answer(served, request)
            }
            Service::Iam => iam::answer(self.global(&caller, &request.region), request),
            Service::Account => self.regions(&caller, request),
            Service::Organizations => self.organizations(&caller, request),
            Service::Ecr => self.read(&caller, request, ecr::answer),
            Service::Eks => self.read(&caller, request, eks::answer),
            Service::Kms => self.read(&caller, request, kms::answer),
            Service::Ssm => self.read(&caller, request, ssm::answer),
            Service::Tagging => self.read(&caller, request, tagging::answer),
            Service::SecurityHub => self.security_hub(&caller, request, fault),
            Service::Config
                if request
                    .operation
                    .starts_with("DescribeConfigurationRecorder") =>
            {
                self.read(&caller, request, config::answer)
            }
            Service::Config => self.config(&caller, request, fault),
            Service::Sqs => self.queues.answer(request, fault),
        }?;
        if let Some(fault) = fault {
            altered::alter(&fault.kind, request, resumed, &mut answer);
        }
        self.recording.note_answer(&answer);
        Ok(encode(request.service, &request.operation, &answer))
    }

    /// Checks that IAM allows a request. One that it denies should have been granted or not sent, so it is a violation.
    fn authorize(&mut self, caller: &str, request: &Request) -> Result<(), AwsError> {
        let needs = self.needs(caller, request)?;
        let role = self.callers.role(request);
        for need in needs {
            if !need.is_declared() {
                return Err(self.deny(request, need.undeclared()));
            }
            let Some(role) = &role else { continue };
            let asked = need.asked_by(role, caller, request);
            match decide(&role.statements, &asked) {
                Decision::Denied => return Err(self.deny(request, access::denied(role, &asked))),
                Decision::Allowed(by) => {
                    if let [only] = by[..] {
                        self.recording.add_use(&role.name, only, &asked);
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

    fn needs(
        &mut self,
        caller: &str,
        request: &Request,
    ) -> Result<Vec<RequiredPermission>, AwsError> {
        if request.service == Service::Iam {
            return access::needs(self.global(caller, &request.region), request);
        }
        let mut needs = self.read(caller, request, access::needs)?;
        if request.operation == "GetObject"
            && let (Some(bucket), Some(key)) = (request.text("Bucket")?, request.text("Key")?)
            && !self.objects.has(&format!("{bucket}/{key}"))
        {
            needs.push(access::need_of_missing_object(&self.home, bucket));
        }
        Ok(needs)
    }

    fn read<T>(
        &self,
        caller: &str,
        request: &Request,
        answer: impl FnOnce(&Account, &Request) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let account = if is_at(&self.home, caller, &request.region) {
            Some(&self.home)
        } else {
            self.places
                .get(&(caller.to_owned(), request.region.clone()))
                .and_then(|position| self.others.get(*position))
        };
        match account {
            Some(account) => answer(account, request),
            None => answer(&Account::empty(caller, &request.region), request),
        }
    }

    fn global(&mut self, caller: &str, region: &str) -> &Account {
        let served = std::iter::once(&self.home).chain(&self.others);
        self.globals
            .entry((caller.to_owned(), region.to_owned()))
            .or_insert_with(|| {
                let mut account = Account::empty(caller, region);
                account.page_size = self.home.page_size;
                iam::global(account, served.filter(|account| account.account == caller))
            })
    }

    /// Returns an account that holds nothing, with the page size of the home account.
    fn empty(&self, caller: &str, region: &str) -> Account {
        let mut place = Account::empty(caller, region);
        place.page_size = self.home.page_size;
        place
    }

    fn regions(&self, caller: &str, request: &Request) -> Result<Value, AwsError> {
        let served = self
            .accounts()
            .filter(|account| account.account == caller)
            .map(|account| account.region.as_str());
        regions::answer(&self.empty(caller, &request.region), served, request)
    }

    /// Answers a request to AWS Organizations. It may be signed for any Region, since Organizations is global.
    fn organizations(&self, caller: &str, request: &Request) -> Result<Value, AwsError> {
        let mut organizations = self
            .accounts()
            .filter_map(|account| Some((account, account.organization.as_ref()?)));
        if let Some((account, organization)) = organizations
            .clone()
            .find(|(account, _)| account.account == caller)
        {
            return organizations::answer(account, organization, request);
        }
        let is_member = organizations
            .any(|(_, organization)| organization.accounts.iter().any(|one| one.id == caller));
        Err(if is_member {
            let message = "You don't have permissions to access this resource.";
            request.service.denied(message)
        } else {
            organizations::not_in_use()
        })
    }

    /// Answers a request to S3. The name of a bucket is unique across accounts and Regions.
    fn s3(&mut self, request: &Request) -> Result<Reply, AwsError> {
        let bucket = request.required_text("Bucket")?;
        let owner = self
            .accounts()
            .find(|account| account.buckets.iter().any(|own| own == bucket))
            .ok_or_else(s3::no_such_bucket)?;
        if owner.region != request.region {
            return Err(s3::elsewhere(&owner.region));
        }
        self.objects.answer(request)
    }

    fn security_hub(
        &mut self,
        caller: &str,
        request: &Request,
        fault: Option<&Hit>,
    ) -> Result<Value, AwsError> {
        let place = self.empty(caller, &request.region);
        match request.operation.as_str() {
            "GetFindings" => self.hub.get_findings(&place, request),
            "BatchImportFindings" => {
                let imported = self.hub.import(&place, request, fault)?;
                for violation in imported.violations {
                    self.recording.add_violation(&request.name(), &violation);
                }
                Ok(imported.answer)
            }
            other => Err(AwsError::unknown_operation(other)),
        }
    }

    /// Answers a request to AWS Config. Only the home account has rules; elsewhere every token and every rule is
    /// unknown.
    fn config(
        &mut self,
        caller: &str,
        request: &Request,
        fault: Option<&Hit>,
    ) -> Result<Value, AwsError> {
        let mut none = Config::default();
        let config = if is_at(&self.home, caller, &request.region) {
            &mut self.config
        } else {
            &mut none
        };
        match request.operation.as_str() {
            "PutEvaluations" => config.put_evaluations(request, fault),
            "GetComplianceDetailsByConfigRule" => {
                config.get_compliance_details_by_config_rule(&self.home, request)
            }
            other => Err(AwsError::unknown_operation(other)),
        }
    }

    fn accounts(&self) -> impl Iterator<Item = &Account> + Clone {
        std::iter::once(&self.home).chain(&self.others)
    }

    fn accounts_mut(&mut self) -> impl Iterator<Item = &mut Account> {
        std::iter::once(&mut self.home).chain(&mut self.others)
    }
}

fn is_at(account: &Account, caller: &str, region: &str) -> bool {
    account.account == caller && account.region == region
}
