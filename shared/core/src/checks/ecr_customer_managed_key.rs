//! ## What it checks
//!
//! An ECR repository should encrypt images with a customer managed KMS key that can be used. `KMS` and `KMS_DSSE` are
//! both accepted.
//!
//! The check fails when the repository uses the default encryption (`AES256`), when its key is the AWS managed key
//! `aws/ecr`, or when `allowedKeyArns` is set and the key is not among them. Aliases are resolved first. It fails with a
//! higher severity when the key does not exist or can't be used, since it is disabled or pending deletion, for example.
//! A key that KMS does not let this account describe counts as named; whether it can be used is then unknown.
//!
//! ## Why it matters
//!
//! ECR encrypts all images. With a customer managed key, the key policy determines who can decrypt them, CloudTrail
//! shows when they are decrypted, and disabling the key makes them unreadable. If the key of a repository can't be used,
//! no image can be pulled, so nodes can't start the pods that need one.
//!
//! ## How to fix it
//!
//! Enable a disabled key, or cancel the deletion of a key that is pending deletion. The encryption of a repository can't
//! be changed: to use another key, create a new repository, and push the images again. Repositories that pull-through
//! cache rules and replication create get the encryption of a repository creation template.

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::keys::is_allowed;
use crate::facts::key::{KeyState, NamedKey};
use crate::facts::repository::{EcrRepository, Encryption, RepositoryKey};
use crate::facts::{Fact, Unread};
use crate::need::Need;
use crate::parameters::{KeyArns, Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALLOWED_KEY_ARNS: Parameter<KeyArns> = Parameter {
    name: "allowedKeyArns",
    description: "ARNs of the KMS keys that repositories may use, or of their aliases. If not set, any customer \
                  managed key is allowed.",
    default: KeyArns::ALL,
};

pub(super) static CHECK: Check = Check {
    id: "ecr-customer-managed-key",
    enabled: true,
    title: "ECR repositories should encrypt images with a working customer managed KMS key",
    requirement: "The images of a repository should be encrypted with an allowed customer managed KMS key that can be \
                  used.",
    severities: &[
        (
            Severity::High,
            "images can't be pulled without the key, so nodes can't start pods",
        ),
        (
            Severity::Low,
            "the images are not encrypted with a key whose use you can audit and revoke",
        ),
    ],
    remediation: Remediation {
        text: "Make the repository's key usable again, or create a repository with an allowed key: the encryption of a \
               repository can't be changed.",
        command: "aws ecr create-repository --region {region} --repository-name <new name> \
                  --encryption-configuration encryptionType=KMS,kmsKey=<key ARN>",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
    },
    parameters: &[&ALLOWED_KEY_ARNS],
    needs: &[Need::RepositoryKey],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(repository: &EcrRepository, settings: &ParameterValues) -> Verdict {
    match &repository.encryption {
        Encryption::Aes256 => Verdict::failed(
            Severity::Low,
            ReasonCode::EncryptedWithoutKey,
            "The images are encrypted with AES256, without a KMS key.",
        ),
        Encryption::Kms { key: None, .. } => Verdict::failed(
            Severity::Low,
            ReasonCode::KeyManagedByAws,
            "The repository names no KMS key, so ECR uses the AWS managed key aws/ecr.",
        ),
        Encryption::Kms { key: Some(key), .. } => {
            evaluate_key(key, &settings.get(&ALLOWED_KEY_ARNS))
        }
        Encryption::Unknown(name) => Verdict::warning(
            ReasonCode::EncryptionUnknown,
            format!(
                "The repository has the encryption type {name}, which this version of eksentry doesn't support. To fix \
                 this, update eksentry."
            ),
        ),
    }
}

fn evaluate_key(key: &RepositoryKey, allowed: &KeyArns) -> Verdict {
    let RepositoryKey { named, key } = key;
    let low = |code, text| Verdict::failed(Severity::Low, code, text);
    let unusable = key
        .as_ref()
        .ok()
        .and_then(|key| unusable(named, key.as_ref()));
    if let Some(verdict) = unusable {
        return verdict;
    }
    let known = key.as_ref().ok().and_then(Option::as_ref);
    if known.is_some_and(|key| key.aws_managed) {
        let text = format!("The KMS key {named} is an AWS managed key.");
        return low(ReasonCode::KeyManagedByAws, text);
    }
    let arn = known.map_or(named, |key| &key.arn);
    match is_allowed(named, key, allowed) {
        Ok(true) => evaluate_state(named, key),
        Ok(false) => low(
            ReasonCode::KeyNotAllowed,
            format!("The KMS key {arn} is not in allowedKeyArns."),
        ),
        Err(unread) => Verdict::not_available(&unread),
    }
}

/// Returns a failure if a key does not exist or certainly can't be used.
fn unusable(named: &str, key: Option<&NamedKey>) -> Option<Verdict> {
    let (code, text) = match key.map(|key| &key.state) {
        None => (
            ReasonCode::KeyGone,
            format!("The KMS key {named} does not exist."),
        ),
        Some(KeyState::Other(state)) => (
            ReasonCode::KeyUnusable,
            format!("The KMS key {named} can't be used: its state is {state}."),
        ),
        Some(KeyState::Enabled | KeyState::Updating | KeyState::Unknown) => return None,
    };
    Some(Verdict::failed(Severity::High, code, text))
}

/// Evaluates an allowed key that is not known to be unusable.
fn evaluate_state(named: &str, key: &Fact<Option<NamedKey>>) -> Verdict {
    match key {
        Err(unread) if unread.is_denied() => Verdict::passed(
            ReasonCode::KeyNotDescribed,
            format!(
                "The images are encrypted with the KMS key {named}, which this account can't describe, so it is \
                 unknown whether the key can be used."
            ),
        ),
        Err(unread) => Verdict::not_available(unread),
        Ok(Some(NamedKey {
            state: KeyState::Unknown,
            ..
        })) => Verdict::not_available(&Unread {
            code: ReasonCode::KeyStateUnknown,
            text: format!("KMS did not report the state of the key {named}."),
        }),
        Ok(_) => Verdict::passed(
            ReasonCode::RepositoryEncryptedWithKey,
            format!("The images are encrypted with the KMS key {named}."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{
        KEY_ARN, named_key, repository, repository_key, settings, unread,
    };
    use crate::verdict::Outcome;

    const ALIAS: &str = "arn:aws:kms:eu-central-1:111122223333:alias/images";
    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn verdict(encryption: Encryption, allowed: &str) -> Verdict {
        let repository = EcrRepository {
            encryption,
            ..repository()
        };
        let parameters = format!(r#"{{"allowedKeyArns": "{allowed}"}}"#);
        evaluate(&repository, &settings(CHECK.parameters, &parameters))
    }

    fn with(key: RepositoryKey) -> Encryption {
        Encryption::Kms {
            is_dual_layer: false,
            key: Some(key),
        }
    }

    fn of_state(state: &str) -> Encryption {
        with(repository_key(KeyState::read(Some(state))))
    }

    fn described(key: Fact<Option<NamedKey>>) -> Encryption {
        with(RepositoryKey {
            key,
            ..repository_key(KeyState::Enabled)
        })
    }

    fn throttled() -> Unread {
        Unread {
            code: ReasonCode::Throttled,
            text: "Too many calls.".into(),
        }
    }

    #[test]
    fn the_key_must_be_managed_by_the_customer_and_usable() {
        let of_aws = || NamedKey {
            aws_managed: true,
            ..named_key(KeyState::Enabled)
        };
        let dual_layer = Encryption::Kms {
            is_dual_layer: true,
            key: Some(repository_key(KeyState::Enabled)),
        };
        let without_key = Encryption::Kms {
            is_dual_layer: false,
            key: None,
        };
        for (encryption, outcome, code) in [
            (Encryption::Aes256, LOW, "ENCRYPTED_WITHOUT_KEY"),
            (without_key, LOW, "KEY_MANAGED_BY_AWS"),
            (described(Ok(Some(of_aws()))), LOW, "KEY_MANAGED_BY_AWS"),
            (
                of_state("Enabled"),
                Outcome::Passed,
                "REPOSITORY_ENCRYPTED_WITH_KEY",
            ),
            (
                of_state("Updating"),
                Outcome::Passed,
                "REPOSITORY_ENCRYPTED_WITH_KEY",
            ),
            (dual_layer, Outcome::Passed, "REPOSITORY_ENCRYPTED_WITH_KEY"),
            (of_state("Disabled"), HIGH, "KEY_UNUSABLE"),
            (of_state("PendingDeletion"), HIGH, "KEY_UNUSABLE"),
            (of_state("Brandnew"), HIGH, "KEY_UNUSABLE"),
            (of_state(""), Outcome::NotAvailable, "KEY_STATE_UNKNOWN"),
            (described(Ok(None)), HIGH, "KEY_GONE"),
            (
                described(Err(unread())),
                Outcome::Passed,
                "KEY_NOT_DESCRIBED",
            ),
            (
                described(Err(throttled())),
                Outcome::NotAvailable,
                "THROTTLED",
            ),
            (
                Encryption::Unknown("KMS_TRIPLE".into()),
                Outcome::Warning,
                "ENCRYPTION_UNKNOWN",
            ),
        ] {
            let verdict = verdict(encryption.clone(), "");
            assert_eq!(verdict.outcome, outcome, "{encryption:?}");
            assert_eq!(verdict.codes(), [code], "{encryption:?}");
        }
    }

    #[test]
    fn the_key_must_be_allowed() {
        let with_alias = |state| {
            described(Ok(Some(NamedKey {
                aliases: Ok(vec![ALIAS.into()]),
                ..named_key(state)
            })))
        };
        for (encryption, allowed, outcome) in [
            (of_state("Enabled"), KEY_ARN, Outcome::Passed),
            (of_state("Enabled"), "arn:other", LOW),
            (of_state("Enabled"), ALIAS, LOW),
            (with_alias(KeyState::Enabled), ALIAS, Outcome::Passed),
            // A key that can't be used is worse than one that is not allowed.
            (of_state("Disabled"), "arn:other", HIGH),
            (described(Err(unread())), KEY_ARN, Outcome::Passed),
            (described(Err(unread())), "arn:other", LOW),
            (described(Err(unread())), ALIAS, Outcome::NotAvailable),
            (described(Err(throttled())), "arn:other", LOW),
            (Encryption::Aes256, KEY_ARN, LOW),
        ] {
            let verdict = verdict(encryption.clone(), allowed);
            assert_eq!(verdict.outcome, outcome, "{encryption:?} {allowed}");
        }
    }
}
