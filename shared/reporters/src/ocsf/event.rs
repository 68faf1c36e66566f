//! Pure functions that render findings as OCSF events.
//!
//! Classes, attributes and captions: <https://schema.ocsf.io/1.8.0/classes/compliance_finding> and
//! <https://schema.ocsf.io/1.8.0/classes/vulnerability_finding>, with the profiles `cloud` and `datetime`. Events
//! contain no attribute that is deprecated there, and no empty text except a message whose reasons are empty.

use eksentry_core::facts::image::{Cvss, Package, ScanResult, Vulnerability};
use eksentry_core::finding::GENERATOR;
use eksentry_core::{Details, Finding, Outcome, ReasonCode, Resource, Severity, checks, standards};
use jiff::Timestamp;
use serde::Serialize;

/// The version of the schema.
const SCHEMA: &str = "1.8.0";

/// The profiles whose attributes are used.
const PROFILES: &[&str] = &["cloud", "datetime"];

const EKSENTRY: &str = "eksentry";

/// The suffix of a finding's id in the id of the finding about its image's vulnerabilities.
const VULNERABILITIES: &str = "#vulnerabilities";

/// A class of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Compliance Finding.
    Compliance,
    /// Vulnerability Finding.
    Vulnerability,
}

impl Class {
    /// Returns the name in the schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliance => "compliance_finding",
            Self::Vulnerability => "vulnerability_finding",
        }
    }

    const fn caption(self) -> &'static str {
        match self {
            Self::Compliance => "Compliance Finding",
            Self::Vulnerability => "Vulnerability Finding",
        }
    }

    const fn uid(self) -> u32 {
        match self {
            Self::Compliance => 2003,
            Self::Vulnerability => 2002,
        }
    }
}

/// The activity of an event. It is not known here whether a finding existed before a run. The activity of a finding
/// that is not closed is therefore `Unknown`, which is a value of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    Unknown,
    Close,
}

impl Activity {
    const fn id_and_name(self) -> (u32, &'static str) {
        match self {
            Self::Unknown => (0, "Unknown"),
            Self::Close => (3, "Close"),
        }
    }
}

/// The progress of the work on a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventStatus {
    /// It is unknown whether the finding requires any work.
    Unknown,
    /// The work on the finding has not begun, as far as is known here.
    New,
    /// An exception applies to the finding.
    Suppressed,
    /// The finding requires no more work.
    Resolved,
}

impl EventStatus {
    fn of(finding: &Finding) -> Self {
        match finding.verdict.outcome {
            Outcome::Passed if finding.verdict.is_muted() => Self::Suppressed,
            Outcome::Passed | Outcome::NotApplicable => Self::Resolved,
            Outcome::Failed(_) | Outcome::Warning => Self::New,
            Outcome::NotAvailable | Outcome::Pending => Self::Unknown,
        }
    }

    const fn id_and_name(self) -> (u32, &'static str) {
        match self {
            Self::Unknown => (0, "Unknown"),
            Self::New => (1, "New"),
            Self::Suppressed => (3, "Suppressed"),
            Self::Resolved => (4, "Resolved"),
        }
    }
}

