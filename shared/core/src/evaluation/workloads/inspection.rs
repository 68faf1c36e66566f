//! The inspection of the settings of pods by one check.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::evaluation::rbac::accounts::BoundAccounts;
use crate::facts::Unread;
use crate::facts::kubernetes::{
    ContainerInPod, ContainerKind, KubernetesCluster, LimitRange, PodSpec, WindowsSetting,
};
use crate::field::InvalidField;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::severity::Severity;
use crate::verdict::Outcome;

use super::offence::Offence;

/// A fact about the settings of a pod or a container that decides about the outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Issue {
    /// The outcome of the check if nothing is worse.
    pub(super) outcome: Outcome,
    /// The code of the fact.
    pub(super) code: ReasonCode,
    /// The fact as a sentence without a full stop. Names of containers follow after a colon.
    pub(super) text: String,
    /// `true` if a setting states the fact. `false` if it follows from the absence of a setting, which admission may
    /// add.
    pub(super) is_explicit: bool,
    /// The setting that an exception can allow, if the fact is one; the text then states it.
    pub(super) offence: Option<Offence>,
}

impl Issue {
    fn new(outcome: Outcome, code: ReasonCode, text: impl Into<String>) -> Self {
        Self {
            outcome,
            code,
            text: text.into(),
            is_explicit: true,
            offence: None,
        }
    }

    /// Returns a failure because of a setting that an exception can allow.
    pub(crate) fn offence(severity: Severity, code: ReasonCode, offence: Offence) -> Self {
        Self {
            text: offence.to_string(),
            offence: Some(offence),
            ..Self::new(Outcome::Failed(severity), code, "")
        }
    }

    /// Returns a failure that a setting causes.
    pub(crate) fn failed(severity: Severity, code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::Failed(severity), code, text)
    }

    /// Returns the same failure because of another setting.
    pub(super) fn with_offence(&self, offence: Offence) -> Self {
        Self {
            text: offence.to_string(),
            offence: Some(offence),
            ..self.clone()
        }
    }

    /// Returns a failure that the absence of a setting causes.
    pub(crate) fn lacking(severity: Severity, code: ReasonCode, text: impl Into<String>) -> Self {
        Self {
            is_explicit: false,
            ..Self::failed(severity, code, text)
        }
    }

    /// Returns a warning.
    pub(crate) fn warning(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::Warning, code, text)
    }

    /// Returns the absence of a fact that decides.
    pub(crate) fn not_available(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::NotAvailable, code, text)
    }

    /// Returns the absence of a fact that decides, with the reason why it was not read.
    pub(crate) fn unread(unread: &Unread) -> Self {
        Self::not_available(unread.code, unread.text.trim_end_matches('.'))
    }

    /// Returns the reason why a pod passes.
    pub(crate) fn passed(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::Passed, code, text)
    }

    /// Returns the reason why the check does not apply.
    fn not_applicable(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::NotApplicable, code, text)
    }
}

impl From<InvalidField> for Issue {
    fn from(_: InvalidField) -> Self {
        let text = "A setting that the check evaluates has an unknown type or value";
        Self::not_available(ReasonCode::ReadFailed, text)
    }
}

/// An issue with the container that has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LocatedIssue {
    pub(super) issue: Issue,
    /// The container; `None` if the issue is one of the pod.
    pub(super) container: Option<LocatedContainer>,
}

/// A container that has an issue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LocatedContainer {
    /// The kind and the name, for people.
    pub(super) title: String,
    /// The kind.
    pub(super) kind: ContainerKind,
    /// The name; empty if it is unknown.
    pub(super) name: String,
}

impl From<ContainerInPod<'_>> for LocatedContainer {
    fn from(container: ContainerInPod<'_>) -> Self {
        Self {
            title: container.title(),
            kind: container.kind,
            name: container
                .container
                .name
                .value()
                .cloned()
                .unwrap_or_default(),
        }
    }
}

impl LocatedIssue {
    /// Returns `true` if the issue is one of a container that was added to a running pod.
    pub(super) fn is_ephemeral(&self) -> bool {
        let container = self.container.as_ref();
        container.is_some_and(|container| container.kind == ContainerKind::Ephemeral)
    }
}

/// The limit ranges of a namespace, or the reason why some may be missing.
pub(crate) type LimitRanges<'a> = Result<&'a [LimitRange], &'a Unread>;

