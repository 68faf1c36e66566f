//! The manifests that distinguish images from attestations.
//!
//! `ecr:BatchGetImage` is the call that pulls images, and ECR may count it as a pull. Therefore only the manifests that
//! decide this distinction are requested.

use eksentry_core::facts::image::{Content, EcrImage, Manifest};
use eksentry_core::{Observation, State};
use futures::StreamExt;

use super::REPOSITORIES;
use super::images::identifier;
use super::parse::{self, ManifestResult, Manifests};
use crate::Reader;
use crate::call::Call;
use crate::permission::Permission;

pub(super) const READ: Permission = Permission::new("ecr:BatchGetImage", REPOSITORIES);

/// The maximum number of manifests that ECR returns in a call.
const BATCH: usize = 100;

/// The number of such calls that are made at the same time.
const BATCHES_AT_A_TIME: usize = 4;

impl Reader<'_> {
    /// Distinguishes images from attestations by their manifests, and returns the updated observations.
    pub(crate) async fn with_manifests(
        &self,
        mut observations: Vec<Observation>,
    ) -> Vec<Observation> {
        observations.sort_by(|one, other| repository(one).cmp(repository(other)));
        let batches = observations
            .chunk_by_mut(|one, other| repository(one) == repository(other))
            .flat_map(|of_one| of_one.chunks_mut(BATCH));
        futures::stream::iter(batches)
            .for_each_concurrent(BATCHES_AT_A_TIME, |batch| async move {
                let digests = batch.iter().map(|one| digest(one).to_owned()).collect();
                let name = batch.first().map_or("", repository).to_owned();
                let call = self.ecr_call(&READ, format!("repository {name}"));
                let read = self.manifests(&call, &name, digests).await;
                for observation in batch {
                    apply_manifest(observation, &read, &call);
                }
            })
            .await;
        observations
    }

    /// Reads manifests by digest. If the whole call failed, the returned state applies to each of the images.
    async fn manifests(
        &self,
        call: &Call<'_>,
        repository: &str,
        digests: Vec<String>,
    ) -> Result<Manifests, Box<State>> {
        let ids = digests.iter().map(|digest| identifier(digest)).collect();
        let request = self.clients.ecr.batch_get_image();
        let request = request.repository_name(repository).set_image_ids(Some(ids));
        match call.send(request.send()).await {
            Ok(response) => Ok(parse::manifests(&response)),
            Err(failure) => Err(Box::new(failure.into())),
        }
    }
}

fn repository(observation: &Observation) -> &str {
    observation.resource.repository_and_digest().0
}

fn digest(observation: &Observation) -> &str {
    observation.resource.repository_and_digest().1
}

