//! Requests, as an API server understands their method, path and query.

use http::{HeaderMap, header::ACCEPT};
use percent_encoding::percent_decode_str;

/// The media type of a list that contains nothing but the metadata of its objects.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// A request to an API server.
#[derive(Clone, Debug)]
pub(super) struct ApiRequest {
    pub(super) method: String,
    /// The path, decoded.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) verb: &'static str,
    /// The objects that the request is about; `None` for other paths, such as `/version`.
    pub(super) target: Option<Target>,
    /// `true` if the request is for the metadata of objects only.
    pub(super) is_for_metadata: bool,
}

/// The objects that a request is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    /// The kind of the objects in the path: `pods`.
    pub(super) resource: String,
    pub(super) subresource: String,
    /// The namespace; empty for all namespaces, and for objects without a namespace.
    pub(super) namespace: String,
    /// The name of the one object; empty for all.
    pub(super) name: String,
}

impl Target {
    /// Returns the resource with its subresource, as roles name them: `pods/log`.
    pub(super) fn combined(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }

    /// Returns the resource with its group, as messages name them: `roles.rbac.authorization.k8s.io`.
    pub(super) fn full_name(&self) -> String {
        match self.group.as_str() {
            "" => self.combined(),
            group => format!("{}.{group}", self.combined()),
        }
    }
}

impl ApiRequest {
    pub(super) fn new(method: &str, path_and_query: &str) -> Self {
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let query = form_urlencoded::parse(query.as_bytes()).into_owned();
        let mut request = Self {
            method: method.to_owned(),
            path: decoded(path),
            query: query.collect(),
            verb: "get",
            target: target(path),
            is_for_metadata: false,
        };
        request.verb = request.find_verb();
        // A list of the one object with a name needs the right to list this object only.
        let name = request.selected("metadata.name");
        if let (Some(target), Some(name), "list" | "watch") =
            (&mut request.target, name, request.verb)
        {
            target.name = name;
        }
        request
    }

    /// Returns the same request with these headers.
    pub(super) fn with_headers(mut self, headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        self.is_for_metadata = accept == Some(METADATA);
        self
    }

