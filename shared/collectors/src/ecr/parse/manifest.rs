//! Manifests.

use std::collections::HashMap;

use aws_sdk_ecr::operation::batch_get_image::BatchGetImageOutput;
use aws_sdk_ecr::types::{ImageFailure, ImageFailureCode, ImageIdentifier};
use eksentry_core::facts::image::{Configuration, Content, Layers};
use serde::Deserialize;

/// The maximum size of a configuration that is read, in bytes. Configurations have some kilobytes.
pub(in crate::ecr) const CONFIGURATION_BYTES: usize = 1024 * 1024;

pub(in crate::ecr) const TOO_LARGE: &str = "The configuration of the image has more than 1 MiB.";

/// The results of reading manifests, by digest.
#[derive(Debug)]
pub(in crate::ecr) struct Manifests(HashMap<String, ManifestResult>);

/// The result of reading one manifest.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ecr) enum ManifestResult {
    /// The manifest belongs to an image, or at least not to an attestation.
    Image(ConfigurationIn),
    Attestation,
    /// The manifest does not exist.
    Gone,
    /// The manifest could not be read, for this reason.
    Failure(String),
}

/// The configuration that a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ecr) enum ConfigurationIn {
    /// The registry stores the configuration under this digest.
    Blob(String),
    /// There is no configuration to download.
    Known(Configuration),
}

/// The members of a manifest that identify its configuration.
/// Source: <https://github.com/opencontainers/image-spec/blob/main/manifest.md>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    schema_version: Option<u64>,
    #[serde(default)]
    config: Option<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    size: Option<u64>,
}

impl Manifests {
    /// Returns the result for the manifest with that digest; `None` if there is none.
    pub(in crate::ecr) fn of(&self, digest: &str) -> Option<&ManifestResult> {
        self.0.get(digest)
    }
}

pub(in crate::ecr) fn manifests(response: &BatchGetImageOutput) -> Manifests {
    let digest = |id: Option<&ImageIdentifier>| id?.image_digest().map(str::to_owned);
    let images = response.images().iter().filter_map(|image| {
        let manifest = image.image_manifest().filter(|text| !text.is_empty())?;
        Some((digest(image.image_id())?, kind(manifest)))
    });
    let failures = response
        .failures()
        .iter()
        .filter_map(|failure| Some((digest(failure.image_id())?, problem(failure))));
    Manifests(failures.chain(images).collect())
}

/// Returns the kind of a manifest. A manifest whose layers can't be read is treated as what it appears to be, an image.
fn kind(manifest: &str) -> ManifestResult {
    let layers = serde_json::from_str::<Layers>(manifest);
    if layers.is_ok_and(|layers| layers.are_attestations()) {
        ManifestResult::Attestation
    } else {
        ManifestResult::Image(configuration(manifest))
    }
}

fn configuration(manifest: &str) -> ConfigurationIn {
    let not_understood = |reason| ConfigurationIn::Known(Configuration::NotUnderstood(reason));
    let Ok(document) = serde_json::from_str::<Document>(manifest) else {
        return not_understood("The manifest of the image is not valid.");
    };
    if document.schema_version == Some(1) {
        return not_understood(
            "The manifest of the image has the form of Docker's schema 1, which has no configuration.",
        );
    }
    let Some(config) = document.config else {
        return not_understood("The manifest of the image names no configuration.");
    };
    let content = Content::read(None, config.media_type.as_deref(), None, &[]);
    if content != Content::Image {
        return ConfigurationIn::Known(Configuration::OfArtifact);
    }
    if config
        .size
        .is_some_and(|size| size > CONFIGURATION_BYTES as u64)
    {
        return not_understood(TOO_LARGE);
    }
    match config.digest.filter(|digest| is_sha256(digest)) {
        Some(digest) => ConfigurationIn::Blob(digest),
        None => not_understood("The manifest of the image names no configuration by SHA-256."),
    }
}

fn is_sha256(digest: &str) -> bool {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let hex = digest.strip_prefix("sha256:");
    hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_hex))
}

