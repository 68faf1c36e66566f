//! Exceptions: the objects in clusters that may fail a check by design.

use std::borrow::Cow;

use wildmatch::WildMatch;

use super::{ParameterValue, Raw, Values};
use crate::facts::kubernetes::ObjectName;
use crate::text::{LONGEST_TEXT, cut};

/// The members of an exception in a document.
const MEMBERS: [&str; 2] = ["object", "reason"];

/// The most characters of an exception that an error repeats.
const LONGEST_QUOTE: usize = 100;

/// An exception: the failures of these checks for these objects are by design.
#[derive(Debug, Clone, PartialEq)]
pub struct Exception {
    /// The objects, as they are written: `<check id or *>:<namespace>/<kind>/<name>`.
    object: String,
    /// The id of the check; `None` stands for every check.
    check: Option<String>,
    /// The namespace; `None` if the object is in none.
    namespace: Option<String>,
    /// The kind.
    kind: String,
    /// The pattern of the name.
    name: WildMatch,
    /// The reason why the failures are by design.
    reason: String,
}

/// A list of exceptions that can be the default of a parameter in a `static`.
pub type Exceptions = Cow<'static, [Exception]>;

impl Exception {
    /// Returns the objects, as they are written.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Returns the id of the check that the exception names; `None` if it is one of every check.
    pub fn check(&self) -> Option<&str> {
        self.check.as_deref()
    }

    /// Returns the kind of the objects.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the reason why the failures are by design.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns `true` if the exception is one of the check.
    pub fn applies_to(&self, check: &str) -> bool {
        self.check.as_deref().is_none_or(|id| id == check)
    }

    /// Returns `true` if the exception names the object. An object of a custom resource never has the kind of one that
    /// Kubernetes defines, so that nobody can choose an owner of pods that an exception names.
    pub fn names(&self, object: &ObjectName) -> bool {
        self.namespace == object.namespace
            && self.kind == object.kind
            && built_in_group(&self.kind).is_none_or(|group| group == object.group())
            && self.name.matches(&object.name)
    }

    /// Reads an exception from a text: `<object>=<reason>`.
    fn read(text: &str) -> Result<Self, String> {
        let Some((object, reason)) = text.split_once('=') else {
            return Err("has no reason: add = and a sentence that explains it".to_owned());
        };
        let object = object.trim();
        let form = || {
            "has another form than <check id or *>:<namespace>/<kind>/<name>, where the namespace is empty for an \
             object that is in none"
        };
        let (check, path) = object.split_once(':').ok_or_else(form)?;
        let mut segments = path.split('/');
        let (Some(namespace), Some(kind), Some(name), None) = (
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
        ) else {
            return Err(form().to_owned());
        };
        // https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
        let is_label = |text: &str| {
            let mut characters = text.chars();
            characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if !is_label(namespace) {
            return Err(format!(
                "has the namespace {namespace:?}, which is no name: only the name of the object can have wildcards"
            ));
        }
        if kind.is_empty() || !kind.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(format!(
                "has the kind {kind:?}, which is no kind: only the name of the object can have wildcards"
            ));
        }
        if check.is_empty() || name.is_empty() {
            return Err(form().to_owned());
        }
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        match reason.chars().count() {
            0 => return Err("has no reason: explain in a sentence why it is by design".to_owned()),
            1..=LONGEST_TEXT => {}
            length => {
                return Err(format!(
                    "has a reason of {length} characters: shorten it to {LONGEST_TEXT} characters"
                ));
            }
        }
        Ok(Self {
            object: object.to_owned(),
            check: (check != "*").then(|| check.to_owned()),
            namespace: Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty()),
            kind: kind.to_owned(),
            name: WildMatch::new(name),
            reason,
        })
    }
}

/// Returns the API group of a kind that Kubernetes defines; `None` for other kinds.
fn built_in_group(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Namespace" | "Pod" | "ReplicationController" | "Service" | "ServiceAccount" => "",
        "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet" => "apps",
        "CronJob" | "Job" => "batch",
        "Ingress" | "NetworkPolicy" => "networking.k8s.io",
        "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" => {
            "rbac.authorization.k8s.io"
        }
        _ => return None,
    })
}

/// Returns an exception in a document as a text.
fn text_of(raw: &Raw) -> Result<String, String> {
    let Raw::Object(members) = raw else {
        let form = "is not an object with the members object and reason";
        return Err(form.to_owned());
    };
    if let Some(unknown) = members
        .keys()
        .find(|name| !MEMBERS.contains(&name.as_str()))
    {
        let unknown = cut(unknown, LONGEST_QUOTE);
        return Err(format!(
            "has the member {unknown:?}, but only object and reason are known"
        ));
    }
    let [object, reason] = MEMBERS.map(|name| match members.get(name) {
        None | Some(Raw::Null) => Err(format!("has no {name}")),
        Some(Raw::Text(text)) => Ok(text),
        Some(_) => Err(format!("has a member {name} that is not a text")),
    });
    let (object, reason) = (object?, reason?);
    if object.contains('=') {
        let text = "has an object with =: use ? in its place, which stands for any character";
        return Err(text.to_owned());
    }
    Ok(format!("{object}={reason}"))
}

/// Returns the problem of the exception with this position in its list.
fn numbered(position: usize, text: Option<&str>, problem: &str) -> String {
    let number = position + 1;
    let quoted = text.map_or(String::new(), |text| {
        format!(" ({:?})", cut(text, LONGEST_QUOTE))
    });
    format!("exception {number}{quoted} {problem}")
}

impl ParameterValue for Exceptions {
    const FORM: &'static str = "a list of objects with the members object, such as \
                                k8s-pod-privileged:monitoring/DaemonSet/agent-*, and reason; or of texts of the form \
                                <object>=<reason>";
    const VALUES: Values = Values::Exceptions;

    fn texts_of(raw: &Raw) -> Result<Vec<String>, String> {
        let alone;
        let items = match raw {
            Raw::List(items) => items.as_slice(),
            Raw::Object(_) => {
                alone = [raw.clone()];
                &alone
            }
            _ => return raw.texts(),
        };
        let texts = items.iter().enumerate().map(|(position, item)| match item {
            // A reason in a list may contain commas.
            Raw::Text(text) => Ok(text.clone()),
            _ => text_of(item).map_err(|problem| numbered(position, None, &problem)),
        });
        texts.collect()
    }

    fn read(texts: &[String]) -> Result<Self, String> {
        let exceptions = texts.iter().enumerate().map(|(position, text)| {
            Exception::read(text).map_err(|problem| numbered(position, Some(text), &problem))
        });
        exceptions.collect::<Result<Vec<_>, _>>().map(Cow::Owned)
    }

    fn write(&self) -> Vec<String> {
        let exceptions = self.iter();
        exceptions
            .map(|one| format!("{}={}", one.object, one.reason))
            .collect()
    }

    fn named_checks(&self) -> Vec<String> {
        self.iter().filter_map(|one| one.check.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
