//! ## What it checks
//!
//! A trail of AWS CloudTrail should log all management events of Amazon EKS, Amazon ECR and AWS KMS in all Regions. The
//! check applies to each account and Region that has an EKS cluster or an ECR repository. The trail can be one of the
//! account or of its organization, with any home Region. One trail must meet all requirements, and the best one decides:
//!
//! - It logs the events of all Regions, and logging is on. Otherwise the severity is HIGH.
//! - CloudTrail could deliver the last log files, and no event selector leaves out events that read, events that write,
//!   or the events of one of the three services. Otherwise the severity is MEDIUM.
//! - Log file validation is on, and with `requireInsights` the trail also logs CloudTrail Insights events. Otherwise the
//!   severity is LOW.
//!
//! Event data stores of CloudTrail Lake are not evaluated.
//!
//! ## Why it matters
//!
//! Without the events, nobody can find out who changed a cluster, pushed an image, or decrypted the Secrets of a
//! cluster. An attacker who changes log files remains undetected if the files are not validated.
//!
//! ## How to fix it
//!
//! Change the trail to log all management events of all Regions with log file validation, and start it: `aws cloudtrail
//! start-logging`. If there is no trail, create one, preferably for the organization.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::Account;
use crate::facts::account::{Access, Trail, TrailStatus};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Outcome, Reason, Verdict};

