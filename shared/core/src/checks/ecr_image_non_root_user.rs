//! ## What it checks
//!
//! The check reads the configuration in an image and fails when the image runs as root: when it names no user, the user
//! `root` or the user 0, whatever the group, or the user `ContainerAdministrator` on Windows. It results in a warning
//! when the configuration can't be read, has more than 1 MiB, or is that of a Windows image without a user, and when the
//! manifest has the form of Docker's schema 1, which has no configuration.
//!
//! For an index, the images of its platforms are evaluated. Charts, signatures and other artifacts, archived images, and
//! repositories that a pull through cache rule covers are not evaluated; reading an image in such a repository could
//! contact the other registry.
//!
//! The check is disabled by default, because it needs the permission to read what is in images
//! (`ecr:BatchGetImage` with `ecr:GetDownloadUrlForLayer`). To use it, turn on the parameter `ImageConfigurations` of
//! the stack, enable the check, and add a pull time update exclusion for the roles of the functions, so that reading a
//! manifest does not count as a pull. Without the exclusion, no manifest is read for this check, and the result is not
//! available. Only the configuration is read, and no layer. A digest never changes, so the image is read again only when
//! the finding about it is sent again.
//!
//! ## Why it matters
//!
//! A process that runs as root in a container has more possibilities to leave the container, and to change what is in
//! it. Pods can override the user of the image in both directions, so what counts in the end is the security context of
//! the pod.
//!
//! ## How to fix it
//!
//! Set a user in the Dockerfile, by its number: the setting `runAsNonRoot` of Kubernetes accepts only numbers.

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::images::{inactive, index};
use crate::facts::EcrImage;
use crate::facts::image::{Configuration, User};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ACTIVE_DAYS: Parameter<u32> = Parameter {
    name: "activeDays",
    description: "Evaluate only images that were pushed or pulled within this number of days; 0 evaluates all images.",
    default: 0,
};

pub(super) static CHECK: Check = Check {
    id: "ecr-image-non-root-user",
    enabled: false,
    title: "ECR images should not run as root",
    requirement: "The image should name a user other than root.",
    severities: &[(
        Severity::Medium,
        "containers of the image run as root, unless the pod sets another user",
    )],
    remediation: Remediation {
        text: "Add a user to the Dockerfile, for example USER 65532, and rebuild and deploy the image. To list the \
               tags of the image:",
        command: "aws ecr describe-images --region {region} --repository-name {repository} --image-ids \
                  imageDigest={name}",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/image-security.html",
    },
    parameters: &[&ACTIVE_DAYS],
    needs: &[Need::ImageConfig],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(image: &EcrImage, settings: &ParameterValues) -> Verdict {
    let inactive = || inactive(image, settings.get(&ACTIVE_DAYS));
    if let Some(verdict) = index(image).or_else(inactive) {
        return verdict;
    }
    match &image.configuration {
        Err(unread) => Verdict::not_available(unread),
        Ok(Configuration::OfArtifact) => Verdict::not_applicable(
            ReasonCode::ResourceNotApplicable,
            "This is not an image, but an artifact without a user.",
        ),
        Ok(Configuration::Cached) => Verdict::not_applicable(
            ReasonCode::PulledThroughCache,
            "A pull through cache rule covers the repository.",
        ),
        Ok(Configuration::NotUnderstood(reason)) => {
            Verdict::warning(ReasonCode::ConfigurationNotUnderstood, *reason)
        }
        Ok(Configuration::Read(user)) => evaluate_user(user),
    }
}

fn evaluate_user(user: &User) -> Verdict {
    let User { name, is_windows } = user;
    if *is_windows && name.is_empty() {
        return Verdict::warning(
            ReasonCode::ConfigurationNotUnderstood,
            "The image is for Windows and names no user; it runs as the user of its base image.",
        );
    }
    if user.is_root() {
        let named = if name.is_empty() {
            "The image names no user, so it runs as root.".to_owned()
        } else {
            format!("The image runs as the user {name:?}.")
        };
        return Verdict::failed(Severity::Medium, ReasonCode::UserRoot, named);
    }
    let note = if user.is_number() || *is_windows {
        ""
    } else {
        " Kubernetes can't verify with runAsNonRoot that a name is not root; use a number."
    };
    Verdict::passed(
        ReasonCode::UserNotRoot,
        format!("The image runs as the user {name:?}.{note}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{image, settings, unread};
    use crate::facts::Fact;
    use crate::verdict::Outcome;

    const ROOT: Outcome = Outcome::Failed(Severity::Medium);

    #[expect(clippy::unnecessary_wraps, reason = "facts in tables may be unread")]
    fn user(name: &str, is_windows: bool) -> Fact<Configuration> {
        let name = name.to_owned();
        Ok(Configuration::Read(User { name, is_windows }))
    }

    #[test]
    fn an_image_should_name_a_user_other_than_root() {
        for (configuration, expected, note) in [
            (user("", false), ROOT, false),
            (user("0:1000", false), ROOT, false),
            (user("65532", false), Outcome::Passed, false),
            (user("nginx", false), Outcome::Passed, true),
            (user("", true), Outcome::Warning, false),
            (user("ContainerAdministrator", true), ROOT, false),
            (user("ContainerUser", true), Outcome::Passed, false),
            (
                Ok(Configuration::NotUnderstood("Why.")),
                Outcome::Warning,
                false,
            ),
            (Ok(Configuration::OfArtifact), Outcome::NotApplicable, false),
            (Ok(Configuration::Cached), Outcome::NotApplicable, false),
            (Err(unread()), Outcome::NotAvailable, false),
        ] {
            let image = EcrImage {
                configuration,
                ..image()
            };
            let verdict = evaluate(&image, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{image:?}");
            let text = verdict.explanation();
            assert_eq!(text.contains("runAsNonRoot"), note, "{text}");
        }
    }

    #[test]
    fn inactive_images_can_be_excluded() {
        let idle = EcrImage {
            idle_days: Some(31),
            configuration: Err(unread()),
            ..image()
        };
        let verdict = evaluate(&idle, &settings(CHECK.parameters, r#"{"activeDays": 30}"#));
        assert_eq!(verdict.codes(), ["IMAGE_NOT_ACTIVE"]);
    }
}