    fn find_verb(&self) -> &'static str {
        let Some(target) = &self.target else {
            return match self.method.as_str() {
                "POST" => "post",
                "PUT" => "put",
                "PATCH" => "patch",
                "DELETE" => "delete",
                "HEAD" => "head",
                "GET" => "get",
                _ => "",
            };
        };
        let is_one = !target.name.is_empty();
        match self.method.as_str() {
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if is_one => "delete",
            "DELETE" => "deletecollection",
            "GET" | "HEAD" if self.is_watch() => "watch",
            "GET" | "HEAD" if is_one => "get",
            "GET" | "HEAD" => "list",
            _ => "",
        }
    }

    /// Returns the value of a parameter; `None` if it is absent or empty.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut values = self.query.iter().filter(|(other, _)| other == name);
        values
            .next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Returns `true` if the request is for changes from now on, in a form of today or in the one of old clients.
    pub(super) fn is_watch(&self) -> bool {
        let mut values = self.query.iter().filter(|(name, _)| name == "watch");
        let is_asked = values
            .next()
            .is_some_and(|(_, value)| value != "0" && !value.eq_ignore_ascii_case("false"));
        is_asked
            || self
                .path
                .split('/')
                .nth(if self.path.starts_with("/apis/") {
                    4
                } else {
                    3
                })
                == Some("watch")
    }

    /// Returns the value that the field selector demands of a field.
    pub(super) fn selected(&self, field: &str) -> Option<String> {
        let terms = self.parameter("fieldSelector")?.split(',');
        terms
            .filter_map(|term| term.split_once('='))
            .find(|(name, _)| *name == field)
            .map(|(_, value)| value.trim_start_matches('=').to_owned())
    }

    /// Returns the name by which faults and records name the request: `list pods`, `list pods in shop`,
    /// `get configmaps/aws-auth`, `get /version`.
    pub(super) fn name(&self) -> String {
        let Some(target) = &self.target else {
            return format!("{} {}", self.verb, self.path);
        };
        let kind = target.full_name();
        match (self.verb, target.name.as_str(), target.namespace.as_str()) {
            ("list" | "watch", _, "") => format!("{} {kind}", self.verb),
            ("list" | "watch", _, namespace) => format!("{} {kind} in {namespace}", self.verb),
            (verb, "", _) => format!("{verb} {kind}"),
            (verb, name, _) => format!("{verb} {kind}/{name}"),
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Returns what a path leads to, unless that is not an object or a list of objects.
fn target(path: &str) -> Option<Target> {
    let mut parts = path.strip_prefix('/')?.split('/').map(decoded).peekable();
    let mut target = Target::default();
    match parts.next()?.as_str() {
        "api" => {}
        "apis" => target.group = parts.next()?,
        _ => return None,
    }
    target.version = parts.next()?;
    parts.next_if(|part| part == "watch");
    let parts: Vec<String> = parts.collect();
    let mut rest = parts.as_slice();
    if let [namespaces, name, further @ ..] = rest
        && namespaces == "namespaces"
    {
        // A namespace itself is in the namespace of its name.
        target.namespace.clone_from(name);
        let is_itself = matches!(further, [] | [_]) && further.iter().all(|part| part == "status");
        rest = if is_itself { rest } else { further };
    }
    let (resource, rest) = rest.split_first()?;
    target.resource.clone_from(resource);
    if let Some((name, rest)) = rest.split_first() {
        target.name.clone_from(name);
        target.subresource = rest.join("/");
    }
    (!target.resource.is_empty()).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_understood_as_an_api_server_does() {
        // The verb, the group, the combined resource, the namespace and the name.
        for (request, expected) in [
            ("GET /version", "get"),
            ("GET /apis", "get"),
            ("GET /api/v1", "get"),
            ("GET /apis/apps/v1", "get"),
            ("POST /apis", "post"),
            ("GET /api/v1/pods?limit=5", "list  pods  "),
            ("GET /api/v1/pods?watch", "watch  pods  "),
            ("GET /api/v1/pods?watch=0", "list  pods  "),
            ("GET /api/v1/pods?watch=False", "list  pods  "),
            ("GET /api/v1/watch/pods", "watch  pods  "),
            ("POST /api/v1/pods", "create  pods  "),
            ("PUT /api/v1/pods", "update  pods  "),
            ("DELETE /api/v1/pods", "deletecollection  pods  "),
            ("DELETE /api/v1/nodes/a", "delete  nodes  a"),
            ("PATCH /api/v1/nodes/a", "patch  nodes  a"),
            ("GET /api/v1/namespaces", "list  namespaces  "),
            ("GET /api/v1/namespaces/a", "get  namespaces a a"),
            (
                "GET /api/v1/namespaces/a/status",
                "get  namespaces/status a a",
            ),
            ("GET /api/v1/namespaces/a/pods", "list  pods a "),
            ("GET /api/v1/namespaces/a/pods/b/log", "get  pods/log a b"),
            (
                "GET /api/v1/pods?fieldSelector=status.phase!%3Da,metadata.name%3D%3Db",
                "list  pods  b",
            ),
            (
                "GET /apis/apps/v1/namespaces/a%2Fb/deployments/c%3A",
                "get apps deployments a/b c:",
            ),
        ] {
            let (method, path) = request.split_once(' ').unwrap();
            let understood = ApiRequest::new(method, path);
            let target = understood.target.map_or(String::new(), |target| {
                let combined = target.combined();
                assert_eq!(target.version, "v1");
                format!(
                    " {} {combined} {} {}",
                    target.group, target.namespace, target.name
                )
            });
            assert_eq!(
                format!("{}{target}", understood.verb),
                expected,
                "{request}"
            );
        }
    }

    #[test]
    fn requests_have_names() {
        for (path, name) in [
            ("/version", "get /version"),
            ("/api/v1/pods?limit=5", "list pods"),
            ("/api/v1/namespaces/shop/pods", "list pods in shop"),
            (
                "/api/v1/namespaces/kube-system/configmaps/aws-auth",
                "get configmaps/aws-auth",
            ),
            (
                "/apis/rbac.authorization.k8s.io/v1/roles",
                "list roles.rbac.authorization.k8s.io",
            ),
        ] {
            assert_eq!(ApiRequest::new("GET", path).name(), name);
        }
        assert_eq!(
            ApiRequest::new("POST", "/api/v1/pods").name(),
            "create pods"
        );
    }
}
