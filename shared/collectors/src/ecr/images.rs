//! A repository's images.

use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, ImageIdentifier, ImageStatusFilter};
use eksentry_core::facts::image::{Content, EcrImage, Manifest};
use eksentry_core::{FactsOf, Need, Needs, Observation, Resource, State};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::{IMAGE_ABSENT, PAGE, REPOSITORIES, parse};
use crate::call::Next;
use crate::permission::Permission;
use crate::{DESCRIPTIONS_AT_A_TIME, Gate, Reader, Step, Unlisted};

pub(super) const LIST: Permission = Permission::new("ecr:DescribeImages", REPOSITORIES);

pub(super) fn identifier(digest: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest).build()
}

impl Reader<'_> {
    /// Lists and describes all active images of a repository. Archived images are not listed.
    pub(super) async fn list_images(
        &self,
        repository: &str,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let call = self.ecr_call(&LIST, format!("repository {repository}"));
        let list = self.clients.ecr.describe_images();
        let list = list.repository_name(repository).max_results(PAGE);
        let mut unread = Vec::new();
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                if page.image_details.is_none() {
                    unread.push(call.no_list());
                }
                let mut images = Vec::new();
                for detail in page.image_details() {
                    let digest = detail.image_digest().unwrap_or_default();
                    match Resource::image(repository, digest, &self.location) {
                        Ok(image) => images.push((image, detail)),
                        Err(error) => unread.push(call.cannot_describe(&error.to_string())),
                    }
                }
                self.listed_images(images, needs, gate, out).await;
                Next::token(page.next_token)
            },
        );
        // If the repository was deleted in the meantime, its images were deleted too.
        if let Err(failure) = read.await
            && !failure.is_absent()
        {
            unread.push(failure.into());
        }
        let unlisted = unread.into_iter().map(|reason| Unlisted {
            kind: EcrImage::KIND,
            repository: Some(repository.to_owned()),
            reason,
        });
        unlisted.collect()
    }

    /// Describes the images of one page of a repository's list. Images whose manifests must be read come last, so that
    /// one call reads many manifests.
    async fn listed_images(
        &self,
        images: Vec<(Resource, &ImageDetail)>,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) {
        let without_manifest: Vec<Observation> = futures::stream::iter(images)
            .map(|(image, detail)| self.listed_image(image, detail, needs, gate, out))
            .buffer_unordered(DESCRIPTIONS_AT_A_TIME)
            .filter_map(std::future::ready)
            .collect()
            .await;
        for observation in self.with_manifests(without_manifest).await {
            self.send(observation, out).await;
        }
    }

    /// Describes a listed image as far as the gate requires it. Returns the observation if its manifest must still be
    /// read. Otherwise sends it, unless the gate skips it.
    async fn listed_image(
        &self,
        resource: Resource,
        detail: &ImageDetail,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Option<Observation> {
        let observed_at = self.now();
        let image = parse::image(resource.repository_and_digest().0, detail, observed_at);
        let mut observation = Observation {
            resource,
            observed_at,
            state: State::present(image.clone()),
        };
        match gate(&observation) {
            Step::Skip => return None,
            Step::UseListed => {}
            Step::Describe => {
                observation.state = self.with_scan(image, detail, needs).await;
                // A manifest never changes, and reading it may count as a pull. An earlier result therefore remains
                // valid.
                if needs_manifest(&observation) {
                    match gate(&observation) {
                        Step::Skip => return None,
                        Step::UseListed => {}
                        Step::Describe => return Some(observation),
                    }
                }
            }
        }
        self.send(observation, out).await;
        None
    }

    pub(crate) async fn image(&self, image: &Resource, needs: Needs) -> State {
        let (repository, digest) = image.repository_and_digest();
        let any = DescribeImagesFilter::builder()
            .image_status(ImageStatusFilter::Any)
            .build();
        let call = self.ecr_call(&LIST, image.to_string());
        let call = call.absent(IMAGE_ABSENT);
        let request = self.clients.ecr.describe_images();
        let request = request.repository_name(repository).filter(any);
        let request = request.image_ids(identifier(digest));
        let state = match call.send(request.send()).await {
            Ok(response) => match response.image_details.as_deref() {
                Some([detail, ..]) => {
                    let described = parse::image(repository, detail, self.now());
                    return self.with_scan(described, detail, needs).await;
                }
                Some([]) => State::Gone,
                None => State::Unread(call.no_list()),
            },
            Err(failure) => failure.into(),
        };
        match state {
            State::Unread(_) if needs.contains(Need::ImageScan) => {
                self.image_of_scan(image).await.unwrap_or(state)
            }
            state => state,
        }
    }

    /// Returns an image that can't be described, with the facts in its scan; `None` if the scan has no result. Anything
    /// that was scanned is an image.
    async fn image_of_scan(&self, image: &Resource) -> Option<State> {
        let (repository, digest) = image.repository_and_digest();
        let read = self.scan(repository, digest).await.ok()?;
        read.scan.result()?;
        Some(State::present(EcrImage {
            repository: repository.to_owned(),
            digest: digest.to_owned(),
            registry: Some(self.location.account.clone()),
            tags: Vec::new(),
            content: Content::Image,
            manifest: Manifest::Unread,
            archived: false,
            pushed_at: None,
            age: None,
            idle_days: None,
            scan_revision: None,
            scan: Ok(read.scan),
        }))
    }

    /// Returns the state of an image. It includes the scan if that is needed and the checks apply to the image.
    async fn with_scan(&self, mut image: EcrImage, detail: &ImageDetail, needs: Needs) -> State {
        if needs.contains(Need::ImageScan) && image.inapplicable().is_none() {
            // DescribeImages returns a status and a summary too, but may leave them empty for images that have
            // findings.
            let is_complete_scan = match self.scan(&image.repository, &image.digest).await {
                Ok(read) => {
                    let is_complete_scan = parse::is_complete_scan(&read, detail);
                    image.scan = Ok(read.scan);
                    is_complete_scan
                }
                Err(state) => match *state {
                    State::Unread(reason) => {
                        image.scan = Err(reason);
                        false
                    }
                    state => return state,
                },
            };
            if image.needs_manifest() {
                image.scan_revision = parse::revision_without_scan(&image);
            } else if !is_complete_scan {
                image.scan_revision = None;
            }
        }
        State::present(image)
    }
}

/// Returns `true` if only the manifest shows whether the observed resource is an image.
pub(crate) fn needs_manifest(observation: &Observation) -> bool {
    let image = observation.state.facts_of::<EcrImage>();
    image.is_some_and(EcrImage::needs_manifest)
}
