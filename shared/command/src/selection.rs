//! The checks that options select.

use std::fs;
use std::path::Path;

use eksentry_core::check::Check;
use eksentry_core::facts::KubernetesCluster;
use eksentry_core::{FactsOf as _, checks, service};
use eksentry_runtime::Selection;

use crate::error::CommandError;
use crate::options::SelectionOptions;
use crate::standard;

impl SelectionOptions {
    /// Returns the switches and parameters in the file of settings, if there is one.
    pub(crate) fn settings(&self) -> Result<Selection, CommandError> {
        read_settings(self.settings.as_deref())
    }

    /// Returns the selected checks, of which there is at least one. Without a list of checks, these are among those that
    /// `settings` enables.
    ///
    /// # Errors
    ///
    /// Returns an error if the options together select no check.
    pub(crate) fn checks(&self, settings: &Selection) -> Result<Vec<&'static Check>, CommandError> {
        let mut selected = self.candidates(settings)?;
        selected.retain(|check| self.fits(check));
        if !selected.is_empty() {
            return Ok(selected);
        }
        let with_contents = Self {
            kubernetes: true,
            ..self.clone()
        };
        let mut others = with_contents.candidates(settings)?.into_iter();
        Err(if others.any(|check| self.fits(check)) {
            CommandError::OnlyKubernetes(self.to_string())
        } else {
            CommandError::NoCheck(self.to_string())
        })
    }

    fn candidates(&self, settings: &Selection) -> Result<Vec<&'static Check>, CommandError> {
        if self.checks.is_empty() {
            let enabled = settings.enabled_checks();
            let enabled =
                enabled.filter(|check| self.kubernetes || check.kind() != KubernetesCluster::KIND);
            return Ok(enabled.collect());
        }
        let named = self.checks.iter().map(|id| checks::find(id));
        Ok(named.collect::<Result<_, _>>()?)
    }

    fn fits(&self, check: &Check) -> bool {
        let of_standard = self.standard.is_empty()
            || self.standard.iter().any(|name| {
                let standard = standard::find(name);
                standard.is_some_and(|standard| standard.group(check.id).is_some())
            });
        let of_service = self.service.is_empty()
            || service::of(check.id)
                .is_some_and(|service| self.service.iter().any(|name| name == service.prefix));
        let of_severity = self.severity.is_none_or(|lowest| {
            let mut severities = check.severities.iter();
            severities.any(|(severity, _)| *severity >= lowest)
        });
        of_standard && of_service && of_severity
    }

    /// Returns `true` if the options select among the checks that are enabled.
    pub(crate) fn is_narrowed(&self) -> bool {
        !self.checks.is_empty()
            || !self.standard.is_empty()
            || !self.service.is_empty()
            || self.severity.is_some()
    }
}

/// Returns the switches and parameters in a file of settings; the defaults if there is none.
pub(crate) fn read_settings(file: Option<&Path>) -> Result<Selection, CommandError> {
    let Some(path) = file else {
        return Ok(Selection::default());
    };
    let text = fs::read_to_string(path).map_err(|source| CommandError::Read {
        option: "--settings",
        path: path.to_owned(),
        source,
    })?;
    let name = path.display().to_string();
    Ok(Selection::of_documents([(name.as_str(), text.as_str())])?)
}

/// Writes the options that narrow the selection, as they are given.
impl std::fmt::Display for SelectionOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lists = [
            ("--checks", &self.checks),
            ("--standard", &self.standard),
            ("--service", &self.service),
        ];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        let lists = lists.map(|(name, list)| format!("{name} {}", list.join(",")));
        let severity = self.severity.map(|lowest| format!("--severity {lowest}"));
        let all: Vec<String> = lists.chain(severity).collect();
        formatter.write_str(&all.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::Severity;

    use super::*;

    fn selected(options: &SelectionOptions) -> Vec<&'static str> {
        let checks = options.checks(&Selection::default()).unwrap();
        checks.iter().map(|check| check.id).collect()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_options_the_checks_of_aws_resources_that_are_on_are_selected() {
        let all = selected(&SelectionOptions::default());
        assert!(all.contains(&"kms-cmk-rotation") && !all.contains(&"eks-nodes-nitro-encryption"));
        assert!(!all.iter().any(|id| id.starts_with("k8s-")), "{all:?}");
        let kubernetes = SelectionOptions {
            kubernetes: true,
            ..SelectionOptions::default()
        };
        assert!(selected(&kubernetes).contains(&"k8s-pod-privileged"));
    }

    #[test]
    fn options_narrow_the_selection_together() {
        let options = SelectionOptions {
            standard: texts(&["cis-eks"]),
            service: texts(&["eks"]),
            severity: Some(Severity::High),
            ..SelectionOptions::default()
        };
        let narrowed = selected(&options);
        assert!(narrowed.contains(&"eks-endpoint-private"), "{narrowed:?}");
        for other in [
            "eks-cluster-healthy",
            "ecr-scan-on-push",
            "eks-control-plane-logging",
        ] {
            assert!(!narrowed.contains(&other), "{other}");
        }
        let impossible = SelectionOptions {
            service: texts(&["kms"]),
            ..options
        };
        let error = impossible.checks(&Selection::default()).unwrap_err();
        let text = "--standard cis-eks --service kms --severity HIGH";
        assert!(error.to_string().contains(text), "{error}");
    }

    #[test]
    fn named_checks_are_selected_even_if_they_are_off() {
        let options = SelectionOptions {
            checks: texts(&["eks-nodes-nitro-encryption"]),
            ..SelectionOptions::default()
        };
        assert_eq!(selected(&options), ["eks-nodes-nitro-encryption"]);
    }
}
