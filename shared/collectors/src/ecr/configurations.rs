//! The configurations in images, which take the permission to read what is in images.
//!
//! ECR counts the calls that read images as pulls, unless a pull time update exclusion names the role that makes them.
//! Therefore no configuration is read without the exclusion.

use eksentry_aws::DownloadError;
use eksentry_core::facts::image::Configuration;
use eksentry_core::{Fact, ReasonCode, Unread};
use sha2::{Digest, Sha256};

use super::parse::{self, CONFIGURATION_BYTES, TOO_LARGE};
use super::{PAGE, REPOSITORIES};
use crate::Reader;
use crate::call::Next;
use crate::permission::{Arns, Permission, Switch};

pub(super) const EXCLUSIONS: Permission =
    Permission::new("ecr:ListPullTimeUpdateExclusions", &[Arns::Any])
        .granted_by(Switch::ImageConfigurations);
pub(super) const DOWNLOAD: Permission = Permission::new("ecr:GetDownloadUrlForLayer", REPOSITORIES)
    .granted_by(Switch::ImageConfigurations);

impl Reader<'_> {
    /// Returns an error if reading an image would count as a pull, or if that is not known.
    pub(super) async fn check_exclusion(&self) -> Fact<()> {
        let checked = &self.ecr.configurations;
        checked.get_or_init(|| self.read_exclusion()).await.clone()
    }

    async fn read_exclusion(&self) -> Fact<()> {
        let call = self.registry_call(&EXCLUSIONS);
        let request = self.clients.ecr.list_pull_time_update_exclusions();
        let request = request.max_results(PAGE);
        let (mut excluded, mut unread) = (Vec::new(), None);
        let pages = call.pages(
            |token| request.clone().set_next_token(token).send(),
            async |page| {
                match page.pull_time_update_exclusions {
                    Some(listed) => excluded.extend(listed),
                    None => unread = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        pages.await?;
        if let Some(unread) = unread {
            return Err(unread);
        }
        if !excluded.is_empty() && parse::excludes(&excluded, &self.caller().await?) {
            return Ok(());
        }
        Err(Unread {
            code: ReasonCode::PullsRecorded,
            text: "No pull time update exclusion names the function's role, so reading an image would count as a pull. \
                   Add the role with `aws ecr register-pull-time-update-exclusion --principal-arn <role>`."
                .to_owned(),
        })
    }

    /// Downloads the configuration with a digest from a repository.
    pub(super) async fn configuration(
        &self,
        repository: &str,
        digest: &str,
    ) -> Fact<Configuration> {
        let target = format!("the configuration {digest} in repository {repository}");
        let call = self.ecr_call(&DOWNLOAD, target);
        let request = self.clients.ecr.get_download_url_for_layer();
        let request = request.repository_name(repository).layer_digest(digest);
        let response = call.send(request.send()).await?;
        let url = response
            .download_url
            .ok_or_else(|| call.without("the URL"))?;
        let content = match self.clients.aws.download(&url, CONFIGURATION_BYTES).await {
            Ok(content) => content,
            Err(DownloadError::TooLarge(_)) => return Ok(Configuration::NotUnderstood(TOO_LARGE)),
            Err(error) => return Err(call.failed(&format!("download: {error}"))),
        };
        let found = hex::encode(Sha256::digest(&content));
        if digest.strip_prefix("sha256:") != Some(&found) {
            return Err(call.failed("the content has another digest"));
        }
        Ok(parse::configuration(&content))
    }
}
