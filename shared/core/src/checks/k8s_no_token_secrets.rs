//! ## What it checks
//!
//! Namespaces should contain no Secret of the type `kubernetes.io/service-account-token`. The check fails with MEDIUM
//! if one does, whoever created it, and also in the namespaces of the platform. The reasons name the Secrets and their
//! service accounts, and separate tokens that were used from those of which no use is recorded. A Secret whose service
//! account no longer exists counts until Kubernetes deletes it.
//!
//! Kubernetes marks tokens that it created itself and that were not used for a year as invalid. They result in a
//! warning, since whoever can change such a Secret can make its token valid again.
//!
//! The check is disabled by default, because it needs the right to list Secrets. Kubernetes has no right to read only
//! their metadata, so whoever has this one can also read their contents. eksentry requests the metadata of Secrets of
//! this type and nothing else. To use the check, apply `docs/kubernetes/eksentry-token-secrets.yaml` to the clusters,
//! and enable the check. Without the right, the result is not available.
//!
//! ## Why it matters
//!
//! The token in such a Secret does not expire, and is valid outside the cluster as well. Whoever has read it once, in a
//! backup or in the configuration of a pipeline, has the rights of the service account until someone deletes the
//! Secret.
//!
//! ## How to fix it
//!
//! Use tokens that expire: pods mount one by default, and `kubectl create token` and the TokenRequest API create one
//! for callers outside the cluster. Then delete the Secret. Some Helm charts create one, for example for Prometheus:
//! look for a setting of the chart, or name the Secret in `allowedSecrets`.

use crate::check::{Check, Remediation};
use crate::evaluation::contents::contains_object;
use crate::evaluation::namespaces::{EvaluateNamespaces, NamespaceInCluster, reasons_of};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::TokenSecret;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, Texts};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, cut, names};
use crate::verdict::{Outcome, Reason, Verdict};

