//! ## What it checks
//!
//! An EKS cluster should envelope-encrypt the data that Kubernetes stores, with a KMS key that works. From Kubernetes
//! 1.28 on, EKS envelope-encrypts all Kubernetes API data by default, with an AWS owned key or with the key that the
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

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::cluster::{IssueCode, SecretsKey};
use crate::facts::key::KeyState;
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Outcome, Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "eks-secrets-envelope-encryption",
    enabled: true,
    title: "EKS clusters should envelope-encrypt Kubernetes API data with a working KMS key",
    requirement: "Kubernetes secrets, and from Kubernetes 1.28 on all API data, should be envelope-encrypted with a \
                  KMS key that can be used; from 1.28 on, EKS encrypts by default.",
    severities: &[(
        Severity::High,
        "anyone with a copy of the etcd data can read the secrets, or EKS can't read them because the key is unusable",
    )],
    remediation: Remediation {
        text: "Enable a disabled key, or cancel the deletion of a key that is pending deletion. Upgrade a cluster \
               before Kubernetes 1.28, or associate a KMS key with it.",
        command: r#"aws eks associate-encryption-config --region {region} --cluster-name {name} --encryption-config '[{"resources":["secrets"],"provider":{"keyArn":"<key ARN>"}}]'"#,
        url: "https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html",
    },
    parameters: &[],
    needs: &[Need::SecretsKey],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let verdict = evaluate_version_and_key(cluster);
    let Some(reported) = issues_reported_by_eks(cluster) else {
        return verdict;
    };
    let mut failures = vec![reported];
    if matches!(verdict.outcome, Outcome::Failed(_)) {
        failures.extend(verdict.reasons);
    }
    Verdict::failed_for(Severity::High, failures)
}

/// Returns the issues with the key that EKS reports, or `None` if EKS reports no issue that ends the use of the key.
fn issues_reported_by_eks(cluster: &EksCluster) -> Option<Reason> {
    let codes = cluster.health.iter().flatten().map(|issue| &issue.code);
    let mut names: Vec<&str> = codes
        .filter(|code| code.ends_use_of_key())
        .map(IssueCode::name)
        .collect();
    // Several issues with the same code can be about different resources.
    names.dedup();
    (!names.is_empty()).then(|| {
        let text = format!(
            "EKS reports {} for the KMS key that encrypts the cluster's data.",
            names.join(", ")
        );
        Reason::new(ReasonCode::KeyIssueReported, text)
    })
}

fn evaluate_version_and_key(cluster: &EksCluster) -> Verdict {
    match (cluster.key_in_use(), cluster.version) {
        (Err(unread), _) => Verdict::not_available(&unread),
        (Ok(Some(key)), _) => evaluate_key(cluster, key),
        (Ok(None), Some(version)) if version.encrypts_by_default() => Verdict::passed(
            ReasonCode::EncryptedByDefault,
            format!(
                "EKS envelope-encrypts Kubernetes {version} API data by default, with an AWS owned key."
            ),
        ),
        (Ok(None), Some(version)) => Verdict::failed(
            Severity::High,
            ReasonCode::NotEncrypted,
            format!(
                "EKS does not envelope-encrypt Kubernetes {version} secrets: the cluster names no KMS key for them."
            ),
        ),
        (Ok(None), None) => Verdict::not_available(&Unread {
            code: ReasonCode::VersionUnknown,
            text: "The cluster names no KMS key, and its Kubernetes version is unknown.".to_owned(),
        }),
    }
}

fn evaluate_key(cluster: &EksCluster, key: &SecretsKey) -> Verdict {
    let named = &key.named;
    match &key.key {
        Err(unread) if unread.is_denied() && cluster.is_of_another_account(key) => {
            evaluate_health(cluster, key, unread)
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
                    "EKS envelope-encrypts {} with the KMS key {named}.",
                    cluster.encrypted_data()
                ),
            ),
            KeyState::Other(state) => {
                let text = format!("The KMS key {named} can't be used: its state is {state}.");
                Verdict::failed(Severity::High, ReasonCode::KeyUnusable, text)
            }
            KeyState::Unknown => Verdict::not_available(&Unread {
                code: ReasonCode::KeyStateUnknown,
                text: format!("KMS did not report the state of the key {named}."),
            }),
        },
    }
}

/// Evaluates a key of another account that KMS does not describe. If EKS lists the cluster's issues and none is about a
/// key, the key works. A missing list proves nothing.
fn evaluate_health(cluster: &EksCluster, key: &SecretsKey, denied: &Unread) -> Verdict {
    match &cluster.health {
        Some(issues) if !issues.iter().any(|issue| issue.code.may_concern_key()) => {
            Verdict::passed(
                ReasonCode::NoKeyIssueReported,
                format!(
                    "EKS envelope-encrypts {} with {}, a KMS key of another account that this account can't describe; \
                 EKS reports no issue with the key.",
                    cluster.encrypted_data(),
                    key.named
                ),
            )
        }
        _ => Verdict::not_available(denied),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, secrets_key, unread};
    use crate::facts::cluster::Issue;
    use crate::facts::key::NamedKey;

    const KEY_OF_ANOTHER_ACCOUNT: &str = "arn:aws:kms:eu-central-1:444455556666:key/4444";

    fn verdict(cluster: &EksCluster) -> Verdict {
        evaluate(cluster, &ParameterValues::default())
    }

    fn codes(secrets_key: Option<SecretsKey>, version: &str) -> Vec<&'static str> {
        verdict(&EksCluster {
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
    fn without_a_key_the_kubernetes_version_decides() {
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
    fn a_named_key_must_be_usable_in_every_version() {
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
    fn an_issue_that_eks_reports_fails_even_an_enabled_key() {
        let issue = |code: &str| Issue::read(Some(code), &[]);
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
                let verdict = verdict(&reporting(code, key, version));
                assert_eq!(verdict.outcome, Outcome::Failed(Severity::High), "{code}");
                assert_eq!(verdict.codes(), expected, "{code}");
                assert!(verdict.explanation().contains(code), "{code}");
            }
        }
    }

    #[test]
    fn other_issues_do_not_change_the_verdict() {
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
                    health: Some(vec![Issue::read(Some(code), &[])]),
                    secrets_key: Some(secrets_key(state)),
                    ..cluster()
                };
                assert_eq!(verdict(&cluster).codes(), [expected], "{code}");
            }
        }
    }

    #[test]
    fn the_health_decides_only_for_a_key_of_another_account() {
        let throttled = || Unread {
            code: ReasonCode::Throttled,
            text: "Too many calls.".into(),
        };
        let issues = |codes: &[Option<&str>]| -> Option<Vec<Issue>> {
            Some(codes.iter().map(|code| Issue::read(*code, &[])).collect())
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
            assert_eq!(verdict(&cluster).codes(), [expected], "{cluster:?}");
        }
    }

    #[test]
    fn the_text_of_a_pass_states_its_basis() {
        let denied = SecretsKey {
            named: KEY_OF_ANOTHER_ACCOUNT.to_owned(),
            ..with(Err(unread()))
        };
        for (key, version, expected) in [
            (Some(denied), "1.34", "EKS reports no issue with the key"),
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
            (None, "1.28", "by default, with an AWS owned key"),
        ] {
            let verdict = verdict(&EksCluster {
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
