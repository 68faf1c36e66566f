//! ## What it checks
//!
//! An image should be scanned when it is pushed to an ECR repository. The check fails when no rule of the registry's
//! scanning configuration (scan on push or continuous; basic or enhanced) covers the repository and the repository's
//! own setting does not scan on push either. A manual rule does not count, and under enhanced scanning the repository's
//! own setting does not count. Filters match as ECR matches them.
//!
//! ## Why it matters
//!
//! The vulnerabilities of an image that was never scanned are not known, and a manual scan is too late for an image
//! that is deployed minutes after the push.
//!
//! ## How to fix it
//!
//! Add a scan-on-push rule for the repository to the registry's scanning configuration, or enable enhanced scanning.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EcrRepository;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

pub(super) static CHECK: Check = Check {
    id: "ecr-scan-on-push",
    enabled: true,
    title: "ECR repositories should scan images on push",
    requirement: "Images should be scanned when they are pushed, by basic or enhanced scanning.",
    severities: &[(
        Severity::Medium,
        "vulnerabilities in a pushed image are not detected until someone starts a scan",
    )],
    remediation: Remediation {
        text: "Add a scan-on-push rule for the repository to the registry's rules. The command replaces all rules and \
               the scan type: insert the current ones from `aws ecr get-registry-scanning-configuration`.",
        command: r#"aws ecr put-registry-scanning-configuration --region {region} --scan-type <current type, BASIC or ENHANCED> --rules '[<current rules>,{"scanFrequency":"SCAN_ON_PUSH","repositoryFilters":[{"filter":"{name}","filterType":"WILDCARD"}]}]'"#,
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
    },
    parameters: &[],
    needs: &[Need::RegistryScanning],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(repository: &EcrRepository, _: &ParameterValues) -> Verdict {
    let registry = match &repository.registry_scanning {
        Ok(registry) => registry,
        Err(unread) => return Verdict::not_available(unread),
    };
    let kind = if registry.enhanced {
        "enhanced"
    } else {
        "basic"
    };
    if let Some(frequency) = registry.scans_pushes_to(&repository.name) {
        let text =
            format!("A rule of the registry ({kind} scanning, {frequency}) covers the repository.");
        return Verdict::passed(ReasonCode::ScannedByRegistryRule, text);
    }
    match (repository.scan_on_push, registry.enhanced) {
        (true, false) => Verdict::passed(
            ReasonCode::ScannedByOwnSetting,
            "The repository's own setting scans images on push.",
        ),
        (true, true) => Verdict::failed(
            Severity::Medium,
            ReasonCode::OwnSettingWithoutEffect,
            "No rule of the registry scans the repository's images on push, and its own setting has no effect under \
             enhanced scanning.",
        ),
        (false, _) => Verdict::failed(
            Severity::Medium,
            ReasonCode::NotScannedOnPush,
            format!(
                "Neither a rule of the registry ({kind} scanning) nor the repository's own setting scans images on push."
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{repository, unread};
    use crate::facts::Fact;
    use crate::facts::repository::{RegistryScanning, ScanningRule};

    fn code(scan_on_push: bool, registry_scanning: Fact<RegistryScanning>) -> &'static str {
        let repository = EcrRepository {
            scan_on_push,
            registry_scanning,
            ..repository()
        };
        evaluate(&repository, &ParameterValues::default()).codes()[0]
    }

    #[expect(clippy::unnecessary_wraps, reason = "the test cases contain facts")]
    fn registry(enhanced: bool, frequency: &str, filter: &str) -> Fact<RegistryScanning> {
        let rule = ScanningRule {
            frequency: frequency.into(),
            filters: vec![filter.into()],
        };
        Ok(RegistryScanning {
            enhanced,
            rules: vec![rule],
        })
    }

    #[test]
    fn a_registry_rule_or_the_repository_setting_must_scan_on_push() {
        for (own, registry, expected) in [
            (
                true,
                Ok(RegistryScanning::default()),
                "SCANNED_BY_OWN_SETTING",
            ),
            (
                false,
                Ok(RegistryScanning::default()),
                "NOT_SCANNED_ON_PUSH",
            ),
            (
                false,
                registry(false, "SCAN_ON_PUSH", "cards"),
                "SCANNED_BY_REGISTRY_RULE",
            ),
            (
                false,
                registry(true, "CONTINUOUS_SCAN", "*"),
                "SCANNED_BY_REGISTRY_RULE",
            ),
            (false, registry(false, "MANUAL", "*"), "NOT_SCANNED_ON_PUSH"),
            (
                false,
                registry(false, "SCAN_ON_PUSH", "ledger"),
                "NOT_SCANNED_ON_PUSH",
            ),
            (
                true,
                registry(true, "CONTINUOUS_SCAN", "ledger"),
                "OWN_SETTING_WITHOUT_EFFECT",
            ),
            (true, Err(unread()), "ACCESS_DENIED"),
        ] {
            assert_eq!(code(own, registry.clone()), expected, "{own} {registry:?}");
        }
    }
}
