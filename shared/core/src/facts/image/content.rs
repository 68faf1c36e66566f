//! The kind of content that a digest identifies: an image, an index or an artifact, such as an attestation.

use serde::Deserialize;

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
}
