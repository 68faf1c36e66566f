//! The parts that tests of checks of namespaces have in common, and the tests of what these checks share.

use super::*;
use crate::check::{Check, Evaluated, Evaluator};
use crate::checks::samples::{kubernetes_cluster, settings, unread};
use crate::evaluation::workloads::tests::cluster;
use crate::severity::Severity;
use crate::verdict::Outcome;

/// Returns the verdicts of a check about the namespaces of a cluster, by name.
pub(crate) fn namespaces_of(
    check: &Check,
    facts: &KubernetesCluster,
    parameters: &str,
) -> Vec<(String, Verdict)> {
    let mut declared = check.parameters.to_vec();
    declared.push(&SYSTEM_NAMESPACES);
    let settings = settings(&declared, parameters);
    let evaluated = check.evaluate.evaluate(&cluster(), facts, &settings);
    let Some(Evaluated::Objects(subjects)) = evaluated else {
        panic!("{} evaluates namespaces", check.id);
    };
    let objects = subjects
        .into_iter()
        .flat_map(|subject| subject.verdicts.objects);
    objects
        .map(|object| {
            if let Outcome::Failed(severity) = object.verdict.outcome {
                assert!(check.reason_for(severity).is_some(), "{severity:?}");
            }
            (object.name, object.verdict)
        })
        .collect()
}

/// Returns the outcomes and the codes of the reasons of a check about the namespaces of a cluster, by name.
pub(crate) fn results_of(
    check: &Check,
    facts: &KubernetesCluster,
    parameters: &str,
) -> Vec<(String, Outcome, Vec<&'static str>)> {
    let verdicts = namespaces_of(check, facts, parameters).into_iter();
    verdicts
        .map(|(name, verdict)| (name, verdict.outcome, verdict.codes()))
        .collect()
}

fn with(names: &[&str]) -> KubernetesCluster {
    let namespaces = names
        .iter()
        .map(|name| ((*name).to_owned(), Namespace::default()));
    KubernetesCluster {
        namespaces: namespaces.collect(),
        ..kubernetes_cluster()
    }
}

fn verdicts(
    evaluator: &EvaluateNamespaces,
    facts: &KubernetesCluster,
    parameters: &str,
) -> Vec<(String, Outcome, Vec<&'static str>)> {
    let settings = settings(&[&SYSTEM_NAMESPACES], parameters);
    let evaluated = evaluator.evaluate(&cluster(), facts, &settings);
    let Some(Evaluated::Objects(subjects)) = evaluated else {
        panic!("not a cluster");
    };
    let objects = subjects
        .into_iter()
        .flat_map(|subject| subject.verdicts.objects);
    objects
        .map(|object| {
            let (_, name) = object.resource.name().rsplit_once('/').unwrap();
            assert_eq!(name, object.name);
            (object.name, object.verdict.outcome, object.verdict.codes())
        })
        .collect()
}

const ALL: EvaluateNamespaces = EvaluateNamespaces {
    only: None,
    excepts_system_namespaces: true,
    evaluate: |namespace, _| match namespace.name {
        "amazon-cloudwatch" => Verdict::not_available(&unread()),
        "kube-public" => Verdict::warning(ReasonCode::NotEnforced, "Seen."),
        "kube-node-lease" => Verdict::passed(ReasonCode::NotEnforced, "Seen."),
        _ => Verdict::failed(Severity::Medium, ReasonCode::NotEnforced, "Seen."),
    },
};

#[test]
fn failures_and_warnings_of_system_namespaces_pass() {
    let facts = with(&[
        "amazon-cloudwatch",
        "kube-foo",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    ]);
    let failed = Outcome::Failed(Severity::Medium);
    let row =
        |name: &str, outcome, codes: &[&'static str]| (name.to_owned(), outcome, codes.to_vec());
    let excepted: &[&str] = &["EXCEPTED_SYSTEM", "NOT_ENFORCED"];
    assert_eq!(
        verdicts(&ALL, &facts, "{}"),
        [
            row(
                "amazon-cloudwatch",
                Outcome::NotAvailable,
                &["ACCESS_DENIED"]
            ),
            row("kube-foo", failed, &["NOT_ENFORCED"]),
            row("kube-node-lease", Outcome::Passed, &["NOT_ENFORCED"]),
            row("kube-public", Outcome::Passed, excepted),
            row("kube-system", Outcome::Passed, excepted),
        ]
    );
    let facts = with(&["kube-system", "shop"]);
    assert_eq!(
        verdicts(&ALL, &facts, r#"{"systemNamespaces": "shop"}"#),
        [
            row("kube-system", failed, &["NOT_ENFORCED"]),
            row("shop", Outcome::Passed, excepted),
        ]
    );
}

#[test]
fn a_check_may_evaluate_system_namespaces_as_all_others() {
    let strict = EvaluateNamespaces {
        excepts_system_namespaces: false,
        ..ALL
    };
    let found = verdicts(&strict, &with(&["kube-public", "kube-system"]), "{}");
    let outcomes: Vec<_> = found.iter().map(|(_, outcome, _)| *outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Warning, Outcome::Failed(Severity::Medium)]
    );
}

#[test]
fn a_namespace_that_is_being_deleted_is_not_evaluated() {
    let mut facts = with(&["kube-system"]);
    let namespaces = facts.namespaces.values_mut();
    namespaces.for_each(|namespace| namespace.is_terminating = true);
    let found = verdicts(&ALL, &facts, "{}");
    assert_eq!(found[0].1, Outcome::NotApplicable);
    assert_eq!(found[0].2, ["NAMESPACE_BEING_DELETED"]);
}

#[test]
fn one_namespace_is_evaluated_even_if_it_is_not_listed() {
    let only = EvaluateNamespaces {
        only: Some("default"),
        ..ALL
    };
    for facts in [with(&["shop"]), with(&["default", "shop"]), with(&[])] {
        let found = verdicts(&only, &facts, "{}");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "default");
    }
}

#[test]
fn nothing_is_reported_of_a_cluster_that_is_not_read() {
    let facts = KubernetesCluster {
        unreachable: Some(unread()),
        ..with(&["shop"])
    };
    assert_eq!(verdicts(&ALL, &facts, "{}"), []);
}

#[test]
fn each_reason_of_unread_facts_appears_once() {
    let reasons = reasons_of([unread(), unread()]);
    assert_eq!(reasons.len(), 1);
}
