//! A stand-in for AWS: one HTTP server for exactly the operations that the functions call.
//!
//! It answers from an [`Account`], is strict where AWS is strict, remembers every call, and does on purpose what
//! AWS does now and then: [`Fault`]s. What no function should ever have sent is a *violation*; a test that
//! asserts that [`StandIn::violations`] is empty holds its function to every rule in these modules.
//!
//! ```no_run
//! use eksentry_tests::{account::Account, stand_in::{Fault, FaultKind, StandIn}};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut account = Account::empty("123456789012", "eu-central-1");
//! account.add(json!({"clusters": [{"name": "payments"}]}))?;
//! let aws = StandIn::start(account)?;
//! aws.fail(Fault::new("eks.DescribeCluster", FaultKind::Throttle).times(2));
//! // … run a function with aws.environment() …
//! assert!(aws.violations().is_empty());
//! # Ok(())
//! # }
//! ```

mod asff;
mod config;
mod ecr;
mod eks;
mod faults;
mod finding_filters;
mod iam;
mod kms;
mod paging;
mod recording;
mod security_hub;
mod server;
mod service;
mod state;
mod sts;
mod tagging;
mod wire;

use std::{
    env, fs, io,
    path::Path,
    process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use thiserror::Error;

pub use self::{
    config::Evaluation,
    faults::{Fault, FaultKind},
    recording::Call,
    sts::ACCESS_KEY,
};
use self::{server::Server, state::State};
use crate::account::{Account, AccountError, Record};

/// Names a folder in which every stand-in leaves a file of the requests that it took, when it is dropped. CI holds
/// them against the service models. One that saw violations leaves none: its own test judges them.
pub const RECORD_TO: &str = "EKSENTRY_RECORD_REQUESTS";

/// Why there is no stand-in.
#[derive(Debug, Error)]
pub enum StandInError {
    /// The account can't be served.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The server does not run.
    #[error("the stand-in can't listen on 127.0.0.1; it needs a free port")]
    Server(#[from] io::Error),
}

/// AWS, as far as the functions use it. It stops when it is dropped.
#[derive(Debug)]
pub struct StandIn {
    state: Arc<Mutex<State>>,
    region: String,
    server: Server,
}

impl StandIn {
    /// Serves an account on a port of its own.
    pub fn start(mut account: Account) -> Result<Self, StandInError> {
        account.settle("the account")?;
        let region = account.region.clone();
        let state = Arc::new(Mutex::new(State::new(account)));
        let server = Server::start(Arc::clone(&state))?;
        Ok(Self {
            state,
            region,
            server,
        })
    }

    /// Serves another account, or another Region, beside the first; until then it is there, but empty.
    pub fn also(&self, mut account: Account) -> Result<(), StandInError> {
        account.settle("the other account")?;
        self.state().serve(account);
        Ok(())
    }

    /// The endpoint of all services: what `AWS_ENDPOINT_URL` wants.
    pub fn endpoint(&self) -> String {
        self.server.url()
    }

    /// The environment in which an SDK finds the stand-in.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_SESSION_TOKEN", "token".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Changes the account that the stand-in was started with. An account that can't be served changes nothing.
    pub fn change(&self, change: impl FnOnce(&mut Account)) -> Result<(), AccountError> {
        let mut state = self.state();
        let mut account = state.home().clone();
        change(&mut account);
        account.settle("the changed account")?;
        *state.home_mut() = account;
        Ok(())
    }

    /// Makes something go wrong from now on, after the faults that are there already.
    pub fn fail(&self, fault: Fault) {
        self.state().home_mut().faults.push(fault);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.state().heal();
    }

    /// A new ResultToken for an invocation of a Config rule, which is known from then on.
    pub fn result_token(&self, rule_name: &str) -> String {
        self.state().config.result_token(rule_name)
    }

    /// What Security Hub holds, of all accounts and Regions.
    pub fn findings(&self) -> Vec<Record> {
        self.state().hub.findings()
    }

    /// Edits a finding as its customer would, say its Workflow or Note; false: there is none with this Id.
    pub fn edit_finding(&self, id: &str, edit: impl FnOnce(&mut Record)) -> bool {
        self.state().hub.finding(id).map(edit).is_some()
    }

    /// What AWS Config holds.
    pub fn evaluations(&self) -> Vec<Evaluation> {
        self.state().config.evaluations()
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.state().recording.calls().to_vec()
    }

    /// Every call of an operation such as `eks.DescribeCluster`, in order.
    pub fn calls_of(&self, name: &str) -> Vec<Call> {
        self.calls()
            .into_iter()
            .filter(|call| call.name() == name)
            .collect()
    }

    /// What was sent that AWS would not take, or that no function has any business with.
    pub fn violations(&self) -> Vec<String> {
        self.state().recording.violations().to_vec()
    }

    /// Writes the requests so far to a file: a line of JSON each, with service, operation and members.
    pub fn dump_requests(&self, path: &Path) -> io::Result<()> {
        self.state().recording.dump(path)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the state was locked fails its own test; what it left is still good to look at.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let Some(folder) = env::var_os(RECORD_TO).filter(|_| self.violations().is_empty()) else {
            return;
        };
        let folder = Path::new(&folder);
        let left =
            fs::create_dir_all(folder).and_then(|()| self.dump_requests(&folder.join(file_name())));
        if let Err(error) = left {
            eprintln!(
                "{RECORD_TO}: the requests can't be left in {}: {error}",
                folder.display()
            );
        }
    }
}

/// A name that no other stand-in uses.
fn file_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!(
        "{}-{}.jsonl",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

#[cfg(test)]
mod tests;
