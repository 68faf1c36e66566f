//! The evaluation that all checks of namespaces have in common.
//!
//! Each namespace has its own finding. In most checks, failures and warnings of system namespaces pass as exceptions,
//! since the platform needs rights there that it can't give up. A namespace that is being deleted is not evaluated.

use std::borrow::Cow;

use crate::evaluation::contents::EvaluateContents;
use crate::facts::kubernetes::{KubernetesCluster, Namespace, ObjectName, Workload};
use crate::facts::{Facts, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, Texts};
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::roll_up::{EvaluatedObject, Subject, Verdicts};
use crate::verdict::{Outcome, Reason, Verdict};

/// The namespaces whose failures and warnings pass as exceptions.
pub(crate) static SYSTEM_NAMESPACES: Parameter<Texts> = Parameter {
    name: "systemNamespaces",
    description: "The namespaces of the platform, in which checks of namespaces accept failures.",
    default: Texts::Borrowed(&[
        Cow::Borrowed("kube-system"),
        Cow::Borrowed("kube-public"),
        Cow::Borrowed("kube-node-lease"),
        Cow::Borrowed("amazon-guardduty"),
        Cow::Borrowed("amazon-cloudwatch"),
    ]),
};

/// A namespace, with the cluster that it is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamespaceInCluster<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// The namespace.
    pub(crate) namespace: &'a Namespace,
    /// The cluster.
    pub(crate) cluster: &'a KubernetesCluster,
}

impl<'a> NamespaceInCluster<'a> {
    /// Returns the workloads in the namespace that have not ended.
    pub(crate) fn live_workloads(self) -> impl Iterator<Item = &'a Workload> {
        let workloads = self.cluster.workloads.iter();
        workloads.filter(move |workload| {
            !workload.has_ended && workload.name.namespace.as_deref() == Some(self.name)
        })
    }

    /// Returns the decision of a check that does not apply to a namespace without live workloads; `None` if there is one.
    pub(crate) fn without_live_workloads(self) -> Option<Verdict> {
        if self.live_workloads().next().is_some() {
            return None;
        }
        let unread = self.cluster.missing(Need::Workloads.into());
        Some(if unread.is_empty() {
            Verdict::not_applicable(ReasonCode::NoObjects, "The namespace has no workloads.")
        } else {
            Verdict::about_many(Outcome::NotAvailable, reasons_of(unread), Vec::new())
        })
    }
}

/// A check of namespaces: a pure function of one namespace and its cluster.
#[derive(Debug)]
pub(crate) struct EvaluateNamespaces {
    /// The only namespace that is evaluated; `None` if all are.
    pub(crate) only: Option<&'static str>,
    /// `true` if failures and warnings of system namespaces pass as exceptions.
    pub(crate) excepts_system_namespaces: bool,
    /// Evaluates a namespace that is not being deleted.
    pub(crate) evaluate: fn(NamespaceInCluster<'_>, &ParameterValues) -> Verdict,
}

impl EvaluateNamespaces {
    /// Returns the decision about a namespace.
    fn verdict(&self, namespace: NamespaceInCluster<'_>, settings: &ParameterValues) -> Verdict {
        if namespace.namespace.is_terminating {
            let text = "The namespace is being deleted.";
            return Verdict::not_applicable(ReasonCode::NamespaceBeingDeleted, text);
        }
        let mut verdict = (self.evaluate)(namespace, settings);
        let system = settings.get(&SYSTEM_NAMESPACES);
        if self.excepts_system_namespaces && system.iter().any(|name| name == namespace.name) {
            let text = "Excepted as a system namespace (parameter systemNamespaces).";
            verdict.except(Reason::new(ReasonCode::ExceptedSystem, text));
        }
        verdict
    }
}

/// Returns reasons for facts that were not read, each once and in a fixed order.
pub(crate) fn reasons_of(unread: impl IntoIterator<Item = Unread>) -> Vec<Reason> {
    let mut unread: Vec<_> = unread
        .into_iter()
        .map(|unread| (unread.code, unread.text))
        .collect();
    unread.sort();
    unread.dedup();
    let unread = unread.into_iter();
    unread.map(|(code, text)| Reason::new(code, text)).collect()
}

impl EvaluateContents for EvaluateNamespaces {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        let unknown = Namespace::default();
        let evaluated: Vec<(&str, &Namespace)> = if let Some(name) = self.only {
            vec![(name, facts.namespaces.get(name).unwrap_or(&unknown))]
        } else {
            let namespaces = facts.namespaces.iter();
            namespaces
                .map(|(name, namespace)| (name.as_str(), namespace))
                .collect()
        };
        let objects = evaluated.into_iter().filter_map(|(name, namespace)| {
            let verdict = self.verdict(
                NamespaceInCluster {
                    name,
                    namespace,
                    cluster: facts,
                },
                settings,
            );
            Some(EvaluatedObject {
                resource: ObjectName::namespace(name, cluster).ok()?,
                name: name.to_owned(),
                object: Some(ObjectName::of_namespace(name)),
                details: ObjectName::details_of_namespace(name, cluster),
                verdict,
            })
        });
        vec![Subject {
            resource: cluster.clone(),
            details: facts.details(),
            verdicts: Verdicts {
                objects: objects.collect(),
                ..Verdicts::default()
            },
        }]
    }
}

#[cfg(test)]
pub(crate) mod tests;
