//! ## What it checks
//!
//! AWS Config should record the resources that eksentry evaluates, in each account and Region that has an EKS cluster
//! or an ECR repository. The check fails when there is no recorder, when the recorder is off or its last delivery
//! failed, or when a type in `requiredTypes` is not recorded. A type that is recorded only once a day results in a
//! warning. The check evaluates the customer's own recorder. Recorders that AWS services create for themselves do not
//! count.
//!
//! ## Why it matters
//!
//! Without a recorder, no change triggers an AWS Config rule, and there is no record of who changed a cluster, a
//! repository or a key, and when.
//!
//! ## How to fix it
//!
//! Configure the recorder to record all resource types, or at least those in `requiredTypes`, continuously, and start
//! it.

use std::borrow::Cow;

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::Account;
use crate::facts::account::Recorder;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, Texts};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

static REQUIRED_TYPES: Parameter<Texts> = Parameter {
    name: "requiredTypes",
    description: "The AWS Config resource types that should be recorded.",
    default: Cow::Borrowed(&[
        Cow::Borrowed("AWS::EKS::Cluster"),
        Cow::Borrowed("AWS::ECR::Repository"),
        Cow::Borrowed("AWS::KMS::Key"),
    ]),
};

pub(super) static CHECK: Check = Check {
    id: "config-records-resources",
    enabled: true,
    title: "AWS Config should record EKS clusters, ECR repositories and KMS keys",
    requirement: "The AWS Config recorder should be on and record the required resource types continuously.",
    severities: &[(
        Severity::Medium,
        "changes to the resources are not recorded and trigger no AWS Config rule",
    )],
    remediation: Remediation {
        text: "Configure the recorder to record the required resource types continuously, and start it: aws \
               configservice start-configuration-recorder.",
        command: "aws configservice put-configuration-recorder --region {region} --configuration-recorder \
                  name=default,roleARN=<role> --recording-group allSupported=true,includeGlobalResourceTypes=false",
        url: "https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html",
    },
    parameters: &[&REQUIRED_TYPES],
    needs: &[Need::Recorder],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(account: &Account, settings: &ParameterValues) -> Verdict {
    if let Some(reason) = account.nothing_to_record() {
        return Verdict::not_applicable(ReasonCode::NothingToRecord, reason);
    }
    match &account.recorder {
        Err(unread) => Verdict::not_available(unread),
        Ok(None) => {
            let text = "AWS Config has no recorder in this account and Region.";
            Verdict::failed(Severity::Medium, ReasonCode::NoRecorder, text)
        }
        Ok(Some(recorder)) => evaluate_recorder(recorder, &settings.get(&REQUIRED_TYPES)),
    }
}

fn evaluate_recorder(recorder: &Recorder, required: &Texts) -> Verdict {
    let mut reasons = Vec::new();
    if !recorder.recording {
        reasons.push(Reason::new(
            ReasonCode::RecorderOff,
            "The AWS Config recorder is off.",
        ));
    }
    let last_status = recorder.last_status.as_deref();
    if last_status.is_some_and(|word| word.eq_ignore_ascii_case("Failure")) {
        let text = "The last delivery of the AWS Config recorder failed.";
        reasons.push(Reason::new(ReasonCode::RecorderFailed, text));
    }
    let types = recorder.types.as_ref();
    if let Ok(types) = types {
        let missing = |one: &&Cow<str>| !types.include(one);
        if let Some(list) = listed(required.iter().filter(missing)) {
            let text = format!("The AWS Config recorder does not record {list}.");
            reasons.push(Reason::new(ReasonCode::TypesNotRecorded, text));
        }
    }
    if !reasons.is_empty() {
        return Verdict::failed_for(Severity::Medium, reasons);
    }
    if let Err(unread) = types {
        return Verdict::not_available(unread);
    }
    let is_daily = |one: &&Cow<str>| recorder.daily.include(one);
    match listed(required.iter().filter(is_daily)) {
        Some(list) => {
            let text = format!(
                "The AWS Config recorder records {list} only once a day, so rules that are triggered by changes run up \
                 to a day late."
            );
            Verdict::warning(ReasonCode::TypesRecordedDaily, text)
        }
        None => Verdict::passed(
            ReasonCode::TypesRecorded,
            "The AWS Config recorder is on and records all required resource types.",
        ),
    }
}

/// Returns the types as one text, or `None` if there are none.
fn listed<'a>(types: impl Iterator<Item = &'a Cow<'a, str>>) -> Option<String> {
    let mut types: Vec<&str> = types.map(AsRef::as_ref).collect();
    types.sort_unstable();
    (!types.is_empty()).then(|| types.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{account, recorder, settings, unread};
    use crate::facts::Fact;
    use crate::facts::account::{DailyTypes, RecordedTypes};
    use crate::verdict::Outcome;

    const FAILED: Outcome = Outcome::Failed(Severity::Medium);

    fn outcome(recorder: Fact<Option<Recorder>>) -> Outcome {
        let account = Account {
            recorder,
            ..account()
        };
        evaluate(&account, &ParameterValues::default()).outcome
    }

    fn types(types: &[&str]) -> Vec<String> {
        types.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn every_required_type_must_be_recorded() {
        let (cluster, key) = ("AWS::EKS::Cluster", "AWS::KMS::Key");
        let repository = "AWS::ECR::Repository";
        for (recorded, expected) in [
            (Ok(RecordedTypes::All), Outcome::Passed),
            (
                Ok(RecordedTypes::Only(types(&[cluster, repository, key]))),
                Outcome::Passed,
            ),
            (
                Ok(RecordedTypes::Only(types(&[cluster, repository]))),
                FAILED,
            ),
            (Ok(RecordedTypes::AllBut(types(&[repository]))), FAILED),
            (
                Ok(RecordedTypes::AllBut(types(&["AWS::EC2::Instance"]))),
                Outcome::Passed,
            ),
            (Err(unread()), Outcome::NotAvailable),
        ] {
            let recorder = Recorder {
                types: recorded.clone(),
                ..recorder()
            };
            assert_eq!(outcome(Ok(Some(recorder))), expected, "{recorded:?}");
        }
    }

    #[test]
    fn the_recorder_must_be_on_and_deliver() {
        for (recording, last_status, types, expected) in [
            (
                true,
                Some("SUCCESS"),
                Ok(RecordedTypes::All),
                Outcome::Passed,
            ),
            (
                true,
                Some("Pending"),
                Ok(RecordedTypes::All),
                Outcome::Passed,
            ),
            (
                true,
                Some("NotApplicable"),
                Ok(RecordedTypes::All),
                Outcome::Passed,
            ),
            (true, None, Ok(RecordedTypes::All), Outcome::Passed),
            (true, Some("Failure"), Ok(RecordedTypes::All), FAILED),
            (true, Some("FAILURE"), Ok(RecordedTypes::All), FAILED),
            (false, Some("Success"), Ok(RecordedTypes::All), FAILED),
            // The recorder is off, which fails regardless of the types that it would record.
            (false, None, Err(unread()), FAILED),
        ] {
            let recorder = Recorder {
                recording,
                last_status: last_status.map(str::to_owned),
                types,
                ..recorder()
            };
            assert_eq!(
                outcome(Ok(Some(recorder.clone()))),
                expected,
                "{recorder:?}"
            );
        }
        assert_eq!(outcome(Ok(None)), FAILED);
        assert_eq!(outcome(Err(unread())), Outcome::NotAvailable);
    }

    #[test]
    fn a_type_that_is_recorded_daily_is_a_warning() {
        for (by_default, overrides, expected) in [
            (
                false,
                vec![(true, types(&["AWS::EKS::Cluster"]))],
                Outcome::Warning,
            ),
            (
                false,
                vec![(true, types(&["AWS::EC2::Instance"]))],
                Outcome::Passed,
            ),
            (true, vec![], Outcome::Warning),
        ] {
            let recorder = Recorder {
                daily: DailyTypes {
                    by_default,
                    overrides,
                },
                ..recorder()
            };
            assert_eq!(outcome(Ok(Some(recorder))), expected);
        }
    }

    #[test]
    fn a_region_without_clusters_and_repositories_needs_no_recorder() {
        let denied = || Err(unread());
        for (has_clusters, has_repositories, expected) in [
            (Ok(false), Ok(false), Outcome::NotApplicable),
            (Ok(false), Ok(true), FAILED),
            (denied(), Ok(false), FAILED),
            (denied(), denied(), FAILED),
        ] {
            let account = Account {
                has_clusters,
                has_repositories,
                recorder: Ok(None),
                ..account()
            };
            let verdict = evaluate(&account, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{account:?}");
        }
    }

    #[test]
    fn the_required_types_can_be_set() {
        let only = Recorder {
            types: Ok(RecordedTypes::Only(types(&["AWS::EKS::Cluster"]))),
            ..recorder()
        };
        let account = Account {
            recorder: Ok(Some(only)),
            ..account()
        };
        let clusters = settings(
            CHECK.parameters,
            r#"{"requiredTypes": "AWS::EKS::Cluster"}"#,
        );
        assert_eq!(evaluate(&account, &clusters).outcome, Outcome::Passed);
        let verdict = evaluate(&account, &ParameterValues::default());
        assert_eq!(
            verdict.explanation(),
            "The AWS Config recorder does not record AWS::ECR::Repository, AWS::KMS::Key."
        );
    }
}
