//! The objects of a cluster, the requests that it received, and its responses.

use std::collections::BTreeSet;

use http::{
    HeaderMap,
    header::{ACCEPT, AUTHORIZATION},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    cluster::{Cluster, Endpoint},
    discovery,
    faults::{FaultKind, apply},
    list::{Position, Versions},
    manifests::{installed, is_of_eksentry},
    objects::{ObjectError, Store},
    rbac::{Caller, Policy, Right},
    request::{ApiRequest, Target},
    status::{
        Answer, details, failure, no_page, not_acceptable, not_allowed, not_served, unauthorized,
    },
    token::{Credentials, verify},
};

/// The resource version of lists before the objects change.
const FIRST_VERSION: i64 = 749;

/// The condition on the Secrets that may be listed.
const TOKEN_SECRETS: &str = "type=kubernetes.io/service-account-token";

/// The ConfigMaps that may be read, all of them in `kube-system`.
const CONFIG_MAPS: [&str; 2] = ["aws-auth", "amazon-vpc-cni"];

/// A request that a cluster received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received {
    /// The name of the cluster.
    pub cluster: String,
    /// The method: `GET`.
    pub method: String,
    /// The path, decoded.
    pub path: String,
    /// The parameters of the query, decoded.
    pub query: Vec<(String, String)>,
    /// The verb and the objects, as faults name them: `list pods`.
    pub name: String,
    /// The page of a list, from 1; 0 for other requests.
    pub page: usize,
    /// The status of the answer, after faults.
    pub status: u16,
}

/// The state of the API of a cluster.
#[derive(Debug)]
pub(super) struct State {
    pub(super) cluster: Cluster,
    /// The versions of the objects that can be read, with the current one at the end.
    versions: Vec<(i64, Store)>,
    /// The rights that the roles in the current version grant.
    policy: Policy,
    pub(super) received: Vec<Received>,
    pub(super) violations: Vec<String>,
    pub(super) used_rights: BTreeSet<Right>,
    /// The tokens of pages that were given out, and the pages that they lead to.
    pages: Vec<(String, usize)>,
    pub(super) in_flight: usize,
    pub(super) most_in_flight: usize,
    /// The number of requests that faults hit, and of connections that the fault of the endpoint prevented.
    pub(super) hits: usize,
}

impl State {
    pub(super) fn new(cluster: Cluster) -> Result<Self, ObjectError> {
        let store = store(&cluster)?;
        Ok(Self {
            policy: Policy::of(store.access_objects()),
            versions: vec![(FIRST_VERSION, store)],
            cluster,
            received: Vec::new(),
            violations: Vec::new(),
            used_rights: BTreeSet::new(),
            pages: Vec::new(),
            in_flight: 0,
            most_in_flight: 0,
            hits: 0,
        })
    }

    /// Adds a version of the objects.
    pub(super) fn set_objects(&mut self, objects: Vec<Value>) -> Result<(), ObjectError> {
        self.cluster.objects = objects;
        let store = store(&self.cluster)?;
        self.policy = Policy::of(store.access_objects());
        let last = self.versions.last();
        let version = last.map_or(FIRST_VERSION, |(version, _)| version + 1);
        self.versions.push((version, store));
        Ok(())
    }

    /// Drops all versions but the current one, which gets a new number: a list of this version expires, too.
    pub(super) fn expire_lists(&mut self) {
        let last = self.versions.pop();
        self.versions.clear();
        self.versions
            .extend(last.map(|(version, store)| (version + 1, store)));
    }

    /// Answers a request for a page; 0 if it is not for a list.
    pub(super) fn answer(
        &mut self,
        request: &ApiRequest,
        headers: &HeaderMap,
        credentials: &Credentials,
        now: Timestamp,
        page: usize,
    ) -> Answer {
        let caller = match self.authenticate(request, headers, credentials, now) {
            Ok(caller) => caller,
            Err(answer) => return answer,
        };
        let answer = self.respond(request, headers, &caller);
        self.note_next_page(&answer, page);
        let answer = self.apply_faults(request, page, answer);
        self.note_next_page(&answer, page);
        answer
    }

