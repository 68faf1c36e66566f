//! ## What it checks
//!
//! An EKS cluster should envelope-encrypt the data that Kubernetes stores, with a KMS key that works. From Kubernetes
//! 1.28 on, EKS envelope-encrypts all Kubernetes API data by default, with a key that AWS owns or with the one that the
//! cluster names, so the check evaluates only that key. Before 1.28, EKS encrypts only secrets, and only with a key
//! that an entry of the cluster's `encryptionConfig` names for `secrets`.
//!
//! The check fails when EKS reports in the cluster's health that it can't use the key (`KmsKeyDisabled`,
//! `KmsKeyNotFound`, `KmsKeyMarkedForDeletion`, `KmsGrantRevoked`), when the named key does not exist or is in any
//! state but Enabled or Updating, and when a cluster before 1.28 names no key for `secrets`. If the key belongs to
//! another account that does not let this account describe it, only the cluster's health decides: the check passes if
//! EKS reports no problem with a key, and is not available if the response lists no health at all.
//!
//! ## Why it matters
//!
//! Kubernetes keeps secrets and all other API data in etcd. Without envelope encryption, a copy of etcd's data is a
//! copy of every secret. Without its key, EKS can read none of the data: the cluster degrades, and if the key is
//! deleted or EKS's grant on it is revoked, the cluster can't be recovered.
//!
//! ## How to fix it
//!
//! Enable a disabled key within 30 days, and cancel the deletion of a key that is pending deletion. Upgrade a cluster
//! before 1.28, or associate a KMS key with it.

use crate::check::{Check, Evaluate, Need, Remediation};
use crate::facts::cluster::{Issue, SecretsKey};
use crate::facts::key::KeyState;
use crate::facts::{EksCluster, Unread};
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Outcome, Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "eks-secrets-envelope-encryption",
    enabled: true,
    title: "EKS clusters should envelope-encrypt Kubernetes API data with a working KMS key",
    requirement: "Kubernetes secrets, and from Kubernetes 1.28 on all API data, should be envelope-encrypted with a \
                  KMS key that can be used; since 1.28 EKS does so by default.",
    severities: &[(
        Severity::High,
        "who gets hold of the data of etcd can read the secrets, or the cluster cannot, since its key is unusable",
    )],
    remediation: Remediation {
        text: "Enable a key that is disabled, cancel the deletion of one that is pending deletion; upgrade a cluster \
               before Kubernetes 1.28 or associate a KMS key with it.",
        command: r#"aws eks associate-encryption-config --region {region} --cluster-name {name} --encryption-config '[{"resources":["secrets"],"provider":{"keyArn":"<key ARN>"}}]'"#,
        url: "https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html",
    },
    parameters: &[],
    needs: &[Need::SecretsKey],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let verdict = by_version_and_key(cluster);
    let Some(reported) = reported_by_eks(cluster) else {
        return verdict;
    };
    let mut faults = vec![reported];
    if matches!(verdict.outcome, Outcome::Failed(_)) {
        faults.extend(verdict.reasons);
    }
    Verdict::failed_for(Severity::High, faults)
}

/// Returns the issues with the key that EKS reports, or `None` if EKS reports no issue that ends the use of the key.
fn reported_by_eks(cluster: &EksCluster) -> Option<Reason> {
    let issues = cluster.health.iter().flatten();
    let names: Vec<&str> = issues
        .filter(|issue| issue.ends_use_of_key())
        .map(Issue::name)
        .collect();
    (!names.is_empty()).then(|| {
        let text = format!(
            "EKS reports {} of the KMS key that the cluster's data is encrypted with.",
            names.join(", ")
        );
        Reason::new(ReasonCode::KeyIssueReported, text)
    })
}

fn by_version_and_key(cluster: &EksCluster) -> Verdict {
    match (cluster.key_in_use(), cluster.version) {
        (Err(unread), _) => Verdict::not_available(&unread),
        (Ok(Some(key)), _) => by_key(cluster, key),
        (Ok(None), Some(version)) if version.encrypts_by_default() => Verdict::passed(
            ReasonCode::EncryptedByDefault,
            format!(
                "Kubernetes {version} API data is envelope-encrypted by default, with a key that AWS owns."
            ),
        ),
        (Ok(None), Some(version)) => Verdict::failed(
            Severity::High,
            ReasonCode::NotEncrypted,
            format!(
                "Kubernetes {version} secrets are not envelope-encrypted: the cluster names no KMS key for them."
            ),
        ),
        (Ok(None), None) => Verdict::not_available(&Unread {
            code: ReasonCode::VersionUnknown,
            text: "The cluster names no KMS key, and its Kubernetes version is not known."
                .to_owned(),
        }),
    }
}