/// An OCSF event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event<'a> {
    #[serde(skip)]
    class: Class,
    #[serde(skip)]
    at: Timestamp,
    metadata: Metadata<'a>,
    time: i64,
    time_dt: String,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    activity_id: u32,
    activity_name: &'static str,
    type_uid: u32,
    type_name: String,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<&'a str>,
    message: String,
    cloud: Cloud<'a>,
    finding_info: FindingInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compliance: Option<Compliance<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vulnerabilities: Vec<VulnerabilityDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation<'a>>,
    resources: [ResourceDetails<'a>; 1],
    observables: [Observable<'a>; 1],
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
struct Metadata<'a> {
    version: &'static str,
    profiles: &'static [&'static str],
    product: Product,
    /// The id of the event, which differs for each event.
    uid: String,
    /// The id of the run.
    correlation_uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_truncated: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Product {
    name: &'static str,
    uid: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Cloud<'a> {
    provider: &'static str,
    #[serde(rename = "cloud_partition")]
    partition: &'a str,
    region: &'a str,
    account: Account<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Account<'a> {
    uid: &'a str,
    type_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct FindingInfo<'a> {
    uid: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'static str>,
    analytic: Analytic<'a>,
    last_seen_time: i64,
    last_seen_time_dt: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_events: Vec<RelatedEvent>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Analytic<'a> {
    uid: &'a str,
    name: &'a str,
    type_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct RelatedEvent {
    /// The other event's `metadata.uid`.
    uid: String,
    type_uid: u32,
    title: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Compliance<'a> {
    control: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'static str>,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status_details: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standards: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    control_parameters: Vec<Parameter<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Parameter<'a> {
    name: &'static str,
    values: Vec<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Remediation<'a> {
    desc: String,
    references: [&'a str; 1],
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ResourceDetails<'a> {
    uid: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role_id: u32,
    role: &'static str,
    cloud_partition: &'a str,
    region: &'a str,
    owner: Owner<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Details>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Owner<'a> {
    account: Account<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Tag<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Observable<'a> {
    name: &'static str,
    type_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    value: &'a str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct VulnerabilityDetails<'a> {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cve: Option<Cve<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advisory: Option<Advisory<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_vulnerabilities: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    affected_packages: Vec<AffectedPackage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_fix_available: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_coverage_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_coverage: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_exploit_available: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Cve<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cvss: Vec<CvssScore<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epss: Option<Epss>,
    #[serde(flatten)]
    times: Times,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Advisory<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_cves: Vec<RelatedCve<'a>>,
    #[serde(flatten)]
    times: Times,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct RelatedCve<'a> {
    uid: &'a str,
}

/// The times at which the description of a vulnerability was published and last changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Times {
    #[serde(skip_serializing_if = "Option::is_none")]
    created_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_time: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Epss {
    score: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct CvssScore<'a> {
    version: &'a str,
    base_score: f64,
    depth: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector_string: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_name: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AffectedPackage<'a> {
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_manager: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_in_version: Option<&'a str>,
}

/// Returns the events of a finding in a run: a Compliance Finding for every verdict that is not pending, and also a
/// Vulnerability Finding if vulnerabilities of an image are known.
pub fn events<'a>(finding: &'a Finding, run: &'a str) -> Vec<Event<'a>> {
    if finding.verdict.outcome == Outcome::Pending {
        return Vec::new();
    }
    let scan = finding.verdict.scan.as_deref();
    let scan = scan.filter(|scan| !scan.vulnerabilities.is_empty());
    let vulnerabilities = scan.map(|scan| vulnerabilities_found(finding, scan, run));
    [compliance_finding(finding, run)]
        .into_iter()
        .chain(vulnerabilities)
        .collect()
}

/// Returns the event of a run that closes the finding of a check about a resource, because the resource or the check no
/// longer exists. The check may be one that was retired.
pub fn closed<'a>(
    check: &'a str,
    resource: &'a Resource,
    at: Timestamp,
    run: &'a str,
) -> Event<'a> {
    let known = checks::find(check).ok();
    let subject = Subject {
        check,
        title: known.map_or(check, |check| check.title),
        requirement: known.map(|check| check.requirement),
        resource,
        at,
        run,
    };
    let (status_id, status) = NOT_APPLICABLE;
    let reason = "The resource no longer exists, or this check no longer evaluates it.";
    Event {
        message: reason.to_owned(),
        compliance: Some(Compliance {
            status_id,
            status,
            status_code: Some(ReasonCode::NoLongerFound.word()),
            status_details: vec![reason],
            ..subject.compliance()
        }),
        ..subject.event(Class::Compliance, Activity::Close, EventStatus::Resolved)
    }
}

fn compliance_finding<'a>(finding: &'a Finding, run: &'a str) -> Event<'a> {
    let Finding { check, verdict, .. } = finding;
    let is_closed = verdict.outcome == Outcome::NotApplicable;
    let activity = if is_closed {
        Activity::Close
    } else {
        Activity::Unknown
    };
    let (status_id, status) = compliance_status(verdict.outcome);
    let (severity_id, severity) = severity(Some(verdict.outcome.severity()));
    let reason = verdict.reasons.first();
    let subject = Subject::of(finding, run);
    let [resource] = subject.resources();
    Event {
        severity_id,
        severity,
        status_detail: reason.and_then(|reason| text(&reason.text)),
        message: message(finding),
        compliance: Some(Compliance {
            status_id,
            status,
            status_code: reason.map(|reason| reason.code.word()),
            status_details: texts(verdict.reasons.iter().map(|reason| &reason.text)),
            control_parameters: finding.parameters.iter().filter_map(parameter).collect(),
            ..subject.compliance()
        }),
        remediation: (!is_closed).then(|| Remediation {
            desc: format!(
                "{} {}",
                check.remediation.text,
                check.remediation.command_for(&finding.resource)
            ),
            references: [&finding.link],
        }),
        resources: [ResourceDetails {
            tags: tags(finding),
            data: (!finding.details.is_empty()).then_some(&finding.details),
            ..resource
        }],
        ..subject.event(Class::Compliance, activity, EventStatus::of(finding))
    }
}

/// Returns the explanation of a verdict, and for a failure the reason for its severity.
fn message(finding: &Finding) -> String {
    let explanation = finding.verdict.explanation();
    match finding.severity_reason() {
        Some(reason) => format!("{explanation} {reason}"),
        None => explanation,
    }
}

fn vulnerabilities_found<'a>(
    finding: &'a Finding,
    scan: &'a ScanResult,
    run: &'a str,
) -> Event<'a> {
    let muted = finding.verdict.is_muted();
    let status = if muted {
        EventStatus::Suppressed
    } else {
        EventStatus::New
    };
    let reason = finding.verdict.reasons.first().filter(|_| muted);
    let (severity_id, severity) = severity(scan.counts.highest());
    let title = format!("The image has vulnerabilities: {}", scan.counts.describe());
    let subject = Subject::of(finding, run);
    let frame = subject.event(Class::Vulnerability, Activity::Unknown, status);
    let compliance = RelatedEvent {
        uid: subject.event_uid(Class::Compliance),
        type_uid: type_uid(Class::Compliance, Activity::Unknown),
        title: finding.check.title,
    };
    let [resource] = subject.resources();
    Event {
        severity_id,
        severity,
        status_detail: reason.and_then(|reason| text(&reason.text)),
        message: format!("{title}."),
        metadata: Metadata {
            is_truncated: (scan.counts.total() > scan.vulnerabilities.len() as u64).then_some(true),
            ..frame.metadata
        },
        finding_info: FindingInfo {
            title,
            desc: None,
            related_events: vec![compliance],
            ..frame.finding_info
        },
        vulnerabilities: scan.vulnerabilities.iter().map(vulnerability).collect(),
        resources: [ResourceDetails {
            role_id: 3,
            role: "Affected",
            tags: tags(finding),
            data: (!finding.details.is_empty()).then_some(&finding.details),
            ..resource
        }],
        ..frame
    }
}

/// The subject of a finding, with or without a verdict.
struct Subject<'a> {
    check: &'a str,
    title: &'a str,
    requirement: Option<&'static str>,
    resource: &'a Resource,
    at: Timestamp,
    run: &'a str,
}