static REQUIRE_INSIGHTS: Parameter<bool> = Parameter {
    name: "requireInsights",
    description: "Whether the trail should also log CloudTrail Insights events.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "cloudtrail-multi-region-trail",
    enabled: true,
    title: "CloudTrail should log what is done to EKS, ECR and KMS in every Region",
    requirement: "A trail should log and deliver all management events of all Regions, with log file validation.",
    severities: &[
        (
            Severity::High,
            "nothing records who changes clusters, images and keys in all Regions",
        ),
        (Severity::Medium, "some events are not recorded"),
        (
            Severity::Low,
            "changes to log files, or unusual activity, may remain undetected",
        ),
    ],
    remediation: Remediation {
        text: "Change the trail to log all management events of all Regions with log file validation, and start it: aws \
               cloudtrail start-logging.",
        command: "aws cloudtrail update-trail --region <home Region> --name <trail> --is-multi-region-trail \
                  --enable-log-file-validation",
        url: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html",
    },
    parameters: &[&REQUIRE_INSIGHTS],
    needs: &[Need::Trails],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(account: &Account, settings: &ParameterValues) -> Verdict {
    if let Some(reason) = account.nothing_to_record() {
        return Verdict::not_applicable(ReasonCode::NothingToRecord, reason);
    }
    let requires_insights = settings.get(&REQUIRE_INSIGHTS);
    let trails = account.trails.items.iter();
    let best = trails
        .filter(|trail| trail.is_multi_region)
        .map(|trail| evaluate_trail(trail, requires_insights))
        .min_by_key(|verdict| verdict.outcome);
    match (best, &account.trails.missing) {
        (Some(best), _) if best.outcome == Outcome::Passed => best,
        (_, Some(unread)) => Verdict::not_available(unread),
        (Some(best), None) => best,
        (None, None) => Verdict::failed(
            Severity::High,
            ReasonCode::NoMultiRegionTrail,
            "No trail logs the events of all Regions.",
        ),
    }
}

/// Evaluates a trail as if it were the only one. A trail that fails certainly, and about which something is unknown, has
/// at least the severity of the verdict.
fn evaluate_trail(trail: &Trail, requires_insights: bool) -> Verdict {
    let mut failures = Vec::new();
    let mut unread = Vec::new();
    match &trail.status {
        Ok(status) => failures.extend(failure_of_status(&trail.name, status)),
        Err(reason) => unread.push(reason),
    }
    // A trail that is off logs nothing, whatever its selectors select.
    let is_off = matches!(&trail.status, Ok(status) if !status.is_logging);
    let unlogged = unlogged(trail);
    match &trail.selectors.missing {
        _ if is_off || unlogged.is_empty() => {}
        Some(reason) => unread.push(reason),
        None => {
            let text = format!("The trail {} does not log {unlogged}.", trail.name);
            let reason = Reason::new(ReasonCode::EventsNotLogged, text);
            failures.push((Severity::Medium, reason));
        }
    }
    if !trail.validates_log_files {
        let text = format!("Log file validation is off for the trail {}.", trail.name);
        let reason = Reason::new(ReasonCode::TrailWithoutValidation, text);
        failures.push((Severity::Low, reason));
    }
    if requires_insights && !trail.has_insights {
        let text = format!(
            "The trail {} does not log CloudTrail Insights events.",
            trail.name
        );
        let reason = Reason::new(ReasonCode::TrailWithoutInsights, text);
        failures.push((Severity::Low, reason));
    }
    let failures = failures.into_iter();
    let failures = failures.map(|(severity, reason)| (severity, Some(reason)));
    match (Verdict::failed_by(failures), unread.as_slice()) {
        (Some(mut failed), unread) => {
            let unread = unread.iter();
            let unread = unread.map(|unread| Reason::new(unread.code, unread.text.clone()));
            failed.reasons.extend(unread);
            failed
        }
        (None, [unread, ..]) => Verdict::not_available(unread),
        (None, []) => {
            let text = format!(
                "The trail {} logs all management events of Amazon EKS, Amazon ECR and AWS KMS in all Regions.",
                trail.name
            );
            Verdict::passed(ReasonCode::TrailLogsEvents, text)
        }
    }
}

/// Returns the failure that the state of a trail shows.
fn failure_of_status(trail: &str, status: &TrailStatus) -> Option<(Severity, Reason)> {
    if !status.is_logging {
        let text = format!("Logging is off for the multi-Region trail {trail}.");
        let reason = Reason::new(ReasonCode::NoMultiRegionTrail, text);
        return Some((Severity::High, reason));
    }
    let error = status.delivery_error.as_ref()?;
    let text =
        format!("CloudTrail could not deliver the last log files of the trail {trail}: {error}.");
    let reason = Reason::new(ReasonCode::TrailNotDelivered, text);
    Some((Severity::Medium, reason))
}

/// Returns the management events that a trail does not log, in words; empty if it logs all of them.
fn unlogged(trail: &Trail) -> String {
    let kinds = [("read", Access::Read), ("write", Access::Write)];
    let missing = kinds.into_iter().filter_map(|(kind, access)| {
        let services = names(trail.unlogged(access));
        (!services.is_empty()).then(|| format!("{kind} events of {services}"))
    });
    missing.collect::<Vec<_>>().join(", and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{account, settings, trail, unread};
    use crate::facts::List;
    use crate::facts::account::{EventSelector, EventSources};

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn with_status(is_logging: bool, delivery_error: Option<&str>) -> Trail {
        Trail {
            status: Ok(TrailStatus {
                is_logging,
                delivery_error: delivery_error.map(str::to_owned),
            }),
            ..trail()
        }
    }

    fn with_selectors(selectors: List<EventSelector>) -> Trail {
        Trail {
            selectors,
            ..trail()
        }
    }

    fn all_but(services: &[&str]) -> EventSelector {
        EventSelector {
            sources: EventSources::AllBut(services.iter().map(ToString::to_string).collect()),
            ..EventSelector::all()
        }
    }

    fn not_validated() -> Trail {
        Trail {
            validates_log_files: false,
            ..trail()
        }
    }

    fn denied() -> Trail {
        Trail {
            status: Err(unread()),
            ..trail()
        }
    }

    fn verdict(trails: List<Trail>, json: &str) -> Verdict {
        let account = Account {
            trails,
            ..account()
        };
        evaluate(&account, &settings(CHECK.parameters, json))
    }

    #[test]
    fn the_best_trail_decides() {
        let one_region = || Trail {
            is_multi_region: false,
            ..trail()
        };
        let stopped = || with_status(false, None);
        let failing = || with_status(true, Some("NoSuchBucket"));
        for (trails, expected) in [
            (vec![], HIGH),
            (vec![one_region()], HIGH),
            (vec![trail()], Outcome::Passed),
            (vec![stopped()], HIGH),
            (vec![stopped(), trail()], Outcome::Passed),
            (vec![failing()], MEDIUM),
            (vec![failing(), stopped()], MEDIUM),
            (vec![failing(), trail()], Outcome::Passed),
            (vec![not_validated()], LOW),
            (vec![not_validated(), failing(), stopped()], LOW),
            (vec![one_region(), stopped()], HIGH),
        ] {
            let verdict = verdict(List::complete(trails.clone()), "{}");
            assert_eq!(verdict.outcome, expected, "{trails:?}");
        }
    }

    #[test]
    fn an_unknown_trail_may_be_the_best_one() {
        let denied_and_not_validated = || Trail {
            status: Err(unread()),
            ..not_validated()
        };
        let unknown = || with_selectors(List::unread(unread()));
        for (trails, expected) in [
            (vec![denied()], Outcome::NotAvailable),
            (vec![denied(), trail()], Outcome::Passed),
            (vec![denied(), not_validated()], Outcome::NotAvailable),
            (vec![unknown()], Outcome::NotAvailable),
            (vec![unknown(), trail()], Outcome::Passed),
            (vec![denied_and_not_validated()], LOW),
            (
                vec![denied_and_not_validated(), with_status(false, None)],
                LOW,
            ),
        ] {
            let verdict = verdict(List::complete(trails.clone()), "{}");
            assert_eq!(verdict.outcome, expected, "{trails:?}");
        }
        for (items, expected) in [
            (vec![], Outcome::NotAvailable),
            (vec![not_validated()], Outcome::NotAvailable),
            (vec![trail()], Outcome::Passed),
        ] {
            let missing = Some(unread());
            let verdict = verdict(List { items, missing }, "{}");
            assert_eq!(verdict.outcome, expected);
        }
        let verdict = verdict(List::complete(vec![denied_and_not_validated()]), "{}");
        assert_eq!(
            verdict.explanation(),
            "Log file validation is off for the trail main. Access was denied."
        );
    }

    #[test]
    fn a_trail_must_log_all_management_events_of_the_services() {
        let one_way = |reads| EventSelector {
            reads,
            writes: !reads,
            ..EventSelector::all()
        };
        let rds = all_but(&["rdsdata.amazonaws.com"]);
        let some = |selectors| List::complete(selectors);
        let not_understood = |items| List {
            items,
            missing: Some(unread()),
        };
        for (selectors, expected, unlogged) in [
            (some(vec![EventSelector::all()]), Outcome::Passed, ""),
            (some(vec![rds]), Outcome::Passed, ""),
            (
                some(vec![one_way(true), one_way(false)]),
                Outcome::Passed,
                "",
            ),
            (
                some(vec![one_way(true)]),
                MEDIUM,
                "write events of ecr.amazonaws.com, eks.amazonaws.com, kms.amazonaws.com",
            ),
            (
                some(vec![all_but(&["kms.amazonaws.com"])]),
                MEDIUM,
                "read events of kms.amazonaws.com, and write events of kms.amazonaws.com",
            ),
            (
                some(vec![]),
                MEDIUM,
                "read events of ecr.amazonaws.com, eks.amazonaws.com, kms.amazonaws.com, and write events of \
                 ecr.amazonaws.com, eks.amazonaws.com, kms.amazonaws.com",
            ),
            (
                not_understood(vec![EventSelector::all()]),
                Outcome::Passed,
                "",
            ),
            (
                not_understood(vec![one_way(true)]),
                Outcome::NotAvailable,
                "write events of ecr.amazonaws.com, eks.amazonaws.com, kms.amazonaws.com",
            ),
        ] {
            let trail = with_selectors(selectors);
            assert_eq!(super::unlogged(&trail), unlogged);
            let verdict = verdict(List::complete(vec![trail.clone()]), "{}");
            assert_eq!(verdict.outcome, expected, "{trail:?}");
        }
    }

    #[test]
    fn insights_can_be_required() {
        let required = r#"{"requireInsights": "true"}"#;
        let with_insights = || Trail {
            has_insights: true,
            ..trail()
        };
        for (trails, json, expected) in [
            (vec![trail()], "{}", Outcome::Passed),
            (vec![trail()], required, LOW),
            (vec![trail(), with_insights()], required, Outcome::Passed),
            (vec![denied(), trail()], required, LOW),
        ] {
            let verdict = verdict(List::complete(trails.clone()), json);
            assert_eq!(verdict.outcome, expected, "{trails:?} {json}");
        }
    }

    #[test]
    fn a_region_without_clusters_and_repositories_needs_no_trail() {
        for (has_clusters, has_repositories, expected) in [
            (Ok(false), Ok(false), Outcome::NotApplicable),
            (Ok(true), Ok(false), HIGH),
            (Ok(false), Ok(true), HIGH),
            (Err(unread()), Ok(false), HIGH),
        ] {
            let account = Account {
                has_clusters,
                has_repositories,
                trails: List::complete(Vec::new()),
                ..account()
            };
            let verdict = evaluate(&account, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{account:?}");
        }
    }

    #[test]
    fn reasons_name_the_trail_and_the_problem() {
        for (trail, expected) in [
            (
                with_status(false, Some("NoSuchBucket")),
                "Logging is off for the multi-Region trail main.",
            ),
            (
                Trail {
                    selectors: List::unread(unread()),
                    ..with_status(false, None)
                },
                "Logging is off for the multi-Region trail main.",
            ),
            (
                with_status(true, Some("NoSuchBucket")),
                "CloudTrail could not deliver the last log files of the trail main: NoSuchBucket.",
            ),
        ] {
            let verdict = verdict(List::complete(vec![trail]), "{}");
            assert_eq!(verdict.explanation(), expected);
        }
    }
}
