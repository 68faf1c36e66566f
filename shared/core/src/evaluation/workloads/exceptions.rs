//! The exceptions for the workloads of the platform, and the record of all exceptions because of which workloads pass.

use std::mem;

use crate::evaluation::platform::workloads::PlatformWorkload;
use crate::evaluation::platform::{Origin, Platform};
use crate::facts::Unread;
use crate::facts::kubernetes::{KubernetesCluster, Workload};
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::roll_up::Unit;
use crate::verdict::{Outcome, Reason, Verdict};

use super::inspection::{Inspected, Issue, LocatedIssue};

/// The parameter that switches the exceptions for the workloads of the platform off.
pub(crate) static PLATFORM_EXCEPTIONS: Parameter<bool> = Parameter {
    name: "platformExceptions",
    description: "Workloads that Amazon EKS or its add-ons install pass with the settings that they need.",
    default: true,
};

/// The parameter that accepts images of public registries.
pub(crate) static ACCEPT_PUBLIC_SYSTEM_IMAGES: Parameter<bool> = Parameter {
    name: "acceptPublicSystemImages",
    description: "Workloads with the names of those of add-ons count as such without the add-on if their images come \
                  from AWS's repositories on public.ecr.aws.",
    default: false,
};

/// The text of an exception.
const TEXT: &str = "Excepted, since Amazon EKS or one of its add-ons installs the workload";

/// The exceptions of one check for the workloads of the platform.
#[derive(Debug)]
pub(super) struct PlatformExceptions<'a> {
    /// The facts by which the platform is recognized; `None` if there are no exceptions.
    platform: Option<Platform<'a>>,
    /// `true` if all failures are accepted, and not only those that the workload needs.
    accepts_all: bool,
}

impl<'a> PlatformExceptions<'a> {
    /// Returns the exceptions of a check in a cluster. The platform's own failures of good practice can't be corrected
    /// by the owner of a cluster, so they don't count against a namespace.
    pub(super) fn new(
        unit: Unit,
        settings: &ParameterValues,
        facts: &'a KubernetesCluster,
        cluster: &'a Resource,
    ) -> Self {
        let accepts_public = settings.get(&ACCEPT_PUBLIC_SYSTEM_IMAGES);
        let is_on = settings.get(&PLATFORM_EXCEPTIONS);
        Self {
            platform: is_on.then(|| Platform::new(facts, cluster.partition(), accepts_public)),
            accepts_all: matches!(unit, Unit::Subject(_)),
        }
    }

    /// Returns the exceptions for a workload; `None` if there are none. A workload is one of the platform only if its
    /// template and all its pods are.
    pub(super) fn of(&self, workload: &Workload) -> Option<WorkloadExceptions<'a>> {
        let platform = self.platform?;
        let row = PlatformWorkload::find(&workload.name)?;
        let mut undecided = None;
        let running = workload.running.iter().map(|pods| &*pods.spec);
        for pod in workload.template.as_deref().into_iter().chain(running) {
            match platform.origin(row, pod) {
                Origin::Other => return None,
                Origin::Platform => {}
                Origin::Undecided(unread) => undecided = Some(unread),
            }
        }
        Some(WorkloadExceptions {
            row,
            undecided,
            accepts_all: self.accepts_all,
        })
    }
}

/// The exceptions of one check for one workload of the platform.
#[derive(Debug)]
pub(super) struct WorkloadExceptions<'a> {
    row: &'static PlatformWorkload,
    /// The reason why it is unknown if an add-on installs the workload; `None` if one does.
    undecided: Option<&'a Unread>,
    accepts_all: bool,
}

impl WorkloadExceptions<'_> {
    /// Returns the issues of a pod of the workload, after the exceptions.
    pub(super) fn apply(&self, issues: Inspected) -> Inspected {
        let mut accepted = Inspected::new();
        let mut others = Inspected::new();
        for issue in issues {
            if !matches!(issue.issue.outcome, Outcome::Failed(_) | Outcome::Warning) {
                others.insert(issue);
            } else if self.accepts_all {
                accepted.insert(issue);
            } else {
                let (needed, other) = split(self.row, issue);
                accepted.extend(needed);
                others.extend(other);
            }
        }
        if accepted.is_empty() {
            return others;
        }
        if let Some(unread) = self.undecided {
            others.insert(of_pod(unknown_addons(unread)));
        } else {
            others.insert(of_pod(Issue::passed(ReasonCode::ExceptedSystem, TEXT)));
            others.extend(accepted.into_iter().map(|mut one| {
                one.issue.outcome = Outcome::Passed;
                one
            }));
        }
        others
    }
}

/// Splits an issue into what the workload needs and the rest.
fn split(
    row: &PlatformWorkload,
    one: LocatedIssue,
) -> (Option<LocatedIssue>, Option<LocatedIssue>) {
    // Nobody but a person adds a container to a running pod.
    if one.is_ephemeral() {
        return (None, Some(one));
    }
    let Some(setting) = &one.issue.offence else {
        return (None, Some(one));
    };
    let container = one.container.as_ref();
    let container = container.map(|container| (container.kind, container.name.as_str()));
    let parts = row.split(setting, container);
    let part = |setting| LocatedIssue {
        issue: one.issue.with_offence(setting),
        container: one.container.clone(),
    };
    (parts.needed.map(part), parts.other.map(part))
}

fn of_pod(issue: Issue) -> LocatedIssue {
    LocatedIssue {
        issue,
        container: None,
    }
}

/// Returns that it is unknown if an exception applies.
fn unknown_addons(unread: &Unread) -> Issue {
    let cause = &unread.text;
    let text = format!(
        "The workload is excepted if an add-on of Amazon EKS installs it, but the cluster's add-ons are not known: \
         {cause}"
    );
    let code = unread.code;
    Issue::unread(&Unread { code, text })
}

/// Marks the exceptions because of which a workload passes: those for the workloads of the platform, and those that a
/// check made because of a parameter.
pub(super) fn mark_excepted(verdict: &mut Verdict) {
    let is_exception = |reason: &Reason| {
        matches!(
            reason.code,
            ReasonCode::ExceptedByParameter | ReasonCode::ExceptedSystem
        )
    };
    let reasons = mem::take(&mut verdict.reasons).into_iter();
    let (mut exceptions, others): (Vec<Reason>, Vec<Reason>) = reasons.partition(is_exception);
    verdict.reasons = others;
    for exception in &mut exceptions {
        if exception.code == ReasonCode::ExceptedSystem {
            exception.text = format!("{TEXT}.");
        }
    }
    exceptions.dedup();
    for exception in exceptions.into_iter().rev() {
        verdict.pass_because_of(exception);
    }
}
