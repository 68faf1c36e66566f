//! The checks that are run, and their parameters.

mod document;

use std::collections::{BTreeMap, BTreeSet};

use eksentry_core::exceptions::EXCEPTIONS;
use eksentry_core::facts::KubernetesCluster;
use eksentry_core::{Check, FactsOf as _, Need, ParameterValues, checks};

pub use document::{DISABLED_CHECKS, ENABLED_CHECKS, SelectionError};

/// The checks that are switched on and off, and the parameters that are set for checks.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The ids of checks that are run although they are off by default.
    pub(crate) enabled: BTreeSet<&'static str>,
    /// The ids of checks that are run only if an event names them.
    pub(crate) disabled: BTreeSet<&'static str>,
    /// The parameters, by check id.
    pub(crate) parameters: BTreeMap<&'static str, ParameterValues>,
}

impl Selection {
    /// Reads a document whose parts have these names and texts of YAML or JSON.
    ///
    /// # Errors
    ///
    /// Returns the problems in the parts, with their lines.
    pub fn of_documents<'a>(
        parts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SelectionError> {
        document::read(parts)
    }

    /// Returns `true` if a check is run without being named by an event.
    pub fn is_enabled(&self, check: &Check) -> bool {
        self.is_on(check.id, check.enabled)
    }

    /// Returns `true` if a check with that id and that default is run without being named by an event.
    fn is_on(&self, id: &str, by_default: bool) -> bool {
        (by_default || self.enabled.contains(id)) && !self.disabled.contains(id)
    }

    /// Returns the selection without the checks that need some facts. Without AWS Config, for example, no recorder is
    /// needed.
    pub(crate) fn without(mut self, need: Need) -> Self {
        let needing = checks::CHECKS.into_iter();
        let needing = needing.filter(|check| check.needs.contains(&need));
        self.disabled.extend(needing.map(|check| check.id));
        self
    }

