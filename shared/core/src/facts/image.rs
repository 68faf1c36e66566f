//! Facts about images in private Amazon ECR repositories.

mod configuration;
mod content;
mod scan;
mod severity_counts;
mod signature;
mod vulnerability;

use std::time::Duration;

use jiff::Timestamp;

use super::repository::{DIGEST, PREFIX, is_repository_name};
use super::{Fact, Facts, FactsOf, Unread};
use crate::details::Details;
use crate::kind::{Family, Identity, Parent, ResourceKind, TagSource};
use crate::need::{Need, Needs};

pub use configuration::{Configuration, User};
pub use content::{Content, Layers, Manifest};
pub use scan::{Scan, ScanResult, ScanStatus, Use};
pub use severity_counts::SeverityCounts;
pub use signature::{Signature, SignedOnPush, SigningState, SigningStatus};
pub use vulnerability::{Cvss, Package, Vulnerability, sort_worst_first};

/// An image and its scan.
#[derive(Debug, Clone, PartialEq)]
pub struct EcrImage {
    /// The repository's name.
    pub repository: String,
    /// The digest, `sha256:…`.
    pub digest: String,
    /// The reason why ECR did not describe the image, if only its scan is known; then the tags and times are not known.
    pub undescribed: Option<Unread>,
    /// The account of the registry.
    pub registry: Option<String>,
    /// The image's tags, sorted; empty if the image is untagged.
    pub tags: Vec<String>,
    /// The kind of content that the digest identifies.
    pub content: Content,
    /// The known facts about the image's manifest, which distinguishes an attestation from an image.
    pub manifest: Manifest,
    /// `true` if the image is in the archive storage class.
    pub archived: bool,
    /// The time at which the image was pushed.
    pub pushed_at: Option<Timestamp>,
    /// The time between the push and the call that describes the image; `None` if the time of the push is not known.
    pub age: Option<Duration>,
    /// The number of days since the image was last pushed, pulled or restored, including a day that has begun; `None`
    /// if none of these times is known.
    pub idle_days: Option<u32>,
    /// The number of days since the last recorded pull, including a day that has begun; `None` if no pull is recorded.
    pub pulled_days: Option<u32>,
    /// A text that changes with each scan, as far as the list of images shows it; `None` if the list does not show it.
    pub scan_revision: Option<String>,
    /// The result of scanning the image.
    pub scan: Fact<Scan>,
    /// The answer to the question whether ECR should have signed the image when it was pushed.
    pub signed_on_push: Fact<SignedOnPush>,
    /// The image's signature.
    pub signature: Fact<Signature>,
    /// The configuration in the image.
    pub configuration: Fact<Configuration>,
}

/// The time after its push in which an image may be without a scan. Until then, a missing scan proves nothing.
const FIRST_SCAN_TIMEOUT: Duration = Duration::from_hours(1);

impl EcrImage {
    /// Returns an image that ECR did not describe, for this reason.
    pub fn undescribed(repository: &str, digest: &str, registry: &str, reason: &Unread) -> Self {
        Self {
            repository: repository.to_owned(),
            digest: digest.to_owned(),
            undescribed: Some(reason.clone()),
            registry: Some(registry.to_owned()),
            tags: Vec::new(),
            content: Content::Image,
            manifest: Manifest::Unread,
            archived: false,
            pushed_at: None,
            age: None,
            idle_days: None,
            pulled_days: None,
            scan_revision: None,
            scan: Err(reason.clone()),
            signed_on_push: Err(reason.clone()),
            signature: Err(reason.clone()),
            configuration: Err(reason.clone()),
        }
    }

    /// Returns `true` if the image has no scan and was pushed so recently that its first scan may still follow.
    pub fn awaits_first_scan(&self) -> bool {
        let is_new = self.age.is_some_and(|age| age < FIRST_SCAN_TIMEOUT);
        is_new && matches!(self.scan, Ok(Scan::Never))
    }

    /// Returns `true` if only the manifest shows whether this is an image that lacks a scan, or an attestation, which
    /// is never scanned. That is the case if it has no tag, and it has no scan or the scanner could not scan it.
    pub fn needs_manifest(&self) -> bool {
        let has_no_scan = match &self.scan {
            Ok(Scan::Never) => !self.awaits_first_scan(),
            Ok(Scan::Tried { status, .. }) => status.is_unscannable(),
            Ok(Scan::Announced(_)) | Err(_) => false,
        };
        let is_unread = self.manifest == Manifest::Unread;
        self.is_active_image() && is_unread && self.tags.is_empty() && has_no_scan
    }

    /// Returns `true` if this is an image for one platform, as far as is known, and is not archived.
    pub fn is_active_image(&self) -> bool {
        self.content == Content::Image && !self.archived
    }

    /// Returns why no check applies to the image, or `None` if checks apply.
    pub fn inapplicable(&self) -> Option<String> {
        match &self.content {
            _ if self.archived => Some("The image is archived.".to_owned()),
            Content::Image | Content::Index => None,
            Content::Artifact(what) => Some(format!("This is not an image, but {what}.")),
        }
    }

    pub(super) fn details(&self) -> Details {
        Details::default()
            .text("registryId", self.registry.as_deref())
            .text("repositoryName", Some(&self.repository))
            .text("imageDigest", Some(&self.digest))
            .texts("imageTags", &self.tags)
            .time("imagePushedAt", self.pushed_at)
    }
}