/// The issues that a check found in the settings of pods.
pub(crate) type Inspected = BTreeSet<LocatedIssue>;

/// The workload whose pods are inspected, with its cluster and the settings of the check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The settings of the check.
    pub(crate) settings: &'a ParameterValues,
    /// The cluster in which the pods run.
    pub(crate) cluster: &'a Resource,
    /// The facts about the cluster.
    pub(crate) facts: &'a KubernetesCluster,
    /// The namespace of the pods.
    pub(crate) namespace: &'a str,
    /// The limit ranges that will apply to the pods once they are created. There are none for running pods, which have
    /// the result already.
    pub(crate) limit_ranges: LimitRanges<'a>,
    /// The service accounts to which bindings grant a role, once a check needs them.
    pub(super) bound_accounts: &'a OnceCell<BoundAccounts>,
}

impl Context<'_> {
    /// Returns the service accounts to which bindings grant a role. They are found only once in a cluster, since there
    /// may be thousands of bindings and of workloads.
    pub(crate) fn bound_accounts(&self) -> &BoundAccounts {
        let find = || BoundAccounts::new(self.facts);
        self.bound_accounts.get_or_init(find)
    }
}

/// An inspection of the settings of pods.
#[derive(Debug)]
pub(crate) struct Inspection<'a> {
    /// The settings of the pods.
    pub(crate) pod: &'a PodSpec,
    /// `true` if the pods exist, so that admission has completed their settings. `false` for a template.
    pub(crate) is_admitted: bool,
    /// The workload whose pods are inspected.
    pub(crate) context: Context<'a>,
    issues: Inspected,
}

impl<'a> Inspection<'a> {
    pub(super) fn new(pod: &'a PodSpec, is_admitted: bool, context: Context<'a>) -> Self {
        Self {
            pod,
            is_admitted,
            context,
            issues: Inspected::new(),
        }
    }

    pub(super) fn finish(self) -> Inspected {
        self.issues
    }

    /// Adds an issue of the pod, if there is one. Adds that the result is not available if a setting has an unexpected
    /// type.
    pub(crate) fn add(&mut self, issue: Result<Option<Issue>, InvalidField>) {
        self.add_to(None, issue);
    }

    /// Adds an issue of a container, if there is one.
    pub(crate) fn add_to(
        &mut self,
        container: Option<ContainerInPod<'a>>,
        issue: Result<Option<Issue>, InvalidField>,
    ) {
        let Some(issue) = issue.unwrap_or_else(|error| Some(error.into())) else {
            return;
        };
        self.issues.insert(LocatedIssue {
            issue,
            container: container.map(LocatedContainer::from),
        });
    }

    /// Returns the containers. Adds that the result is not available if a list has an unexpected type.
    pub(crate) fn containers(&mut self) -> Vec<ContainerInPod<'a>> {
        let mut containers = Vec::new();
        for container in self.pod.containers() {
            match container {
                Ok(container) => containers.push(container),
                Err(error) => self.add(Err(error)),
            }
        }
        containers
    }

    /// Adds the issues of all containers that a function finds. It is best to call this once for each aspect, so that a
    /// setting of an unexpected type hides no other issue.
    pub(crate) fn each_container(
        &mut self,
        issue: impl Fn(ContainerInPod<'a>) -> Result<Option<Issue>, InvalidField>,
    ) {
        for container in self.containers() {
            self.add_to(Some(container), issue(container));
        }
    }

    /// Returns `true` if the pod is for Linux. Otherwise, adds that the check does not apply, or that the result is not
    /// available if a setting that decides this has an unexpected type.
    pub(crate) fn is_for_linux(&mut self) -> bool {
        let windows = self.pod.windows();
        let is_for_linux = windows == Ok(None);
        let issue = windows.map(|windows| {
            let text = match windows? {
                WindowsSetting::OperatingSystem => "The pod is for Windows",
                WindowsSetting::NodeSelector => {
                    "The pod is for Windows by its node selector, which Pod Security admission does not evaluate: \
                     without os.name, the pod may violate the pod security standards"
                }
            };
            Some(Issue::not_applicable(ReasonCode::WindowsPod, text))
        });
        self.add(issue);
        is_for_linux
    }
}
