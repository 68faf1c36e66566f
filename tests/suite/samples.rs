//! The sample events, each played in the demo's account: each one changes the findings and evaluations that its name
//! says.

use eksentry_tests::demo::Sample;
use serde_json::{Value, json};

use crate::world::{World, workspace};

/// The findings and evaluations that a sample event changes, one per line.
struct Changes {
    sample: &'static str,
    findings: &'static [&'static str],
    evaluations: &'static [&'static str],
}

const CHANGES: &[Changes] = &[
    Changes {
        sample: "config-rule/changed-cluster",
        findings: &["FAILED HIGH eks-endpoint-private cluster/mobile-banking"],
        evaluations: &["NON_COMPLIANT AWS::EKS::Cluster mobile-banking"],
    },
    Changes {
        sample: "config-rule/changed-key",
        findings: &["FAILED MEDIUM kms-cmk-rotation key/5d2f9e8b-4c63-47a0-9d1e-f6a8b3c7d066"],
        evaluations: &["NON_COMPLIANT AWS::KMS::Key 5d2f9e8b-4c63-47a0-9d1e-f6a8b3c7d066"],
    },
    Changes {
        sample: "config-rule/changed-repository",
        findings: &["FAILED LOW ecr-immutable-tags repository/cards/tokenization"],
        evaluations: &["NON_COMPLIANT AWS::ECR::Repository cards/tokenization"],
    },
    Changes {
        sample: "config-rule/deleted",
        findings: &["ARCHIVED FAILED HIGH eks-endpoint-private cluster/swift-bridge-poc"],
        evaluations: &["NOT_APPLICABLE AWS::EKS::Cluster swift-bridge-poc"],
    },
    Changes {
        sample: "config-rule/left-scope",
        findings: &[],
        evaluations: &["NOT_APPLICABLE AWS::EKS::Cluster risk-analytics"],
    },
    Changes {
        sample: "config-rule/oversized",
        findings: &["FAILED MEDIUM eks-control-plane-logging cluster/fraud-scoring"],
        evaluations: &["NON_COMPLIANT AWS::EKS::Cluster fraud-scoring"],
    },
    Changes {
        sample: "config-rule/scheduled",
        findings: &[
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/core-banking-legacy",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/fraud-scoring",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/kyc-onboarding",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/kyc-onboarding-uat",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/open-banking-api",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/risk-analytics",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/treasury",
            "PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/cards-prod",
            "PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/ledger-prod",
            "PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/mobile-banking",
            "PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/payments-prod",
            "PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/regulatory-reporting",
        ],
        evaluations: &[
            "COMPLIANT AWS::EKS::Cluster cards-prod",
            "COMPLIANT AWS::EKS::Cluster ledger-prod",
            "COMPLIANT AWS::EKS::Cluster mobile-banking",
            "COMPLIANT AWS::EKS::Cluster payments-prod",
            "COMPLIANT AWS::EKS::Cluster regulatory-reporting",
            "NON_COMPLIANT AWS::EKS::Cluster core-banking-legacy",
            "NON_COMPLIANT AWS::EKS::Cluster fraud-scoring",
            "NON_COMPLIANT AWS::EKS::Cluster kyc-onboarding",
            "NON_COMPLIANT AWS::EKS::Cluster kyc-onboarding-uat",
            "NON_COMPLIANT AWS::EKS::Cluster open-banking-api",
            "NON_COMPLIANT AWS::EKS::Cluster risk-analytics",
            "NON_COMPLIANT AWS::EKS::Cluster treasury",
            "NOT_APPLICABLE AWS::EKS::Cluster trade-finance-poc",
        ],
    },
    Changes {
        sample: "config-rule/snapshot-delivered",
        findings: &[],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/delete",
        findings: &[
            "ARCHIVED FAILED CRITICAL ecr-image-scan-findings repository/payments/api/sha256:6d4b2f0e8c1a3957b5d3f1e9c7a5b3d1f0e2c4a6b8d9f7e5c3a1b2d4f6e8c0a9",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/inspector-scan",
        findings: &[
            "FAILED CRITICAL ecr-image-scan-findings repository/payments/settlement/sha256:5b1e7a93c4d2f80615e9a7b3c8d4f2016a5b7c9e3d1f4a82b6c0e5d7f9a1b3c5",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/inspector-scan-of-function",
        findings: &[],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/inspector-scan-of-instance",
        findings: &[],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/inspector-scan-of-machine-image",
        findings: &[],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/push",
        findings: &[
            "FAILED MEDIUM ecr-immutable-tags repository/cards/3ds-server",
            "PASSED INFORMATIONAL ecr-scan-on-push repository/cards/3ds-server",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/push-chart",
        findings: &[
            "PASSED INFORMATIONAL ecr-immutable-tags repository/platform/charts",
            "PASSED INFORMATIONAL ecr-scan-on-push repository/platform/charts",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/push-untagged",
        findings: &[
            "PASSED INFORMATIONAL ecr-image-scan-findings repository/platform/ingress/sha256:b4d6f8a0c2e4d6b8f0a1c3e5d7f9b2a4c6e8d0f1b3a5c7e9d2f4b6a8c0e1d3f5",
            "PASSED INFORMATIONAL ecr-immutable-tags repository/platform/ingress",
            "PASSED INFORMATIONAL ecr-scan-on-push repository/platform/ingress",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/scan-complete",
        findings: &[
            "FAILED CRITICAL ecr-image-scan-findings repository/legacy/batch/sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12347f5b",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/scan-failed",
        findings: &[
            "FAILED MEDIUM ecr-image-scan-findings repository/kyc/screening/sha256:c2e4a6d8b0f1937586a4c2e0d9b7f5a3e1c8d6b4f2a09876543210fedcba9876",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/scan-failed-attestation",
        findings: &[],
        evaluations: &[],
    },
    Changes {
        sample: "ecr-event/scan-frequency-changed",
        findings: &[
            "FAILED MEDIUM ecr-scan-on-push repository/kyc/screening",
            "PASSED INFORMATIONAL ecr-scan-on-push repository/cards/issuing",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "sweep/narrowed",
        findings: &[
            "FAILED HIGH eks-endpoint-private cluster/mobile-banking",
            "FAILED MEDIUM eks-endpoint-private cluster/cards-prod",
            "FAILED MEDIUM kms-cmk-rotation key/5d2f9e8b-4c63-47a0-9d1e-f6a8b3c7d066",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "sweep-worker/part-of-a-registry",
        findings: &[
            "PASSED INFORMATIONAL ecr-image-scan-findings repository/open-banking/consent/sha256:c02f3f7fc433b675660b61c4ac75c37271ac4e9c99c8f35d8050b2aa28668dfa",
            "PASSED INFORMATIONAL ecr-immutable-tags repository/open-banking/consent",
            "PASSED INFORMATIONAL ecr-scan-on-push repository/open-banking/consent",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "sweep-worker/slice",
        findings: &[
            "FAILED HIGH eks-secrets-envelope-encryption cluster/treasury",
            "FAILED LOW ecr-immutable-tags repository/mobile/bff",
            "FAILED LOW eks-deletion-protection cluster/treasury",
            "FAILED MEDIUM eks-authentication-mode cluster/treasury",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/treasury",
            "PASSED INFORMATIONAL ecr-image-scan-findings repository/payments/api/sha256:0f4c1f5d0e9b7a3c62d8e41b5a7f90c3d1e2b4a6978c5d3e0f1a2b3c4d5e6f70",
            "PASSED INFORMATIONAL ecr-scan-on-push repository/mobile/bff",
            "PASSED INFORMATIONAL eks-authentication-mode cluster/payments-prod",
            "PASSED INFORMATIONAL eks-control-plane-logging cluster/payments-prod",
            "PASSED INFORMATIONAL eks-control-plane-logging cluster/treasury",
            "PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/payments-prod",
            "PASSED INFORMATIONAL eks-deletion-protection cluster/payments-prod",
            "PASSED INFORMATIONAL eks-endpoint-private cluster/payments-prod",
            "PASSED INFORMATIONAL eks-endpoint-private cluster/treasury",
            "PASSED INFORMATIONAL eks-secrets-customer-managed-key cluster/payments-prod",
            "PASSED INFORMATIONAL eks-secrets-customer-managed-key cluster/treasury",
            "PASSED INFORMATIONAL eks-secrets-envelope-encryption cluster/payments-prod",
        ],
        evaluations: &[],
    },
    Changes {
        sample: "sweep-worker/slice-and-unreadable-message",
        findings: &[
            "FAILED MEDIUM kms-cmk-rotation key/3f0c2b9d-6e71-4a58-b1d4-90a7c5e8d244",
            "PASSED INFORMATIONAL kms-cmk-rotation key/0d7a6c1e-52f4-4c0b-9a3d-8e1b2f604a11",
        ],
        evaluations: &[],
    },
];

/// The samples that sweep the whole account.
const SWEEPS: [&str; 3] = [
    "sweep/by-hand",
    "sweep/schedule-by-rule",
    "sweep/schedule-by-scheduler",
];

#[test]
fn each_sample_event_changes_the_expected_findings() {
    for changes in CHANGES {
        let mut world = World::demo();
        let before = world.statuses();
        play(&mut world, &sample(changes.sample));
        let mut findings = world.statuses();
        findings.retain(|line| !before.contains(line));
        assert_eq!(findings, changes.findings, "{}", changes.sample);
        let mut evaluations = world.evaluations();
        evaluations.sort();
        assert_eq!(evaluations, changes.evaluations, "{}", changes.sample);
        world.end();
    }
}

#[test]
fn all_samples_of_full_sweeps_have_the_same_result() {
    let [by_hand, by_rule, by_scheduler] = SWEEPS.map(|title| {
        let mut world = World::demo();
        let mut summary = play(&mut world, &sample(title));
        summary["durationMs"] = Value::Null;
        let statuses = world.statuses();
        world.end();
        (summary, statuses)
    });
    assert!(by_hand.1.len() > 100, "{:?}", by_hand.1);
    assert_eq!(by_hand, by_rule);
    assert_eq!(by_hand, by_scheduler);
}

#[test]
fn only_the_unreadable_message_fails() {
    let mut world = World::demo();
    for (title, failures) in [
        ("sweep-worker/slice", json!([])),
        ("sweep-worker/part-of-a-registry", json!([])),
        (
            "sweep-worker/slice-and-unreadable-message",
            json!([{"itemIdentifier": "037805d3-ad7b-10c5-b842-5427b516b5ce"}]),
        ),
    ] {
        let answer = play(&mut world, &sample(title));
        assert_eq!(answer, json!({"batchItemFailures": failures}), "{title}");
    }
    world.end();
}

#[test]
fn every_sample_event_has_expected_changes() {
    let missing: Vec<String> = samples()
        .iter()
        .map(Sample::title)
        .filter(|title| {
            !SWEEPS.contains(&title.as_str())
                && !CHANGES.iter().any(|changes| changes.sample == title)
        })
        .collect();
    assert!(
        missing.is_empty(),
        "add the expected changes of these samples to CHANGES in tests/suite/samples.rs: {missing:?}"
    );
}

/// Returns the answer to a sample event, which no function may reject.
fn play(world: &mut World, sample: &Sample) -> Value {
    let mut event = sample.payload.clone();
    if let (Some(rule), true) = (
        event["configRuleName"].as_str(),
        event["resultToken"].is_string(),
    ) {
        event["resultToken"] = json!(world.aws.result_token(rule));
    }
    let outcome = world.invoke(&sample.function, &event).outcome;
    outcome.unwrap_or_else(|error| panic!("{} failed: {error}", sample.title()))
}

fn sample(title: &str) -> Sample {
    samples()
        .into_iter()
        .find(|sample| sample.title() == title)
        .unwrap_or_else(|| panic!("events/{title}.json is missing"))
}

fn samples() -> Vec<Sample> {
    Sample::load_all(&workspace().join("events")).unwrap()
}
