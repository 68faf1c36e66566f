//! ## What it checks
//!
//! An EKS cluster should be ready for an upgrade to the next Kubernetes version. EKS itself evaluates this, in its
//! *insights*: it looks for deprecated APIs that are in use, for nodes whose version is too old, for add-ons that are
//! not compatible, and for errors in the configuration of hybrid nodes. The check fails if an insight has the status
//! `ERROR`.
//!
//! The result is a warning if an insight has the status `WARNING` or `UNKNOWN`, and if EKS has refreshed none of the
//! insights in the last 7 days, although it does so every day. The check does not apply to a cluster without insights,
//! which is usually new. Insights about returning to the previous version are not evaluated.
//!
//! ## Why it matters
//!
//! Security fixes of Kubernetes come with upgrades. A cluster that is not ready for an upgrade either stays on its old
//! version, or loses workloads or nodes in the upgrade.
//!
//! ## How to fix it
//!
//! Look up the recommendation and the affected resources of the insight. EKS evaluates it again within a day, or when
//! you refresh the insights.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::cluster::{Insight, InsightStatus};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

/// The age in whole days from which insights are outdated. EKS refreshes them every 24 hours.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html>.
const OUTDATED_FROM: i64 = 7;

pub(super) static CHECK: Check = Check {
    id: "eks-upgrade-insights",
    enabled: true,
    title: "EKS clusters should be ready for the next Kubernetes version",
    requirement: "The insights of EKS into the cluster should report no errors that affect an upgrade.",
    severities: &[(
        Severity::Medium,
        "the upgrade that brings security fixes would break workloads or nodes",
    )],
    remediation: Remediation {
        text: "Look up the recommendation and the affected resources of each insight, and follow the recommendation.",
        command: "aws eks describe-insight --region {region} --cluster-name {name} --id <insight ID>",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html",
    },
    parameters: &[],
    needs: &[Need::Insights],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let insights = cluster.insights.items.iter();
    let insights: Vec<&Insight> = insights.filter(|one| !one.is_about_rollback).collect();
    let with = |status: InsightStatus, code: ReasonCode, begin: &str| {
        let insights = insights.iter().filter(|one| one.status == status);
        let described: Vec<String> = insights.map(|one| described(one)).collect();
        (!described.is_empty()).then(|| {
            let names = names(described.iter().map(String::as_str));
            Reason::new(code, format!("{begin}: {names}."))
        })
    };
    let errors = with(
        InsightStatus::Error,
        ReasonCode::InsightErrors,
        "EKS reports errors in these insights",
    );
    let warnings = with(
        InsightStatus::Warning,
        ReasonCode::InsightWarnings,
        "EKS reports warnings in these insights",
    );
    let unknown = with(
        InsightStatus::Unknown,
        ReasonCode::InsightsUnknown,
        "EKS reports no result of these insights",
    );
    let failed = errors.is_some();
    let reasons: Vec<Reason> = [errors, warnings, unknown].into_iter().flatten().collect();
    if failed {
        return Verdict::failed_for(Severity::Medium, reasons);
    }
    if let Some(unread) = &cluster.insights.missing {
        return Verdict::not_available(unread);
    }
    if insights.is_empty() {
        return Verdict::not_applicable(
            ReasonCode::NoInsights,
            "EKS has no insights into the cluster yet.",
        );
    }
    if !reasons.is_empty() {
        return Verdict::warning_for(reasons);
    }
    match insights.iter().filter_map(|one| one.days_old).min() {
        None => Verdict::not_available(&Unread {
            code: ReasonCode::InsightAgeUnknown,
            text: format!(
                "The response of eks:ListInsights on cluster {} lacks the time at which EKS refreshed the insights.",
                cluster.name
            ),
        }),
        Some(days) if days >= OUTDATED_FROM => Verdict::warning(
            ReasonCode::InsightsOutdated,
            format!("EKS has not refreshed the insights in the last {OUTDATED_FROM} days."),
        ),
        Some(_) => Verdict::passed(
            ReasonCode::InsightsPassing,
            "All insights of EKS into the cluster pass.",
        ),
    }
}

