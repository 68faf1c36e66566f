//! A stand-in for AWS: one server, in memory and over HTTP, for exactly the operations that the functions call.
//!
//! It responds from an [`Account`], is strict where AWS is strict, and records every call. [`Fault`]s make it fail on
//! purpose, as AWS fails now and then. The table of operations has a row for each operation. A request that no function
//! should send is a *violation*. A test that asserts that [`StandIn::violations`] is empty checks its function against
//! every rule in these modules.
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

mod access;
mod altered;
mod asff;
mod cloudtrail;
mod cloudwatch;
mod collection;
mod collections;
mod config;
mod connection;
mod downloads;
mod ecr;
mod efs;
mod eks;
mod elb;
mod faults;
mod filters;
mod finding_filters;
mod guardduty;
mod iam;
mod inspector;
mod kms;
mod lambda;
mod logs;
mod operation;
mod operations;
mod organizations;
mod paging;
mod placeholders;
mod rates;
mod record_to;
mod recording;
mod regions;
mod s3;
mod security_hub;
mod server;
mod service;
mod services;
mod sqs;
mod ssm;
mod state;
mod sts;
mod tagging;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use eksentry_aws::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use thiserror::Error;

pub(crate) use self::{
    collection::{Collection, entries},
    collections::COLLECTIONS,
};
pub use self::{
    config::Evaluation,
    faults::{Fault, FaultKind},
    paging::TOKEN as PAGE_TOKEN,
    record_to::RECORD_TO,
    recording::{Call, Use},
    sqs::{Message, sqs_event},
    sts::{ACCESS_KEY, SECRET_KEY, SESSION_KEY, SESSION_TOKEN},
};
use self::{
    connection::Connection,
    rates::Rates,
    server::Server,
    service::Service,
    state::{Kept, State},
};
use crate::{
    account::{Account, AccountError, Record},
    background::ANY_PORT,
    deployment::Deployment,
    iam as iam_policies,
    lambda::Invocation,
    model::validate,
    template::{Role, TemplateError},
};

/// Returns the problems for which Security Hub would reject a finding, by its published model and by the limits that
/// its documentation adds.
pub fn finding_problems(finding: &Value) -> Vec<String> {
    let mut problems = asff::problems(finding);
    problems.extend(validate("securityhub", "AwsSecurityFinding", finding));
    problems
}

/// An error that prevents a stand-in from starting.
#[derive(Debug, Error)]
pub enum StandInError {
    /// The account can't be served.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The server can't run.
    #[error("the stand-in can't listen on {address}; is the port free?")]
    Server {
        /// The address on which it should listen.
        address: SocketAddr,
        /// The underlying error.
        source: io::Error,
    },
}

/// The state of Security Hub, AWS Config and S3 at one time.
#[derive(Clone, Debug)]
pub struct Snapshot(Kept);

/// The time of a stand-in: the real time, or one second after the latest time that the stand-in has seen, whichever is
/// later. Functions that wait for a quarter of an hour within a second are ahead of real time.
#[derive(Clone, Debug)]
pub struct Time(Arc<Mutex<State>>);

impl Time {
    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::now().max(state.latest + SignedDuration::from_secs(1))
    }
}

/// A stand-in for the AWS services that the functions call. It stops when it is dropped.
#[derive(Debug)]
pub struct StandIn {
    state: Arc<Mutex<State>>,
    region: String,
    address: SocketAddr,
    /// The HTTP server, which starts when the endpoint is first requested. Calls in memory need none.
    server: Mutex<Option<Server>>,
}

impl StandIn {
    /// Starts a stand-in that serves an account in memory and, once its endpoint is requested, on a free port.
    pub fn start(account: Account) -> Result<Self, StandInError> {
        Self::start_at(ANY_PORT, account)
    }

    /// Starts a stand-in that serves an account on this address.
    pub fn start_at(address: SocketAddr, mut account: Account) -> Result<Self, StandInError> {
        account.prepare("the account")?;
        let region = account.region.clone();
        let aws = Self {
            state: Arc::new(Mutex::new(State::new(account))),
            region,
            address,
            server: Mutex::default(),
        };
        if address != ANY_PORT {
            aws.serve()?;
        }
        Ok(aws)
    }

    /// Serves another account, or another Region, in addition. An account or a Region that is not served exists, but is
    /// empty.
    pub fn also(&self, mut account: Account) -> Result<(), StandInError> {
        account.prepare("the other account")?;
        self.state().serve(account);
        Ok(())
    }