    /// Returns the checks that are run if an event names none.
    pub fn enabled_checks(&self) -> impl Iterator<Item = &'static Check> {
        let checks = checks::CHECKS.into_iter();
        checks.filter(|check| self.is_enabled(check))
    }

    /// Returns the selection without the checks of the contents of clusters.
    pub(crate) fn without_contents_of_clusters(mut self) -> Self {
        let inside = checks::CHECKS.into_iter();
        let inside = inside.filter(|check| check.kind() == KubernetesCluster::KIND);
        self.disabled.extend(inside.map(|check| check.id));
        self
    }

    /// Returns the parameters that are set for a check. Those of an AWS Config rule are not included. The parameters of
    /// the check that reports which clusters can be read apply to all checks of the contents of clusters. That check also
    /// reports the exceptions of all checks that match nothing.
    pub fn of(&self, check: &Check) -> ParameterValues {
        let of = |check: &Check| self.parameters.get(check.id).cloned().unwrap_or_default();
        if check.kind() != KubernetesCluster::KIND {
            return of(check);
        }
        let readability = checks::readability();
        if check.id != readability.id {
            return of(check).or(of(readability));
        }
        let others = self.parameters.values();
        others.fold(of(check), |all, other| {
            all.with_items_of(&EXCEPTIONS, other)
        })
    }

    /// Returns both selections combined. Where both set a parameter, the value of `self` is used; a check that either
    /// switches off is off.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.enabled.extend(&other.enabled);
        self.disabled.extend(&other.disabled);
        for (check, settings) in &other.parameters {
            let own = self.parameters.entry(check).or_default();
            *own = std::mem::take(own).or(settings.clone());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::checks::find;

    const ROTATION: &str = "kms-cmk-rotation";

    fn selection(yaml: &str) -> Selection {
        Selection::of_documents([("part", yaml)]).unwrap()
    }

    fn days(selection: &Selection) -> Vec<(&'static str, Vec<String>)> {
        let check = find(ROTATION).unwrap();
        check.effective_parameters(&selection.of(check))
    }

    #[test]
    fn disabling_overrides_enabling_and_both_override_the_default() {
        let on = find(ROTATION).unwrap();
        for (yaml, is_on_of_on, is_on_of_off) in [
            ("{}", true, false),
            ("enabledChecks: [kms-cmk-rotation]", true, true),
            ("disabledChecks: [kms-cmk-rotation]", false, false),
            (
                "enabledChecks: kms-cmk-rotation\ndisabledChecks: kms-cmk-rotation",
                false,
                false,
            ),
            ("enabledChecks: [ecr-immutable-tags]", true, false),
        ] {
            let selection = selection(yaml);
            assert_eq!(selection.is_enabled(on), is_on_of_on, "{yaml}");
            assert_eq!(selection.is_on(ROTATION, false), is_on_of_off, "{yaml}");
            let listed = selection.enabled_checks().any(|check| check.id == ROTATION);
            assert_eq!(listed, is_on_of_on, "{yaml}");
        }
    }

    #[test]
    fn without_disables_the_checks_that_need_a_fact() {
        let selection = Selection::default().without(Need::Recorder);
        for (id, is_on) in [("config-records-resources", false), (ROTATION, true)] {
            assert_eq!(selection.is_enabled(find(id).unwrap()), is_on, "{id}");
        }
    }

    #[test]
    fn or_prefers_parameters_of_the_first_and_combines_switches() {
        let first = "
            disabledChecks: ecr-immutable-tags
            ecr-image-scan-findings: {activeDays: 30}
            kms-cmk-rotation: {}";
        let second = "
            disabledChecks: ecr-scan-on-push
            enabledChecks: ecr-immutable-tags
            ecr-image-scan-findings: {activeDays: 60, severityThreshold: LOW}
            kms-cmk-rotation: {maxRotationPeriodDays: 90}";
        let both = selection(first).or(&selection(second));
        let scan = find("ecr-image-scan-findings").unwrap();
        assert_eq!(
            scan.effective_parameters(&both.of(scan)),
            [
                ("severityThreshold", vec!["LOW".to_owned()]),
                ("activeDays", vec!["30".to_owned()]),
                ("inUseOnly", vec!["false".to_owned()])
            ]
        );
        assert_eq!(
            days(&both),
            [("maxRotationPeriodDays", vec!["90".to_owned()])]
        );
        let off: Vec<&str> = checks::CHECKS
            .into_iter()
            .filter(|check| check.enabled && !both.is_enabled(check))
            .map(|check| check.id)
            .collect();
        assert_eq!(off, ["ecr-immutable-tags", "ecr-scan-on-push"]);
    }

    #[test]
    fn exceptions_apply_to_their_check_and_are_all_known_where_unused_ones_are_reported() {
        let selection = selection(
            "
            k8s-api-readable: {exceptions: ['*:shop/Deployment/a=Why']}
            k8s-pod-privileged: {exceptions: [{object: '*:shop/Deployment/b', reason: Why}]}
            k8s-secret-env: {exceptions: ['*:shop/Deployment/b=Why', '*:shop/Deployment/c=Why']}",
        );
        for (check, expected) in [
            ("k8s-pod-privileged", "b"),
            ("k8s-pod-host-path", "a"),
            ("k8s-secret-env", "b c"),
            ("k8s-api-readable", "a b c"),
        ] {
            let exceptions = selection.of(find(check).unwrap()).get(&EXCEPTIONS);
            let objects = exceptions
                .iter()
                .map(|one| one.object().replace("*:shop/Deployment/", ""));
            assert_eq!(objects.collect::<Vec<_>>().join(" "), expected, "{check}");
        }
    }

    #[test]
    fn the_default_enables_every_check_that_is_on_with_its_own_defaults() {
        let selection = Selection::default();
        let expected = checks::CHECKS.iter().filter(|check| check.enabled).count();
        assert_eq!(selection.enabled_checks().count(), expected);
        assert_eq!(
            days(&selection),
            [("maxRotationPeriodDays", vec!["365".to_owned()])]
        );
    }
}