/// Returns the name of an insight with its Kubernetes version and its ID.
fn described(insight: &Insight) -> String {
    let name = match insight.name.as_str() {
        "" => "an insight without a name",
        name => name,
    };
    let version = insight
        .version
        .map(|version| format!("Kubernetes {version}"));
    let id = Some(insight.id.clone()).filter(|id| !id.is_empty());
    let details: Vec<String> = [version, id].into_iter().flatten().collect();
    if details.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", details.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, insight, unread};
    use crate::facts::List;
    use crate::verdict::Outcome;

    const FAILED: Outcome = Outcome::Failed(Severity::Medium);

    fn verdict(items: Vec<Insight>, missing: Option<Unread>) -> Verdict {
        let cluster = EksCluster {
            insights: List { items, missing },
            ..cluster()
        };
        evaluate(&cluster, &ParameterValues::default())
    }

    fn passing() -> Insight {
        insight("passing", InsightStatus::Passing)
    }

    fn warning() -> Insight {
        insight("warning", InsightStatus::Warning)
    }

    fn unknown() -> Insight {
        insight("unknown", InsightStatus::Unknown)
    }

    fn error() -> Insight {
        insight("error", InsightStatus::Error)
    }

    #[test]
    fn the_status_of_each_insight_decides() {
        let rollback = || Insight {
            is_about_rollback: true,
            ..error()
        };
        for (insights, expected, codes) in [
            (vec![], Outcome::NotApplicable, &["NO_INSIGHTS"] as &[_]),
            (vec![rollback()], Outcome::NotApplicable, &["NO_INSIGHTS"]),
            (vec![passing()], Outcome::Passed, &["INSIGHTS_PASSING"]),
            (
                vec![passing(), rollback()],
                Outcome::Passed,
                &["INSIGHTS_PASSING"],
            ),
            (vec![error()], FAILED, &["INSIGHT_ERRORS"]),
            (
                vec![unknown(), warning(), passing(), error()],
                FAILED,
                &["INSIGHT_ERRORS", "INSIGHT_WARNINGS", "INSIGHTS_UNKNOWN"],
            ),
            (
                vec![passing(), warning()],
                Outcome::Warning,
                &["INSIGHT_WARNINGS"],
            ),
            (
                vec![passing(), unknown()],
                Outcome::Warning,
                &["INSIGHTS_UNKNOWN"],
            ),
        ] {
            let verdict = verdict(insights, None);
            assert_eq!(
                (verdict.outcome, verdict.codes().as_slice()),
                (expected, codes)
            );
        }
    }

    #[test]
    fn insights_that_were_not_refreshed_for_a_week_are_a_warning() {
        let aged = |days_old: Option<i64>| Insight {
            days_old,
            ..passing()
        };
        for (ages, expected) in [
            (vec![Some(0)], Outcome::Passed),
            (vec![Some(-1)], Outcome::Passed),
            (vec![Some(6)], Outcome::Passed),
            (vec![Some(7)], Outcome::Warning),
            (vec![Some(7), Some(1)], Outcome::Passed),
            (vec![Some(7), None], Outcome::Warning),
            (vec![Some(1), None], Outcome::Passed),
            (vec![None], Outcome::NotAvailable),
        ] {
            let insights = ages.iter().copied().map(aged).collect();
            assert_eq!(verdict(insights, None).outcome, expected, "{ages:?}");
        }
        let text = |days| verdict(vec![aged(Some(days))], None).explanation();
        assert_eq!(text(7), text(9));
    }

    #[test]
    fn unread_insights_prevent_a_pass_but_not_a_failure() {
        for (insights, expected) in [
            (vec![], Outcome::NotAvailable),
            (vec![passing()], Outcome::NotAvailable),
            (vec![warning()], Outcome::NotAvailable),
            (vec![error()], FAILED),
        ] {
            assert_eq!(verdict(insights, Some(unread())).outcome, expected);
        }
    }

    #[test]
    fn the_reasons_name_insights_in_sorted_order() {
        let unnamed = Insight {
            id: String::new(),
            name: String::new(),
            version: None,
            ..error()
        };
        let text = verdict(vec![unnamed, error()], None).explanation();
        assert_eq!(
            text,
            "EKS reports errors in these insights: an insight without a name, error (Kubernetes 1.34, 4cf936e8)."
        );
    }
}
