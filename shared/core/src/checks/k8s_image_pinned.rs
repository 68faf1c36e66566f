//! ## What it checks
//!
//! Images should be named by a fixed tag or by a digest. The check fails with LOW if a container of any kind, or a
//! volume that is an image, names it without a tag and without a digest, which means `latest`, or by one of
//! `mutableTags`. With `pinning` set to `digest`, each image needs a digest. An image with a tag and a digest is named
//! by its digest.
//!
//! The tags of an ECR repository can be moved unless they are immutable. Another check evaluates that.
//!
//! ## Why it matters
//!
//! A tag that moves lets pods of one workload run different programs. Nobody can tell which ones, or go back to the
//! last one.
//!
//! ## How to fix it
//!
//! Name the image by its version and its digest: `app:1.2.3@sha256:…`.

use std::borrow::Cow;

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::image_reference::{ImageReference, images};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::need::Need;
use crate::parameters::{Parameter, Pinning, Texts};
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, cut};

static PINNING: Parameter<Pinning> = Parameter {
    name: "pinning",
    description: "The part of its reference by which an image must be named: a tag, or a digest.",
    default: Pinning::Tag,
};

static MUTABLE_TAGS: Parameter<Texts> = Parameter {
    name: "mutableTags",
    description: "The tags that are often moved to another image.",
    default: Texts::Borrowed(&[
        Cow::Borrowed("latest"),
        Cow::Borrowed("stable"),
        Cow::Borrowed("main"),
        Cow::Borrowed("master"),
        Cow::Borrowed("edge"),
        Cow::Borrowed("nightly"),
        Cow::Borrowed("dev"),
    ]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-image-pinned",
    enabled: true,
    title: "Images should be named by a fixed tag or a digest",
    requirement: "Each container should name its image by a tag that is not moved, or by a digest.",
    severities: &[(
        Severity::Low,
        "the pods of a workload may run different images under one name",
    )],
    remediation: Remediation {
        text: "Name the image by its version and its digest: repository:1.2.3@sha256:….",
        command: "kubectl set image <workload> --namespace {namespace} <container>=<image>",
        url: "https://kubernetes.io/docs/concepts/containers/images/",
    },
    parameters: &[
        &PINNING,
        &MUTABLE_TAGS,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "All images are named by a fixed tag or a digest.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let pinning = inspection.context.settings.get(&PINNING);
    let mutable = inspection.context.settings.get(&MUTABLE_TAGS);
    for (container, image) in images(inspection) {
        let issue = issue(image, pinning, &mutable);
        inspection.add_to(container, Ok(issue));
    }
}

fn issue(image: &str, pinning: Pinning, mutable: &Texts) -> Option<Issue> {
    let reference = ImageReference::read(image)?;
    if reference.digest.is_some() {
        return None;
    }
    let image = cut(image, LONGEST_TEXT);
    let failed = |code, text: String| Some(Issue::failed(Severity::Low, code, text));
    match reference.tag {
        _ if pinning == Pinning::Digest => {
            let text = format!("The image {image} is named without a digest");
            failed(ReasonCode::DigestMissing, text)
        }
        None => {
            let text = format!("The image {image} is named without a tag and without a digest");
            failed(ReasonCode::TagMissing, text)
        }
        Some(tag) if mutable.iter().any(|one| one == tag) => {
            let text = format!("The image {image} is named by a tag that is often moved");
            failed(ReasonCode::MutableTag, text)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, workload};
    use crate::evaluation::workloads::tests::{
        assert_rows, objects_of, pod, verdict_of, with_container,
    };
    use crate::facts::kubernetes::{KubernetesCluster, RunningPods, Workload};
    use crate::verdict::Outcome::{self, Failed, NotAvailable, Passed};

    const LOW: Outcome = Failed(Severity::Low);

    fn image(image: &str) -> Value {
        with_container(&json!({"image": image}))
    }

    #[test]
    fn the_tag_or_the_digest_decides() {
        let mut init = image("app:1");
        init["initContainers"] = json!([{"name": "i", "image": "busybox"}]);
        let passed: &[&str] = &["WORKLOAD_PASSED"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (image("app:1.2.3"), Passed, passed),
                (image("app:1"), Passed, passed),
                (image("app"), LOW, &["TAG_MISSING"]),
                (image("host:5000/app"), LOW, &["TAG_MISSING"]),
                (image("host:5000/app:1"), Passed, passed),
                (image("app:latest"), LOW, &["MUTABLE_TAG"]),
                (image("r.example.com/app:main"), LOW, &["MUTABLE_TAG"]),
                (image("app@sha256:0123"), Passed, passed),
                (image("app@sha512:0123"), Passed, passed),
                (image("app:latest@sha256:0123"), Passed, passed),
                (init, LOW, &["TAG_MISSING"]),
                (image(""), NotAvailable, &["IMAGE_MISSING"]),
                (
                    with_container(&json!({"image": 1})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (image(&"a".repeat(5_000)), NotAvailable, &["READ_FAILED"]),
            ],
        );
    }

    #[test]
    fn a_long_name_is_cut() {
        let verdict = verdict_of(&CHECK, &image(&"a".repeat(300)), "{}");
        let shown = format!("The image {} is named", "a".repeat(200));
        assert!(verdict.explanation().starts_with(&shown), "{verdict:?}");
    }

    #[test]
    fn parameters_change_the_requirement() {
        for (parameters, reference, expected) in [
            (r#"{"pinning": "digest"}"#, "app:1.2.3", LOW),
            (r#"{"pinning": "digest"}"#, "app", LOW),
            (r#"{"pinning": "digest"}"#, "app@sha256:0123", Passed),
            (r#"{"mutableTags": "prod"}"#, "app:prod", LOW),
            (r#"{"mutableTags": "prod"}"#, "app:main", Passed),
        ] {
            let verdict = verdict_of(&CHECK, &image(reference), parameters);
            assert_eq!(verdict.outcome, expected, "{parameters} {reference}");
        }
    }

    #[test]
    fn an_image_that_admission_names_is_evaluated_in_running_pods() {
        let of_pods = |running: Vec<RunningPods>| {
            let facts = KubernetesCluster {
                workloads: vec![Workload {
                    running,
                    ..workload(&pod(&image("")))
                }],
                ..kubernetes_cluster()
            };
            objects_of(&CHECK, &facts, "{}")
                .pop()
                .unwrap()
                .verdict
                .outcome
        };
        let running = RunningPods {
            spec: pod(&image("app:1.2.3")),
            count: 1,
        };
        assert_eq!(of_pods(vec![running]), Passed);
        assert_eq!(of_pods(Vec::new()), NotAvailable);
    }
}
