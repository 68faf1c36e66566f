//! ## What it checks
//!
//! An EKS cluster should envelope-encrypt the data that Kubernetes stores with a customer managed KMS key. From
//! Kubernetes 1.28 on, EKS envelope-encrypts all Kubernetes API data by default, with an AWS owned key unless the
//! cluster names another one. For a cluster that names none, this check fails, while `eks-secrets-envelope-encryption`
//! passes. Before 1.28, EKS encrypts only secrets, and only with a named key.
//!
//! The check fails when no entry of the cluster's `encryptionConfig` names a key, when the named key is an AWS managed
//! key, or when `allowedKeyArns` is set and the key is not among them. From 1.28 on, an entry counts regardless of its
//! `resources`; before, it counts only if these name `secrets`. Aliases are resolved first. A key that can't be
//! described still counts as named.
//!
//! ## Why it matters
//!
//! You can't audit the use of an AWS owned key, nor disable it. With a customer managed key, the key policy determines
//! who can decrypt the data, CloudTrail shows when the data is decrypted, and disabling the key makes the data
//! unreadable.
//!
//! ## How to fix it
//!
//! Associate a customer managed KMS key with the cluster. The key of a cluster can't be replaced or removed later, so
//! choose it with care.
//!
//! ## How to prevent it
//!
//! A service control policy in AWS Organizations can deny the creation of clusters without a customer managed key. It
//! does not affect existing clusters. The condition keys of EKS are listed in
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html>.
//!
//! ```json
//! {
//!   "Version": "2012-10-17",
//!   "Statement": [
//!     {
//!       "Sid": "CreateClustersWithCustomerManagedKey",
//!       "Effect": "Deny",
//!       "Action": "eks:CreateCluster",
//!       "Resource": "*",
//!       "Condition": {"Null": {"eks:encryptionConfigProviderKeyArns": "true"}}
//!     }
//!   ]
//! }
//! ```

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::keys::is_allowed;
use crate::facts::EksCluster;
use crate::facts::cluster::SecretsKey;
use crate::need::Need;
use crate::parameters::{KeyArns, Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALLOWED_KEY_ARNS: Parameter<KeyArns> = Parameter {
    name: "allowedKeyArns",
    description: "ARNs of the KMS keys that clusters may use, or of their aliases. If not set, any customer managed \
                  key is allowed.",
    default: KeyArns::ALL,
};

pub(super) static CHECK: Check = Check {
    id: "eks-secrets-customer-managed-key",
    enabled: true,
    title: "EKS clusters should envelope-encrypt Kubernetes API data with a customer managed KMS key",
    requirement: "Kubernetes secrets, and from Kubernetes 1.28 on all API data, should be envelope-encrypted with an \
                  allowed customer managed KMS key; from 1.28 on, EKS uses an AWS owned key by default.",
    severities: &[(
        Severity::Low,
        "the data is not encrypted with a key whose use you can audit and revoke",
    )],
    remediation: Remediation {
        text: "Associate an allowed customer managed KMS key with the cluster.",
        command: r#"aws eks associate-encryption-config --region {region} --cluster-name {name} --encryption-config '[{"resources":["secrets"],"provider":{"keyArn":"<key ARN>"}}]'"#,
        url: "https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html",
    },
    parameters: &[&ALLOWED_KEY_ARNS],
    needs: &[Need::SecretsKey],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let SecretsKey { named, key, .. } = match cluster.key_in_use() {
        Ok(Some(key)) => key,
        Ok(None) => {
            return Verdict::failed(
                Severity::Low,
                ReasonCode::NoCustomerManagedKey,
                text_without_key(cluster),
            );
        }
        Err(unread) => return Verdict::not_available(&unread),
    };
    let known = key.as_ref().ok().and_then(Option::as_ref);
    if known.is_some_and(|key| key.aws_managed) {
        return Verdict::failed(
            Severity::Low,
            ReasonCode::KeyManagedByAws,
            format!("The KMS key {named} is an AWS managed key."),
        );
    }
    let arn = known.map_or(named, |key| &key.arn);
    match is_allowed(named, key, &settings.get(&ALLOWED_KEY_ARNS)) {
        Err(unread) => Verdict::not_available(&unread),
        Ok(true) => Verdict::passed(
            ReasonCode::CustomerManagedKey,
            format!(
                "EKS envelope-encrypts {} with the KMS key {arn}.",
                cluster.encrypted_data()
            ),
        ),
        Ok(false) => Verdict::failed(
            Severity::Low,
            ReasonCode::KeyNotAllowed,
            format!("The KMS key {arn} is not in allowedKeyArns."),
        ),
    }
}

/// Returns a sentence about the encryption of the data of a cluster that names no key.
fn text_without_key(cluster: &EksCluster) -> &'static str {
    match cluster.version {
        Some(version) if version.encrypts_by_default() => {
            "The cluster names no KMS key, so EKS envelope-encrypts its API data with an AWS owned key."
        }
        Some(_) => {
            "The cluster names no KMS key for secrets, so EKS does not envelope-encrypt them."
        }
        None => "The cluster names no KMS key, so EKS uses an AWS owned key, if any.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{KEY_ARN, cluster, named_key, secrets_key, settings, unread};
    use crate::facts::key::{KeyState, NamedKey};

    const ALIAS: &str = "arn:aws:kms:eu-central-1:111122223333:alias/eks";

    fn code(secrets_key: Option<SecretsKey>, allowed: &str) -> &'static str {
        verdict(secrets_key, "1.33", allowed).codes()[0]
    }

    fn verdict(secrets_key: Option<SecretsKey>, version: &str, allowed: &str) -> Verdict {
        let parameters = format!(r#"{{"allowedKeyArns": "{allowed}"}}"#);
        let cluster = EksCluster {
            secrets_key,
            version: version.parse().ok(),
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, &parameters))
    }

    fn key() -> SecretsKey {
        secrets_key(KeyState::Enabled)
    }

    #[test]
    fn the_customer_must_manage_the_key() {
        let aws = NamedKey {
            aws_managed: true,
            ..named_key(KeyState::Enabled)
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
    fn the_key_counts_by_its_entry_and_the_version() {
        let not_for_secrets = || SecretsKey {
            names_secrets: false,
            ..key()
        };
        for (key, version, expected) in [
            (key(), "1.27", "CUSTOMER_MANAGED_KEY"),
            (key(), "unreadable", "CUSTOMER_MANAGED_KEY"),
            (not_for_secrets(), "1.34", "CUSTOMER_MANAGED_KEY"),
            (not_for_secrets(), "1.28", "CUSTOMER_MANAGED_KEY"),
            (not_for_secrets(), "1.27", "NO_CUSTOMER_MANAGED_KEY"),
            (not_for_secrets(), "1.9", "NO_CUSTOMER_MANAGED_KEY"),
            (not_for_secrets(), "unreadable", "VERSION_UNKNOWN"),
        ] {
            let codes = verdict(Some(key), version, "").codes();
            assert_eq!(codes, [expected], "{version}");
        }
    }

    #[test]
    fn without_a_key_the_text_depends_on_the_version() {
        for (version, expected) in [
            ("1.28", "with an AWS owned key"),
            ("1.27", "does not envelope-encrypt"),
            ("unreadable", "if any"),
        ] {
            let text = verdict(None, version, "").explanation();
            assert!(text.contains(expected), "{version}: {text}");
        }
    }

    #[test]
    fn the_key_must_be_allowed() {
        let by_alias = |key| SecretsKey {
            named: ALIAS.into(),
            key,
            ..self::key()
        };
        for (key, allowed, expected) in [
            (key(), KEY_ARN, "CUSTOMER_MANAGED_KEY"),
            (key(), "arn:other", "KEY_NOT_ALLOWED"),
            (by_alias(key().key), KEY_ARN, "CUSTOMER_MANAGED_KEY"),
            (by_alias(key().key), ALIAS, "CUSTOMER_MANAGED_KEY"),
            (by_alias(Err(unread())), KEY_ARN, "ACCESS_DENIED"),
            (key(), ALIAS, "KEY_NOT_ALLOWED"),
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
