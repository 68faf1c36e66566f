//! What the stand-in knows, and how a request becomes an answer.

use std::time::Duration;

use axum::http::request::Parts;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    config::Config,
    ecr, eks,
    faults::{FaultKind, trouble},
    iam, kms,
    recording::Recording,
    security_hub::SecurityHub,
    service::{AwsError, Service},
    sts::Callers,
    tagging,
    wire::{Reply, Request, decode, encode, encode_error},
};
use crate::account::Account;

/// Everything that the stand-in knows.
#[derive(Debug)]
pub(super) struct State {
    home: Account,
    others: Vec<Account>,
    callers: Callers,
    pub hub: SecurityHub,
    pub config: Config,
    pub recording: Recording,
}

/// What happens to one HTTP request.
#[derive(Debug)]
pub(super) struct Outcome {
    pub delay: Duration,
    /// None: the connection breaks.
    pub reply: Option<Reply>,
}

impl State {
    pub(super) fn new(home: Account) -> Self {
        let mut hub = SecurityHub::default();
        hub.hold(&home.findings);
        Self {
            callers: Callers::new(&home.account),
            home,
            others: Vec::new(),
            hub,
            config: Config::default(),
            recording: Recording::default(),
        }
    }

    /// The account that the stand-in was started with.
    pub(super) fn home(&self) -> &Account {
        &self.home
    }

    pub(super) fn home_mut(&mut self) -> &mut Account {
        &mut self.home
    }

    pub(super) fn serve(&mut self, account: Account) {
        self.hub.hold(&account.findings);
        self.others.push(account);
    }

    pub(super) fn heal(&mut self) {
        for account in self.accounts_mut() {
            account.faults.clear();
        }
    }

    /// Answers one HTTP request and records it.
    pub(super) fn answer(&mut self, parts: &Parts, body: &[u8]) -> Outcome {
        let at = Timestamp::now();
        let request = match decode(parts, body) {
            Ok(request) => request,
            Err(misfit) => {
                self.recording
                    .judge(&format!("{} {}", parts.method, parts.uri), &misfit.error);
                return Outcome {
                    delay: Duration::ZERO,
                    reply: Some(encode_error(misfit.service, &misfit.error)),
                };
            }
        };
        let trouble = trouble(
            self.accounts_mut().flat_map(|account| &mut account.faults),
            &request,
        );
        let (reply, error) = self.reply(&request, trouble.kind.as_ref());
        self.recording
            .add_call(request, at, reply.as_ref().map(|reply| reply.status), error);
        Outcome {
            delay: trouble.delay,
            reply,
        }
    }

    /// The reply to a request, and the code of the error in it.
    fn reply(
        &mut self,
        request: &Request,
        fault: Option<&FaultKind>,
    ) -> (Option<Reply>, Option<String>) {
        if matches!(fault, Some(FaultKind::Reset)) {
            return (None, None);
        }
        match self.result(request, fault) {
            Ok(answer) => {
                let mut reply = encode(request.service, &request.operation, &answer);
                if matches!(fault, Some(FaultKind::Malformed)) {
                    cut(&mut reply.body);
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

    fn result(&mut self, request: &Request, fault: Option<&FaultKind>) -> Result<Value, AwsError> {
        let caller = self.callers.account(request)?;
        if let Some(error) =
            fault.and_then(|fault| fault.error(request.service, &request.operation))
        {
            return Err(error);
        }
        match request.service {
            Service::Sts => self.callers.answer(request),
            Service::Iam => iam::answer(&self.global(&caller, &request.region), request),
            Service::Ecr => self.read(&caller, request, ecr::answer),
            Service::Eks => self.read(&caller, request, eks::answer),
            Service::Kms => self.read(&caller, request, kms::answer),
            Service::Tagging => self.read(&caller, request, tagging::answer),
            Service::SecurityHub => self.security_hub(&caller, request, fault),
            Service::Config => self.config(&caller, request, fault),
        }
    }

    fn read(
        &self,
        caller: &str,
        request: &Request,
        answer: impl FnOnce(&Account, &Request) -> Result<Value, AwsError>,
    ) -> Result<Value, AwsError> {
        match self
            .accounts()
            .find(|account| is_at(account, caller, &request.region))
        {
            Some(account) => answer(account, request),
            None => answer(&Account::empty(caller, &request.region), request),
        }
    }

    fn global(&self, caller: &str, region: &str) -> Account {
        let mut account = Account::empty(caller, region);
        account.page_size = self.home.page_size;
        iam::global(
            account,
            self.accounts().filter(|account| account.account == caller),
        )
    }

    fn security_hub(
        &mut self,
        caller: &str,
        request: &Request,
        fault: Option<&FaultKind>,
    ) -> Result<Value, AwsError> {
        let mut place = Account::empty(caller, &request.region);
        place.page_size = self.home.page_size;
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

    /// Only the home account has rules; elsewhere every token and every rule is unknown.
    fn config(
        &mut self,
        caller: &str,
        request: &Request,
        fault: Option<&FaultKind>,
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

    fn accounts(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&self.home).chain(&self.others)
    }

    fn accounts_mut(&mut self) -> impl Iterator<Item = &mut Account> {
        std::iter::once(&mut self.home).chain(&mut self.others)
    }
}

fn is_at(account: &Account, caller: &str, region: &str) -> bool {
    account.account == caller && account.region == region
}

/// Leaves the first half of a body.
fn cut(body: &mut String) {
    let half = (0..=body.len() / 2)
        .rev()
        .find(|index| body.is_char_boundary(*index))
        .unwrap_or_default();
    body.truncate(half);
}