    /// Records what a reader of clusters should not do, whatever the answer.
    pub(super) fn check(&mut self, request: &ApiRequest, body: &[u8]) {
        let name = request.name();
        let target = request.target.clone().unwrap_or_default();
        let is_list = request.verb == "list" && request.target.is_some();
        let is_allowed_config_map =
            target.namespace == "kube-system" && CONFIG_MAPS.contains(&target.name.as_str());
        let is_core = |resource: &str| target.group.is_empty() && target.resource == resource;
        let is_for_tokens =
            request.is_for_metadata && request.parameter("fieldSelector") == Some(TOKEN_SECRETS);
        let limit = request
            .parameter("limit")
            .and_then(|limit| limit.parse::<u32>().ok());
        for (is_violated, problem) in [
            (request.method != "GET", "only GET is allowed"),
            (!body.is_empty(), "the request has a body"),
            (request.is_watch(), "watching is not allowed"),
            (
                request.parameter("resourceVersion") == Some("0"),
                "objects that may be stale are not allowed (resourceVersion=0)",
            ),
            (
                is_list && limit.is_none_or(|limit| limit == 0),
                "the list has no limit",
            ),
            (
                is_core("secrets") && !(is_list && is_for_tokens),
                "of Secrets, only the metadata of those with tokens may be listed",
            ),
            (
                is_core("configmaps") && !is_allowed_config_map,
                "only aws-auth and amazon-vpc-cni in kube-system may be read",
            ),
            (
                self.cluster.endpoint != Endpoint::Trusted,
                "it was sent although the endpoint can't be trusted",
            ),
        ] {
            if is_violated {
                self.add_violation(&name, problem);
            }
        }
    }

    fn add_violation(&mut self, name: &str, problem: &str) {
        self.violations
            .push(format!("cluster {}: {name}: {problem}", self.cluster.name));
    }

    /// Returns the page that a request is for, from 1; 0 if it is not for a list.
    pub(super) fn page_of(&self, request: &ApiRequest) -> usize {
        if request.verb != "list" || request.target.is_none() {
            return 0;
        }
        let Some(token) = request.parameter("continue") else {
            return 1;
        };
        let page = self.pages.iter().rev().find(|(other, _)| other == token);
        page.map_or(1, |(_, page)| *page)
    }

    fn note_next_page(&mut self, answer: &Answer, page: usize) {
        let token = answer.text_of_body().split_once("\"continue\":\"");
        let token = token.and_then(|(_, rest)| rest.split_once('"'));
        if let (Some((token, _)), 1..) = (token, page) {
            // An expired page has a token of the same page.
            let next = if answer.status == 410 { page } else { page + 1 };
            self.pages.push((token.to_owned(), next));
        }
    }

