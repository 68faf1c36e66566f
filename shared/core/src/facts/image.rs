//! Facts about images in private Amazon ECR repositories.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::repository::{DIGEST, PREFIX, is_repository_name};
use super::{Fact, Facts, FactsOf};
use crate::details::Details;
use crate::kind::{Family, Identity, Parent, ResourceKind, TagSource, Topic};
use crate::severity::Severity;

/// An image and its scan.
#[derive(Debug, Clone, PartialEq)]
pub struct EcrImage {
    /// The repository's name.
    pub repository: String,
    /// The digest, `sha256:…`.
    pub digest: String,
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
    /// A text that changes with each scan, as far as the list of images shows it; `None` if the list does not show it.
    pub scan_revision: Option<String>,
    /// The result of scanning the image.
    pub scan: Fact<Scan>,
}

/// The kind of content that a digest identifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An image for one platform.
    Image,
    /// A list of images for several platforms, each of which has its own digest.
    Index,
    /// A chart, a signature, an attestation, …, by its media type or in words.
    Artifact(String),
}

impl Content {
    /// Determines the content from the media types of the manifest and of its artifact, from the manifest to which it
    /// refers, and from the tags. Only the tags distinguish signatures and attestations of cosign, which have the media
    /// types of images.
    /// Media types: <https://github.com/opencontainers/image-spec/blob/main/media-types.md>.
    pub fn read(
        manifest: Option<&str>,
        artifact: Option<&str>,
        subject: Option<&str>,
        tags: &[String],
    ) -> Self {
        const INDEXES: [&str; 2] = [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
        ];
        const MANIFESTS: [&str; 5] = [
            "",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
        ];
        const IMAGES: [&str; 2] = [
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.docker.container.image.v1+json",
        ];
        let (manifest, artifact) = (manifest.unwrap_or_default(), artifact.unwrap_or_default());
        if subject.is_some_and(|subject| !subject.is_empty()) {
            Self::Artifact("an artifact that refers to another image".to_owned())
        } else if INDEXES.contains(&manifest) {
            Self::Index
        } else if !MANIFESTS.contains(&manifest) {
            Self::Artifact(manifest.to_owned())
        } else if !artifact.is_empty() && !IMAGES.contains(&artifact) {
            Self::Artifact(artifact.to_owned())
        } else if !tags.is_empty() && tags.iter().all(|tag| is_attached(tag)) {
            Self::Artifact("a signature or attestation of another image".to_owned())
        } else {
            Self::Image
        }
    }

    /// Returns the content of an attestation that only its manifest distinguishes from an image.
    pub fn attestation() -> Self {
        Self::Artifact("an attestation of another image".to_owned())
    }
}

/// Returns `true` if cosign creates such tags: `sha256-<digest>.sig`, `.att` or `.sbom`.
fn is_attached(tag: &str) -> bool {
    tag.strip_prefix("sha256-")
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(digest, kind)| {
            digest.len() == 64
                && digest.chars().all(|c| c.is_ascii_hexdigit())
                && ["sig", "att", "sbom"].contains(&kind)
        })
}

/// The known facts about an image's manifest. Build tools push provenance and software bills of materials as manifests
/// without a tag, with the media types of an image. Only the layers distinguish them from images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manifest {
    /// The manifest was not read.
    Unread,
    /// The manifest could not be read, so that anything that looks like an image is treated as one.
    Withheld,
    /// The manifest was read, and is that of an image.
    OfImage,
}

/// The layers of a manifest, as far as they identify its content.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Layers {
    #[serde(default)]
    layers: Option<Vec<Layer>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    #[serde(default)]
    media_type: Option<String>,
}

impl Layers {
    /// Returns `true` if there are layers and each is an in-toto statement, which `BuildKit` attaches to images.
    /// Source: <https://docs.docker.com/build/metadata/attestations/attestation-storage/>.
    pub fn are_attestations(&self) -> bool {
        const STATEMENT: &str = "application/vnd.in-toto+json";
        let layers = self.layers.as_deref().unwrap_or_default();
        let is_statement = |layer: &Layer| layer.media_type.as_deref() == Some(STATEMENT);
        !layers.is_empty() && layers.iter().all(is_statement)
    }
}

/// The result of scanning an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Scan {
    /// The image was never scanned.
    Never,
    /// The event of the scan counts findings that ECR does not list yet.
    Announced(Arc<ScanResult>),
    /// The image was scanned, or a scan was attempted.
    Tried {
        /// The status of the scan.
        status: ScanStatus,
        /// ECR's description of the status.
        description: Option<String>,
        /// The findings; `None` if there is no result, which is not the same as no findings.
        result: Option<Arc<ScanResult>>,
    },
}

