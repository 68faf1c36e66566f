//! Events, and the objects of the schema that both classes contain.

use eksentry_core::{Details, Reason};
use jiff::Timestamp;
use serde::Serialize;

use super::values::Class;
use super::vulnerability::VulnerabilityDetails;

/// An OCSF event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event<'a> {
    #[serde(skip)]
    pub(super) class: Class,
    #[serde(skip)]
    pub(super) at: Timestamp,
    pub(super) metadata: Metadata<'a>,
    pub(super) time: i64,
    pub(super) time_dt: String,
    pub(super) category_uid: u32,
    pub(super) category_name: &'static str,
    pub(super) class_uid: u32,
    pub(super) class_name: &'static str,
    pub(super) activity_id: u32,
    pub(super) activity_name: &'static str,
    pub(super) type_uid: u32,
    pub(super) type_name: String,
    pub(super) severity_id: u32,
    pub(super) severity: &'static str,
    pub(super) status_id: u32,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_detail: Option<&'a str>,
    pub(super) message: String,
    pub(super) cloud: Cloud<'a>,
    pub(super) finding_info: FindingInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compliance: Option<Compliance<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) vulnerabilities: Vec<VulnerabilityDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remediation: Option<Remediation<'a>>,
    pub(super) resources: Vec<ResourceDetails<'a>>,
    pub(super) observables: [Observable<'a>; 1],
}

impl Event<'_> {
    /// Returns the class of the event.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Returns the time of the event.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) version: &'static str,
    pub(super) profiles: &'static [&'static str],
    pub(super) product: Product,
    /// The id of the event, which differs for each event.
    pub(super) uid: String,
    /// The id of the run.
    pub(super) correlation_uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_truncated: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) uid: &'static str,
    pub(super) vendor_name: &'static str,
    pub(super) version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Cloud<'a> {
    pub(super) provider: &'static str,
    #[serde(rename = "cloud_partition")]
    pub(super) partition: &'a str,
    pub(super) region: &'a str,
    pub(super) account: Account<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Account<'a> {
    pub(super) uid: &'a str,
    pub(super) type_id: u32,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct FindingInfo<'a> {
    pub(super) uid: String,
    pub(super) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desc: Option<&'static str>,
    pub(super) analytic: Analytic<'a>,
    pub(super) last_seen_time: i64,
    pub(super) last_seen_time_dt: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related_events: Vec<RelatedEvent>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Analytic<'a> {
    pub(super) uid: &'a str,
    pub(super) name: &'a str,
    pub(super) type_id: u32,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct RelatedEvent {
    /// The other event's `metadata.uid`.
    pub(super) uid: String,
    pub(super) type_uid: u32,
    pub(super) title: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Compliance<'a> {
    pub(super) control: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desc: Option<&'static str>,
    pub(super) status_id: u32,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) status_details: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) standards: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) requirements: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) control_parameters: Vec<Parameter<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'static str,
    pub(super) values: Vec<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Remediation<'a> {
    pub(super) desc: String,
    pub(super) references: [&'a str; 1],
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ResourceDetails<'a> {
    pub(super) uid: &'a str,
    pub(super) name: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) role_id: u32,
    pub(super) role: &'static str,
    /// The namespace of an object in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<&'a str>,
    /// The API group of an object in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Group<'a>>,
    pub(super) cloud_partition: &'a str,
    pub(super) region: &'a str,
    pub(super) owner: Owner<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<ResourceData<'a>>,
}

/// The data of a resource that the schema has no attributes for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum ResourceData<'a> {
    /// The properties of the resource.
    Details(&'a Details),
    /// The verdict about one of the objects that a finding covers, with the captions of the schema.
    Verdict {
        status: &'static str,
        severity: &'static str,
        reasons: &'a [Reason],
    },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Group<'a> {
    name: &'a str,
}

impl<'a> Group<'a> {
    /// Returns an API group; `None` for the core group, whose name is empty.
    pub(super) fn of(name: &'a str) -> Option<Self> {
        (!name.is_empty()).then_some(Self { name })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Owner<'a> {
    pub(super) account: Account<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Observable<'a> {
    pub(super) name: &'static str,
    pub(super) type_id: u32,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) value: &'a str,
}
