//! The requests that are made to an API server.

use std::fmt;

use form_urlencoded::Serializer;
use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters of a name that are not encoded in a path.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Secrets. Whoever may list them may read their contents, since roles can't grant less than that. Therefore, the
/// requests themselves are limited: to their metadata, and lists to those with tokens of service accounts.
///
/// Source: <https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets>.
const SECRETS: ApiResource = ApiResource::core("secrets");

/// The condition on Secrets that hold tokens of service accounts.
const TOKEN_SECRETS: &str = "type=kubernetes.io/service-account-token";

/// The media types of objects, of the metadata of an object, and of that of the objects in a list.
///
/// Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches>.
const OBJECTS: &str = "application/json";
const METADATA_OF_OBJECT: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_OF_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// The kind of a list that contains nothing but metadata.
const METADATA_LIST: &str = "PartialObjectMetadataList";

/// A kind of object in the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiResource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version of the group.
    pub version: &'static str,
    /// The name of the kind in paths: `pods`.
    pub plural: &'static str,
}

impl ApiResource {
    /// Returns a kind of the core group.
    pub const fn core(plural: &'static str) -> Self {
        Self::new("", "v1", plural)
    }

    /// Returns a kind of an API group.
    pub const fn new(group: &'static str, version: &'static str, plural: &'static str) -> Self {
        Self {
            group,
            version,
            plural,
        }
    }

    fn path(self, namespace: Option<&str>, name: Option<&str>) -> String {
        let Self {
            group,
            version,
            plural,
        } = self;
        let api = if group.is_empty() { "api" } else { "apis" };
        let encoded = |name| utf8_percent_encode(name, SEGMENT).to_string();
        let mut path = vec![String::new(), api.to_owned()];
        if !group.is_empty() {
            path.push(group.to_owned());
        }
        path.push(version.to_owned());
        if let Some(namespace) = namespace {
            path.extend(["namespaces".to_owned(), encoded(namespace)]);
        }
        path.push(plural.to_owned());
        path.extend(name.map(encoded));
        path.join("/")
    }
}

/// Writes the name by which roles name the kind: `roles.rbac.authorization.k8s.io`.
impl fmt::Display for ApiResource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.plural)?;
        if !self.group.is_empty() {
            write!(formatter, ".{}", self.group)?;
        }
        Ok(())
    }
}

/// The objects that a list contains: all of a kind, unless it is narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOf<'a> {
    /// The kind of the objects.
    pub resource: ApiResource,
    /// The namespace of the objects; `None` for all namespaces, and for kinds without a namespace.
    pub namespace: Option<&'a str>,
    /// The condition on fields that the API server applies: `status.phase!=Failed`.
    pub field_selector: Option<&'a str>,
    /// The condition on labels that the API server applies: `!pod-template-hash`.
    pub label_selector: Option<&'a str>,
}

impl<'a> ListOf<'a> {
    /// Returns the list of all objects of a kind, in all namespaces.
    pub const fn all(resource: ApiResource) -> Self {
        Self {
            resource,
            namespace: None,
            field_selector: None,
            label_selector: None,
        }
    }

    /// Returns the same list, of one namespace only.
    pub const fn in_namespace(self, namespace: &'a str) -> Self {
        Self {
            namespace: Some(namespace),
            ..self
        }
    }

    /// Returns the same list, of the objects whose fields meet a condition only.
    pub const fn with_fields(self, selector: &'a str) -> Self {
        Self {
            field_selector: Some(selector),
            ..self
        }
    }

    /// Returns the same list, of the objects whose labels meet a condition only.
    pub const fn with_labels(self, selector: &'a str) -> Self {
        Self {
            label_selector: Some(selector),
            ..self
        }
    }

    /// Returns the request for a page of the list. It never names a resource version: the first page is then
    /// consistent, and the token of each other page contains the version.
    ///
    /// A list of Secrets is always one of the metadata of those with tokens of service accounts.
    pub(crate) fn page(&self, limit: u32, token: Option<&str>) -> Request {
        let (accept, field_selector) = if self.resource == SECRETS {
            (METADATA_OF_LIST, Some(TOKEN_SECRETS))
        } else {
            (OBJECTS, self.field_selector)
        };
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string());
        for (name, value) in [
            ("continue", token),
            ("fieldSelector", field_selector),
            ("labelSelector", self.label_selector),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let path = self.resource.path(self.namespace, None);
        let place = self.namespace.map(|name| format!(" in {name}"));
        Request {
            call: format!("list {}{}", self.resource, place.unwrap_or_default()),
            path: format!("{path}?{}", query.finish()),
            accept,
        }
    }
}

/// A request to an API server. The method is always GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The verb and the objects, as problems name the request: `list pods`.
    pub(crate) call: String,
    /// The path and the query.
    pub(crate) path: String,
    /// The media type of the response.
    pub(crate) accept: &'static str,
}