/// Images in private Amazon ECR repositories. The path of an image is `<repository>/sha256:…`, as Amazon Inspector
/// writes it.
pub static KIND: ResourceKind = ResourceKind {
    name: "EcrImage",
    noun: "image",
    title: "ECR image",
    placeholder: "<digest>",
    events: Some(
        "a scan of the image ends, when Amazon Inspector reports an update, and when the image is pushed and already has \
         a scan result",
    ),
    identity: Identity::Arn {
        service: "ecr",
        prefix: PREFIX,
        owns: |path| path.contains(DIGEST),
        allows: is_image_path,
    },
    family: Family::Registry,
    parent: Some(Parent {
        kind: &super::repository::KIND,
        path: |path| path.split(DIGEST).next().unwrap_or_default(),
    }),
    asff_type: "AwsEcrContainerImage",
    ocsf_type: "AwsEcrContainerImage",
    config: None,
    tags: TagSource::Parent,
    sends_every_pass: false,
};

/// Returns `true` if the text can be the name of a repository followed by exactly one digest of an image.
fn is_image_path(path: &str) -> bool {
    path.split_once(DIGEST).is_some_and(|(repository, digest)| {
        is_repository_name(repository)
            && (1..=64).contains(&digest.len())
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

impl Facts for EcrImage {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn details(&self) -> Details {
        self.details()
    }

    fn revision(&self, needs: Needs) -> Option<&str> {
        if needs == Needs::only(Need::ImageScan) {
            self.scan_revision.as_deref()
        } else if needs == Needs::only(Need::ImageConfig) {
            // The digest identifies the configuration too.
            Some("the configuration")
        } else {
            None
        }
    }

    fn inapplicable(&self) -> Option<String> {
        self.inapplicable()
    }
}

impl FactsOf for EcrImage {
    const KIND: &'static ResourceKind = &KIND;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_manifest_is_needed_for_an_untagged_image_without_a_scan() {
        use crate::checks::samples::image;
        let tried = |word: &str| {
            Ok(Scan::Tried {
                status: ScanStatus::read(word),
                description: None,
                result: None,
            })
        };
        let untagged = |scan| EcrImage {
            tags: Vec::new(),
            scan,
            ..image()
        };
        for (scan, expected) in [
            (Ok(Scan::Never), true),
            (tried("FAILED"), true),
            (tried("UNSUPPORTED_IMAGE"), true),
            (tried("PENDING"), false),
            (tried("COMPLETE"), false),
            (tried("FINDINGS_UNAVAILABLE"), false),
            (Ok(Scan::Announced(Arc::default())), false),
            (Err(crate::checks::samples::unread()), false),
        ] {
            let image = untagged(scan);
            assert_eq!(image.needs_manifest(), expected, "{image:?}");
            let tagged = EcrImage {
                tags: vec!["1.0".into()],
                ..image
            };
            assert!(!tagged.needs_manifest(), "{tagged:?}");
        }
        let never = || untagged(Ok(Scan::Never));
        for image in [
            EcrImage {
                manifest: Manifest::OfImage,
                ..never()
            },
            EcrImage {
                manifest: Manifest::Withheld,
                ..never()
            },
            EcrImage {
                content: Content::attestation(),
                ..never()
            },
            EcrImage {
                archived: true,
                ..never()
            },
            EcrImage {
                age: Some(Duration::from_secs(59)),
                ..never()
            },
        ] {
            assert!(!image.needs_manifest(), "{image:?}");
        }
    }

    #[test]
    fn findings_based_on_the_scan_or_the_configuration_alone_have_a_revision() {
        let image = EcrImage {
            scan_revision: Some("1".into()),
            ..crate::checks::samples::image()
        };
        for (needs, expected) in [
            (Needs::only(Need::ImageScan), Some("1")),
            (Needs::only(Need::ImageConfig), Some("the configuration")),
            (Need::ImageScan | Need::ImageConfig, None),
            (Needs::empty(), None),
        ] {
            assert_eq!(image.revision(needs), expected, "{needs:?}");
        }
    }

    #[test]
    fn a_first_scan_may_take_an_hour() {
        let minutes = |minutes| Some(Duration::from_mins(minutes));
        for (scan, age, expected) in [
            (Scan::Never, minutes(0), true),
            (Scan::Never, minutes(59), true),
            (Scan::Never, minutes(60), false),
            (Scan::Never, None, false),
            (Scan::Announced(Arc::default()), minutes(1), false),
        ] {
            let image = EcrImage {
                scan: Ok(scan),
                age,
                ..crate::checks::samples::image()
            };
            assert_eq!(image.awaits_first_scan(), expected, "{image:?}");
        }
    }

    #[test]
    fn no_check_applies_to_archived_images_and_artifacts() {
        let chart = || Content::Artifact("a chart".into());
        for (content, archived, text) in [
            (Content::Image, false, None),
            (Content::Image, true, Some("The image is archived.")),
            (chart(), true, Some("The image is archived.")),
            (Content::Index, false, None),
            (Content::Index, true, Some("The image is archived.")),
            (chart(), false, Some("This is not an image, but a chart.")),
        ] {
            let image = EcrImage {
                content,
                archived,
                ..crate::checks::samples::image()
            };
            assert_eq!(Facts::inapplicable(&image).as_deref(), text);
        }
    }
}
