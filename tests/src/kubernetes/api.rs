//! The API of one cluster.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{HeaderMap, request::Parts};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    cluster::{Cluster, Endpoint},
    identity::Identity,
    objects::ObjectError,
    rbac::Right,
    request::ApiRequest,
    state::{Received, State},
    status::Answer,
    token::Credentials,
};

/// The Kubernetes API of one cluster. Clones share their state.
#[derive(Clone, Debug)]
pub struct KubernetesApi(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    credentials: Credentials,
    identity: Mutex<Identity>,
    state: Mutex<State>,
}

/// A request that is in flight until this is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Shared>);

impl KubernetesApi {
    /// Creates the API of a cluster. It accepts tokens that are signed with these credentials, whatever the access key.
    pub fn new(cluster: Cluster, credentials: Credentials) -> Result<Self, ObjectError> {
        let identity = Identity::new(&cluster);
        let state = State::new(cluster)?;
        Ok(Self(Arc::new(Shared {
            credentials,
            identity: Mutex::new(identity),
            state: Mutex::new(state),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn identity(&self) -> MutexGuard<'_, Identity> {
        let identity = self.0.identity.lock();
        identity.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the name of the cluster.
    pub fn name(&self) -> String {
        self.state().cluster.name.clone()
    }

    /// Returns the URL of the endpoint in memory, for DescribeCluster.
    pub fn url(&self) -> String {
        format!("https://{}", self.host())
    }

    pub(super) fn host(&self) -> String {
        self.state().cluster.host()
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        self.identity().endpoint
    }

    /// Returns the certificate authority that EKS reports, for DescribeCluster: PEM in base64.
    pub fn authority_data(&self) -> String {
        self.identity().reported()
    }

    /// Replaces the objects. Lists that are being read go on with the previous ones.
    pub fn set_objects(&self, objects: Vec<Value>) -> Result<(), ObjectError> {
        self.state().set_objects(objects)
    }

    /// Changes the description of the cluster, such as its faults and its access entry. Its objects and its endpoint
    /// don't change.
    pub fn configure(&self, change: impl FnOnce(&mut Cluster)) {
        change(&mut self.state().cluster);
    }

    /// Changes the fault of the endpoint in memory. The authority that EKS already reported stays the right one.
    pub fn set_endpoint(&self, endpoint: Endpoint) {
        self.identity().set_endpoint(endpoint);
        self.state().cluster.endpoint = endpoint;
    }

    /// Removes all faults, and resets [`KubernetesApi::hits`].
    pub fn clear_faults(&self) {
        if self.endpoint() != Endpoint::Trusted {
            self.set_endpoint(Endpoint::Trusted);
        }
        let mut state = self.state();
        state.cluster.faults.clear();
        state.hits = 0;
    }

    /// Returns the number of requests that faults hit, and of connections that the fault of the endpoint prevented.
    pub fn hits(&self) -> usize {
        self.state().hits
    }

    /// Counts a connection that the fault of the endpoint prevented.
    pub(super) fn count_refusal(&self) {
        self.state().hits += 1;
    }

    /// Drops all versions of the objects but the current one, as an API server does after some minutes.
    pub fn expire_lists(&self) {
        self.state().expire_lists();
    }

    /// Returns the requests that were received.
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// Returns what no function should have done: a text for each request and problem.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Returns the rights of eksentry's roles that requests needed; see [`granted_rights`](super::granted_rights).
    pub fn used_rights(&self) -> BTreeSet<Right> {
        self.state().used_rights.clone()
    }

    /// Returns the highest number of requests that were in flight at one time.
    pub fn most_in_flight(&self) -> usize {
        self.state().most_in_flight
    }

    /// Counts a request as one in flight until the returned value is dropped.
    pub(super) fn begin(&self) -> InFlight {
        let mut state = self.state();
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        InFlight(self.0.clone())
    }

    /// Answers a request that arrived over a connection.
    pub(super) fn answer_to(&self, parts: &Parts, body: &[u8], now: Timestamp) -> Answer {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        self.answer(parts.method.as_str(), path, &parts.headers, body, now)
    }

    /// Answers a request. Nothing is sent, and no time passes.
    pub fn answer(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Answer {
        let request = ApiRequest::new(method, path_and_query).with_headers(headers);
        let mut state = self.state();
        state.check(&request, body);
        let page = state.page_of(&request);
        let answer = state.answer(&request, headers, &self.0.credentials, now, page);
        let received = Received {
            cluster: state.cluster.name.clone(),
            name: request.name(),
            page,
            status: answer.status,
            method: request.method,
            path: request.path,
            query: request.query,
        };
        state.received.push(received);
        answer
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_flight -= 1;
    }
}

#[cfg(test)]
mod tests;
