//! ## What it checks
//!
//! Whether an EKS cluster encrypts Kubernetes secrets with a KMS key that the customer manages. The check fails when
//! no entry of the cluster's `encryptionConfig` names a key for `secrets`, when AWS manages the named key, or when
//! `allowedKeyArns` is set and the key is not among them. Aliases are resolved first. A key that can't be described
//! still counts as named.
//!
//! ## Why it matters
//!
//! EKS encrypts by default with a key that AWS owns: nobody but AWS sees its use or can withdraw it. With a key of
//! your own, its policy says who decrypts, CloudTrail shows when, and disabling it locks the data.
//!
//! ## How to fix it
//!
//! Associate a KMS key of your own with the cluster. A cluster's key can't be exchanged afterwards, so choose with
//! care.

use crate::check::{Check, Evaluate, Need, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::SecretsKey;
use crate::parameters::{Parameter, Settings};
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALLOWED_KEY_ARNS: Parameter<Vec<String>> = Parameter {
    name: "allowedKeyArns",
    description: "ARNs of the KMS keys that clusters may use; any customer managed key where not set.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "eks-secrets-customer-managed-key",
    enabled: true,
    title: "EKS clusters should encrypt Kubernetes secrets with a customer managed KMS key",
    requirement: "Kubernetes secrets should be encrypted with a KMS key that the customer manages, and an allowed one.",
    severities: &[(
        Severity::Low,
        "secrets are encrypted, but with a key that you can neither audit nor revoke",
    )],
    remediation: Remediation {
        text: "Associate an allowed KMS key of your own with the cluster.",
        command: r#"aws eks associate-encryption-config --region {region} --cluster-name {name} --encryption-config '[{"resources":["secrets"],"provider":{"keyArn":"<key ARN>"}}]'"#,
        url: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
    },
    parameters: &[&ALLOWED_KEY_ARNS],
    needs: &[Need::SecretsKey],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &Settings) -> Verdict {
    let Some(SecretsKey { named, key }) = &cluster.secrets_key else {
        return Verdict::failed(
            Severity::Low,
            "NO_CUSTOMER_MANAGED_KEY",
            "The cluster names no KMS key for secrets, so EKS uses one that AWS owns, if any.",
        );
    };
    let known = key.as_ref().ok().and_then(Option::as_ref);
    if known.is_some_and(|key| key.aws_managed) {
        return Verdict::failed(
            Severity::Low,
            "KEY_MANAGED_BY_AWS",
            format!("AWS manages the KMS key {named}."),
        );
    }
    let allowed = settings.get(&ALLOWED_KEY_ARNS);
    let arn = known.map_or(named, |key| &key.arn);
    if allowed.is_empty() || allowed.contains(arn) || allowed.contains(named) {
        return Verdict::passed(
            "CUSTOMER_MANAGED_KEY",
            format!("Secrets are encrypted with the KMS key {arn}."),
        );
    }
    match key {
        Err(unread) if named.contains("alias/") => Verdict::not_available(unread),
        _ => Verdict::failed(
            Severity::Low,
            "KEY_NOT_ALLOWED",
            format!("The KMS key {arn} is not an allowed one."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{KEY_ARN, cluster, secrets_key, settings, unread};
    use crate::facts::cluster::NamedKey;
    use crate::facts::key::KeyState;

    const ALIAS: &str = "arn:aws:kms:eu-central-1:111122223333:alias/eks";

    fn code(secrets_key: Option<SecretsKey>, allowed: &str) -> &'static str {
        let parameters = format!(r#"{{"allowedKeyArns": "{allowed}"}}"#);
        let cluster = EksCluster {
            secrets_key,
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, &parameters)).codes()[0]
    }

    fn key() -> SecretsKey {
        secrets_key(KeyState::Enabled)
    }

    #[test]
    fn the_customer_must_manage_the_key() {
        let aws = NamedKey {
            arn: KEY_ARN.into(),
            state: KeyState::Enabled,
            aws_managed: true,
        };
        for (key, expected) in [
            (None, "NO_CUSTOMER_MANAGED_KEY"),
            (Some(key()), "CUSTOMER_MANAGED_KEY"),
            (
                Some(SecretsKey {
                    key: Ok(Some(aws)),
                    ..key()
                }),
                "KEY_MANAGED_BY_AWS",
            ),
            (
                Some(SecretsKey {
                    key: Err(unread()),
                    ..key()
                }),
                "CUSTOMER_MANAGED_KEY",
            ),
            (
                Some(SecretsKey {
                    key: Ok(None),
                    ..key()
                }),
                "CUSTOMER_MANAGED_KEY",
            ),
        ] {
            assert_eq!(code(key, ""), expected);
        }
    }

    #[test]
    fn it_must_be_an_allowed_one() {
        let by_alias = |key| SecretsKey {
            named: ALIAS.into(),
            key,
        };
        for (key, allowed, expected) in [
            (key(), KEY_ARN, "CUSTOMER_MANAGED_KEY"),
            (key(), "arn:other", "KEY_NOT_ALLOWED"),
            (by_alias(key().key), KEY_ARN, "CUSTOMER_MANAGED_KEY"),
            (by_alias(key().key), ALIAS, "CUSTOMER_MANAGED_KEY"),
            (by_alias(Err(unread())), KEY_ARN, "ACCESS_DENIED"),
            (
                SecretsKey {
                    key: Err(unread()),
                    ..key()
                },
                "arn:other",
                "KEY_NOT_ALLOWED",
            ),
        ] {
            assert_eq!(code(Some(key), allowed), expected, "{allowed}");
        }
    }
}
