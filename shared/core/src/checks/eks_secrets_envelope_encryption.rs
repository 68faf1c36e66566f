//! ## What it checks
//!
//! Whether an EKS cluster envelope-encrypts Kubernetes secrets with a KMS key that works. The check fails when the
//! cluster runs a Kubernetes version before 1.28 and no entry of its `encryptionConfig` names `secrets` with a key,
//! or when the named key is in any state but Enabled or Updating, or is gone. From 1.28 on EKS envelope-encrypts all
//! Kubernetes API data by default, so such a cluster passes without a key of its own.
//!
//! ## Why it matters
//!
//! Kubernetes secrets are stored in etcd. Without envelope encryption, a copy of etcd's volume is a copy of every
//! secret; with a key that is disabled or about to be deleted, the cluster's secrets are about to become unreadable,
//! which ends the cluster.
//!
//! ## How to fix it
//!
//! Associate a KMS key with the cluster, or upgrade it to a version that encrypts by default. Enable a disabled key;
//! cancel the deletion of one that is pending deletion.

use crate::check::{Check, Evaluate, Need, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::{KubernetesVersion, SecretsKey};
use crate::facts::key::KeyState;
use crate::parameters::Settings;
use crate::severity::Severity;
use crate::verdict::Verdict;

pub(super) static CHECK: Check = Check {
    id: "eks-secrets-envelope-encryption",
    enabled: true,
    title: "EKS clusters should envelope-encrypt Kubernetes secrets with a working KMS key",
    requirement: "Kubernetes secrets should be envelope-encrypted, with a KMS key that can be used.",
    severities: &[(
        Severity::High,
        "who gets hold of the data of etcd can read the secrets, or the cluster cannot, since its key is unusable",
    )],
    remediation: Remediation {
        text: "Associate a KMS key with the cluster or upgrade it to Kubernetes 1.28; enable a key that is disabled, \
               cancel the deletion of one that is pending deletion.",
        command: r#"aws eks associate-encryption-config --region {region} --cluster-name {name} --encryption-config '[{"resources":["secrets"],"provider":{"keyArn":"<key ARN>"}}]'"#,
        url: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
    },
    parameters: &[],
    needs: &[Need::SecretsKey],
    evaluate: &Evaluate(evaluate),
};

/// The first version whose API data EKS envelope-encrypts by default.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html>.
const ENCRYPTED_BY_DEFAULT: KubernetesVersion = KubernetesVersion {
    major: 1,
    minor: 28,
};

fn evaluate(cluster: &EksCluster, _: &Settings) -> Verdict {
    match (&cluster.secrets_key, cluster.version) {
        (Some(key), _) => verdict_on(key),
        (None, Some(version)) if version >= ENCRYPTED_BY_DEFAULT => Verdict::passed(
            "ENCRYPTED_BY_DEFAULT",
            format!(
                "Kubernetes {version} secrets are envelope-encrypted by default, with a key that AWS owns."
            ),
        ),
        (None, Some(version)) => Verdict::failed(
            Severity::High,
            "NOT_ENCRYPTED",
            format!(
                "Kubernetes {version} secrets are not envelope-encrypted: the cluster names no KMS key for them."
            ),
        ),
        (None, None) => Verdict::not_available(&crate::facts::Unread {
            code: "VERSION_UNKNOWN",
            text:
                "The cluster names no KMS key for secrets, and its Kubernetes version is not known."
                    .to_owned(),
        }),
    }
}

fn verdict_on(key: &SecretsKey) -> Verdict {
    let named = &key.named;
    match &key.key {
        Err(unread) => Verdict::not_available(unread),
        Ok(None) => Verdict::failed(
            Severity::High,
            "KEY_GONE",
            format!("The KMS key {named} does not exist."),
        ),
        Ok(Some(found)) => match &found.state {
            KeyState::Enabled | KeyState::Updating => Verdict::passed(
                "ENCRYPTED_WITH_KEY",
                format!("Secrets are envelope-encrypted with {named}."),
            ),
            KeyState::Other(state) => {
                let text = format!("The KMS key {named} can't be used: its state is {state}.");
                Verdict::failed(Severity::High, "KEY_UNUSABLE", text)
            }
            KeyState::Unknown => Verdict::not_available(&crate::facts::Unread {
                code: "KEY_STATE_UNKNOWN",
                text: format!("KMS did not say in which state the key {named} is."),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, secrets_key, unread};

    fn code(secrets_key: Option<SecretsKey>, version: &str) -> &'static str {
        let cluster = EksCluster {
            secrets_key,
            version: version.parse().ok(),
            ..cluster()
        };
        evaluate(&cluster, &Settings::default()).codes()[0]
    }

    #[test]
    fn without_a_key_the_version_decides() {
        for (version, expected) in [
            ("1.27", "NOT_ENCRYPTED"),
            ("1.9", "NOT_ENCRYPTED"),
            ("1.28", "ENCRYPTED_BY_DEFAULT"),
            ("2.0", "ENCRYPTED_BY_DEFAULT"),
            ("", "VERSION_UNKNOWN"),
        ] {
            assert_eq!(code(None, version), expected, "{version}");
        }
    }

    #[test]
    fn a_named_key_must_work_whatever_the_version() {
        let other = |state: &str| secrets_key(KeyState::Other(state.into()));
        for (key, expected) in [
            (secrets_key(KeyState::Enabled), "ENCRYPTED_WITH_KEY"),
            (secrets_key(KeyState::Updating), "ENCRYPTED_WITH_KEY"),
            (other("Disabled"), "KEY_UNUSABLE"),
            (other("PendingDeletion"), "KEY_UNUSABLE"),
            (secrets_key(KeyState::Unknown), "KEY_STATE_UNKNOWN"),
            (
                SecretsKey {
                    key: Ok(None),
                    ..secrets_key(KeyState::Enabled)
                },
                "KEY_GONE",
            ),
            (
                SecretsKey {
                    key: Err(unread()),
                    ..secrets_key(KeyState::Enabled)
                },
                "ACCESS_DENIED",
            ),
        ] {
            for version in ["1.25", "1.33", ""] {
                assert_eq!(code(Some(key.clone()), version), expected, "{version}");
            }
        }
    }
}