    /// Returns the endpoint of all services, for `AWS_ENDPOINT_URL`.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub fn endpoint(&self) -> String {
        self.serve().unwrap_or_else(|error| panic!("{error}"))
    }

    fn serve(&self) -> Result<String, StandInError> {
        let mut running = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = &*running {
            return Ok(server.url());
        }
        let address = self.address;
        let server = Server::start(Arc::clone(&self.state), address)
            .map_err(|source| StandInError::Server { address, source })?;
        Ok(running.insert(server).url())
    }

    /// Returns an HTTP client that calls in memory, at the times of this clock.
    pub fn http_client(&self, clock: &Clock) -> SharedHttpClient {
        SharedHttpClient::new(Connection {
            state: Arc::clone(&self.state),
            clock: clock.clone(),
        })
    }

    /// Returns the time of the stand-in.
    pub fn time(&self) -> Time {
        Time(Arc::clone(&self.state))
    }

    /// Lets time pass for the functions in process.
    pub fn advance_time(&self, duration: SignedDuration) {
        let mut state = self.state();
        state.latest = state.latest.max(Timestamp::now()) + duration;
    }

    /// Returns the Region that functions run in.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the environment in which an SDK finds the stand-in, with an access key that may do everything.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment_with(ACCESS_KEY)
    }

    /// Returns the stacks in which functions have such an environment.
    pub fn deployment(
        &self,
        environment: &[(String, String)],
    ) -> Result<Deployment, TemplateError> {
        let state = self.state();
        Deployment::new(&state.home().account, &self.region, environment)
    }

    /// Returns the environment in which a function, named by its folder, finds the stand-in in a session of the role
    /// that it is deployed with; see [`StandIn::session`].
    pub fn sign_in(
        &self,
        deployment: &Deployment,
        function: &str,
    ) -> Result<Vec<(String, String)>, TemplateError> {
        let access_key = self.session(deployment, function)?;
        Ok(self.environment_with(&access_key))
    }

    /// Returns the environment of a person or a pipeline whose only permissions are those of a policy document. A call
    /// that the policy does not allow is denied and is a violation.
    pub fn sign_in_with_policy(
        &self,
        document: &Value,
    ) -> Result<Vec<(String, String)>, TemplateError> {
        let deployment = self.deployment(&[])?;
        let statements = document["Statement"].as_array().into_iter().flatten();
        let statements = statements.enumerate().map(|(index, statement)| {
            iam_policies::Statement::parse(&format!("{index}"), statement)
        });
        let statements = statements.collect::<Result<_, _>>();
        let account = self.state().home().account.clone();
        let role = Role {
            name: "Scanner".to_owned(),
            arn: format!("arn:aws:iam::{account}:role/scanner"),
            statements: statements.map_err(|error| TemplateError(error.to_string()))?,
        };
        let access_key = self.state().callers.sign_in(&deployment, role, "scan");
        Ok(self.environment_with(&access_key))
    }

    /// Returns the access key of a session of the role that a function, named by its folder, is deployed with. A call
    /// that the policies of the role, or of a role that it assumes, do not allow is denied and is a violation.
    pub fn session(
        &self,
        deployment: &Deployment,
        function: &str,
    ) -> Result<String, TemplateError> {
        let role = deployment.role(function)?;
        Ok(self.state().callers.sign_in(deployment, role, function))
    }

    fn environment_with(&self, access_key: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", access_key.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_SESSION_TOKEN", SESSION_TOKEN.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Changes the account that the stand-in was started with. A change that results in an invalid account is not
    /// applied.
    pub fn change(&self, change: impl FnOnce(&mut Account)) -> Result<(), AccountError> {
        let mut state = self.state();
        let mut account = state.home().clone();
        change(&mut account);
        account.prepare("the changed account")?;
        state.replace_home(account);
        Ok(())
    }

    /// Adds a fault, after the other faults of the account that the stand-in was started with.
    pub fn fail(&self, fault: Fault) {
        self.state().fail(fault);
    }

    /// Removes all faults, and resets [`StandIn::hits`].
    pub fn clear_faults(&self) {
        self.state().clear_faults();
    }

    /// Returns the number of calls that faults have hit since the start or [`StandIn::heal`].
    pub fn hits(&self) -> usize {
        self.state().hits
    }

    /// Returns a copy of the state of the services that functions write to.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.state().kept())
    }

    /// Restores the state in a snapshot, and removes the messages in queues.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.state().restore(snapshot.0.clone());
    }

    /// Limits calls from now on to the rates that AWS documents for each account in each Region: GetFindings to 3 a
    /// second after a burst of 6, BatchImportFindings to 10 after 30.
    pub fn limit_rates(&self) {
        self.state().rates.get_or_insert_with(Rates::default);
    }

    /// Returns the number of calls over the documented rates since [`StandIn::limit_rates`].
    pub fn throttled(&self) -> usize {
        self.state()
            .rates
            .as_ref()
            .map_or(0, |rates| rates.throttled)
    }

    /// Only counts calls from now on, for runs whose calls would not fit into memory.
    pub fn count_only(&self) {
        self.state().recording.count_only();
    }

    /// Keeps the response to each call from now on.
    pub fn keep_responses(&self) {
        self.state().recording.keep_responses();
    }

    /// Returns the number of calls of each `service.Operation`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.state().recording.counts().clone()
    }

    /// Returns the number of calls of each `service.Operation` since these counts. Operations without calls are left
    /// out.
    pub fn counts_since(&self, earlier: &BTreeMap<String, usize>) -> BTreeMap<String, usize> {
        let mut counts = self.counts();
        for (name, count) in &mut counts {
            *count -= earlier.get(name).copied().unwrap_or_default();
        }
        counts.retain(|_, count| *count > 0);
        counts
    }

    /// Takes the messages that were sent to queues, in the order in which they arrived.
    pub fn take_messages(&self) -> Vec<Message> {
        self.state().queues.take()
    }

    /// Adds a function that others can invoke by its name, in any account and Region.
    pub fn add_function(
        &self,
        name: &str,
        handler: impl FnMut(&[u8]) -> Invocation + Send + 'static,
    ) {
        self.state().functions.add(name, handler);
    }

    /// Returns the objects in all buckets, by `bucket/key`.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().objects.bodies()
    }

    /// Stores an object under `bucket/key`. Functions find it once an account lists the bucket.
    pub fn put_object(&self, name: &str, body: Vec<u8>) {
        self.state().objects.put(name, body, Timestamp::now());
    }

    /// Empties all buckets.
    pub fn remove_objects(&self) {
        self.state().objects.clear();
    }

    /// Returns a new ResultToken for an invocation of an AWS Config rule. The rule is known from then on.
    pub fn result_token(&self, rule_name: &str) -> String {
        self.state().config.result_token(rule_name)
    }

    /// Registers a ResultToken that AWS issued, as in a recorded event, as one of this rule.
    pub fn register_result_token(&self, token: &str, rule_name: &str) {
        self.state().config.register_result_token(token, rule_name);
    }

    /// Returns the findings that Security Hub holds, of all accounts and Regions.
    pub fn findings(&self) -> Vec<Record> {
        self.state().hub.findings()
    }

    /// Passes each finding that Security Hub holds to `see`, for when there are too many to be copied.
    pub fn each_finding(&self, see: impl FnMut(&Record)) {
        self.state().hub.each(see);
    }

    /// Edits a finding as its customer would, for example its Workflow or Note. Returns `false` if no finding has this
    /// Id.
    pub fn edit_finding(&self, id: &str, edit: impl FnOnce(&mut Record)) -> bool {
        self.state().hub.edit(id, edit)
    }

    /// Edits all findings that Security Hub holds, for example to make them older.
    pub fn edit_findings(&self, edit: impl FnMut(&mut Record)) {
        self.state().hub.edit_each(edit);
    }

    /// Returns the evaluations that AWS Config holds.
    pub fn evaluations(&self) -> Vec<Evaluation> {
        self.state().config.evaluations()
    }

    /// Returns the number of downloads of configurations in images.
    pub fn downloads(&self) -> usize {
        self.state().recording.downloads
    }

    /// Returns every call so far, in order, without those after [`StandIn::count_only`].
    pub fn calls(&self) -> Vec<Call> {
        self.state().recording.calls().to_vec()
    }

    /// Returns every call of an operation such as `eks.DescribeCluster`, in order.
    pub fn calls_of(&self, name: &str) -> Vec<Call> {
        self.state()
            .recording
            .calls()
            .iter()
            .filter(|call| call.name() == name)
            .cloned()
            .collect()
    }

    /// Returns the violations so far: requests that AWS would not accept, or that no function should send.
    pub fn violations(&self) -> Vec<String> {
        self.state().recording.violations().to_vec()
    }

    /// Returns the violations so far and forgets them.
    pub fn take_violations(&self) -> Vec<String> {
        self.state().recording.take_violations()
    }

    /// Returns the denials so far: the calls of functions without a permission, and how to permit them. Each is a
    /// violation as well.
    pub fn denials(&self) -> Vec<String> {
        self.state().recording.denials().to_vec()
    }

    /// Returns the actions of roles that exactly one statement of their policies allowed.
    pub fn uses(&self) -> BTreeSet<Use> {
        self.state().recording.uses().clone()
    }

    /// Writes the requests so far, except violations, to a file: a line of JSON each, with service, operation and
    /// members.
    pub fn dump_requests(&self, path: &Path) -> io::Result<()> {
        self.state().recording.dump(path)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the state was locked fails its own test; the state can still be read.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `true` if a call such as `ecr.DescribeImages` with these members may have several pages of responses.
pub fn is_paged(call: &Call) -> bool {
    Service::of_signing_name(&call.service)
        .and_then(|service| altered::paging(service, &call.operation, &call.members))
        .is_some()
}

/// Returns the number of errors with which an operation such as `ecr.DescribeImages` reports that something does not
/// exist. The numbers that [`FaultKind::NotFound`] takes are below it.
pub fn not_found_errors(name: &str) -> usize {
    let Some((service, operation)) = name.split_once('.') else {
        return 0;
    };
    Service::of_signing_name(service)
        .map_or(0, |service| faults::not_found(service, operation).len())
}

#[cfg(test)]
mod tests;