impl Request {
    /// Returns the request for an object.
    pub(crate) fn object(resource: ApiResource, namespace: Option<&str>, name: &str) -> Self {
        let place = namespace.map(|name| format!(" in {name}"));
        Self {
            call: format!("get {resource}/{name}{}", place.unwrap_or_default()),
            path: resource.path(namespace, Some(name)),
            accept: if resource == SECRETS {
                METADATA_OF_OBJECT
            } else {
                OBJECTS
            },
        }
    }

    /// Returns the request for what is not an object: `/version`.
    pub(crate) fn path(path: &str) -> Self {
        Self {
            call: format!("get {path}"),
            path: path.to_owned(),
            accept: OBJECTS,
        }
    }

    /// Returns `true` if a response of this kind is the list that was requested. Any other object in JSON would be an
    /// empty list, and a server that ignores the media type would return more than metadata.
    pub(crate) fn is_for_list_of(&self, kind: &str) -> bool {
        if self.accept == METADATA_OF_LIST {
            kind == METADATA_LIST
        } else {
            kind.ends_with("List")
        }
    }
}

/// Returns the scheme and the authority of an HTTPS URL that has no path.
pub(crate) fn origin(endpoint: &str) -> Option<String> {
    let endpoint: Uri = endpoint.parse().ok()?;
    let authority = endpoint.authority()?.as_str();
    let is_bare = endpoint.path() == "/" && endpoint.query().is_none();
    let is_https = endpoint.scheme_str() == Some("https");
    (is_https && is_bare && !authority.contains('@')).then(|| format!("https://{authority}"))
}

/// Returns the media type of the response to a request that another function asks for, by its path and query; `None` if
/// it is for anything but an object, a list of objects of one kind, or what a cluster serves: for a watch, for example,
/// or for a part of an object, such as the log of a pod. Of Secrets, the media type is that of their metadata.
pub(crate) fn media_type(path_and_query: &str) -> Option<&'static str> {
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    let is_parameter =
        |name: &str| ["limit", "continue", "fieldSelector", "labelSelector"].contains(&name);
    if !form_urlencoded::parse(query.as_bytes()).all(|(name, _)| is_parameter(&name)) {
        return None;
    }
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let (group, version, rest) = match segments[..] {
        ["version" | "apis"] => return Some(OBJECTS),
        ["api", version, ref rest @ ..] => (None, version, rest),
        ["apis", group, version, ref rest @ ..] => (Some(group), version, rest),
        _ => return None,
    };
    let (namespace, plural, name) = match *rest {
        ["namespaces", namespace, plural] => (Some(namespace), plural, None),
        ["namespaces", namespace, plural, name] => (Some(namespace), plural, Some(name)),
        [plural] => (None, plural, None),
        [plural, name] => (None, plural, Some(name)),
        _ => return None,
    };
    // API servers still serve watches at paths, and parts of a namespace look like a list in it.
    if ["watch", "status", "finalize"].contains(&plural) {
        return None;
    }
    let mut words = group.into_iter().chain([version, plural]);
    let mut names = namespace.into_iter().chain(name);
    if !words.all(is_word) || !names.all(is_name) {
        return None;
    }
    let is_secret = group.is_none() && plural == SECRETS.plural;
    Some(match name {
        _ if !is_secret => OBJECTS,
        Some(_) => METADATA_OF_OBJECT,
        None => METADATA_OF_LIST,
    })
}

/// Returns `true` if a part of a path can be a group, a version or a kind.
fn is_word(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_allowed)
}

