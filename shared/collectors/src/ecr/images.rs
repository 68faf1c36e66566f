//! A repository's images.

use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, ImageIdentifier, ImageStatusFilter};
use eksentry_core::facts::image::{EcrImage, Signature, SignedOnPush};
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Resource, State, Unread};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::manifests::ManifestRequest;
use super::parse::{self, ListedImage, Signatures};
use super::{IMAGE_ABSENT, PAGE, REPOSITORIES};
use crate::call::Next;
use crate::permission::Permission;
use crate::{DESCRIPTIONS_AT_A_TIME, Gate, Reader, Step, Unlisted};

pub(super) const LIST: Permission = Permission::new("ecr:DescribeImages", REPOSITORIES);

pub(super) fn identifier(digest: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest).build()
}

/// The signatures in the list of a repository, as far as it was read.
#[derive(Clone, Copy)]
enum Listed<'a> {
    /// Other pages may have signatures.
    InPart(&'a Signatures),
    /// All pages were read.
    Whole(&'a Signatures),
    /// The list is incomplete, for this reason.
    Incomplete(&'a Signatures, &'a Unread),
}

impl Listed<'_> {
    /// Returns the signature of an image, if it does not depend on other pages or calls.
    fn signature(&self, digest: &str) -> Option<Fact<Signature>> {
        let (Self::InPart(signatures) | Self::Whole(signatures) | Self::Incomplete(signatures, _)) =
            self;
        match self {
            _ if signatures.sign(digest) => Some(Ok(Signature::Present)),
            Self::Incomplete(_, reason) => Some(Err(Unread::clone(reason))),
            Self::InPart(_) | Self::Whole(_) => None,
        }
    }
}

/// The options of describing listed images.
#[derive(Clone, Copy)]
struct Describing<'a> {
    listed: Listed<'a>,
    gate: &'a Gate<'a>,
    out: &'a mpsc::Sender<Observation>,
}

/// The source of an image's signature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SignatureSource {
    /// It is known already, or not needed.
    None,
    /// The complete list of the repository, which has no signature of the image.
    List,
    /// Calls about the one image.
    Image,
}

