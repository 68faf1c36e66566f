//! The scope of a run: resources, and the checks that evaluate them.

use eksentry_core::finding::{finding_id, generator_id};
use eksentry_core::{Check, ParameterValues, Part, Resource, ResourceKind};

use crate::selection::Selection;

/// The resources that a run evaluates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Every resource of a part that a check of the run evaluates.
    Part(Part),
    /// The resources in this list.
    Resources(Vec<Resource>),
}

impl Targets {
    /// Returns a description for the log.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Part(part) => serde_json::to_string(part).unwrap_or_default(),
            Self::Resources(resources) => format!("{} resources", resources.len()),
        }
    }
}

/// The checks of a run, with their settings, and its targets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) checks: &'a [(&'static Check, ParameterValues)],
    pub(crate) targets: &'a Targets,
}

impl Scope<'_> {
    /// Returns `true` if a check of the run evaluates resources of a kind.
    pub(crate) fn evaluates(&self, kind: &ResourceKind) -> bool {
        self.checks.iter().any(|(check, _)| check.kind() == kind)
    }

    /// Returns `true` if a check is one of the run's.
    pub(crate) fn runs(&self, check: &str) -> bool {
        self.checks.iter().any(|(known, _)| known.id == check)
    }

    /// Returns `true` if every check that is switched on is one of the run's.
    pub(crate) fn covers_every_check(&self, selection: &Selection) -> bool {
        let mut enabled = selection.enabled_checks();
        enabled.all(|check| self.runs(check.id))
    }

    /// Returns the ids of the checks' findings about resources.
    pub(crate) fn finding_ids(&self, resources: &[Resource]) -> Vec<String> {
        let ids = resources.iter().flat_map(|resource| {
            let checks = self.checks.iter();
            let checks = checks.filter(|(check, _)| check.kind() == resource.kind());
            checks.map(move |(check, _)| finding_id(check, resource))
        });
        ids.collect()
    }

    /// Returns the generators of the findings about the resources of a part.
    pub(crate) fn generators(&self, part: &Part) -> Vec<String> {
        let checks = self.checks.iter();
        let is_of_part = |kind: &ResourceKind| part.kinds().any(|of_part| of_part == kind);
        let checks = checks.filter(|(check, _)| is_of_part(check.kind()));
        checks.map(|(check, _)| generator_id(check)).collect()
    }
}