/// Returns `true` if a part of a path can only be a name: a server may treat an encoded slash as a slash.
fn is_name(text: &str) -> bool {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.is_ok_and(|name| !["", ".", ".."].contains(&&*name) && !name.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PODS: ApiResource = ApiResource::core("pods");
    const ROLES: ApiResource = ApiResource::new("rbac.authorization.k8s.io", "v1", "roles");

    #[test]
    fn requests_have_the_paths_of_the_api() {
        let finished = "status.phase!=Succeeded,status.phase!=Failed";
        for (request, call, path) in [
            (
                ListOf::all(PODS).page(500, None),
                "list pods",
                "/api/v1/pods?limit=500",
            ),
            (
                ListOf::all(PODS)
                    .with_fields(finished)
                    .page(250, Some("a+b=")),
                "list pods",
                "/api/v1/pods?limit=250&continue=a%2Bb%3D\
                 &fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed",
            ),
            (
                ListOf::all(ROLES)
                    .in_namespace("kube-system")
                    .page(60, None),
                "list roles.rbac.authorization.k8s.io in kube-system",
                "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles?limit=60",
            ),
            (
                ListOf::all(ApiResource::new("apps", "v1", "replicasets"))
                    .with_labels("!pod-template-hash")
                    .page(500, None),
                "list replicasets.apps",
                "/apis/apps/v1/replicasets?limit=500&labelSelector=%21pod-template-hash",
            ),
            (
                Request::object(
                    ApiResource::core("configmaps"),
                    Some("kube-system"),
                    "aws-auth",
                ),
                "get configmaps/aws-auth in kube-system",
                "/api/v1/namespaces/kube-system/configmaps/aws-auth",
            ),
            (
                Request::object(ROLES, Some("a/../b"), "system:a b?#%"),
                "get roles.rbac.authorization.k8s.io/system:a b?#% in a/../b",
                "/apis/rbac.authorization.k8s.io/v1/namespaces/a%2F..%2Fb/roles/system%3Aa%20b%3F%23%25",
            ),
            (
                Request::object(ApiResource::core("namespaces"), None, "shop"),
                "get namespaces/shop",
                "/api/v1/namespaces/shop",
            ),
            (Request::path("/version"), "get /version", "/version"),
        ] {
            assert_eq!((request.call.as_str(), request.path.as_str()), (call, path));
            assert_eq!(request.accept, "application/json");
        }
    }

    #[test]
    fn secrets_are_requested_as_metadata_of_tokens_and_in_no_other_form() {
        let metadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        let tokens = "fieldSelector=type%3Dkubernetes.io%2Fservice-account-token";
        let all = ListOf::all(ApiResource::core("secrets"));
        for (list, path) in [
            (all, "/api/v1/secrets"),
            (all.with_fields("type=Opaque"), "/api/v1/secrets"),
            (all.in_namespace("shop"), "/api/v1/namespaces/shop/secrets"),
            (
                all.in_namespace("shop").with_fields("metadata.name=db"),
                "/api/v1/namespaces/shop/secrets",
            ),
        ] {
            for (token, next) in [(None, ""), (Some("next"), "&continue=next")] {
                let request = list.page(500, token);
                assert_eq!(request.path, format!("{path}?limit=500{next}&{tokens}"));
                assert_eq!(request.accept, metadata);
                assert!(request.is_for_list_of("PartialObjectMetadataList"));
                assert!(!request.is_for_list_of("SecretList"));
            }
        }
        let one = Request::object(ApiResource::core("secrets"), Some("shop"), "db");
        let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        assert_eq!(one.accept, metadata);
        // Kinds of other groups have no contents to protect.
        let other = ListOf::all(ApiResource::new("example.com", "v1", "secrets"));
        assert_eq!(other.page(500, None).accept, "application/json");
    }
    #[test]
    fn requests_of_other_functions_are_those_that_this_crate_makes() {
        let metadata_of = |kind: &str| format!("application/json;as={kind};g=meta.k8s.io;v=v1");
        let of_list = metadata_of("PartialObjectMetadataList");
        let of_object = metadata_of("PartialObjectMetadata");
        for (path, expected) in [
            ("/version", Some("application/json")),
            ("/apis", Some("application/json")),
            (
                "/api/v1/pods?limit=500&continue=a&fieldSelector=b&labelSelector=c",
                Some("application/json"),
            ),
            (
                "/api/v1/namespaces/kube-system/configmaps/aws-auth",
                Some("application/json"),
            ),
            ("/api/v1/namespaces/shop", Some("application/json")),
            (
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aa",
                Some("application/json"),
            ),
            ("/apis/example.com/v1/secrets", Some("application/json")),
            ("/api/v1/secrets?limit=1", Some(of_list.as_str())),
            ("/api/v1/namespaces/shop/secrets", Some(of_list.as_str())),
            (
                "/api/v1/namespaces/shop/secrets/db",
                Some(of_object.as_str()),
            ),
            ("/api/v1/secrets/db", Some(of_object.as_str())),
            ("/api/v1/namespaces/shop/pods/web/log", None),
            ("/api/v1/namespaces/shop/pods/web/log/", None),
            ("/api/v1/watch/secrets", None),
            ("/apis/apps/v1/watch/deployments", None),
            ("/api/v1/watch/namespaces/shop/secrets", None),
            ("/api/v1/namespaces/shop/status", None),
            ("/api/v1/nodes/a/proxy", None),
            ("/api/v1/nodes/a/proxy/run", None),
            ("/api/v1/pods?watch=true", None),
            ("/api/v1/pods?limit=1&resourceVersion=0", None),
            ("/api/v1/%73ecrets", None),
            ("/api/v1/configmaps/a%2F..%2F..%2Fsecrets", None),
            ("/api/v1/pods/..", None),
            ("/api/v1/pods/%2E%2E", None),
            ("/api/v1/namespaces//secrets", None),
            ("/apis//v1/secrets", None),
            ("/api/v1/../v1", None),
            ("/api/v1", None),
            ("/openapi/v2", None),
            ("/metrics", None),
            ("/", None),
            ("api/v1/pods", None),
            ("", None),
        ] {
            assert_eq!(media_type(path), expected, "{path}");
        }
    }

    #[test]
    fn all_requests_of_this_crate_have_their_media_type() {
        let roles = ListOf::all(ROLES).in_namespace("a b%");
        for request in [
            roles.page(60, Some("a/../b&watch=true")),
            ListOf::all(SECRETS).in_namespace("shop").page(1, None),
            Request::object(SECRETS, Some("shop"), "db"),
            Request::object(ROLES, Some("shop"), "system:a b?#%"),
            Request::path("/apis"),
        ] {
            assert_eq!(
                media_type(&request.path),
                Some(request.accept),
                "{request:?}"
            );
        }
    }
}