impl Scan {
    /// Returns the result, if there is one.
    pub fn result(&self) -> Option<&Arc<ScanResult>> {
        match self {
            Self::Tried {
                status: ScanStatus::Complete | ScanStatus::Arriving,
                result,
                ..
            } => result.as_ref(),
            Self::Never | Self::Announced(_) | Self::Tried { .. } => None,
        }
    }

    /// Returns `true` if the scan may have more results than ECR reports: ECR reports no scan, or its response does not
    /// prove that the findings have arrived.
    pub fn may_be_behind(&self) -> bool {
        match self {
            Self::Never => true,
            Self::Announced(_) => false,
            Self::Tried { status, result, .. } => match status {
                ScanStatus::Arriving => true,
                ScanStatus::Complete => result.is_none(),
                ScanStatus::UnderWay
                | ScanStatus::Failed
                | ScanStatus::ImageArchived
                | ScanStatus::NoResult(_) => false,
            },
        }
    }
}

/// The status of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanStatus {
    /// COMPLETE (basic) or ACTIVE (enhanced).
    Complete,
    /// COMPLETE or ACTIVE, but without a completion time and without counts. ECR reports this status before the
    /// findings arrive.
    Arriving,
    /// PENDING or IN_PROGRESS.
    UnderWay,
    /// FAILED.
    Failed,
    /// IMAGE_ARCHIVED.
    ImageArchived,
    /// There is no result and will be none: UNSUPPORTED_IMAGE, SCAN_ELIGIBILITY_EXPIRED, … or a status that did not
    /// exist when this was written.
    NoResult(String),
}

impl ScanStatus {
    /// Returns `true` if the scanner could not scan the image, which happens with artifacts that are not images.
    fn is_unscannable(&self) -> bool {
        match self {
            Self::Failed => true,
            Self::NoResult(word) => word == "UNSUPPORTED_IMAGE",
            Self::Complete | Self::Arriving | Self::UnderWay | Self::ImageArchived => false,
        }
    }

    /// Reads the status from its name in ECR.
    pub fn read(name: &str) -> Self {
        match name {
            "COMPLETE" | "ACTIVE" => Self::Complete,
            "PENDING" | "IN_PROGRESS" => Self::UnderWay,
            "FAILED" => Self::Failed,
            "IMAGE_ARCHIVED" => Self::ImageArchived,
            other => Self::NoResult(other.to_owned()),
        }
    }
}

/// The findings of a scan.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ScanResult {
    /// The number of findings of each severity.
    pub counts: SeverityCounts,
    /// The findings, the worst first; empty if only their number is known.
    pub vulnerabilities: Vec<Vulnerability>,
}

/// The number of findings of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SeverityCounts {
    counts: [u64; Severity::ALL.len()],
    untriaged: u64,
}

impl SeverityCounts {
    /// Adds findings. Without a severity (UNDEFINED, UNTRIAGED or a new label), they are below every threshold.
    pub fn add(&mut self, severity: Option<Severity>, count: u64) {
        let counted = match severity {
            Some(severity) => &mut self.counts[severity as usize],
            None => &mut self.untriaged,
        };
        // An event may have a count of any size, which must never wrap around to zero.
        *counted = counted.saturating_add(count);
    }

    /// Returns the number of findings of each severity, minus those of `others`.
    pub fn without(self, others: Self) -> Self {
        self.with_each(others, u64::saturating_sub)
    }

    /// Returns the larger number of findings of each severity.
    pub fn or_more(self, others: Self) -> Self {
        self.with_each(others, u64::max)
    }

    fn with_each(mut self, others: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        for (own, other) in self.counts.iter_mut().zip(others.counts) {
            *own = combine(*own, other);
        }
        self.untriaged = combine(self.untriaged, others.untriaged);
        self
    }

    /// Returns the number of findings of this severity.
    pub fn of(&self, severity: Severity) -> u64 {
        self.counts[severity as usize]
    }

    /// Returns the number of findings without a severity.
    pub fn untriaged(&self) -> u64 {
        self.untriaged
    }

    /// Returns the total number of findings.
    pub fn total(&self) -> u64 {
        let counts = self.counts.into_iter();
        counts.fold(self.untriaged, u64::saturating_add)
    }