impl<'a> Subject<'a> {
    fn of(finding: &'a Finding, run: &'a str) -> Self {
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
    fn event(&self, class: Class, activity: Activity, status: EventStatus) -> Event<'a> {
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
            resources: self.resources(),
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
    fn compliance(&self) -> Compliance<'a> {
        let groups = standards::groups(self.check).iter();
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

    fn resources(&self) -> [ResourceDetails<'a>; 1] {
        [ResourceDetails {
            uid: self.resource.id(),
            name: self.resource.name(),
            kind: self.resource.kind().ocsf_type,
            role_id: 1,
            role: "Target",
            cloud_partition: self.resource.partition(),
            region: self.resource.region(),
            owner: Owner {
                account: account(self.resource),
            },
            tags: Vec::new(),
            data: None,
        }]
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

    fn event_uid(&self, class: Class) -> String {
        format!("{}/{}", self.run, self.finding_uid(class))
    }
}

/// The schema's id for a status that the schema does not define, and eksentry's caption for it.
const NOT_APPLICABLE: (u32, &str) = (99, "Not Applicable");

const fn compliance_status(outcome: Outcome) -> (u32, &'static str) {
    match outcome {
        Outcome::Passed => (1, "Pass"),
        Outcome::Warning => (2, "Warning"),
        Outcome::Failed(_) => (3, "Fail"),
        Outcome::NotAvailable | Outcome::Pending => (0, "Unknown"),
        Outcome::NotApplicable => NOT_APPLICABLE,
    }
}

const fn severity(severity: Option<Severity>) -> (u32, &'static str) {
    match severity {
        None => (0, "Unknown"),
        Some(Severity::Informational) => (1, "Informational"),
        Some(Severity::Low) => (2, "Low"),
        Some(Severity::Medium) => (3, "Medium"),
        Some(Severity::High) => (4, "High"),
        Some(Severity::Critical) => (5, "Critical"),
    }
}

const fn type_uid(class: Class, activity: Activity) -> u32 {
    class.uid() * 100 + activity.id_and_name().0
}

fn account(resource: &Resource) -> Account<'_> {
    Account {
        uid: resource.account(),
        type_id: 10,
        kind: "AWS Account",
    }
}

fn tags(finding: &Finding) -> Vec<Tag<'_>> {
    let tags = finding.tags.iter().flatten();
    tags.map(|(name, value)| Tag { name, value }).collect()
}

