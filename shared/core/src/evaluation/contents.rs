//! The evaluation that all checks of the objects in clusters have in common.

use std::fmt::Debug;

use crate::check::{Evaluated, Evaluator};
use crate::facts::kubernetes::{KIND, KubernetesCluster};
use crate::facts::{Facts, Unread};
use crate::kind::ResourceKind;
use crate::parameters::ParameterValues;
use crate::resource::Resource;
use crate::roll_up::{Subject, Unit};

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