    /// Returns the caller of a request.
    fn authenticate(
        &mut self,
        request: &ApiRequest,
        headers: &HeaderMap,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Caller, Answer> {
        let caller = |user: String, groups: &[String], group: &str| Caller {
            user,
            groups: groups.iter().cloned().chain([group.to_owned()]).collect(),
        };
        let Some(header) = headers.get(AUTHORIZATION) else {
            self.add_violation(&request.name(), "the request has no token");
            return Ok(caller(
                "system:anonymous".to_owned(),
                &[],
                "system:unauthenticated",
            ));
        };
        let token = header
            .to_str()
            .ok()
            .and_then(|header| header.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = token.map(|(_, token)| token);
        let verified = token.ok_or_else(|| "it is not a bearer token".to_owned());
        let verified = verified.and_then(|token| verify(token, &self.cluster, credentials, now));
        if let Err(problem) = verified {
            self.add_violation(
                &request.name(),
                &format!("the token is rejected: {problem}"),
            );
            return Err(unauthorized());
        }
        let groups = self.cluster.groups.as_ref().ok_or_else(unauthorized)?;
        Ok(caller(self.cluster.user(), groups, "system:authenticated"))
    }

    /// Returns the right answer to a request of a caller.
    fn respond(&mut self, request: &ApiRequest, headers: &HeaderMap, caller: &Caller) -> Answer {
        let Some((_, store)) = self.versions.last() else {
            return no_page();
        };
        let rights = self.policy.rights_for(caller, request);
        let name = request
            .target
            .as_ref()
            .map(Target::full_name)
            .unwrap_or_default();
        let is_named = |names: &[String]| names.iter().any(|other| *other == name || other == "*");
        let is_read = matches!(request.verb, "get" | "list") && request.target.is_some();
        let is_denied = request.target.is_some() && is_named(&self.cluster.deny);
        let is_allowed = !rights.is_empty() || (is_read && is_named(&self.cluster.allow));
        if is_denied || !is_allowed {
            return forbidden(request, caller);
        }
        self.used_rights
            .extend(rights.into_iter().filter(is_of_eksentry));
        if request.method != "GET" {
            return not_allowed();
        }
        let accept = headers
            .get(ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .unwrap_or("*/*");
        if !["*/*", "application/*", "application/json"]
            .iter()
            .any(|form| accept.contains(form))
        {
            return not_acceptable();
        }
        match &request.target {
            None => discovery::answer(&self.cluster, store, &request.path),
            Some(target) => self.objects(store, request, target),
        }
    }

    /// Returns an object or a list of objects.
    fn objects(&self, store: &Store, request: &ApiRequest, target: &Target) -> Answer {
        let groups = discovery::groups(&self.cluster, store);
        if !target.group.is_empty() && groups.iter().all(|(group, _)| *group != target.group) {
            return no_page();
        }
        let kind = store.kinds().iter().find(|kind| {
            let is_version = kind.group == target.group && kind.version == target.version;
            is_version && kind.plural == target.resource
        });
        // A kind is listed in all namespaces, but its objects are only in theirs.
        let kind = kind.filter(|kind| {
            let is_all = request.verb == "list" && target.namespace.is_empty();
            let is_in_namespace = !target.namespace.is_empty() && kind.name != "Namespace";
            is_all || kind.is_namespaced == is_in_namespace
        });
        let is_watch = request.is_watch();
        let Some(kind) = kind.filter(|_| target.subresource.is_empty() && !is_watch) else {
            return not_served();
        };
        if request.verb == "list" {
            let versions = Versions {
                stores: &self.versions,
                page_size: self.cluster.page_size,
            };
            return versions.page(kind, target, request);
        }
        let key = match target.namespace.as_str() {
            namespace if kind.is_namespaced => format!("{namespace}/{}", target.name),
            _ => target.name.clone(),
        };
        store.get(&kind.group, &kind.plural, &key).map_or_else(
            || {
                let message = format!("{} \"{}\" not found", target.full_name(), target.name);
                let details = details(&target.name, &target.group, &target.resource);
                failure(404, "NotFound", &message, Some(details))
            },
            |object| Answer::json(200, object),
        )
    }

    /// Applies the delays that fit a request, and the first other fault that fits.
    fn apply_faults(&mut self, request: &ApiRequest, page: usize, mut answer: Answer) -> Answer {
        let position = request
            .parameter("continue")
            .and_then(|token| Position::parse(token).ok());
        let mut hits = Vec::new();
        for fault in &mut self.cluster.faults {
            let is_delay = matches!(fault.kind, FaultKind::Delay(_));
            let is_taken =
                !is_delay && hits.iter().any(|kind| !matches!(kind, FaultKind::Delay(_)));
            if !is_taken && fault.hits(request, page) {
                hits.push(fault.kind.clone());
            }
        }
        self.hits += usize::from(!hits.is_empty());
        // The delays come last, since they apply to whatever answer there is.
        hits.sort_by_key(|kind| matches!(kind, FaultKind::Delay(_)));
        for kind in &hits {
            answer = apply(kind, answer, position.as_ref());
        }
        answer
    }
}

/// Returns the objects of a cluster, with those that are installed in every cluster.
fn store(cluster: &Cluster) -> Result<Store, ObjectError> {
    let mut objects = installed();
    objects.extend(cluster.objects.iter().cloned());
    Store::new(&objects)
}

/// The caller is not allowed to make the request.
fn forbidden(request: &ApiRequest, caller: &Caller) -> Answer {
    let (user, verb) = (&caller.user, request.verb);
    let Some(target) = &request.target else {
        let message = format!(
            "forbidden: User \"{user}\" cannot {verb} path \"{}\"",
            request.path
        );
        return failure(403, "Forbidden", &message, Some(details("", "", "")));
    };
    let named = match target.name.as_str() {
        "" => String::new(),
        name => format!(" \"{name}\""),
    };
    let place = match target.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let message = format!(
        "{}{named} is forbidden: User \"{user}\" cannot {verb} resource \"{}\" in API group \"{}\" {place}",
        target.full_name(),
        target.combined(),
        target.group,
    );
    let details = details(&target.name, &target.group, &target.resource);
    failure(403, "Forbidden", &message, Some(details))
}
