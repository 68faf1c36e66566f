//! The evaluation that all checks of workloads have in common.
//!
//! A workload is evaluated by its running pods, since admission may change what its template asks for; without running
//! pods, by its template.

mod combination;
pub(crate) mod ecr_registry;
mod exceptions;
pub(crate) mod host_path;
pub(crate) mod image_reference;
mod inspection;
pub(crate) mod offence;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::evaluation::contents::EvaluateContents;
use crate::evaluation::rbac::accounts::BoundAccounts;
use crate::facts::kubernetes::{ApiList, KubernetesCluster, ObjectName, PodSpec, Workload};
use crate::facts::{Facts, Unread};
use crate::need::{Need, Needs};
use crate::parameters::{AnyParameter, ParameterValues};
use crate::resource::Resource;
use crate::roll_up::{EvaluatedObject, Noun, Subject, Unit, Verdicts};
use crate::verdict::Verdict;

use combination::Combination;
use exceptions::PlatformExceptions;
pub(crate) use exceptions::{ACCEPT_PUBLIC_SYSTEM_IMAGES, PLATFORM_EXCEPTIONS};
use inspection::Context;
pub(crate) use inspection::{Inspected, Inspection, Issue, LimitRanges};

/// The noun for workloads.
pub(crate) const WORKLOADS: Noun = Noun {
    one: "workload",
    many: "workloads",
};

/// The noun for workloads together with other objects.
pub(crate) const OBJECTS: Noun = Noun {
    one: "object",
    many: "objects",
};

/// A check of workloads: a pure function of the settings of pods, and the unit of its findings.
#[derive(Debug)]
pub(crate) struct EvaluateWorkloads {
    /// The unit: [`Unit::Object`] or [`Unit::Subject`], of [`WORKLOADS`].
    pub(crate) unit: Unit,
    /// The text of a workload without issues, which is a sentence.
    pub(crate) passed: &'static str,
    /// The parameter without which the check does not apply, if there is one.
    pub(crate) required: Option<&'static dyn AnyParameter>,
    /// Finds the issues in the settings of pods.
    pub(crate) inspect: fn(&mut Inspection<'_>),
}

impl EvaluateWorkloads {
    /// Returns the issues in the settings of pods.
    fn issues(&self, pod: &PodSpec, is_admitted: bool, context: Context<'_>) -> Inspected {
        let mut inspection = Inspection::new(pod, is_admitted, context);
        (self.inspect)(&mut inspection);
        inspection.finish()
    }
}

impl EvaluateContents for EvaluateWorkloads {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        let applies = self
            .required
            .is_none_or(|parameter| !parameter.texts(settings).is_empty());
        let evaluation = Evaluation {
            check: self,
            facts,
            settings,
            cluster,
            exceptions: PlatformExceptions::new(self.unit, settings, facts, cluster),
            without_limit_ranges: facts.unread(ApiList::LimitRanges),
            bound_accounts: OnceCell::new(),
        };
        let mut by_namespace: BTreeMap<Option<&str>, Vec<EvaluatedObject>> = BTreeMap::new();
        for workload in &facts.workloads {
            let namespace = workload.name.namespace.as_deref();
            let objects = by_namespace.entry(namespace).or_default();
            if applies {
                objects.extend(evaluation.object(workload));
            }
        }
        let needs: Needs = Need::Workloads.into();
        let unread: Vec<Unread> = if applies {
            facts.missing(needs)
        } else {
            Vec::new()
        };
        match self.unit {
            Unit::Subject(_) => by_namespace
                .into_iter()
                .filter_map(|(namespace, objects)| {
                    let namespace = namespace?;
                    let is_left_alone = facts.is_terminating(namespace);
                    let unread = if is_left_alone {
                        Vec::new()
                    } else {
                        unread.clone()
                    };
                    Some(Subject {
                        resource: ObjectName::namespace(namespace, cluster).ok()?,
                        details: ObjectName::details_of_namespace(namespace, cluster),
                        verdicts: Verdicts {
                            objects,
                            unread,
                            remarks: Vec::new(),
                        },
                    })
                })
                .collect(),
            Unit::Resource | Unit::Object(_) => vec![Subject {
                resource: cluster.clone(),
                details: facts.details(),
                verdicts: Verdicts {
                    objects: by_namespace.into_values().flatten().collect(),
                    unread,
                    remarks: Vec::new(),
                },
            }],
        }
    }

    fn unit(&self) -> Unit {
        self.unit
    }
}

/// The evaluation of one check in one cluster.
struct Evaluation<'a> {
    check: &'a EvaluateWorkloads,
    facts: &'a KubernetesCluster,
    settings: &'a ParameterValues,
    cluster: &'a Resource,
    exceptions: PlatformExceptions<'a>,
    /// The reason why limit ranges may be missing; `None` if all were read.
    without_limit_ranges: Option<Unread>,
    /// The service accounts to which bindings grant a role, once the check needs them.
    bound_accounts: OnceCell<BoundAccounts>,
}

impl Evaluation<'_> {
    /// Returns the decision about a workload; `None` if it runs nothing, or too little is known of its pods.
    fn object(&self, workload: &Workload) -> Option<EvaluatedObject> {
        let namespace = workload.name.namespace.as_deref()?;
        if workload.has_ended || self.facts.is_terminating(namespace) {
            return None;
        }
        let name = workload.name.to_string();
        let verdict = self.verdict(workload)?;
        Some(EvaluatedObject {
            resource: workload.name.resource(self.cluster).ok()?,
            name,
            object: Some(workload.name.clone()),
            details: {
                // The number of pods is not among the details, since it changes more often than anything that matters.
                let details = workload.name.details(self.cluster);
                details.text("ManagedBy", workload.managed_by.as_deref())
            },
            verdict,
        })
    }

    /// Returns the limit ranges in the namespace of a workload.
    fn limit_ranges(&self, workload: &Workload) -> LimitRanges<'_> {
        if let Some(unread) = &self.without_limit_ranges {
            return Err(unread);
        }
        let namespace = workload.name.namespace.as_deref().unwrap_or_default();
        let namespace = self.facts.namespaces.get(namespace);
        Ok(namespace.map_or(&[], |namespace| &namespace.limit_ranges))
    }

    fn verdict(&self, workload: &Workload) -> Option<Verdict> {
        let limit_ranges = if workload.running.is_empty() {
            self.limit_ranges(workload)
        } else {
            Ok(&[][..])
        };
        let context = Context {
            settings: self.settings,
            cluster: self.cluster,
            facts: self.facts,
            namespace: workload.name.namespace.as_deref().unwrap_or_default(),
            limit_ranges,
            bound_accounts: &self.bound_accounts,
        };
        let exceptions = self.exceptions.of(workload);
        let issues = |pod: &PodSpec, is_admitted| {
            let issues = self.check.issues(pod, is_admitted, context);
            match &exceptions {
                Some(exceptions) => exceptions.apply(issues),
                None => issues,
            }
        };
        let template = workload.template.as_deref();
        let pods = workload.running.iter();
        let combination = Combination {
            template: template.map(|pod| issues(pod, false)),
            pods: pods
                .map(|pods| (issues(&pods.spec, true), pods.count))
                .collect(),
            passed: self.check.passed,
        };
        let mut verdict = if matches!(self.facts.lists.get(&ApiList::Pods), Some(Ok(()))) {
            combination.verdict()?
        } else {
            combination.verdict_without_other_pods()?
        };
        exceptions::mark_excepted(&mut verdict);
        Some(verdict)
    }
}

#[cfg(test)]
pub(crate) mod tests;