/// Updates an observation with the content of its manifest. If the manifest could not be read, the observation becomes
/// unread; but if access was denied, the image is treated as what it appears to be.
fn apply_manifest(
    observation: &mut Observation,
    read: &Result<Manifests, Box<State>>,
    call: &Call<'_>,
) {
    let Some(mut image) = observation.state.facts_of::<EcrImage>().cloned() else {
        return;
    };
    match read {
        Ok(manifests) => match manifests.of(&image.digest) {
            Some(ManifestResult::Image) => {
                image.manifest = Manifest::OfImage;
                observation.state = State::present(image);
            }
            Some(ManifestResult::Attestation) => {
                image.content = Content::attestation();
                image.scan_revision = None;
                observation.state = State::present(image);
            }
            Some(ManifestResult::Gone) => observation.state = State::Gone,
            Some(ManifestResult::Failure(problem)) => {
                let problem = format!("image {}: {problem}", image.digest);
                observation.state = State::Unread(call.failed(&problem));
            }
            None => {
                let member = format!("the manifest of {}", image.digest);
                observation.state = State::Unread(call.without(&member));
            }
        },
        Err(state) => match state.as_ref() {
            State::Unread(unread) if unread.is_denied() => {
                image.manifest = Manifest::Withheld;
                image.scan_revision = None;
                observation.state = State::present(image);
            }
            state => observation.state = state.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::operation::batch_get_image::BatchGetImageOutput;
    use aws_sdk_ecr::types::{Image, ImageFailure, ImageFailureCode};
    use eksentry_aws::Pace;
    use eksentry_core::facts::image::Scan;
    use eksentry_core::{ReasonCode, Resource, Unread};
    use jiff::Timestamp;

    use super::*;

    fn observation(digest: &str) -> Observation {
        let arn = format!("arn:aws:ecr:eu-central-1:111122223333:repository/app/{digest}");
        let detail = aws_sdk_ecr::types::ImageDetail::builder()
            .image_digest(digest)
            .build();
        let mut image = parse::image("app", &detail, Timestamp::UNIX_EPOCH);
        image.scan = Ok(Scan::Never);
        image.scan_revision = parse::revision_without_scan(&image);
        assert!(image.needs_manifest() && image.scan_revision.is_some());
        Observation {
            resource: Resource::parse(&arn).unwrap(),
            observed_at: Timestamp::UNIX_EPOCH,
            state: State::present(image),
        }
    }

    fn state_after(read: Result<BatchGetImageOutput, State>) -> State {
        let mut observation = observation("sha256:0a");
        let read = read.map(|response| parse::manifests(&response));
        let pace = Pace::default();
        let call = Call::new(READ.action, &pace, "repository app");
        apply_manifest(&mut observation, &read.map_err(Box::new), &call);
        observation.state
    }

    fn image(state: State) -> EcrImage {
        let image = state.facts_of::<EcrImage>();
        image
            .cloned()
            .unwrap_or_else(|| panic!("not an image: {state:?}"))
    }

    fn response(manifest: Option<&str>) -> BatchGetImageOutput {
        let image = Image::builder()
            .image_id(identifier("sha256:0a"))
            .set_image_manifest(manifest.map(str::to_owned));
        BatchGetImageOutput::builder().images(image.build()).build()
    }

    #[test]
    fn a_manifest_distinguishes_an_image_from_an_attestation() {
        let statement = r#"{"layers": [{"mediaType": "application/vnd.in-toto+json"}]}"#;
        let layer = r#"{"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar"}]}"#;
        let attestation = image(state_after(Ok(response(Some(statement)))));
        assert_eq!(
            (attestation.content, attestation.scan_revision),
            (Content::attestation(), None)
        );
        for manifest in [layer, "{}", "not JSON"] {
            let image = image(state_after(Ok(response(Some(manifest)))));
            assert_eq!(
                (image.content, image.manifest),
                (Content::Image, Manifest::OfImage),
                "{manifest}"
            );
            assert!(image.scan_revision.is_some(), "it is not requested again");
        }
    }

    #[test]
    fn a_manifest_missing_from_the_response_is_not_available() {
        let none = BatchGetImageOutput::builder().build();
        let failure = |code| {
            let failure = ImageFailure::builder()
                .image_id(identifier("sha256:0a"))
                .failure_code(code);
            BatchGetImageOutput::builder()
                .failures(failure.build())
                .build()
        };
        for response in [
            none,
            response(None),
            response(Some("")),
            failure(ImageFailureCode::KmsError),
        ] {
            let state = state_after(Ok(response));
            let State::Unread(unread) = &state else {
                panic!("{state:?}")
            };
            assert_eq!(unread.code.word(), "READ_FAILED");
            assert!(unread.text.contains("sha256:0a"), "{}", unread.text);
        }
        let gone = state_after(Ok(failure(ImageFailureCode::ImageNotFound)));
        assert!(matches!(gone, State::Gone), "{gone:?}");
    }

    #[test]
    fn a_manifest_that_may_not_be_read_counts_as_an_image() {
        let unread = |code| Unread {
            code,
            text: "Why.".to_owned(),
        };
        let denied = image(state_after(Err(State::Unread(unread(
            ReasonCode::AccessDenied,
        )))));
        assert_eq!(
            (denied.content, denied.manifest, denied.scan_revision),
            (Content::Image, Manifest::Withheld, None)
        );
        for state in [State::Unread(unread(ReasonCode::Throttled)), State::Gone] {
            let after = state_after(Err(state.clone()));
            assert_eq!(format!("{after:?}"), format!("{state:?}"));
        }
    }
}
