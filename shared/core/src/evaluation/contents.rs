//! The evaluation that all checks of the objects in clusters have in common.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::check::{Evaluated, Evaluator};
use crate::facts::kubernetes::{KIND, KubernetesCluster};
use crate::facts::{Facts, Unread};
use crate::kind::ResourceKind;
use crate::parameters::ParameterValues;
use crate::resource::Resource;
use crate::roll_up::{EvaluatedObject, Subject, Unit, Verdicts};
use crate::verdict::Verdict;

/// A check of the objects in clusters.
pub(crate) trait EvaluateContents: Debug + Sync {
    /// Evaluates the objects in a cluster of which something was read.
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject>;

    /// Returns the unit of the check's findings.
    fn unit(&self) -> Unit {
        Unit::Resource
    }
}

/// Nothing is reported of a cluster that could not be read, since `k8s-api-readable` reports the reason once.
impl<T: EvaluateContents> Evaluator for T {
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
        let is_read = facts.is_read();
        let subjects = is_read.then(|| self.subjects(cluster, facts, settings));
        Some(Evaluated::Objects(subjects.unwrap_or_default()))
    }

    fn evaluate_unread(&self, _: &Unread) -> Evaluated {
        Evaluated::Objects(Vec::new())
    }

    fn unit(&self) -> Unit {
        EvaluateContents::unit(self)
    }
}

/// Returns `true` if a list of a parameter contains an object, as `<namespace>/<name>`.
pub(crate) fn contains_object(list: &[Cow<'_, str>], namespace: &str, name: &str) -> bool {
    let mut list = list.iter();
    list.any(|one| one.split_once('/') == Some((namespace, name)))
}

/// A check of a cluster as a whole: a pure function of the facts about its contents.
#[derive(Debug)]
pub(crate) struct EvaluateWhole(pub(crate) fn(&KubernetesCluster, &ParameterValues) -> Verdict);

impl EvaluateContents for EvaluateWhole {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        vec![Subject {
            resource: cluster.clone(),
            details: facts.details(),
            verdicts: Verdicts {
                objects: vec![EvaluatedObject {
                    object: None,
                    resource: cluster.clone(),
                    name: facts.name.clone(),
                    details: facts.details(),
                    verdict: (self.0)(facts, settings),
                }],
                ..Verdicts::default()
            },
        }]
    }
}