/// The progress in describing a listed image.
enum Progress {
    /// The observation was sent or skipped.
    Done,
    /// Its manifest must be read.
    Manifest(ManifestRequest),
    /// Its signature may be on another page.
    OtherPages(Box<ListedImage>),
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
        let signed_on_push = self.signed_on_push(repository, needs).await;
        let call = self.ecr_call(&LIST, format!("repository {repository}"));
        let list = self.clients.ecr.describe_images();
        let list = list.repository_name(repository).max_results(PAGE);
        let (mut unread, mut signatures, mut waiting) =
            (Vec::new(), Signatures::default(), Vec::new());
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                if page.image_details.is_none() {
                    unread.push(call.no_list());
                }
                signatures.add(page.image_details());
                let mut images = Vec::new();
                for detail in page.image_details() {
                    let digest = detail.image_digest().unwrap_or_default();
                    match Resource::image(repository, digest, &self.location) {
                        Ok(image) => images.push(self.listed(image, detail, &signed_on_push)),
                        Err(error) => unread.push(call.cannot_describe(&error.to_string())),
                    }
                }
                let is_last = page.next_token.as_ref().is_none_or(String::is_empty);
                let listed = match unread.first() {
                    Some(reason) => Listed::Incomplete(&signatures, reason),
                    None if is_last => Listed::Whole(&signatures),
                    None => Listed::InPart(&signatures),
                };
                waiting.extend(self.listed_images(images, listed, gate, out).await);
                Next::token(page.next_token)
            },
        );
        // If the repository was deleted in the meantime, its images were deleted too.
        if let Err(failure) = read.await
            && !failure.is_absent()
        {
            unread.push(failure.into());
        }
        let listed = match unread.first() {
            Some(reason) => Listed::Incomplete(&signatures, reason),
            None => Listed::Whole(&signatures),
        };
        self.listed_images(waiting, listed, gate, out).await;
        let unlisted = unread.into_iter().map(|reason| Unlisted {
            kind: EcrImage::KIND,
            repository: Some(repository.to_owned()),
            reason,
        });
        unlisted.collect()
    }

    /// Returns an image with the facts that a list returned.
    fn listed(
        &self,
        resource: Resource,
        detail: &ImageDetail,
        signed_on_push: &Fact<SignedOnPush>,
    ) -> ListedImage {
        let observed_at = self.now();
        let mut listed = parse::listed_image(resource, detail, observed_at);
        listed.image.signed_on_push.clone_from(signed_on_push);
        listed
    }

    /// Describes the images of one page of a repository's list, and returns those whose signatures may be on another
    /// page. Images whose manifests must be read come last, so that one call reads many manifests.
    async fn listed_images(
        &self,
        images: Vec<ListedImage>,
        listed: Listed<'_>,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<ListedImage> {
        let describing = Describing { listed, gate, out };
        let (mut requests, mut waiting) = (Vec::new(), Vec::new());
        let mut described = futures::stream::iter(images)
            .map(|image| self.listed_image(image, describing))
            .buffer_unordered(DESCRIPTIONS_AT_A_TIME);
        while let Some(next) = described.next().await {
            match next {
                Progress::Done => {}
                Progress::Manifest(request) => requests.push(request),
                Progress::OtherPages(image) => waiting.push(*image),
            }
        }
        drop(described);
        for observation in Box::pin(self.with_manifests(requests)).await {
            self.send(observation, out).await;
        }
        waiting
    }

    /// Describes a listed image as far as the gate requires it, and sends the observation unless the gate skips it.
    async fn listed_image(&self, mut image: ListedImage, describing: Describing<'_>) -> Progress {
        let Describing { listed, gate, out } = describing;
        let known = listed.signature(&image.image.digest);
        if let Some(signature) = &known {
            image.image.signature.clone_from(signature);
        }
        let mut observation = image.observation();
        match gate(&observation) {
            Step::Skip => return Progress::Done,
            Step::UseListed => {}
            Step::Describe(needs) => {
                let is_needed = needs.contains(Need::ImageSignature) && known.is_none();
                let source = match listed {
                    Listed::InPart(_) if is_needed => return Progress::OtherPages(Box::new(image)),
                    _ if is_needed => SignatureSource::List,
                    _ => SignatureSource::None,
                };
                // This future takes kilobytes, and most images are skipped.
                observation.state = Box::pin(self.described(image, needs, source)).await;
                // A manifest never changes, and reading it may count as a pull. An earlier result therefore remains
                // valid.
                if ManifestRequest::may_be_needed(&observation, needs) {
                    match gate(&observation) {
                        Step::Skip => return Progress::Done,
                        Step::UseListed => {}
                        Step::Describe(needs) => match ManifestRequest::of(observation, needs) {
                            Ok(request) => return Progress::Manifest(request),
                            Err(complete) => observation = complete,
                        },
                    }
                }
            }
        }
        self.send(observation, out).await;
        Progress::Done
    }

    pub(crate) async fn image(&self, image: &Resource, needs: Needs, gate: &Gate<'_>) -> State {
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
                    let signed_on_push = self.signed_on_push(repository, needs).await;
                    let listed = self.listed(image.clone(), detail, &signed_on_push);
                    return match gate(&listed.observation()) {
                        Step::Describe(needs) => {
                            let source = if needs.contains(Need::ImageSignature) {
                                SignatureSource::Image
                            } else {
                                SignatureSource::None
                            };
                            self.described(listed, needs, source).await
                        }
                        Step::UseListed | Step::Skip => State::present(listed.image),
                    };
                }
                Some([]) => State::Gone,
                None => State::Unread(call.no_list()),
            },
            Err(failure) => failure.into(),
        };
        match state {
            State::Unread(reason) if needs.contains(Need::ImageScan) => {
                let of_scan = self.image_of_scan(image, needs, &reason).await;
                of_scan.unwrap_or(State::Unread(reason))
            }
            state => state,
        }
    }

    /// Returns an image that can't be described, for this reason, with the facts in its scan; `None` if the scan has no
    /// result. Anything that was scanned is an image.
    async fn image_of_scan(
        &self,
        image: &Resource,
        needs: Needs,
        reason: &Unread,
    ) -> Option<State> {
        let (repository, digest) = image.repository_and_digest();
        let read = self.scan(repository, digest).await.ok()?;
        read.scan.result()?;
        let signed_on_push = self.signed_on_push(repository, needs).await;
        Some(State::present(EcrImage {
            signed_on_push,
            scan: Ok(read.scan),
            ..EcrImage::undescribed(repository, digest, &self.location.account, reason)
        }))
    }

    /// Returns the state of an image with these facts, apart from those in its manifest.
    async fn described(
        &self,
        listed: ListedImage,
        needs: Needs,
        signature: SignatureSource,
    ) -> State {
        let ListedImage {
            mut image,
            summarized,
            ..
        } = listed;
        let (repository, digest) = (image.repository.clone(), image.digest.clone());
        if needs.contains(Need::ImageScan) && image.is_active_image() {
            // DescribeImages returns a status and a summary too, but may leave them empty for images that have
            // findings.
            let is_complete_scan = match self.scan(&repository, &digest).await {
                Ok(read) => {
                    let is_complete_scan = parse::is_complete_scan(&read, summarized);
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
        let read = match signature {
            SignatureSource::None => return State::present(image),
            SignatureSource::List => self.unlisted_signature(&repository, &digest).await,
            SignatureSource::Image => self.signature(&repository, &digest).await,
        };
        image.signature = match read {
            Ok(signature) => Ok(signature),
            Err(state) => match *state {
                State::Unread(reason) => Err(reason),
                state => return state,
            },
        };
        State::present(image)
    }
}
