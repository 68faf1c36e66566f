//! ## What it checks
//!
//! An EKS cluster should run a Kubernetes version in standard support. The check fails with HIGH if EKS no longer
//! supports the version: its status is `UNSUPPORTED`, its extended support has ended, or EKS lists only newer versions.
//! It fails with MEDIUM if the version is in extended support, unless `allowExtendedSupport` is true.
//!
//! The result is a warning within `warnDays` before the end of standard support (or of extended support, where that is
//! allowed), and if EKS does not list the version although it lists an older one. The reason names the date, and what
//! EKS does then according to the cluster's upgrade policy.
//!
//! ## Why it matters
//!
//! The Kubernetes community fixes security problems only in supported versions. EKS maintains a version for 12 more
//! months in extended support, at a higher price; after that, EKS upgrades the control plane without further notice.
//! Nodes stay on their old version in any case.
//!
//! ## How to fix it
//!
//! Upgrade the control plane one minor version at a time, and nodes and add-ons after each step.

use jiff::civil::Date;

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::cluster::{
    EndOfSupport, ListedVersion, SupportStatus, UpgradePolicy, VersionSupport,
};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALLOW_EXTENDED_SUPPORT: Parameter<bool> = Parameter {
    name: "allowExtendedSupport",
    description: "If true, versions in extended support pass.",
    default: false,
};

static WARN_DAYS: Parameter<u32> = Parameter {
    name: "warnDays",
    description: "The result is a warning within this number of days before the end of support.",
    default: 60,
};

pub(super) static CHECK: Check = Check {
    id: "eks-supported-version",
    enabled: true,
    title: "EKS clusters should run a Kubernetes version in standard support",
    requirement: "The cluster's Kubernetes version should be in standard support.",
    severities: &[
        (
            Severity::High,
            "the version gets no security fixes any more, and EKS upgrades the control plane without notice",
        ),
        (
            Severity::Medium,
            "the Kubernetes community no longer fixes the version, and EKS does so only for a limited time",
        ),
    ],
    remediation: Remediation {
        text: "Upgrade the cluster to the next minor version, and repeat until its version is in standard support. \
               Upgrade the nodes and add-ons after each step.",
        command: "aws eks update-cluster-version --region {region} --name {name} --kubernetes-version <next minor version>",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html",
    },
    parameters: &[&ALLOW_EXTENDED_SUPPORT, &WARN_DAYS],
    needs: &[Need::VersionSupport],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let version = match cluster.known_version() {
        Ok(version) => version,
        Err(unread) => return Verdict::not_available(&unread),
    };
    match VersionSupport::of(version, cluster.on_outpost, &cluster.listed_versions) {
        Err(unread) => Verdict::not_available(&unread),
        Ok(VersionSupport::Listed(listed)) => by_entry(cluster, &listed, settings),
        Ok(VersionSupport::OlderThanAll) => Verdict::failed(
            Severity::High,
            ReasonCode::VersionUnsupported,
            format!("EKS no longer supports Kubernetes {version}: it lists only newer versions."),
        ),
        Ok(VersionSupport::NotListed) => Verdict::warning(
            ReasonCode::VersionNotListed,
            format!("EKS does not list Kubernetes {version}."),
        ),
    }
}

fn by_entry(cluster: &EksCluster, listed: &ListedVersion, settings: &ParameterValues) -> Verdict {
    let version = listed.version;
    if listed.is_supported() == Some(false) {
        let text = match listed.end_of_extended {
            Some(end) => format!(
                "EKS no longer supports Kubernetes {version}: extended support ended on {}.",
                end.date
            ),
            None => format!("EKS no longer supports Kubernetes {version}."),
        };
        return Verdict::failed(Severity::High, ReasonCode::VersionUnsupported, text);
    }
    let is_past = |end: EndOfSupport| end.is_past();
    let is_extended = listed.status == Some(SupportStatus::Extended)
        || listed.end_of_standard.is_some_and(is_past);
    let unknown = |support: &str| {
        Verdict::not_available(&Unread {
            code: ReasonCode::VersionSupportUnknown,
            text: format!(
                "eks:DescribeClusterVersions returned neither a known status nor the end of {support} for Kubernetes \
                 {version}."
            ),
        })
    };
    if listed.status.is_none() && listed.end_of_standard.is_none() {
        return unknown("support");
    }
    let allows_extended = settings.get(&ALLOW_EXTENDED_SUPPORT);
    if is_extended && !allows_extended {
        let text = format!(
            "Kubernetes {version} is in extended support{}.",
            until(listed.end_of_extended)
        );
        return Verdict::failed(Severity::Medium, ReasonCode::VersionInExtendedSupport, text);
    }
    // After the end of standard support, extended support may have ended too.
    if listed.is_supported().is_none() {
        return unknown("extended support");
    }
    // If extended support is allowed, only its end matters.
    let (kind, end) = if allows_extended {
        ("extended", listed.end_of_extended)
    } else {
        ("standard", listed.end_of_standard)
    };
    let days = i64::from(settings.get(&WARN_DAYS));
    match end {
        Some(end) if end.days_left <= days => Verdict::warning(
            ReasonCode::SupportEndsSoon,
            format!(
                "The {kind} support of Kubernetes {version} ends on {}. {}",
                end.date,
                consequence(cluster, kind, end.date)
            ),
        ),
        _ if is_extended => Verdict::passed(
            ReasonCode::ExtendedSupportAllowed,
            format!(
                "Kubernetes {version} is in extended support{}, which is allowed.",
                until(listed.end_of_extended)
            ),
        ),
        _ => Verdict::passed(
            ReasonCode::VersionInStandardSupport,
            format!(
                "Kubernetes {version} is in standard support{}.",
                until(listed.end_of_standard)
            ),
        ),
    }
}