    /// Returns the highest severity of the findings.
    pub fn highest(&self) -> Option<Severity> {
        Severity::ALL
            .into_iter()
            .rev()
            .find(|severity| self.of(*severity) > 0)
    }

    /// Returns the numbers in words, the highest severity first: `2 CRITICAL, 1 LOW`.
    pub fn describe(&self) -> String {
        let named = Severity::ALL
            .into_iter()
            .rev()
            .map(|severity| (self.of(severity), severity.label()));
        let parts: Vec<String> = named
            .chain([(self.untriaged, "without severity")])
            .filter(|(count, _)| *count > 0)
            .map(|(count, label)| format!("{count} {label}"))
            .collect();
        if parts.is_empty() {
            "none".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

/// A finding of an image scan.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Vulnerability {
    /// The id, such as `CVE-2021-44228`.
    pub id: String,
    /// The severity; `None` if the scanner does not report one.
    pub severity: Option<Severity>,
    /// The packages that have the vulnerability.
    pub packages: Vec<Package>,
    /// The CVSS scores.
    pub cvss: Vec<Cvss>,
    /// The vendor that describes the vulnerability, such as `NVD` or `UBUNTU_CVE`.
    pub vendor: Option<String>,
    /// The URL of the vendor's description.
    pub vendor_url: Option<String>,
    /// The severity that the vendor assigns.
    pub vendor_severity: Option<String>,
    /// The time at which the vendor published the vulnerability.
    pub published_at: Option<Timestamp>,
    /// The time at which the vendor last updated the vulnerability.
    pub updated_at: Option<Timestamp>,
    /// The addresses of pages about the vulnerability.
    pub references: Vec<String>,
    /// The related vulnerabilities.
    pub related: Vec<String>,
    /// The availability of a fix: `YES`, `NO` or `PARTIAL`.
    pub fix_available: Option<String>,
    /// The availability of an exploit: `YES` or `NO`.
    pub exploit_available: Option<String>,
    /// The probability that the vulnerability is exploited within 30 days, from 0 to 1.
    pub epss: Option<f64>,
}

impl Vulnerability {
    /// Returns the highest score, or 0 if there is none.
    pub fn score(&self) -> f64 {
        self.cvss
            .iter()
            .filter_map(|cvss| cvss.score)
            .fold(0.0, f64::max)
    }
}

/// Sorts vulnerabilities, the worst first: by severity, then by score, then by id and further members, so that the
/// order does not depend on the order in the API.
pub fn sort_worst_first(vulnerabilities: &mut [Vulnerability]) {
    vulnerabilities.sort_by(|one, other| {
        (other.severity.cmp(&one.severity))
            .then(other.score().total_cmp(&one.score()))
            .then_with(|| one.id.cmp(&other.id))
            .then_with(|| one.packages.cmp(&other.packages))
            .then_with(|| one.vendor.cmp(&other.vendor))
            .then_with(|| one.references.cmp(&other.references))
    });
}

/// A package with a vulnerability.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Package {
    /// The name of the package.
    pub name: Option<String>,
    /// The version of the package.
    pub version: Option<String>,
    /// The epoch, as in RPM.
    pub epoch: Option<String>,
    /// The release of the package.
    pub release: Option<String>,
    /// The architecture for which the package was built.
    pub architecture: Option<String>,
    /// The package manager that installed the package.
    pub manager: Option<String>,
    /// The path of the package.
    pub path: Option<String>,
    /// The version that fixes the vulnerability.
    pub fixed_in: Option<String>,
    /// The image layer that contains the package.
    pub layer: Option<String>,
}

/// A CVSS score.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Cvss {
    /// The version of CVSS.
    pub version: Option<String>,
    /// The score, from 0 to 10.
    pub score: Option<f64>,
    /// The vector.
    pub vector: Option<String>,
    /// The source of the score.
    pub source: Option<String>,
}

/// The time after its push in which an image may be without a scan. Until then, a missing scan proves nothing.
const FIRST_SCAN_TIMEOUT: Duration = Duration::from_hours(1);