fn by_key(cluster: &EksCluster, key: &SecretsKey) -> Verdict {
    let named = &key.named;
    match &key.key {
        Err(unread) if unread.is_denied() && cluster.is_of_another_account(key) => {
            by_health(cluster, key, unread)
        }
        Err(unread) => Verdict::not_available(unread),
        Ok(None) => Verdict::failed(
            Severity::High,
            ReasonCode::KeyGone,
            format!("The KMS key {named} does not exist."),
        ),
        Ok(Some(found)) => match &found.state {
            KeyState::Enabled | KeyState::Updating => Verdict::passed(
                ReasonCode::EncryptedWithKey,
                format!(
                    "EKS envelope-encrypts {} with {named}.",
                    cluster.encrypted_data()
                ),
            ),
            KeyState::Other(state) => {
                let text = format!("The KMS key {named} can't be used: its state is {state}.");
                Verdict::failed(Severity::High, ReasonCode::KeyUnusable, text)
            }
            KeyState::Unknown => Verdict::not_available(&Unread {
                code: ReasonCode::KeyStateUnknown,
                text: format!("KMS did not say in which state the key {named} is."),
            }),
        },
    }
}

/// Evaluates a key of another account that KMS does not describe. If EKS lists the cluster's issues and none is about a
/// key, the key works. A missing list proves nothing.
fn by_health(cluster: &EksCluster, key: &SecretsKey, denied: &Unread) -> Verdict {
    match &cluster.health {
        Some(issues) if !issues.iter().any(Issue::may_concern_key) => Verdict::passed(
            ReasonCode::NoKeyIssueReported,
            format!(
                "EKS envelope-encrypts {} with {}, a key of another account that KMS does not describe here; EKS \
                 itself reports no issue with it.",
                cluster.encrypted_data(),
                key.named
            ),
        ),
        _ => Verdict::not_available(denied),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, secrets_key, unread};
    use crate::facts::cluster::NamedKey;

    const KEY_OF_ANOTHER_ACCOUNT: &str = "arn:aws:kms:eu-central-1:444455556666:key/4444";

    fn judge(cluster: &EksCluster) -> Verdict {
        evaluate(cluster, &ParameterValues::default())
    }

    fn codes(secrets_key: Option<SecretsKey>, version: &str) -> Vec<&'static str> {
        judge(&EksCluster {
            secrets_key,
            version: version.parse().ok(),
            ..cluster()
        })
        .codes()
    }

    fn of_state(state: &str) -> SecretsKey {
        secrets_key(KeyState::Other(state.into()))
    }

    fn with(key: Result<Option<NamedKey>, Unread>) -> SecretsKey {
        SecretsKey {
            key,
            ..secrets_key(KeyState::Enabled)
        }
    }

    #[test]
    fn without_a_key_the_version_decides() {
        for (version, expected) in [
            ("1.27", "NOT_ENCRYPTED"),
            ("1.9", "NOT_ENCRYPTED"),
            ("1.28", "ENCRYPTED_BY_DEFAULT"),
            ("1.30", "ENCRYPTED_BY_DEFAULT"),
            ("2.0", "ENCRYPTED_BY_DEFAULT"),
            ("", "VERSION_UNKNOWN"),
            ("newest", "VERSION_UNKNOWN"),
        ] {
            assert_eq!(codes(None, version), [expected], "{version}");
        }
    }

    #[test]
    fn a_named_key_must_work_whatever_the_version() {
        for (key, expected) in [
            (secrets_key(KeyState::Enabled), "ENCRYPTED_WITH_KEY"),
            (secrets_key(KeyState::Updating), "ENCRYPTED_WITH_KEY"),
            (of_state("Disabled"), "KEY_UNUSABLE"),
            (of_state("PendingDeletion"), "KEY_UNUSABLE"),
            (secrets_key(KeyState::Unknown), "KEY_STATE_UNKNOWN"),
            (with(Ok(None)), "KEY_GONE"),
            (with(Err(unread())), "ACCESS_DENIED"),
        ] {
            for version in ["1.25", "1.33", ""] {
                assert_eq!(codes(Some(key.clone()), version), [expected], "{version}");
            }
        }
    }

    #[test]
    fn a_key_that_is_not_for_secrets_counts_from_1_28_on() {
        let not_for_secrets = |key| SecretsKey {
            names_secrets: false,
            ..key
        };
        for (key, version, expected) in [
            (secrets_key(KeyState::Enabled), "1.27", "NOT_ENCRYPTED"),
            (secrets_key(KeyState::Enabled), "1.28", "ENCRYPTED_WITH_KEY"),
            (secrets_key(KeyState::Enabled), "", "VERSION_UNKNOWN"),
            (of_state("Disabled"), "1.27", "NOT_ENCRYPTED"),
            (of_state("Disabled"), "1.34", "KEY_UNUSABLE"),
        ] {
            let key = not_for_secrets(key);
            assert_eq!(codes(Some(key), version), [expected], "{version}");
        }
    }

    #[test]
    fn what_eks_reports_of_the_key_fails_even_an_enabled_one() {
        let issue = |code: &str| Issue::read(Some(code));
        let reporting = |code: &str, secrets_key, version: &str| EksCluster {
            health: Some(vec![issue("Ec2SubnetNotFound"), issue(code)]),
            secrets_key,
            version: version.parse().ok(),
            ..cluster()
        };
        let enabled = || Some(secrets_key(KeyState::Enabled));
        for code in [
            "KmsKeyDisabled",
            "KmsKeyNotFound",
            "KmsKeyMarkedForDeletion",
            "KmsGrantRevoked",
        ] {
            for (key, version, expected) in [
                (enabled(), "1.34", vec!["KEY_ISSUE_REPORTED"]),
                (None, "1.34", vec!["KEY_ISSUE_REPORTED"]),
                (
                    Some(with(Err(unread()))),
                    "1.34",
                    vec!["KEY_ISSUE_REPORTED"],
                ),
                (
                    Some(of_state("Disabled")),
                    "1.34",
                    vec!["KEY_ISSUE_REPORTED", "KEY_UNUSABLE"],
                ),
                (None, "1.27", vec!["KEY_ISSUE_REPORTED", "NOT_ENCRYPTED"]),
                (None, "", vec!["KEY_ISSUE_REPORTED"]),
            ] {
                let verdict = judge(&reporting(code, key, version));
                assert_eq!(verdict.outcome, Outcome::Failed(Severity::High), "{code}");
                assert_eq!(verdict.codes(), expected, "{code}");
                assert!(verdict.explanation().contains(code), "{code}");
            }
        }
    }

    #[test]
    fn other_issues_decide_nothing() {
        for code in [
            "Ec2SubnetNotFound",
            "IamRoleNotFound",
            "AccessDenied",
            "Brandnew",
        ] {
            for (state, expected) in [
                (KeyState::Enabled, "ENCRYPTED_WITH_KEY"),
                (KeyState::Other("Disabled".into()), "KEY_UNUSABLE"),
            ] {
                let cluster = EksCluster {
                    health: Some(vec![Issue::read(Some(code))]),
                    secrets_key: Some(secrets_key(state)),
                    ..cluster()
                };
                assert_eq!(judge(&cluster).codes(), [expected], "{code}");
            }
        }
    }

    #[test]
    fn the_health_decides_about_a_key_of_another_account_alone() {
        let throttled = || Unread {
            code: ReasonCode::Throttled,
            text: "Too many calls.".into(),
        };
        let issues = |codes: &[Option<&str>]| -> Option<Vec<Issue>> {
            Some(codes.iter().map(|code| Issue::read(*code)).collect())
        };
        let own = cluster().secrets_key.unwrap().named;
        for (named, unread, health, expected) in [
            (
                KEY_OF_ANOTHER_ACCOUNT,
                unread(),
                issues(&[]),
                "NO_KEY_ISSUE_REPORTED",
            ),
            (
                KEY_OF_ANOTHER_ACCOUNT,
                unread(),
                issues(&[Some("VpcNotFound")]),
                "NO_KEY_ISSUE_REPORTED",
            ),
            (
                KEY_OF_ANOTHER_ACCOUNT,
                unread(),
                issues(&[Some("KmsGrantRevoked")]),
                "KEY_ISSUE_REPORTED",
            ),
            (
                KEY_OF_ANOTHER_ACCOUNT,
                unread(),
                issues(&[Some("KmsSomethingNew")]),
                "ACCESS_DENIED",
            ),
            (
                KEY_OF_ANOTHER_ACCOUNT,
                unread(),
                issues(&[None]),
                "ACCESS_DENIED",
            ),
            (KEY_OF_ANOTHER_ACCOUNT, unread(), None, "ACCESS_DENIED"),
            (
                KEY_OF_ANOTHER_ACCOUNT,
                throttled(),
                issues(&[]),
                "THROTTLED",
            ),
            (own.as_str(), unread(), issues(&[]), "ACCESS_DENIED"),
        ] {
            let cluster = EksCluster {
                health,
                secrets_key: Some(SecretsKey {
                    named: named.to_owned(),
                    ..with(Err(unread))
                }),
                ..cluster()
            };
            assert_eq!(judge(&cluster).codes(), [expected], "{cluster:?}");
        }
    }

    #[test]
    fn a_pass_says_what_it_rests_on() {
        let denied = SecretsKey {
            named: KEY_OF_ANOTHER_ACCOUNT.to_owned(),
            ..with(Err(unread()))
        };
        for (key, version, expected) in [
            (Some(denied), "1.34", "EKS itself reports no issue with it"),
            (
                Some(secrets_key(KeyState::Enabled)),
                "1.34",
                "Kubernetes API data",
            ),
            (
                Some(secrets_key(KeyState::Enabled)),
                "1.27",
                "Kubernetes secrets",
            ),
            (None, "1.28", "by default, with a key that AWS owns"),
        ] {
            let verdict = judge(&EksCluster {
                secrets_key: key,
                version: version.parse().ok(),
                ..cluster()
            });
            let text = verdict.explanation();
            assert_eq!(verdict.outcome, Outcome::Passed, "{text}");
            assert!(text.contains(expected), "{text}");
        }
    }
}
