//! Pure functions that render findings as OCSF events.
//!
//! Classes, attributes and captions: <https://schema.ocsf.io/1.8.0/classes/compliance_finding> and
//! <https://schema.ocsf.io/1.8.0/classes/vulnerability_finding>, with the profiles `cloud` and `datetime`. Events
//! contain no attribute that is deprecated there, and no empty text except a message whose reasons are empty.

mod covered;
mod objects;
mod subject;
mod text;
mod values;
mod vulnerability;

use eksentry_core::facts::image::ScanResult;
use eksentry_core::facts::kubernetes::ObjectName;
use eksentry_core::{Finding, Outcome, ReasonCode, Resource, checks};
use jiff::Timestamp;

use covered::covered;
pub use objects::Event;
use objects::{
    Compliance, FindingInfo, Group, Metadata, Parameter, RelatedEvent, Remediation, ResourceData,
    ResourceDetails, Tag,
};
use subject::Subject;
use text::{text, texts};
pub use values::Class;
use values::{Activity, EventStatus, NOT_APPLICABLE, compliance_status, severity, type_uid};
use vulnerability::vulnerability;

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
    let frame = subject.event(Class::Compliance, activity, EventStatus::of(finding));
    let covered = covered(finding, &subject);
    Event {
        severity_id,
        severity,
        status_detail: reason.and_then(|reason| text(&reason.text)),
        message: message(finding),
        metadata: Metadata {
            is_truncated: covered.is_truncated.then_some(true),
            ..frame.metadata
        },
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
        resources: [resource(finding, &subject)]
            .into_iter()
            .chain(subject.cluster())
            .chain(covered.resources)
            .collect(),
        ..frame
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
        resources: vec![ResourceDetails {
            role_id: 3,
            role: "Affected",
            ..resource(finding, &subject)
        }],
        ..frame
    }
}

/// Returns the resource of a finding, with its tags and its details.
fn resource<'a>(finding: &'a Finding, subject: &Subject<'a>) -> ResourceDetails<'a> {
    let tags = finding.tags.iter().flatten();
    let resource = ResourceDetails {
        tags: tags.map(|(name, value)| Tag { name, value }).collect(),
        data: (!finding.details.is_empty()).then_some(ResourceData::Details(&finding.details)),
        ..subject.resource()
    };
    match ObjectName::in_details(&finding.details) {
        Some((kind, name, group)) => ResourceDetails {
            kind,
            name,
            group: Group::of(group),
            ..resource
        },
        None => resource,
    }
}

fn parameter<'a>((name, values): &'a (&'static str, Vec<String>)) -> Option<Parameter<'a>> {
    let values = texts(values);
    (!values.is_empty()).then_some(Parameter { name, values })
}

#[cfg(test)]
mod tests;