impl EcrImage {
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
        let looks_like_an_image = self.content == Content::Image && !self.archived;
        let is_unread = self.manifest == Manifest::Unread;
        looks_like_an_image && is_unread && self.tags.is_empty() && has_no_scan
    }

    /// Returns why no check applies to the image, or `None` if checks apply.
    pub fn inapplicable(&self) -> Option<String> {
        match &self.content {
            _ if self.archived => Some("The image is archived.".to_owned()),
            Content::Image => None,
            Content::Index => Some(
                "This is an image index; the images of its platforms are evaluated.".to_owned(),
            ),
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
    topic: Topic::Vulnerabilities,
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

    fn revision(&self) -> Option<&str> {
        self.scan_revision.as_deref()
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
    use super::*;

    #[test]
    fn images_indexes_and_artifacts_are_distinguished() {
        let oci = Some("application/vnd.oci.image.manifest.v1+json");
        let config = Some("application/vnd.oci.image.config.v1+json");
        let tag = |digest: &str, kind: &str| format!("sha256-{digest}.{kind}");
        let digest = "0a".repeat(32);
        let signature = vec![tag(&digest, "sig")];
        for (manifest, artifact, tags, content) in [
            (None, None, vec![], Content::Image),
            (oci, Some(""), vec![], Content::Image),
            (oci, config, vec!["1.2".to_owned()], Content::Image),
            (
                oci,
                config,
                vec!["sha256-not-a-digest.sig".to_owned()],
                Content::Image,
            ),
            (
                Some("application/vnd.oci.artifact.manifest.v1+json"),
                None,
                vec![],
                Content::Artifact("application/vnd.oci.artifact.manifest.v1+json".into()),
            ),
            (
                Some("application/vnd.oci.image.index.v1+json"),
                None,
                vec![],
                Content::Index,
            ),
            (oci, config, vec![tag(&digest[1..], "sig")], Content::Image),
            (
                oci,
                config,
                vec![tag(&"zz".repeat(32), "sig")],
                Content::Image,
            ),
            (oci, config, vec![tag(&digest, "txt")], Content::Image),
            (
                oci,
                config,
                vec![tag(&digest, "sig"), "1.2".to_owned()],
                Content::Image,
            ),
            (
                oci,
                config,
                signature,
                Content::Artifact("a signature or attestation of another image".into()),
            ),
            (
                oci,
                Some("application/vnd.cncf.helm.config.v1+json"),
                vec![],
                Content::Artifact("application/vnd.cncf.helm.config.v1+json".into()),
            ),
        ] {
            assert_eq!(Content::read(manifest, artifact, None, &tags), content);
            assert_eq!(
                Content::read(manifest, artifact, Some(""), &tags),
                Content::read(manifest, artifact, None, &tags)
            );
            let refers = Content::read(manifest, artifact, Some("sha256:0a"), &tags);
            assert!(matches!(refers, Content::Artifact(_)), "{refers:?}");
        }
    }

    #[test]
    fn an_attestation_has_only_in_toto_layers() {
        let layers = |json: &str| serde_json::from_str::<Layers>(json).unwrap();
        let statement = r#"{"mediaType": "application/vnd.in-toto+json", "size": 1245}"#;
        let layer = r#"{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}"#;
        for (json, expected) in [
            (format!(r#"{{"layers": [{statement}]}}"#), true),
            (format!(r#"{{"layers": [{statement}, {statement}]}}"#), true),
            (format!(r#"{{"layers": [{statement}, {layer}]}}"#), false),
            (format!(r#"{{"layers": [{layer}]}}"#), false),
            (r#"{"layers": [{"mediaType": null}]}"#.to_owned(), false),
            (r#"{"layers": [{}]}"#.to_owned(), false),
            (r#"{"layers": []}"#.to_owned(), false),
            (r#"{"layers": null}"#.to_owned(), false),
            (
                r#"{"fsLayers": [{"blobSum": "sha256:0a"}]}"#.to_owned(),
                false,
            ),
        ] {
            assert_eq!(layers(&json).are_attestations(), expected, "{json}");
        }
    }

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
    fn vulnerabilities_are_sorted_worst_first() {
        let vulnerability = |id: &str, severity, score| Vulnerability {
            id: id.to_owned(),
            severity,
            cvss: vec![Cvss {
                score: Some(score),
                ..Cvss::default()
            }],
            ..Vulnerability::default()
        };
        let mut list = vec![
            vulnerability("CVE-1", None, 10.0),
            vulnerability("CVE-2", Some(Severity::High), 7.1),
            vulnerability("CVE-6", Some(Severity::High), 8.8),
            vulnerability("CVE-3", Some(Severity::High), 8.8),
            vulnerability("CVE-4", Some(Severity::Critical), 9.0),
        ];
        sort_worst_first(&mut list);
        let ids: Vec<_> = list.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["CVE-4", "CVE-3", "CVE-6", "CVE-2", "CVE-1"]);
    }

    #[test]
    fn counts_are_described_worst_first() {
        use Severity::{Critical, Low};
        for (found, total, highest, text) in [
            (&[][..], 0, None, "none"),
            (&[(Some(Low), 0)], 0, None, "none"),
            (&[(None, 3)], 3, None, "3 without severity"),
            (
                &[
                    (Some(Low), 1),
                    (None, 3),
                    (Some(Critical), 2),
                    (Some(Low), 4),
                ],
                10,
                Some(Critical),
                "2 CRITICAL, 5 LOW, 3 without severity",
            ),
            (&[(None, 2), (None, 3)], 5, None, "5 without severity"),
        ] {
            let mut counts = SeverityCounts::default();
            for (severity, count) in found {
                counts.add(*severity, *count);
            }
            assert_eq!((counts.total(), counts.highest()), (total, highest));
            assert_eq!(counts.describe(), text);
            assert_eq!(
                counts.total() - counts.untriaged(),
                Severity::ALL.map(|one| counts.of(one)).iter().sum::<u64>()
            );
        }
    }

    #[test]
    fn only_a_complete_scan_has_a_result() {
        let found = Arc::new(ScanResult::default());
        let scan = |word: &str, result: Option<&Arc<ScanResult>>| Scan::Tried {
            status: ScanStatus::read(word),
            description: None,
            result: result.cloned(),
        };
        for (scan, expected) in [
            (scan("COMPLETE", Some(&found)), Some(&found)),
            (scan("ACTIVE", Some(&found)), Some(&found)),
            (scan("COMPLETE", None), None),
            (scan("IN_PROGRESS", Some(&found)), None),
            (scan("FAILED", Some(&found)), None),
            (Scan::Never, None),
            (Scan::Announced(Arc::clone(&found)), None),
        ] {
            assert_eq!(scan.result(), expected, "{scan:?}");
        }
    }

    #[test]
    fn a_scan_without_a_proven_result_may_be_behind() {
        let found = Arc::new(ScanResult::default());
        let scan = |status: ScanStatus, result: Option<&Arc<ScanResult>>| Scan::Tried {
            status,
            description: None,
            result: result.cloned(),
        };
        for (scan, expected) in [
            (Scan::Never, true),
            (Scan::Announced(Arc::clone(&found)), false),
            (scan(ScanStatus::Arriving, None), true),
            (scan(ScanStatus::Arriving, Some(&found)), true),
            (scan(ScanStatus::Complete, None), true),
            (scan(ScanStatus::Complete, Some(&found)), false),
            (scan(ScanStatus::UnderWay, None), false),
            (scan(ScanStatus::Failed, None), false),
            (scan(ScanStatus::NoResult("X".into()), None), false),
        ] {
            assert_eq!(scan.may_be_behind(), expected, "{scan:?}");
        }
    }

    #[test]
    fn no_check_applies_to_archived_images_and_artifacts() {
        let chart = || Content::Artifact("a chart".into());
        for (content, archived, text) in [
            (Content::Image, false, None),
            (Content::Image, true, Some("The image is archived.")),
            (chart(), true, Some("The image is archived.")),
            (
                Content::Index,
                false,
                Some("This is an image index; the images of its platforms are evaluated."),
            ),
            (chart(), false, Some("This is not an image, but a chart.")),
        ] {
            let image = EcrImage {
                content,
                archived,
                ..crate::checks::samples::image()
            };
            assert_eq!(image.inapplicable().as_deref(), text);
        }
    }

    #[test]
    fn counts_are_combined_severity_by_severity() {
        let counts = |high, low, untriaged| {
            let mut counts = SeverityCounts::default();
            counts.add(Some(Severity::High), high);
            counts.add(Some(Severity::Low), low);
            counts.add(None, untriaged);
            counts
        };
        assert_eq!(counts(3, 1, 2).without(counts(1, 2, 2)), counts(2, 0, 0));
        assert_eq!(counts(3, 1, 2).or_more(counts(1, 2, 5)), counts(3, 2, 5));
    }

    #[test]
    fn counts_do_not_overflow() {
        let mut counts = SeverityCounts::default();
        for _ in 0..2 {
            counts.add(Some(Severity::Critical), u64::MAX);
            counts.add(None, 1);
        }
        assert_eq!(counts.highest(), Some(Severity::Critical));
        assert_eq!((counts.untriaged(), counts.total()), (2, u64::MAX));
    }
}
