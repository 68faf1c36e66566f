//! The signing of images: the registry's rules, and the signatures in repositories.

use aws_sdk_ecr::types::ImageIdentifier;
use eksentry_core::facts::image::{Signature, SignedOnPush, SigningState, SigningStatus};
use eksentry_core::facts::repository::ManagedSigning;
use eksentry_core::{Fact, Need, Needs, State, Unread};

use super::images::{LIST, identifier};
use super::parse;
use super::{IMAGE_ABSENT, REPOSITORIES};
use crate::Reader;
use crate::permission::{Arns, Permission};

pub(super) const CONFIGURATION: Permission =
    Permission::new("ecr:GetSigningConfiguration", &[Arns::Any]);
pub(super) const STATUS: Permission =
    Permission::new("ecr:DescribeImageSigningStatus", REPOSITORIES);

/// The error code for a registry without a signing configuration.
const NONE: &[&str] = &["SigningConfigurationNotFoundException"];

/// The error codes in Regions in which ECR has no managed signing.
const UNSUPPORTED: [&str; 2] = ["UnknownOperationException", "ValidationException"];

impl Reader<'_> {
    /// Returns the registry's managed signing.
    pub(super) async fn managed_signing(&self) -> &Fact<ManagedSigning> {
        let signing = &self.ecr.signing;
        signing.get_or_init(|| self.read_managed_signing()).await
    }

    async fn read_managed_signing(&self) -> Fact<ManagedSigning> {
        let call = self.registry_call(&CONFIGURATION).absent(NONE);
        let request = self.clients.ecr.get_signing_configuration();
        let response = match call.send(request.send()).await {
            Ok(response) => response,
            Err(failure) if failure.is_absent() => return Ok(ManagedSigning::Rules(Vec::new())),
            Err(failure) if UNSUPPORTED.iter().any(|code| failure.has_code(code)) => {
                return Ok(ManagedSigning::Unsupported);
            }
            Err(failure) => return Err(failure.into()),
        };
        let configuration = response.signing_configuration();
        let configuration =
            configuration.ok_or_else(|| call.without("the signing configuration"))?;
        parse::managed_signing(configuration).map_err(|problem| call.failed(&problem))
    }

    /// Returns the answer to the question whether ECR should have signed the images of a repository. It does not sign
    /// those that a pull through cache rule copies.
    pub(super) async fn signed_on_push(
        &self,
        repository: &str,
        needs: Needs,
    ) -> Fact<SignedOnPush> {
        if !needs.contains(Need::ManagedSigning) {
            return Err(Unread::not_requested("the registry's managed signing"));
        }
        let signing = self.managed_signing().await.as_ref();
        if !signing.map_err(Clone::clone)?.covers(repository) {
            return Ok(SignedOnPush::No);
        }
        let rules = self.pull_through_rules().await?;
        Ok(if rules.cover_by_prefix(repository) {
            SignedOnPush::No
        } else if rules.cover(repository) {
            SignedOnPush::UnlessCopied
        } else {
            SignedOnPush::Yes
        })
    }

    /// Returns the signature of an image of which the complete list of the repository has none. If ECR's statuses can't
    /// be read, the returned state shows whether the image is gone.
    pub(super) async fn unlisted_signature(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Signature, Box<State>> {
        let statuses = self.signing_statuses(repository, digest).await;
        statuses.map(Signature::Absent)
    }

    /// Returns the signature of an image whose repository is not listed.
    pub(super) async fn signature(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Signature, Box<State>> {
        let statuses = self.signing_statuses(repository, digest).await?;
        let has = |state| statuses.iter().any(|status| status.state == state);
        if has(SigningState::Complete) {
            return Ok(Signature::Present);
        }
        if !has(SigningState::UnderWay) && self.has_cosign_tag(repository, digest).await? {
            return Ok(Signature::Present);
        }
        Ok(Signature::NotFound(statuses))
    }

    async fn signing_statuses(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Vec<SigningStatus>, Box<State>> {
        let call = self.ecr_call(&STATUS, format!("image {repository}/{digest}"));
        let call = call.absent(IMAGE_ABSENT);
        let request = self.clients.ecr.describe_image_signing_status();
        let request = request.repository_name(repository);
        let request = request.image_id(identifier(digest));
        let response = call.send(request.send()).await;
        let response = response.map_err(|failure| Box::new(failure.into()))?;
        let unread = |reason| Box::new(State::Unread(reason));
        let statuses = response.signing_statuses.as_deref();
        let statuses = statuses.ok_or_else(|| unread(call.without("the signing statuses")))?;
        parse::signing_statuses(statuses).map_err(|problem| unread(call.failed(&problem)))
    }

    /// Returns `true` if the repository has the tag under which cosign stores the signature of a digest.
    async fn has_cosign_tag(&self, repository: &str, digest: &str) -> Result<bool, Box<State>> {
        let tag = parse::cosign_tag(digest);
        let call = self.ecr_call(&LIST, format!("image {repository}:{tag}"));
        let call = call.absent(IMAGE_ABSENT);
        let tagged = ImageIdentifier::builder().image_tag(tag).build();
        let request = self.clients.ecr.describe_images();
        let request = request.repository_name(repository).image_ids(tagged);
        match call.send(request.send()).await {
            Ok(response) => match response.image_details.as_deref() {
                Some(found) => Ok(!found.is_empty()),
                None => Err(Box::new(State::Unread(call.no_list()))),
            },
            Err(failure) if failure.is_absent() => Ok(false),
            Err(failure) => Err(Box::new(failure.into())),
        }
    }
}