fn until(end: Option<EndOfSupport>) -> String {
    end.map_or_else(String::new, |end| format!(" until {}", end.date))
}

/// Returns what EKS does with the cluster when the support of its version ends.
fn consequence(cluster: &EksCluster, kind: &str, date: Date) -> String {
    if kind == "standard" && cluster.upgrade_policy == UpgradePolicy::Extended {
        format!("Extended support, which costs more, begins after {date}.")
    } else {
        format!("EKS upgrades the control plane by itself after {date}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, listed_version, settings, unread};
    use crate::facts::List;
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);

    fn end(days_left: i64) -> EndOfSupport {
        let today: Date = "2026-11-28".parse().unwrap();
        EndOfSupport {
            date: today
                .checked_add(jiff::Span::new().days(days_left))
                .unwrap(),
            days_left,
        }
    }

    fn entry(
        status: Option<SupportStatus>,
        standard: Option<i64>,
        extended: Option<i64>,
    ) -> EksCluster {
        EksCluster {
            listed_versions: List::complete(vec![ListedVersion {
                status,
                end_of_standard: standard.map(end),
                end_of_extended: extended.map(end),
                ..listed_version("1.33")
            }]),
            ..cluster()
        }
    }

    /// Returns a cluster with version 1.33 if EKS lists only these versions.
    fn unlisted(versions: &[&str]) -> EksCluster {
        let listed = versions.iter().map(|version| listed_version(version));
        EksCluster {
            listed_versions: List::complete(listed.collect()),
            ..cluster()
        }
    }

    fn outcome(cluster: &EksCluster, parameters: &str) -> Outcome {
        evaluate(cluster, &settings(CHECK.parameters, parameters)).outcome
    }

    #[test]
    fn the_status_and_the_dates_decide() {
        use SupportStatus::{Extended, Standard, Unsupported};
        let allowed = r#"{"allowExtendedSupport": true}"#;
        for (cluster, parameters, expected) in vec![
            (
                entry(Some(Standard), Some(200), Some(565)),
                "{}",
                Outcome::Passed,
            ),
            (
                entry(Some(Standard), Some(61), Some(426)),
                "{}",
                Outcome::Passed,
            ),
            (
                entry(Some(Standard), Some(60), Some(425)),
                "{}",
                Outcome::Warning,
            ),
            (
                entry(Some(Standard), Some(60), Some(425)),
                r#"{"warnDays": 10}"#,
                Outcome::Passed,
            ),
            (
                entry(Some(Standard), Some(60), Some(425)),
                allowed,
                Outcome::Passed,
            ),
            (entry(Some(Standard), Some(-1), Some(364)), "{}", MEDIUM),
            (entry(Some(Standard), None, None), "{}", Outcome::Passed),
            (entry(None, Some(100), None), "{}", Outcome::Passed),
            (entry(None, None, None), "{}", Outcome::NotAvailable),
            (entry(None, Some(-100), None), "{}", MEDIUM),
            (
                entry(None, Some(-100), None),
                allowed,
                Outcome::NotAvailable,
            ),
            (entry(None, Some(-100), Some(265)), allowed, Outcome::Passed),
            (entry(Some(Extended), Some(-100), Some(265)), "{}", MEDIUM),
            (entry(Some(Extended), None, None), "{}", MEDIUM),
            (
                entry(Some(Extended), Some(-100), Some(300)),
                allowed,
                Outcome::Passed,
            ),
            (
                entry(Some(Extended), Some(-345), Some(20)),
                allowed,
                Outcome::Warning,
            ),
            (entry(Some(Extended), Some(-366), Some(-1)), allowed, HIGH),
            (
                entry(Some(Unsupported), Some(-490), Some(-125)),
                allowed,
                HIGH,
            ),
            (entry(Some(Unsupported), None, None), "{}", HIGH),
        ] {
            assert_eq!(
                outcome(&cluster, parameters),
                expected,
                "{:?} {parameters}",
                cluster.listed_versions
            );
        }
    }

    #[test]
    fn versions_that_eks_does_not_list() {
        let unread = EksCluster {
            listed_versions: List::unread(unread()),
            ..cluster()
        };
        for (cluster, expected) in [
            (unlisted(&["1.34", "1.35"]), HIGH),
            (unlisted(&["1.32", "1.34"]), Outcome::Warning),
            (unlisted(&["1.31", "1.32"]), Outcome::Warning),
            (unlisted(&[]), Outcome::NotAvailable),
            (unread, Outcome::NotAvailable),
        ] {
            assert_eq!(
                outcome(&cluster, "{}"),
                expected,
                "{:?}",
                cluster.listed_versions
            );
        }
    }

    #[test]
    fn a_cluster_without_a_version_has_no_result() {
        let cluster = EksCluster {
            version: None,
            ..unlisted(&["1.34"])
        };
        let verdict = evaluate(&cluster, &ParameterValues::default());
        assert_eq!(verdict.codes(), ["VERSION_UNKNOWN"]);
        assert_eq!(verdict.outcome, Outcome::NotAvailable);
    }

    #[test]
    fn reasons_name_the_version_and_the_end_of_its_support() {
        use SupportStatus::{Extended, Standard};
        let allowed = r#"{"allowExtendedSupport": true}"#;
        for (cluster, parameters, code, text) in [
            (
                entry(Some(Standard), Some(200), None),
                "{}",
                "VERSION_IN_STANDARD_SUPPORT",
                "Kubernetes 1.33 is in standard support until 2027-06-16.",
            ),
            (
                entry(Some(Extended), None, Some(300)),
                "{}",
                "VERSION_IN_EXTENDED_SUPPORT",
                "Kubernetes 1.33 is in extended support until 2027-09-24.",
            ),
            (
                entry(Some(Extended), None, Some(300)),
                allowed,
                "EXTENDED_SUPPORT_ALLOWED",
                "Kubernetes 1.33 is in extended support until 2027-09-24, which is allowed.",
            ),
            (
                entry(Some(Standard), None, None),
                allowed,
                "VERSION_IN_STANDARD_SUPPORT",
                "Kubernetes 1.33 is in standard support.",
            ),
            (
                entry(None, None, None),
                "{}",
                "VERSION_SUPPORT_UNKNOWN",
                "eks:DescribeClusterVersions returned neither a known status nor the end of support for Kubernetes \
                 1.33.",
            ),
            (
                entry(None, Some(-100), None),
                allowed,
                "VERSION_SUPPORT_UNKNOWN",
                "eks:DescribeClusterVersions returned neither a known status nor the end of extended support for \
                 Kubernetes 1.33.",
            ),
            (
                unlisted(&["1.34"]),
                "{}",
                "VERSION_UNSUPPORTED",
                "EKS no longer supports Kubernetes 1.33: it lists only newer versions.",
            ),
            (
                unlisted(&["1.32", "1.34"]),
                "{}",
                "VERSION_NOT_LISTED",
                "EKS does not list Kubernetes 1.33.",
            ),
        ] {
            let verdict = evaluate(&cluster, &settings(CHECK.parameters, parameters));
            let reason = &verdict.reasons[0];
            assert_eq!((reason.code.word(), reason.text.as_str()), (code, text));
        }
    }

    #[test]
    fn a_warning_names_the_date_and_the_consequence_but_no_number_of_days() {
        let warning = |policy, days_left| {
            let cluster = EksCluster {
                upgrade_policy: policy,
                ..entry(Some(SupportStatus::Standard), Some(days_left), None)
            };
            evaluate(&cluster, &ParameterValues::default()).reasons[0]
                .text
                .clone()
        };
        let text = warning(UpgradePolicy::Extended, 30);
        assert!(
            text.contains("ends on 2026-12-28. Extended support"),
            "{text}"
        );
        let text = warning(UpgradePolicy::Standard, 30);
        assert!(text.contains("EKS upgrades the control plane"), "{text}");
        assert!(!text.contains("30"), "{text}");
    }
}
