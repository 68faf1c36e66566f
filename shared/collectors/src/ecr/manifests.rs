//! The manifests that distinguish images from attestations, and those that name the configurations of images.
//!
//! `ecr:BatchGetImage` is the call that pulls images, and ECR may count it as a pull. Therefore only the manifests that
//! decide this distinction are requested, and others only for a role whose pulls ECR does not record.

use eksentry_core::facts::image::{Configuration, Content, EcrImage, Manifest};
use eksentry_core::{Fact, Need, Needs, Observation, State, Unread};
use futures::StreamExt;

use super::REPOSITORIES;
use super::images::identifier;
use super::parse::{self, ConfigurationIn, ManifestResult, Manifests};
use crate::Reader;
use crate::call::Call;
use crate::permission::Permission;

pub(super) const READ: Permission = Permission::new("ecr:BatchGetImage", REPOSITORIES);

/// The maximum number of manifests that ECR returns in a call.
const BATCH: usize = 100;

/// The number of such calls that are made at the same time.
const BATCHES_AT_A_TIME: usize = 4;

/// The number of configurations that are downloaded at the same time.
const DOWNLOADS_AT_A_TIME: usize = 8;

/// An observed image whose manifest must be read.
#[derive(Debug)]
pub(crate) struct ManifestRequest {
    observation: Observation,
    /// `true` if only the manifest shows whether this is an image.
    distinguishes: bool,
    /// `true` if the configuration that the manifest names must be read.
    configuration: bool,
}

impl ManifestRequest {
    /// Returns `true` if the manifest of an observed image may have to be read for these facts.
    pub(super) fn may_be_needed(observation: &Observation, needs: Needs) -> bool {
        let image = observation.state.facts_of::<EcrImage>();
        image.is_some_and(|image| {
            image.needs_manifest() || needs.contains(Need::ImageConfig) && image.is_active_image()
        })
    }

    /// Returns a request for the manifest of an observed image, if these facts depend on it.
    ///
    /// # Errors
    ///
    /// Returns the observation if they do not.
    pub(crate) fn of(observation: Observation, needs: Needs) -> Result<Self, Observation> {
        let Some(image) = observation.state.facts_of::<EcrImage>() else {
            return Err(observation);
        };
        let distinguishes = needs.contains(Need::ImageScan) && image.needs_manifest();
        let configuration = needs.contains(Need::ImageConfig) && image.is_active_image();
        if distinguishes || configuration {
            Ok(Self {
                observation,
                distinguishes,
                configuration,
            })
        } else {
            Err(observation)
        }
    }

    fn repository(&self) -> &str {
        self.observation.resource.repository_and_digest().0
    }

    fn digest(&self) -> &str {
        self.observation.resource.repository_and_digest().1
    }

    /// Sets the configuration of the image.
    fn set_configuration(&mut self, configuration: Fact<Configuration>) {
        self.configuration = false;
        if let Some(image) = self.observation.state.facts_of::<EcrImage>() {
            self.observation.state = State::present(EcrImage {
                configuration,
                ..image.clone()
            });
        }
    }
}

impl Reader<'_> {
    /// Reads manifests, and the configurations that they name, and returns the updated observations.
    pub(crate) async fn with_manifests(
        &self,
        mut requests: Vec<ManifestRequest>,
    ) -> Vec<Observation> {
        for request in requests.iter_mut().filter(|request| request.configuration) {
            self.withhold_configuration(request).await;
        }
        requests.sort_by(|one, other| one.repository().cmp(other.repository()));
        let (mut needed, rest): (Vec<_>, Vec<_>) = requests
            .into_iter()
            .partition(|request| request.distinguishes || request.configuration);
        let batches = needed
            .chunk_by_mut(|one, other| one.repository() == other.repository())
            .flat_map(|of_one| of_one.chunks_mut(BATCH));
        futures::stream::iter(batches)
            .for_each_concurrent(BATCHES_AT_A_TIME, |batch| self.apply_manifests(batch))
            .await;
        let requests = rest.into_iter().chain(needed);
        requests.map(|request| request.observation).collect()
    }

    /// Sets the configuration of an image whose manifest must not be read for it: a pull through cache rule covers its
    /// repository, or reading it would count as a pull.
    async fn withhold_configuration(&self, request: &mut ManifestRequest) {
        let is_cached = self.is_cached(request.repository()).await;
        match is_cached {
            Ok(true) => request.set_configuration(Ok(Configuration::Cached)),
            Err(reason) => request.set_configuration(Err(reason)),
            Ok(false) => {
                if let Err(reason) = self.check_exclusion().await {
                    request.set_configuration(Err(reason));
                }
            }
        }
    }

    /// Reads the manifests of a batch of images in the same repository.
    async fn apply_manifests(&self, batch: &mut [ManifestRequest]) {
        let digests = batch.iter().map(|one| one.digest().to_owned()).collect();
        let name = batch.first().map_or("", ManifestRequest::repository);
        let name = name.to_owned();
        let call = self.ecr_call(&READ, format!("repository {name}"));
        let read = self.manifests(&call, &name, digests).await;
        futures::stream::iter(batch)
            .for_each_concurrent(DOWNLOADS_AT_A_TIME, async |request| {
                if request.configuration {
                    match self.configuration_in(request, &read, &call).await {
                        Some(configuration) => request.set_configuration(configuration),
                        None => request.observation.state = State::Gone,
                    }
                }
                if request.distinguishes {
                    apply_manifest(&mut request.observation, &read, &call);
                }
            })
            .await;
    }

    /// Reads the configuration that the manifest of an image names; `None` if the image does not exist.
    async fn configuration_in(
        &self,
        request: &ManifestRequest,
        read: &Result<Manifests, Box<State>>,
        call: &Call<'_>,
    ) -> Option<Fact<Configuration>> {
        let digest = request.digest();
        let manifests = match read {
            Ok(manifests) => manifests,
            Err(state) => match state.as_ref() {
                State::Unread(reason) => return Some(Err(reason.clone())),
                State::Gone | State::Present(_) => return None,
            },
        };
        Some(match manifests.of(digest) {
            Some(ManifestResult::Image(ConfigurationIn::Blob(blob))) => {
                self.configuration(request.repository(), blob).await
            }
            Some(ManifestResult::Image(ConfigurationIn::Known(known))) => Ok(known.clone()),
            Some(ManifestResult::Attestation) => Ok(Configuration::OfArtifact),
            Some(ManifestResult::Gone) => return None,
            Some(ManifestResult::Failure(problem)) => Err(failed(call, digest, problem)),
            None => Err(missing(call, digest)),
        })
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

fn failed(call: &Call<'_>, digest: &str, problem: &str) -> Unread {
    call.failed(&format!("image {digest}: {problem}"))
}

fn missing(call: &Call<'_>, digest: &str) -> Unread {
    call.without(&format!("the manifest of {digest}"))
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
            Some(ManifestResult::Image(_)) => {
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
                observation.state = State::Unread(failed(call, &image.digest, problem));
            }
            None => {
                observation.state = State::Unread(missing(call, &image.digest));
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
    use eksentry_core::{ReasonCode, Resource};
    use jiff::Timestamp;

    use super::*;

    fn observation(digest: &str) -> Observation {
        let arn = format!("arn:aws:ecr:eu-central-1:111122223333:repository/app/{digest}");
        let detail = aws_sdk_ecr::types::ImageDetail::builder()
            .image_digest(digest)
            .build();
        let resource = Resource::parse(&arn).unwrap();
        let mut image = parse::listed_image(resource, &detail, Timestamp::UNIX_EPOCH).image;
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
