//! The evaluation that all checks of workloads have in common.
//!
//! A workload is evaluated by its running pods, since admission may change what its template asks for; without running
//! pods, by its template.

use std::collections::BTreeMap;

use crate::check::{Evaluated, Evaluator, Subject};
use crate::facts::kubernetes::{ApiList, KIND, KubernetesCluster, ObjectName, PodSpec, Workload};
use crate::facts::{Facts, Unread};
use crate::kind::ResourceKind;
use crate::need::{Need, Needs};
use crate::parameters::ParameterValues;
use crate::resource::Resource;
use crate::roll_up::{EvaluatedObject, Noun, Unit, Verdicts};
use crate::verdict::{Outcome, Reason, Verdict};

/// The noun for workloads.
pub(crate) const WORKLOADS: Noun = Noun {
    one: "workload",
    many: "workloads",
};

/// A check of workloads: a pure function of the settings of pods, and the unit of its findings.
pub(crate) struct EvaluateWorkloads {
    /// The unit: [`Unit::Object`] or [`Unit::Namespace`], of [`WORKLOADS`].
    pub(crate) unit: Unit,
    /// Evaluates the settings of pods.
    pub(crate) evaluate: fn(&PodSpec, &ParameterValues) -> Verdict,
}

impl std::fmt::Debug for EvaluateWorkloads {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "EvaluateWorkloads({:?})", self.unit)
    }
}

impl Evaluator for EvaluateWorkloads {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn evaluate(
        &self,
        cluster: &Resource,
        facts: &dyn Facts,
        settings: &ParameterValues,
    ) -> Option<Evaluated> {
        let facts: &KubernetesCluster = facts.of()?;
        let verdicts = Evaluation {
            evaluate: self.evaluate,
            facts,
            settings,
        };
        let mut by_namespace: BTreeMap<Option<&str>, Vec<EvaluatedObject>> = BTreeMap::new();
        for workload in &facts.workloads {
            let namespace = workload.name.namespace.as_deref();
            let objects = by_namespace.entry(namespace).or_default();
            objects.extend(verdicts.object(workload, cluster));
        }
        let needs: Needs = Need::Workloads.into();
        let unread: Vec<Unread> = facts.missing(needs);
        let subjects = match self.unit {
            Unit::Namespace(_) => by_namespace
                .into_iter()
                .filter_map(|(namespace, objects)| {
                    let namespace = namespace?;
                    Some(Subject {
                        resource: ObjectName::namespace(namespace, cluster).ok()?,
                        details: ObjectName::details_of_namespace(namespace),
                        verdicts: Verdicts {
                            objects,
                            unread: unread.clone(),
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
        };
        Some(Evaluated::Objects(subjects))
    }

    fn unit(&self) -> Unit {
        self.unit
    }
}

/// The evaluation of one check in one cluster.
struct Evaluation<'a> {
    evaluate: fn(&PodSpec, &ParameterValues) -> Verdict,
    facts: &'a KubernetesCluster,
    settings: &'a ParameterValues,
}

impl Evaluation<'_> {
    /// Returns the decision about a workload; `None` if it runs nothing, or nothing is known of its pods.
    fn object(&self, workload: &Workload, cluster: &Resource) -> Option<EvaluatedObject> {
        let namespace = workload.name.namespace.as_deref()?;
        if workload.has_ended || self.facts.is_terminating(namespace) {
            return None;
        }
        Some(EvaluatedObject {
            resource: workload.name.resource(cluster).ok()?,
            name: workload.name.to_string(),
            details: workload.details(),
            verdict: self.verdict(workload)?,
        })
    }

    fn verdict(&self, workload: &Workload) -> Option<Verdict> {
        let of_template = workload.template.as_deref();
        let of_template = of_template.map(|spec| (self.evaluate)(spec, self.settings));
        let pods_are_listed = matches!(self.facts.lists.get(&ApiList::Pods), Some(Ok(())));
        if workload.running.is_empty() {
            let is_failure =
                |verdict: &Verdict| matches!(verdict.outcome, Outcome::Failed(_));
            // Admission may add what the template lacks, but it is not known to remove anything.
            return of_template.filter(|verdict| pods_are_listed || is_failure(verdict));
        }
        let of_pods = workload.running.iter();
        let of_pods = of_pods.map(|pods| (self.evaluate)(&pods.spec, self.settings));
        let mut of_pods: Vec<Verdict> = of_pods.collect();
        of_pods.sort_by(|one, other| other.outcome.cmp(&one.outcome));
        let worst = of_pods.first()?.outcome;
        let mut reasons: Vec<Reason> = Vec::new();
        for verdict in of_pods.into_iter().filter(|one| one.outcome == worst) {
            for reason in verdict.reasons {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        Some(Verdict::about_many(worst, reasons, Vec::new()))
    }
}
