//! ## What it checks
//!
//! Images should come from allowed registries. The check applies if `allowedRegistries` is set. It fails with MEDIUM if
//! an image of a container of any kind, or an image that is a volume, comes from another one.
//!
//! An entry is the host of a registry, which may be followed by the beginning of the path: `quay.io`,
//! `public.ecr.aws/docker`. Hosts are compared without case, and paths by their segments. In a host, `*` stands for any
//! text without dots. `ecr:own` stands for the ECR registry of the cluster's account in any Region, `ecr:<account>` for
//! that of another account, and `ecr:eks` for the registries of the images of EKS add-ons. A reference without a host
//! names an image on `docker.io`: `nginx` is `docker.io/library/nginx`.
//!
//! ## Why it matters
//!
//! Anyone can publish an image. One of unknown origin may contain vulnerabilities, or programs of an attacker.
//!
//! ## How to fix it
//!
//! Pull images through an ECR pull through cache, or copy them to your registry. Refuse other images at admission, by a
//! `ValidatingAdmissionPolicy`, for example.

mod registry;

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::image_reference::{ImageReference, images};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::need::Need;
use crate::parameters::{Parameter, Texts};
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, cut};

use registry::AllowedRegistry;

static ALLOWED_REGISTRIES: Parameter<Texts> = Parameter {
    name: "allowedRegistries",
    description: "The registries from which images may come, such as ecr:own, ecr:eks or public.ecr.aws/docker.",
    default: Texts::Borrowed(&[]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-allowed-registries",
    enabled: true,
    title: "Images should come from allowed registries",
    requirement: "Each image should come from a registry that the parameter allows.",
    severities: &[(
        Severity::Medium,
        "nobody of the organization decided that the images of the registry are safe",
    )],
    remediation: Remediation {
        text: "Pull images through an ECR pull through cache, or copy them to an allowed registry.",
        command: "kubectl set image <workload> --namespace {namespace} <container>=<image>",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html",
    },
    parameters: &[
        &ALLOWED_REGISTRIES,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "All images come from allowed registries.",
        required: Some(&ALLOWED_REGISTRIES),
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let account = inspection.context.cluster.account();
    let allowed = inspection.context.settings.get(&ALLOWED_REGISTRIES);
    let allowed = allowed
        .iter()
        .map(|text| AllowedRegistry::read(text, account));
    let allowed: Vec<AllowedRegistry> = allowed.collect();
    for (container, image) in images(inspection) {
        let reference = ImageReference::read(image);
        let is_allowed = reference
            .is_none_or(|reference| allowed.iter().any(|registry| registry.contains(&reference)));
        let image = cut(image, LONGEST_TEXT);
        let text = format!("The image {image} comes from a registry that is not allowed");
        let issue = || Issue::failed(Severity::Medium, ReasonCode::RegistryNotAllowed, text);
        inspection.add_to(container, Ok((!is_allowed).then(issue)));
    }
}

#[cfg(test)]
mod tests;
