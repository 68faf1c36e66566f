//! The objects that the finding about their namespace or cluster covers, as resources of its event.

use eksentry_core::{Finding, ObjectVerdict, Outcome};

use super::objects::{Group, ResourceData, ResourceDetails};
use super::subject::Subject;
use super::values::{compliance_status, severity};

/// The maximum size of the objects of an event as JSON, in bytes, which is that of several thousand objects. The events of
/// a run are gathered in memory, and a row that Athena reads has at most 32 MB.
///
/// Source: <https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html>.
pub(super) const COVERED_BYTES: usize = 4 * 1024 * 1024;

/// The objects of an event.
pub(super) struct Covered<'a> {
    /// The objects, in the order of the verdict: the worst first, and last those that pass only because of a mute or an
    /// exception.
    pub(super) resources: Vec<ResourceDetails<'a>>,
    /// `true` if there are more objects than an event has room for.
    pub(super) is_truncated: bool,
}

/// Returns the objects that a finding covers, of which its texts name only some.
pub(super) fn covered<'a>(finding: &'a Finding, subject: &Subject<'a>) -> Covered<'a> {
    let objects = finding.verdict.objects.iter();
    // The object of a check of namespaces is the namespace itself.
    let objects = objects
        .filter(|object| object.resource != finding.resource)
        .filter_map(|object| resource(object, subject));
    let mut bytes = 0;
    let fitting = objects.take_while(|resource| {
        bytes += serde_json::to_vec(resource).map_or(0, |json| json.len());
        bytes <= COVERED_BYTES
    });
    Covered {
        resources: fitting.collect(),
        is_truncated: bytes > COVERED_BYTES,
    }
}

fn resource<'a>(object: &'a ObjectVerdict, subject: &Subject<'a>) -> Option<ResourceDetails<'a>> {
    let name = object.object.as_ref()?;
    let role = match object.outcome {
        Outcome::Failed(_) | Outcome::Warning | Outcome::NotAvailable => (3, "Affected"),
        Outcome::Passed | Outcome::Pending | Outcome::NotApplicable => (4, "Related"),
    };
    let (_, status) = compliance_status(object.outcome);
    let (_, severity) = severity(Some(object.outcome.severity()));
    Some(ResourceDetails {
        namespace: name.namespace.as_deref(),
        group: Group::of(name.group()),
        data: Some(ResourceData::Verdict {
            status,
            severity,
            reasons: &object.reasons,
        }),
        ..subject.resource_details(object.resource.id(), &name.name, &name.kind, role)
    })
}