static ALLOWED_SECRETS: Parameter<Texts> = Parameter {
    name: "allowedSecrets",
    description: "The Secrets that may hold tokens of service accounts, as <namespace>/<name>.",
    default: Texts::Borrowed(&[]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-no-token-secrets",
    enabled: false,
    title: "Tokens of service accounts should not be stored in Secrets",
    requirement: "Each namespace should contain no Secret with a token of a service account.",
    severities: &[(
        Severity::Medium,
        "a token in a Secret is valid everywhere until someone deletes the Secret",
    )],
    remediation: Remediation {
        text: "Replace the token by one that expires (kubectl create token, or a projected volume), and delete \
               the Secret.",
        command: "kubectl delete secret <secret> --namespace {namespace}",
        url: "https://kubernetes.io/docs/concepts/security/service-accounts/",
    },
    parameters: &[&ALLOWED_SECRETS, &EXCEPTIONS],
    needs: &[Need::Namespaces, Need::TokenSecrets],
    evaluate: &EvaluateNamespaces {
        only: None,
        excepts_system_namespaces: false,
        evaluate,
    },
};

fn evaluate(namespace: NamespaceInCluster<'_>, settings: &ParameterValues) -> Verdict {
    let allowed = settings.get(&ALLOWED_SECRETS);
    let is_allowed =
        |secret: &&TokenSecret| contains_object(&allowed, namespace.name, &secret.name);
    let secrets = namespace.namespace.token_secrets.iter();
    let (allowed, others): (Vec<_>, Vec<_>) = secrets.partition(is_allowed);
    let others = others.into_iter();
    let (invalidated, valid): (Vec<_>, Vec<_>) = others.partition(|secret| secret.is_invalidated);
    let valid = valid.into_iter();
    let (used, unused): (Vec<_>, Vec<_>) = valid.partition(|secret| secret.was_used);

    let failures = [
        Reason::naming(
            ReasonCode::TokenSecretsUsed,
            "Secrets hold tokens that do not expire and were used. Replace the tokens, and delete the Secrets",
            &listed(&used),
        ),
        Reason::naming(
            ReasonCode::TokenSecretsUnused,
            "Secrets hold tokens that do not expire, and no use is recorded. Delete the Secrets",
            &listed(&unused),
        ),
    ];
    let failures: Vec<_> = failures.into_iter().flatten().collect();
    let invalidated = Reason::naming(
        ReasonCode::TokenSecretsInvalidated,
        "Secrets hold tokens that Kubernetes has marked as invalid, which can be undone. Delete the Secrets",
        &listed(&invalidated),
    );
    let needs = CHECK.needs.iter().copied().collect();
    let unread = reasons_of(namespace.cluster.missing(needs));
    let outcome = if !failures.is_empty() {
        Outcome::Failed(Severity::Medium)
    } else if !unread.is_empty() {
        Outcome::NotAvailable
    } else if invalidated.is_some() {
        Outcome::Warning
    } else {
        Outcome::Passed
    };
    let mut reasons: Vec<_> = failures
        .into_iter()
        .chain(unread)
        .chain(invalidated)
        .collect();
    if reasons.is_empty() {
        let code = ReasonCode::NoTokenSecrets;
        let other = if allowed.is_empty() { "" } else { "other " };
        let text =
            format!("The namespace contains no {other}Secret with a token of a service account.");
        reasons.push(Reason::new(code, text));
    }
    reasons.extend(Reason::naming(
        ReasonCode::ExceptedByParameter,
        "The parameter allowedSecrets allows Secrets with tokens",
        &listed(&allowed),
    ));
    Verdict::about_many(outcome, reasons, Vec::new())
}

/// Returns the names of Secrets with their service accounts.
fn listed(secrets: &[&TokenSecret]) -> String {
    let titles = secrets.iter().map(|secret| match &secret.account {
        Some(account) => {
            let account = cut(account, LONGEST_TEXT);
            format!("{} (service account {account})", secret.name)
        }
        None => secret.name.clone(),
    });
    let titles: Vec<String> = titles.collect();
    names(titles.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{kubernetes_cluster, unread};
    use crate::evaluation::namespaces::tests::{namespaces_of, results_of};
    use crate::facts::KubernetesCluster;
    use crate::facts::kubernetes::{ApiList, Namespace};
    use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed, Warning};

    const MEDIUM: Outcome = Failed(Severity::Medium);

    fn secret(name: &str) -> TokenSecret {
        TokenSecret {
            name: name.into(),
            account: Some("builder".into()),
            ..TokenSecret::default()
        }
    }

    fn used() -> TokenSecret {
        TokenSecret {
            was_used: true,
            ..secret("used")
        }
    }

    /// Returns a token that was used before it became invalid.
    fn invalidated() -> TokenSecret {
        TokenSecret {
            name: "old".into(),
            is_invalidated: true,
            ..used()
        }
    }

    fn with(name: &str, secrets: &[TokenSecret]) -> KubernetesCluster {
        let namespace = Namespace {
            token_secrets: secrets.to_vec(),
            ..Namespace::default()
        };
        KubernetesCluster {
            namespaces: [(name.to_owned(), namespace)].into(),
            ..kubernetes_cluster()
        }
    }

    fn verdict(facts: &KubernetesCluster, parameters: &str) -> Verdict {
        let verdicts = namespaces_of(&CHECK, facts, parameters);
        let [(_, verdict)] = <[_; 1]>::try_from(verdicts).unwrap();
        verdict
    }

    #[test]
    fn secrets_with_tokens_fail_and_are_named() {
        for (secrets, outcome, codes) in [
            (vec![], Passed, vec!["NO_TOKEN_SECRETS"]),
            (vec![secret("new")], MEDIUM, vec!["TOKEN_SECRETS_UNUSED"]),
            (vec![used()], MEDIUM, vec!["TOKEN_SECRETS_USED"]),
            (
                vec![invalidated()],
                Warning,
                vec!["TOKEN_SECRETS_INVALIDATED"],
            ),
            (
                vec![invalidated(), secret("new"), used()],
                MEDIUM,
                vec![
                    "TOKEN_SECRETS_USED",
                    "TOKEN_SECRETS_UNUSED",
                    "TOKEN_SECRETS_INVALIDATED",
                ],
            ),
        ] {
            let verdict = verdict(&with("shop", &secrets), "{}");
            assert_eq!(verdict.outcome, outcome, "{secrets:?}");
            assert_eq!(verdict.codes(), codes, "{secrets:?}");
        }
        let text = verdict(&with("shop", &[used()]), "{}").explanation();
        let expected = "Secrets hold tokens that do not expire and were used. Replace the tokens, and delete the Secrets: \
                        used (service account builder).";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_secret_counts_whatever_is_known_of_its_account() {
        let without = TokenSecret {
            account: None,
            ..secret("alone")
        };
        let verdict = verdict(&with("shop", &[without]), "{}");
        assert_eq!(verdict.outcome, MEDIUM);
        assert!(
            verdict.explanation().ends_with("Secrets: alone."),
            "{verdict:?}"
        );
    }

    #[test]
    fn the_namespaces_of_the_platform_are_no_exception() {
        let facts = with("kube-system", &[secret("x")]);
        assert_eq!(verdict(&facts, "{}").outcome, MEDIUM);
    }

    #[test]
    fn a_parameter_allows_single_secrets() {
        let facts = with("shop", &[secret("prometheus"), secret("other")]);
        for (allowed, outcome, codes) in [
            (
                "shop/prometheus,shop/other",
                Passed,
                vec!["NO_TOKEN_SECRETS", "EXCEPTED_BY_PARAMETER"],
            ),
            (
                "shop/prometheus",
                MEDIUM,
                vec!["TOKEN_SECRETS_UNUSED", "EXCEPTED_BY_PARAMETER"],
            ),
            (
                "other/prometheus,prometheus,shop/p*",
                MEDIUM,
                vec!["TOKEN_SECRETS_UNUSED"],
            ),
        ] {
            let verdict = verdict(&facts, &format!(r#"{{"allowedSecrets": "{allowed}"}}"#));
            assert_eq!(verdict.outcome, outcome, "{allowed}");
            assert_eq!(verdict.codes(), codes, "{allowed}");
        }
    }

    #[test]
    fn the_order_of_secrets_has_no_effect() {
        let one = with("shop", &[secret("a"), used(), secret("b"), invalidated()]);
        let other = with("shop", &[invalidated(), secret("b"), secret("a"), used()]);
        assert_eq!(verdict(&one, "{}"), verdict(&other, "{}"));
    }

    #[test]
    fn the_reason_names_a_limited_number_of_secrets_and_characters() {
        let secrets: Vec<_> = (10..30)
            .map(|number| TokenSecret {
                account: Some("a".repeat(100_000)),
                ..secret(&format!("s{number}"))
            })
            .collect();
        let text = verdict(&with("shop", &secrets), "{}").explanation();
        assert!(
            text.ends_with("and others.") && text.len() < 4_000,
            "{text}"
        );
    }

    #[test]
    fn an_unread_list_prevents_a_pass_and_a_warning_only() {
        for list in [ApiList::TokenSecrets, ApiList::Namespaces] {
            for (secrets, outcome) in [
                (vec![], NotAvailable),
                (vec![invalidated()], NotAvailable),
                (vec![secret("new")], MEDIUM),
            ] {
                let mut facts = with("shop", &secrets);
                facts.lists.insert(list, Err(unread()));
                let verdict = verdict(&facts, "{}");
                assert_eq!(verdict.outcome, outcome, "{list} {secrets:?}");
                assert!(verdict.codes().contains(&"ACCESS_DENIED"), "{list}");
            }
        }
        let mut facts = with("shop", &[]);
        facts.lists.remove(&ApiList::TokenSecrets);
        assert_eq!(verdict(&facts, "{}").codes(), ["NOT_READ"]);
    }

    #[test]
    fn each_namespace_has_a_result_unless_it_is_being_deleted() {
        let mut facts = with("shop", &[secret("new")]);
        let namespaces = &mut facts.namespaces;
        namespaces.insert("fine".into(), Namespace::default());
        let ending = Namespace {
            is_terminating: true,
            token_secrets: vec![secret("new")],
            ..Namespace::default()
        };
        namespaces.insert("ending".into(), ending);
        let results = results_of(&CHECK, &facts, "{}").into_iter();
        let results: Vec<_> = results.map(|(name, outcome, _)| (name, outcome)).collect();
        assert_eq!(
            results,
            [
                ("ending".to_owned(), NotApplicable),
                ("fine".to_owned(), Passed),
                ("shop".to_owned(), MEDIUM),
            ]
        );
    }

    #[test]
    fn the_check_runs_only_if_it_is_enabled() {
        assert!(!CHECK.enabled);
    }
}