fn problem(failure: &ImageFailure) -> ManifestResult {
    /// The maximum number of characters of a reason. Reasons come from outside, so longer ones are cut.
    const REASON: usize = 400;
    let code = failure.failure_code();
    if code == Some(&ImageFailureCode::ImageNotFound) {
        return ManifestResult::Gone;
    }
    let code = code.map_or("no error code", ImageFailureCode::as_str);
    let reason = failure.failure_reason().unwrap_or("no reason given");
    let reason: String = reason.trim_end_matches('.').chars().take(REASON).collect();
    ManifestResult::Failure(format!("{code}: {reason}"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::Image;

    use super::*;

    fn id(digest: &str) -> ImageIdentifier {
        ImageIdentifier::builder().image_digest(digest).build()
    }

    #[test]
    fn each_digest_has_its_own_result() {
        let image = |digest: &str, manifest: &str| {
            Image::builder()
                .image_id(id(digest))
                .image_manifest(manifest)
                .build()
        };
        let failure = |digest: &str, code: &str| {
            ImageFailure::builder()
                .image_id(id(digest))
                .failure_code(code.into())
                .failure_reason("Because.")
                .build()
        };
        let response = BatchGetImageOutput::builder()
            .images(image(
                "a",
                r#"{"layers": [{"mediaType": "application/vnd.in-toto+json"}]}"#,
            ))
            .images(image(
                "b",
                r#"{"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar"}]}"#,
            ))
            .images(image("c", ""))
            .images(Image::builder().image_manifest("{}").build())
            .failures(failure("d", "ImageNotFound"))
            .failures(failure("e", "KmsError"))
            .failures(ImageFailure::builder().build())
            .build();
        let manifests = manifests(&response);
        for (digest, expected) in [
            ("a", Some(ManifestResult::Attestation)),
            (
                "b",
                Some(ManifestResult::Image(ConfigurationIn::Known(
                    Configuration::NotUnderstood(
                        "The manifest of the image names no configuration.",
                    ),
                ))),
            ),
            ("c", None),
            ("d", Some(ManifestResult::Gone)),
            (
                "e",
                Some(ManifestResult::Failure("KmsError: Because".into())),
            ),
            ("f", None),
        ] {
            assert_eq!(manifests.of(digest), expected.as_ref(), "{digest}");
        }
    }

    #[test]
    fn a_manifest_names_a_configuration() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let config = |members: &str| format!(r#"{{"schemaVersion": 2, "config": {members}}}"#);
        let image = "application/vnd.oci.image.config.v1+json";
        for (manifest, expected) in [
            (
                config(&format!(
                    r#"{{"mediaType": "{image}", "digest": "{digest}", "size": 1048576}}"#
                )),
                Ok(digest.as_str()),
            ),
            (config(&format!(r#"{{"digest": "{digest}"}}"#)), Ok(&digest)),
            (
                config(&format!(r#"{{"digest": "{digest}", "size": 1048577}}"#)),
                Err(TOO_LARGE),
            ),
            (
                config(&format!(r#"{{"digest": "{}"}}"#, &digest[..70])),
                Err("SHA-256"),
            ),
            (
                config(&format!(r#"{{"digest": "{}"}}"#, digest.to_uppercase())),
                Err("SHA-256"),
            ),
            (config("{}"), Err("SHA-256")),
            (config("null"), Err("names no configuration.")),
            (
                r#"{"schemaVersion": 1, "fsLayers": []}"#.to_owned(),
                Err("schema 1"),
            ),
            ("not JSON".to_owned(), Err("not valid")),
        ] {
            match (configuration(&manifest), expected) {
                (ConfigurationIn::Blob(found), Ok(expected)) => assert_eq!(found, expected),
                (ConfigurationIn::Known(Configuration::NotUnderstood(reason)), Err(mention)) => {
                    assert!(reason.contains(mention), "{reason}");
                }
                (found, _) => panic!("{manifest}: {found:?}"),
            }
        }
        let chart = config(r#"{"mediaType": "application/vnd.cncf.helm.config.v1+json"}"#);
        let of_chart = ConfigurationIn::Known(Configuration::OfArtifact);
        assert_eq!(configuration(&chart), of_chart);
    }
}
