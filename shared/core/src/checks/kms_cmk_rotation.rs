//! ## What it checks
//!
//! KMS should rotate a customer managed key automatically, and often enough. The check fails when automatic rotation is
//! off, or when its period is longer than `maxRotationPeriodDays`. On-demand rotation does not count. The check applies
//! to enabled symmetric encryption keys with material that KMS created. KMS does not rotate other keys automatically,
//! and a multi-Region replica follows its primary key.
//!
//! ## Why it matters
//!
//! Rotation limits the amount of data that one version of the key material protects. Users of the key do not notice it:
//! KMS keeps the old material for decryption, and the id and ARN of the key stay the same.
//!
//! ## How to fix it
//!
//! Turn automatic rotation on with a period of at most `maxRotationPeriodDays`. KMS charges for the first two rotations
//! of a key.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::KmsKey;
use crate::facts::key::Rotation;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static MAX_ROTATION_PERIOD_DAYS: Parameter<u32> = Parameter {
    name: "maxRotationPeriodDays",
    description: "The maximum rotation period, in days; KMS allows 90 to 2560.",
    default: 365,
};

pub(super) static CHECK: Check = Check {
    id: "kms-cmk-rotation",
    enabled: true,
    title: "Customer managed KMS keys should be rotated automatically",
    requirement: "Automatic key rotation should be on, with a rotation period of at most maxRotationPeriodDays.",
    severities: &[(
        Severity::Medium,
        "the same key material protects an ever larger amount of data",
    )],
    remediation: Remediation {
        text: "Turn on automatic key rotation with a rotation period of at most maxRotationPeriodDays.",
        command: "aws kms enable-key-rotation --region {region} --key-id {name} --rotation-period-in-days 365",
        url: "https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable.html",
    },
    parameters: &[&MAX_ROTATION_PERIOD_DAYS],
    needs: &[Need::KeyRotation],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(key: &KmsKey, settings: &ParameterValues) -> Verdict {
    if let Some(reason) = key.cannot_rotate() {
        return Verdict::not_applicable(ReasonCode::KeyCannotRotate, reason);
    }
    let longest = settings.get(&MAX_ROTATION_PERIOD_DAYS);
    match &key.rotation {
        Err(unread) => Verdict::not_available(unread),
        Ok(Rotation::Unsupported) => Verdict::not_applicable(
            ReasonCode::KeyCannotRotate,
            "KMS does not support automatic key rotation for the key.",
        ),
        Ok(Rotation::Off) => Verdict::failed(
            Severity::Medium,
            ReasonCode::RotationOff,
            "Automatic key rotation is off.",
        ),
        Ok(Rotation::Every { days }) if *days > longest => Verdict::failed(
            Severity::Medium,
            ReasonCode::RotationPeriodTooLong,
            format!("The rotation period is {days} days, which is more than {longest} days."),
        ),
        Ok(Rotation::Every { days }) => Verdict::passed(
            ReasonCode::RotationOn,
            format!("KMS rotates the key automatically every {days} days."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{key, settings, unread};
    use crate::facts::key::KeyState;
    use crate::verdict::Outcome;

    fn outcome(key: &KmsKey, parameters: &str) -> Outcome {
        evaluate(key, &settings(CHECK.parameters, parameters)).outcome
    }

    #[test]
    fn rotation_must_be_on_with_a_short_enough_period() {
        for (rotation, parameters, expected) in [
            (Ok(Rotation::Every { days: 365 }), "{}", Outcome::Passed),
            (
                Ok(Rotation::Every { days: 366 }),
                "{}",
                Outcome::Failed(Severity::Medium),
            ),
            (
                Ok(Rotation::Every { days: 365 }),
                r#"{"maxRotationPeriodDays": "90"}"#,
                Outcome::Failed(Severity::Medium),
            ),
            (Ok(Rotation::Off), "{}", Outcome::Failed(Severity::Medium)),
            (Ok(Rotation::Unsupported), "{}", Outcome::NotApplicable),
            (Err(unread()), "{}", Outcome::NotAvailable),
        ] {
            assert_eq!(outcome(&KmsKey { rotation, ..key() }, parameters), expected);
        }
    }

    #[test]
    fn keys_that_cannot_rotate_are_not_applicable() {
        let text = |value: &str| Some(value.to_owned());
        for (key, expected) in [
            (
                KmsKey {
                    spec: None,
                    usage: None,
                    origin: None,
                    ..key()
                },
                Outcome::Passed,
            ),
            (
                KmsKey {
                    customer_managed: false,
                    ..key()
                },
                Outcome::NotApplicable,
            ),
            (
                KmsKey {
                    spec: text("RSA_2048"),
                    ..key()
                },
                Outcome::NotApplicable,
            ),
            (
                KmsKey {
                    usage: text("GENERATE_VERIFY_MAC"),
                    ..key()
                },
                Outcome::NotApplicable,
            ),
            (
                KmsKey {
                    origin: text("EXTERNAL"),
                    ..key()
                },
                Outcome::NotApplicable,
            ),
            (
                KmsKey {
                    replica: true,
                    ..key()
                },
                Outcome::NotApplicable,
            ),
            (
                KmsKey {
                    state: KeyState::Other("PendingDeletion".into()),
                    ..key()
                },
                Outcome::NotApplicable,
            ),
        ] {
            assert_eq!(outcome(&key, "{}"), expected, "{key:?}");
        }
    }
}
