//! ## What it checks
//!
//! The images of an ECR registry should be scanned by Amazon Inspector (enhanced scanning), and Inspector should be on
//! for the account. The check fails when the registry uses basic scanning, unless `acceptBasic` is true. It fails with a
//! higher severity when the registry uses enhanced scanning, but the status of Inspector, for the account or for images,
//! is `DISABLED`, `DISABLING`, `SUSPENDED` or `SUSPENDING`.
//!
//! The check does not apply to a Region without repositories, nor to basic scanning in a Region that does not offer
//! Amazon Inspector. Nothing is reported while Inspector is being enabled. An account that is a member of an
//! organization is evaluated by its own status, not by that of the delegated administrator.
//!
//! ## Why it matters
//!
//! Basic scanning looks at an image once, when it is pushed, and only at packages of the operating system.
//! Vulnerabilities that are published later, and those in packages of programming languages, are not found. If Inspector
//! is off, a registry with enhanced scanning scans nothing at all, although its scanning rules look correct.
//!
//! ## How to fix it
//!
//! Enable Amazon Inspector for ECR, which also sets the registry to enhanced scanning.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::account::{Account, Inspector, InspectorStatus};
use crate::facts::{Fact, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ACCEPT_BASIC: Parameter<bool> = Parameter {
    name: "acceptBasic",
    description: "Whether basic scanning is allowed.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "ecr-enhanced-scanning",
    enabled: true,
    title: "ECR registries should use enhanced scanning, and Amazon Inspector should be on",
    requirement: "The registry should use enhanced scanning, and Amazon Inspector should scan its images.",
    severities: &[
        (
            Severity::High,
            "no image is scanned, although the registry uses enhanced scanning",
        ),
        (
            Severity::Low,
            "vulnerabilities that are published after an image was pushed are not found",
        ),
    ],
    remediation: Remediation {
        text: "Enable Amazon Inspector for ECR. In an organization, the delegated administrator can enable it for all \
               accounts.",
        command: "aws inspector2 enable --region {region} --resource-types ECR",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced.html",
    },
    parameters: &[&ACCEPT_BASIC],
    needs: &[Need::Inspector],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(account: &Account, settings: &ParameterValues) -> Verdict {
    if account.has_repositories == Ok(false) {
        let text = "The Region has no ECR repositories.";
        return Verdict::not_applicable(ReasonCode::NoRepositories, text);
    }
    match &account.registry_scanning {
        Err(unread) => Verdict::not_available(unread),
        Ok(registry) if registry.enhanced => evaluate_enhanced(&account.inspector),
        Ok(_) if settings.get(&ACCEPT_BASIC) => Verdict::passed(
            ReasonCode::BasicScanningAllowed,
            "The registry uses basic scanning, which acceptBasic allows.",
        ),
        Ok(_) => evaluate_basic(&account.inspector),
    }
}

fn evaluate_enhanced(inspector: &Fact<Inspector>) -> Verdict {
    use InspectorStatus::{Enabled, Enabling, Off, Unknown};
    let off = |problem: &str| {
        let text =
            format!("The registry uses enhanced scanning, but no image is scanned: {problem}.");
        Verdict::failed(Severity::High, ReasonCode::InspectorOff, text)
    };
    let (account, images) = match inspector {
        Err(unread) => return Verdict::not_available(unread),
        Ok(Inspector::NotOffered) => return off("the Region does not offer Amazon Inspector"),
        Ok(Inspector::Offered { account, images }) => (account, images),
    };
    match (account, images) {
        (Off(status), _) | (_, Off(status)) => {
            off(&format!("the status of Amazon Inspector is {status}"))
        }
        (Unknown(status), _) | (_, Unknown(status)) => Verdict::not_available(&Unread {
            code: ReasonCode::InspectorStatusUnknown,
            text: format!("Amazon Inspector reported an unknown status: {status:?}."),
        }),
        (_, Enabling) => Verdict::pending(
            ReasonCode::InspectorStarting,
            "Amazon Inspector is being enabled.",
        ),
        (Enabled | Enabling, Enabled) => Verdict::passed(
            ReasonCode::EnhancedScanning,
            "The registry uses enhanced scanning, and Amazon Inspector is on.",
        ),
    }
}

/// Evaluates basic scanning. The status of Amazon Inspector only adds to the text, so it may be unread.
fn evaluate_basic(inspector: &Fact<Inspector>) -> Verdict {
    let is_on = match inspector {
        Ok(Inspector::NotOffered) => {
            return Verdict::not_applicable(
                ReasonCode::InspectorNotOffered,
                "The registry uses basic scanning, and the Region does not offer Amazon Inspector.",
            );
        }
        Ok(Inspector::Offered { images, .. }) => *images == InspectorStatus::Enabled,
        Err(_) => false,
    };
    let text = if is_on {
        "The registry uses basic scanning, although Amazon Inspector is on for Amazon ECR."
    } else {
        "The registry uses basic scanning."
    };
    Verdict::failed(Severity::Low, ReasonCode::BasicScanning, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{account, settings, unread};
    use crate::facts::repository::RegistryScanning;
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    #[expect(clippy::unnecessary_wraps, reason = "facts in tables may be unread")]
    fn offered(account: &str, images: &str) -> Fact<Inspector> {
        Ok(Inspector::Offered {
            account: InspectorStatus::read(Some(account)),
            images: InspectorStatus::read(Some(images)),
        })
    }

    fn verdict(enhanced: bool, inspector: Fact<Inspector>, parameters: &str) -> Verdict {
        let account = Account {
            registry_scanning: Ok(RegistryScanning {
                enhanced,
                rules: Vec::new(),
            }),
            inspector,
            ..account()
        };
        evaluate(&account, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn enhanced_scanning_needs_inspector() {
        let on = "ENABLED";
        for (inspector, outcome, code) in [
            (offered(on, on), Outcome::Passed, "ENHANCED_SCANNING"),
            (
                offered("ENABLING", on),
                Outcome::Passed,
                "ENHANCED_SCANNING",
            ),
            (offered(on, "DISABLED"), HIGH, "INSPECTOR_OFF"),
            (offered("DISABLED", "DISABLED"), HIGH, "INSPECTOR_OFF"),
            (offered("SUSPENDED", on), HIGH, "INSPECTOR_OFF"),
            (offered(on, "SUSPENDING"), HIGH, "INSPECTOR_OFF"),
            (offered("DISABLING", "ENABLING"), HIGH, "INSPECTOR_OFF"),
            (offered("PAUSED", "DISABLED"), HIGH, "INSPECTOR_OFF"),
            (
                offered(on, "ENABLING"),
                Outcome::Pending,
                "INSPECTOR_STARTING",
            ),
            (
                offered("ENABLING", "ENABLING"),
                Outcome::Pending,
                "INSPECTOR_STARTING",
            ),
            (
                offered("PAUSED", on),
                Outcome::NotAvailable,
                "INSPECTOR_STATUS_UNKNOWN",
            ),
            (
                offered(on, ""),
                Outcome::NotAvailable,
                "INSPECTOR_STATUS_UNKNOWN",
            ),
            (Ok(Inspector::NotOffered), HIGH, "INSPECTOR_OFF"),
            (Err(unread()), Outcome::NotAvailable, "ACCESS_DENIED"),
        ] {
            for parameters in ["{}", r#"{"acceptBasic": "true"}"#] {
                let verdict = verdict(true, inspector.clone(), parameters);
                assert_eq!(verdict.outcome, outcome, "{inspector:?}");
                assert_eq!(verdict.codes(), [code], "{inspector:?}");
            }
        }
    }

    #[test]
    fn basic_scanning_fails_unless_it_is_allowed_or_the_only_one() {
        for (inspector, outcome) in [
            (offered("ENABLED", "ENABLED"), LOW),
            (offered("DISABLED", "DISABLED"), LOW),
            (Ok(Inspector::NotOffered), Outcome::NotApplicable),
            (Err(unread()), LOW),
        ] {
            let default = verdict(false, inspector.clone(), "{}");
            assert_eq!(default.outcome, outcome, "{inspector:?}");
            let allowed = verdict(false, inspector.clone(), r#"{"acceptBasic": "true"}"#);
            assert_eq!(allowed.codes(), ["BASIC_SCANNING_ALLOWED"], "{inspector:?}");
        }
        let told = verdict(false, offered("ENABLED", "ENABLED"), "{}").explanation();
        assert!(told.contains("although Amazon Inspector is on"), "{told}");
    }

    #[test]
    fn a_region_without_repositories_needs_no_scanning() {
        for (has_repositories, outcome) in [
            (Ok(false), Outcome::NotApplicable),
            (Ok(true), Outcome::NotAvailable),
            (Err(unread()), Outcome::NotAvailable),
        ] {
            let account = Account {
                has_repositories,
                registry_scanning: Err(unread()),
                ..account()
            };
            let verdict = evaluate(&account, &ParameterValues::default());
            assert_eq!(verdict.outcome, outcome, "{account:?}");
        }
    }
}
