//! One finding of a report.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use eksentry_core::{ReasonCode, Severity, service};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The number of days before the end of an exception from which on reports point it out.
pub const ONE_MONTH: i32 = 30;

/// The status of a finding. The variants are in the order in which reports list them.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The resource does not meet the check.
    Failed,
    /// The resource may not meet the check: the facts are uncertain, and a person should review the resource.
    Warning,
    /// The facts could not be read.
    #[default]
    NotAvailable,
    /// The resource meets the check, or an exception accepts that it does not.
    Passed,
    /// The customer has suppressed the finding in Security Hub.
    Suppressed,
    /// The resource no longer exists, or the check no longer applies to it.
    Archived,
}

impl Status {
    /// All statuses.
    pub(crate) const ALL: [Self; 6] = [
        Self::Failed,
        Self::Warning,
        Self::NotAvailable,
        Self::Passed,
        Self::Suppressed,
        Self::Archived,
    ];

    /// Returns `true` if the finding requires action.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Failed | Self::Warning | Self::NotAvailable)
    }

    /// Returns the name in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Warning => "warning",
            Self::NotAvailable => "not available",
            Self::Passed => "passed",
            Self::Suppressed => "suppressed",
            Self::Archived => "archived",
        }
    }

    /// Returns the name as findings contain it.
    pub(crate) fn word(self) -> String {
        self.label().to_uppercase().replace(' ', "_")
    }
}

/// The result of one check for one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The id, `eksentry/<check>/<resource id>`, by which reports are compared.
    pub id: String,
    /// The id of the check.
    pub check: String,
    /// The status.
    pub status: Status,
    /// The severity.
    pub severity: Severity,
    /// The resource's name for display. That of an object in a cluster is its [`Place`] as text.
    pub resource: String,
    /// The ARN of the resource, or its id if it has none.
    pub resource_id: String,
    /// The type of the resource in the AWS Security Finding Format, such as `AwsEksCluster`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The ID of the account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The place in a cluster, if the finding is about the contents of a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The reasons for the status, the most important first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// The explanation in addition to the reasons, such as that of the severity; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub explanation: String,
    /// The command that corrects a failure; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The exception because of which the resource passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// The time at which the finding was first reported, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// The time at which the resource was last described, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Timestamp>,
    /// The values of the check's parameters, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// The properties of the resource, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// The tags of the resource.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The vulnerabilities of an image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vulnerabilities: Vec<Vulnerability>,
    /// The customer's note in Security Hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

impl Finding {
    /// Returns the key by which findings are sorted.
    pub(crate) fn order(&self) -> impl Ord + use<'_> {
        (
            self.status,
            Reverse(self.severity),
            &self.check,
            &self.resource,
            &self.resource_id,
        )
    }

    /// Returns the reasons as one text.
    pub(crate) fn reason(&self) -> String {
        let texts: Vec<&str> = self
            .reasons
            .iter()
            .map(|reason| reason.text.as_str())
            .filter(|text| !text.is_empty())
            .collect();
        if texts.is_empty() {
            self.explanation.clone()
        } else {
            texts.join(" ")
        }
    }
}

impl Default for Finding {
    /// Returns a finding about nothing, which is not available.
    fn default() -> Self {
        Self {
            id: String::new(),
            check: String::new(),
            status: Status::default(),
            severity: Severity::Informational,
            resource: String::new(),
            resource_id: String::new(),
            resource_type: String::new(),
            account: String::new(),
            region: String::new(),
            place: None,
            reasons: Vec::new(),
            explanation: String::new(),
            command: String::new(),
            exception: None,
            first_seen: None,
            observed_at: None,
            parameters: BTreeMap::new(),
            details: BTreeMap::new(),
            tags: BTreeMap::new(),
            vulnerabilities: Vec::new(),
            note: None,
        }
    }
}

/// The reason for a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The reason as a code, for machines.
    pub code: String,
    /// The reason as a sentence, for people.
    pub text: String,
}