fn parameter<'a>((name, values): &'a (&'static str, Vec<String>)) -> Option<Parameter<'a>> {
    let values = texts(values);
    (!values.is_empty()).then_some(Parameter { name, values })
}

fn vulnerability(from: &Vulnerability) -> VulnerabilityDetails<'_> {
    let id = text(&from.id).unwrap_or("unknown");
    let is_cve = id.starts_with("CVE-");
    let package = from
        .packages
        .iter()
        .find_map(|package| optional(package.name.as_deref()));
    let fix = from.fix_available.as_deref().and_then(fix);
    VulnerabilityDetails {
        title: package.map_or_else(|| id.to_owned(), |package| format!("{id} in {package}")),
        cve: is_cve.then(|| Cve {
            uid: id,
            cvss: from.cvss.iter().filter_map(cvss).collect(),
            epss: from
                .epss
                .filter(|score| score.is_finite())
                .map(|score| Epss {
                    score: score.to_string(),
                }),
            times: times(from),
        }),
        advisory: (!is_cve).then(|| Advisory {
            uid: id,
            related_cves: related_cves(&from.related),
            times: times(from),
        }),
        severity: optional(from.vendor_severity.as_deref()).or(from.severity.map(Severity::label)),
        vendor_name: optional(from.vendor.as_deref()),
        references: texts(&from.references),
        related_vulnerabilities: texts(&from.related),
        affected_packages: from.packages.iter().filter_map(package_of).collect(),
        is_fix_available: fix.map(|(available, ..)| available),
        fix_coverage_id: fix.map(|(_, id, _)| id),
        fix_coverage: fix.map(|(.., caption)| caption),
        is_exploit_available: match from.exploit_available.as_deref() {
            Some("YES") => Some(true),
            Some("NO") => Some(false),
            _ => None,
        },
    }
}

/// Returns the availability of a fix, and the id and caption of its coverage of the packages.
fn fix(available: &str) -> Option<(bool, u32, &'static str)> {
    match available {
        "YES" => Some((true, 1, "Complete")),
        "PARTIAL" => Some((true, 2, "Partial")),
        "NO" => Some((false, 3, "None")),
        _ => None,
    }
}

fn related_cves(related: &[String]) -> Vec<RelatedCve<'_>> {
    let related = texts(related).into_iter();
    let cves = related.filter(|id| id.starts_with("CVE-"));
    cves.map(|uid| RelatedCve { uid }).collect()
}

fn times(from: &Vulnerability) -> Times {
    Times {
        created_time: from.published_at.map(Timestamp::as_millisecond),
        modified_time: from.updated_at.map(Timestamp::as_millisecond),
    }
}

/// Returns a score; `None` if its number or its CVSS version is missing, since it can't be rendered then.
fn cvss(from: &Cvss) -> Option<CvssScore<'_>> {
    Some(CvssScore {
        version: optional(from.version.as_deref())?,
        base_score: from.score.filter(|score| score.is_finite())?,
        depth: "Base",
        vector_string: optional(from.vector.as_deref()),
        vendor_name: optional(from.source.as_deref()),
    })
}

/// Returns a package; `None` if its name is missing, since it can't be rendered then.
fn package_of(from: &Package) -> Option<AffectedPackage<'_>> {
    Some(AffectedPackage {
        name: optional(from.name.as_deref())?,
        version: optional(from.version.as_deref()).unwrap_or("unknown"),
        epoch: optional(from.epoch.as_deref()).and_then(|epoch| epoch.parse().ok()),
        release: optional(from.release.as_deref()),
        architecture: optional(from.architecture.as_deref()),
        package_manager: optional(from.manager.as_deref()),
        path: optional(from.path.as_deref()),
        fixed_in_version: optional(from.fixed_in.as_deref()),
    })
}

/// Returns a text without surrounding white space; `None` if nothing is left.
fn text(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn optional(given: Option<&str>) -> Option<&str> {
    given.and_then(text)
}

fn texts<'a>(given: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    given.into_iter().filter_map(|given| text(given)).collect()
}

/// Returns a time as RFC 3339 in UTC with milliseconds.
fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests;
