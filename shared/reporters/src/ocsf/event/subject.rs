//! The attributes of an event that do not depend on a verdict.

use eksentry_core::facts::KubernetesCluster;
use eksentry_core::facts::kubernetes::ObjectName;
use eksentry_core::finding::GENERATOR;
use eksentry_core::{FactsOf as _, Finding, Resource, Severity, standards};
use jiff::Timestamp;

use super::objects::{
    Account, Analytic, Cloud, Compliance, Event, FindingInfo, Metadata, Observable, Owner, Product,
    ResourceDetails,
};
use super::text::time;
use super::values::{Activity, Class, EventStatus, severity, type_uid};

/// The version of the schema.
const SCHEMA: &str = "1.8.0";

/// The profiles whose attributes are used.
const PROFILES: &[&str] = &["cloud", "datetime"];

const EKSENTRY: &str = "eksentry";

/// The suffix of a finding's id in the id of the finding about its image's vulnerabilities.
const VULNERABILITIES: &str = "#vulnerabilities";

/// The subject of a finding, with or without a verdict.
pub(super) struct Subject<'a> {
    pub(super) check: &'a str,
    pub(super) title: &'a str,
    pub(super) requirement: Option<&'static str>,
    pub(super) resource: &'a Resource,
    pub(super) at: Timestamp,
    pub(super) run: &'a str,
}

impl<'a> Subject<'a> {
    pub(super) fn of(finding: &'a Finding, run: &'a str) -> Self {
        Self {
            check: finding.check.id,
            title: finding.check.title,
            requirement: Some(finding.check.requirement),
            resource: &finding.resource,
            at: finding.observed_at,
            run,
        }
    }

    /// Returns an event with all attributes that do not depend on a verdict.
    pub(super) fn event(&self, class: Class, activity: Activity, status: EventStatus) -> Event<'a> {
        let (activity_id, activity_name) = activity.id_and_name();
        let (status_id, status) = status.id_and_name();
        let (severity_id, severity) = severity(Some(Severity::Informational));
        Event {
            class,
            at: self.at,
            metadata: self.metadata(class),
            time: self.at.as_millisecond(),
            time_dt: time(self.at),
            category_uid: 2,
            category_name: "Findings",
            class_uid: class.uid(),
            class_name: class.caption(),
            activity_id,
            activity_name,
            type_uid: type_uid(class, activity),
            type_name: format!("{}: {activity_name}", class.caption()),
            severity_id,
            severity,
            status_id,
            status,
            status_detail: None,
            message: String::new(),
            cloud: Cloud {
                provider: "AWS",
                partition: self.resource.partition(),
                region: self.resource.region(),
                account: account(self.resource),
            },
            finding_info: self.finding_info(class),
            compliance: None,
            vulnerabilities: Vec::new(),
            remediation: None,
            resources: [self.resource()]
                .into_iter()
                .chain(self.cluster())
                .collect(),
            observables: [Observable {
                name: "resources[].uid",
                type_id: 10,
                kind: "Resource UID",
                value: self.resource.id(),
            }],
        }
    }

    fn metadata(&self, class: Class) -> Metadata<'a> {
        Metadata {
            version: SCHEMA,
            profiles: PROFILES,
            product: Product {
                name: EKSENTRY,
                uid: EKSENTRY,
                vendor_name: EKSENTRY,
                version: env!("CARGO_PKG_VERSION"),
            },
            uid: self.event_uid(class),
            correlation_uid: self.run,
            is_truncated: None,
        }
    }

    fn finding_info(&self, class: Class) -> FindingInfo<'a> {
        FindingInfo {
            uid: self.finding_uid(class),
            title: self.title.to_owned(),
            desc: self.requirement,
            analytic: Analytic {
                uid: self.check,
                name: self.title,
                type_id: 1,
                kind: "Rule",
                version: env!("CARGO_PKG_VERSION"),
            },
            last_seen_time: self.at.as_millisecond(),
            last_seen_time_dt: time(self.at),
            related_events: Vec::new(),
        }
    }

    /// Returns the standards and requirements of the check, for a verdict that is not known.
    pub(super) fn compliance(&self) -> Compliance<'a> {
        let groups = standards::groups(self.check);
        let controls = standards::controls(self.check);
        Compliance {
            control: self.check,
            desc: self.requirement,
            status_id: 0,
            status: "Unknown",
            status_code: None,
            status_details: Vec::new(),
            standards: groups.map(|group| group.standard.name).collect(),
            requirements: controls.map(|control| control.to_string()).collect(),
            control_parameters: Vec::new(),
        }
    }

    /// Returns the resource, without its tags and details.
    pub(super) fn resource(&self) -> ResourceDetails<'a> {
        let (uid, name) = (self.resource.id(), self.resource.name());
        let kind = self.resource.kind().ocsf_type;
        ResourceDetails {
            namespace: ObjectName::namespace_of(self.resource),
            ..self.resource_details(uid, name, kind, (1, "Target"))
        }
    }

    /// Returns the cluster that the resource is in, if the resource is an object in a cluster.
    pub(super) fn cluster(&self) -> Option<ResourceDetails<'a>> {
        let cluster = self.resource.parent()?;
        if cluster.kind() != KubernetesCluster::KIND {
            return None;
        }
        let path = self.resource.name_in_parent();
        let without_path = |text: &'a str| text.strip_suffix(path)?.strip_suffix('/');
        let uid = without_path(self.resource.id())?;
        let name = without_path(self.resource.name())?;
        Some(self.resource_details(uid, name, cluster.kind().ocsf_type, (4, "Related")))
    }

    /// Returns a resource at the same location, with an id, a name, a type and a role.
    pub(super) fn resource_details(
        &self,
        uid: &'a str,
        name: &'a str,
        kind: &'a str,
        (role_id, role): (u32, &'static str),
    ) -> ResourceDetails<'a> {
        ResourceDetails {
            uid,
            name,
            kind,
            role_id,
            role,
            namespace: None,
            group: None,
            cloud_partition: self.resource.partition(),
            region: self.resource.region(),
            owner: Owner {
                account: account(self.resource),
            },
            tags: Vec::new(),
            data: None,
        }
    }

    /// Returns the id of the finding. It is the same in every report, except that the id has a suffix for an image's
    /// vulnerabilities.
    fn finding_uid(&self, class: Class) -> String {
        let suffix = match class {
            Class::Compliance => "",
            Class::Vulnerability => VULNERABILITIES,
        };
        format!("{GENERATOR}{}/{}{suffix}", self.check, self.resource.id())
    }

    pub(super) fn event_uid(&self, class: Class) -> String {
        format!("{}/{}", self.run, self.finding_uid(class))
    }
}

fn account(resource: &Resource) -> Account<'_> {
    Account {
        uid: resource.account(),
        type_id: 10,
        kind: "AWS Account",
    }
}