impl Reason {
    /// Returns `true` if the reason is a mute or an exception, because of which a failure passes.
    pub(crate) fn accepts(&self) -> bool {
        let accepting = [
            ReasonCode::Muted,
            ReasonCode::Excepted,
            ReasonCode::ExceptedByParameter,
            ReasonCode::ExceptedSystem,
        ];
        accepting.into_iter().any(|code| self.code == code.word())
    }
}

/// The cluster, the namespace and the object that a finding about the contents of a cluster is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The name of the cluster.
    pub cluster: String,
    /// The ARN of the cluster, since clusters in several Regions can have the same name.
    pub cluster_id: String,
    /// The namespace; empty for the cluster itself and for objects in no namespace.
    pub namespace: String,
    /// The object as a kind and a name, such as `Deployment/web`; the name of the cluster for the cluster itself.
    pub object: String,
}

impl Place {
    /// Returns the place of a resource in a cluster, given the properties of an object by name. A resource without the
    /// properties of an object is the cluster itself, which has this id and this name.
    pub(crate) fn new<'a>(property: impl Fn(&str) -> &'a str, id: &str, name: &str) -> Self {
        let (kind, object) = (property("Kind"), property("Name"));
        if kind.is_empty() || object.is_empty() {
            return Self {
                cluster: name.to_owned(),
                cluster_id: id.to_owned(),
                namespace: String::new(),
                object: name.to_owned(),
            };
        }
        Self {
            cluster: property("ClusterName").to_owned(),
            cluster_id: property("ClusterArn").to_owned(),
            namespace: property("Namespace").to_owned(),
            object: format!("{kind}/{object}"),
        }
    }
}

/// Returns `true` if a check evaluates the contents of clusters.
pub(crate) fn is_inside(check: &str) -> bool {
    service::of(check).is_some_and(|service| service.prefix == "k8s")
}

/// Returns the name of a resource for display: that of an image with its tag or the beginning of its digest, that of a
/// key with its description. Texts that are not known are empty.
pub(crate) fn display_name(name: &str, tag: &str, description: &str) -> String {
    if let Some((repository, digest)) = name.split_once("/sha256:") {
        return match tag {
            "" => format!(
                "{repository}@{}",
                digest.chars().take(12).collect::<String>()
            ),
            tag => format!("{repository}:{tag}"),
        };
    }
    match description {
        "" => name.to_owned(),
        description => format!("{name} ({description})"),
    }
}

/// Writes the place, such as `prod/shop/Deployment/web` and `prod/Namespace/shop`. The text ends with the object.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cluster != self.object {
            write!(formatter, "{}/", self.cluster)?;
        }
        let is_namespace = self.object.strip_prefix("Namespace/") == Some(&self.namespace);
        if !self.namespace.is_empty() && !is_namespace {
            write!(formatter, "{}/", self.namespace)?;
        }
        formatter.write_str(&self.object)
    }
}

/// An exception or a mute, because of which a resource passes that would fail without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The reason, as a sentence.
    pub reason: String,
    /// The last day (UTC) of a mute; of several, the one that ends first. An exception by design has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Exception {
    /// Returns the exception because of which a resource with these reasons passes. Any of the texts can have been
    /// changed.
    pub(crate) fn of(reasons: &[Reason]) -> Option<Self> {
        let reason = reasons.iter().find(|reason| reason.accepts())?;
        let mute = Self::of_mute(&reason.text).filter(|_| reason.code == ReasonCode::Muted.word());
        Some(mute.unwrap_or_else(|| Self {
            reason: reason.text.clone(),
            until: None,
        }))
    }

    /// Reads the reason for which a mute applies, such as "Muted until 2026-12-31: SEC-1."; `None` if it has another form.
    fn of_mute(text: &str) -> Option<Self> {
        let (until, why) = text.strip_prefix("Muted until ")?.split_once(": ")?;
        Some(Self {
            reason: why.to_owned(),
            until: Some(until.parse().ok()?),
        })
    }

    /// Returns the number of days after which the exception ends; `None` if it has no end. It is negative if the
    /// exception has ended.
    pub fn days_left(&self, at: Timestamp) -> Option<i32> {
        let today = TimeZone::UTC.to_datetime(at).date();
        let span = today.until(self.until?).ok()?;
        Some(span.get_days())
    }

    /// Returns `true` if the exception ends within [`ONE_MONTH`].
    pub fn ends_soon(&self, at: Timestamp) -> bool {
        self.days_left(at).is_some_and(|days| days <= ONE_MONTH)
    }
}

