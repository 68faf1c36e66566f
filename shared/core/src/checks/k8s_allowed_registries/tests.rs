use serde_json::{Value, json};

use super::*;
use crate::check::Evaluated;
use crate::checks::samples::{kubernetes_cluster, settings, unread, workload};
use crate::evaluation::workloads::tests::{cluster, objects_of, pod, verdict_of, with_container};
use crate::facts::kubernetes::{ApiList, KubernetesCluster, RunningPods, Workload};
use crate::verdict::Outcome::{self, Failed, NotApplicable, NotAvailable, Passed};

const MEDIUM: Outcome = Failed(Severity::Medium);

const PARAMETERS: &str = r#"{
    "allowedRegistries": "ecr:own, ecr:eks, ecr:444455556666, docker.io/bitnami, public.ecr.aws/docker, localhost:5000"
}"#;

fn image(image: &str) -> Value {
    with_container(&json!({"image": image}))
}

#[test]
fn the_full_reference_decides() {
    for (reference, expected) in [
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1",
            Passed,
        ),
        ("111122223333.dkr-ecr.eu-west-1.on.aws/team/app:1", Passed),
        ("444455556666.dkr.ecr.eu-west-1.amazonaws.com/app", Passed),
        (
            "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/coredns:v1",
            Passed,
        ),
        ("999999999999.dkr.ecr.us-east-1.amazonaws.com/app:1", MEDIUM),
        (
            "111122223333.dkr.ecr.us-east-1.amazonaws.com.evil.io/app:1",
            MEDIUM,
        ),
        ("nginx:1.27", MEDIUM),
        ("bitnami/redis:7", Passed),
        ("docker.io/bitnamix/redis:7", MEDIUM),
        ("public.ecr.aws/docker/library/nginx:1", Passed),
        ("public.ecr.aws/dockerx/nginx:1", MEDIUM),
        ("PUBLIC.ECR.AWS/docker/x:1", Passed),
        ("public.ecr.aws/docker@sha256:abab", Passed),
        ("localhost:5000/app", Passed),
        ("localhost:5001/app", MEDIUM),
        ("", NotAvailable),
    ] {
        let verdict = verdict_of(&CHECK, &image(reference), PARAMETERS);
        assert_eq!(verdict.outcome, expected, "{reference}");
    }
}

#[test]
fn a_long_name_is_cut() {
    let verdict = verdict_of(&CHECK, &image(&"a".repeat(300)), PARAMETERS);
    let shown = format!("The image {} comes from", "a".repeat(200));
    assert!(verdict.explanation().starts_with(&shown), "{verdict:?}");
}

#[test]
fn images_of_all_containers_and_volumes_count() {
    let mut init = image("localhost:5000/app");
    init["initContainers"] = json!([{"name": "i", "image": "quay.io/x/y:1"}]);
    let mut volume = image("localhost:5000/app");
    volume["volumes"] = json!([{"name": "v", "image": {"reference": "quay.io/x/y:1"}}]);
    for (pod, ends) in [
        (init, "not allowed: init container i."),
        (volume, "not allowed."),
    ] {
        let text = verdict_of(&CHECK, &pod, PARAMETERS).explanation();
        assert!(
            text.contains("quay.io/x/y:1") && text.ends_with(ends),
            "{text}"
        );
    }
}

#[test]
fn an_image_that_admission_adds_is_evaluated() {
    let template = image("localhost:5000/app");
    let mut injected = template.clone();
    let mesh = json!({"name": "mesh", "image": "quay.io/mesh:1"});
    injected["containers"].as_array_mut().unwrap().push(mesh);
    let facts = KubernetesCluster {
        workloads: vec![Workload {
            running: vec![RunningPods {
                spec: pod(&injected),
                count: 2,
            }],
            ..workload(&pod(&template))
        }],
        ..kubernetes_cluster()
    };
    let verdict = objects_of(&CHECK, &facts, PARAMETERS)
        .pop()
        .unwrap()
        .verdict;
    let text = verdict.explanation();
    assert_eq!(verdict.outcome, MEDIUM);
    assert!(
        text.ends_with("container mesh (added at admission)."),
        "{text}"
    );
}

#[test]
fn without_the_parameter_the_check_does_not_apply() {
    let mut facts = KubernetesCluster {
        workloads: vec![workload(&pod(&image("evil.io/x")))],
        ..kubernetes_cluster()
    };
    facts.lists.insert(ApiList::Pods, Err(unread()));
    let settings = settings(CHECK.parameters, "{}");
    let Some(Evaluated::Objects(subjects)) = CHECK.evaluate.evaluate(&cluster(), &facts, &settings)
    else {
        panic!("the check evaluates workloads");
    };
    for subject in subjects {
        let rolled_up = CHECK.unit().roll_up(subject, 0);
        let outcomes: Vec<_> = rolled_up.iter().map(|one| one.verdict.outcome).collect();
        assert_eq!(outcomes, [NotApplicable]);
    }
}
