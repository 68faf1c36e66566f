//! Manifests.

use std::collections::HashMap;

use aws_sdk_ecr::operation::batch_get_image::BatchGetImageOutput;
use aws_sdk_ecr::types::{ImageFailure, ImageFailureCode, ImageIdentifier};
use eksentry_core::facts::image::Layers;

/// The results of reading manifests, by digest.
#[derive(Debug)]
pub(in crate::ecr) struct Manifests(HashMap<String, ManifestResult>);

/// The result of reading one manifest.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ecr) enum ManifestResult {
    /// The manifest belongs to an image, or at least not to an attestation.
    Image,
    Attestation,
    /// The manifest does not exist.
    Gone,
    /// The manifest could not be read, for this reason.
    Failure(String),
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
        ManifestResult::Image
    }
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
            ("b", Some(ManifestResult::Image)),
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
}