/// A vulnerability of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vulnerability {
    /// The id, such as a CVE.
    pub id: String,
    /// The severity according to the scanner; empty if it states none.
    pub severity: String,
    /// The highest CVSS base score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The address of a page about the vulnerability; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The packages that have the vulnerability.
    pub packages: Vec<Package>,
}

/// A package with a vulnerability. Members that are not known are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// The name.
    pub name: String,
    /// The installed version.
    pub version: String,
    /// The version without the vulnerability.
    pub fixed_in: String,
}

/// A note of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// The text.
    pub text: String,
    /// The author.
    pub by: String,
    /// The time of the last change, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{CLUSTER, plain};

    fn exception(until: Option<&str>) -> Exception {
        Exception {
            reason: "Why.".to_owned(),
            until: until.map(|day| day.parse().unwrap()),
        }
    }

    #[test]
    fn an_exception_ends_soon_within_a_month() {
        let now = "2026-11-23T23:59:59Z".parse().unwrap();
        for (until, days, is_soon) in [
            (None, None, false),
            (Some("2027-11-23"), Some(365), false),
            (Some("2026-12-24"), Some(31), false),
            (Some("2026-12-23"), Some(30), true),
            (Some("2026-11-23"), Some(0), true),
            (Some("2026-11-22"), Some(-1), true),
        ] {
            let exception = exception(until);
            assert_eq!(exception.days_left(now), days, "{until:?}");
            assert_eq!(exception.ends_soon(now), is_soon, "{until:?}");
        }
    }

    #[test]
    fn the_reason_is_that_of_all_reasons_or_the_explanation() {
        let mut finding = plain("a", CLUSTER, Status::Failed);
        finding.explanation = "Why.".to_owned();
        let reason = |text: &str| Reason {
            code: "CODE".to_owned(),
            text: text.to_owned(),
        };
        finding.reasons = vec![reason("One."), reason(""), reason("Two.")];
        assert_eq!(finding.reason(), "One. Two.");
        finding.reasons.clear();
        assert_eq!(finding.reason(), "Why.");
    }

    #[test]
    fn a_place_is_written_with_the_parts_that_it_has() {
        for (cluster, namespace, object, expected) in [
            ("prod", "shop", "Deployment/web", "prod/shop/Deployment/web"),
            ("prod", "shop", "Namespace/shop", "prod/Namespace/shop"),
            ("prod", "", "ClusterRole/a b/c", "prod/ClusterRole/a b/c"),
            ("prod", "", "prod", "prod"),
            ("", "", "", ""),
        ] {
            let place = Place {
                cluster: cluster.to_owned(),
                cluster_id: CLUSTER.to_owned(),
                namespace: namespace.to_owned(),
                object: object.to_owned(),
            };
            assert_eq!(place.to_string(), expected);
        }
    }

    #[test]
    fn names_say_what_people_call_the_resource() {
        let digest = "cards/api/sha256:0123456789abcdef0123";
        let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for (name, tag, description, expected) in [
            ("payments-prod", "", "", "payments-prod"),
            (digest, "", "", "cards/api@0123456789ab"),
            (digest, "4.2.0", "", "cards/api:4.2.0"),
            (key, "", "", key),
            (
                key,
                "",
                "Card numbers",
                "1234abcd-12ab-34cd-56ef-1234567890ab (Card numbers)",
            ),
        ] {
            assert_eq!(display_name(name, tag, description), expected);
        }
    }

    #[test]
    fn statuses_are_written_as_in_findings() {
        for status in Status::ALL {
            assert_eq!(serde_json::json!(status), status.word());
        }
        assert!(Status::ALL.is_sorted());
    }
}
