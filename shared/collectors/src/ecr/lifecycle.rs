//! The lifecycle policies of repositories.

use eksentry_core::Fact;
use eksentry_core::facts::repository::LifecyclePolicy;

use super::{REPOSITORIES, parse};
use crate::Reader;
use crate::permission::Permission;

pub(super) const READ: Permission = Permission::new("ecr:GetLifecyclePolicy", REPOSITORIES);

/// The error code for a repository without a policy.
const NO_POLICY: &str = "LifecyclePolicyNotFoundException";

impl Reader<'_> {
    /// Returns the lifecycle policy of a repository; `None` if the repository does not exist.
    pub(super) async fn lifecycle_policy(&self, repository: &str) -> Option<Fact<LifecyclePolicy>> {
        let call = self.ecr_call(&READ, format!("repository {repository}"));
        let request = self.clients.ecr.get_lifecycle_policy();
        let request = request.repository_name(repository);
        match call.send(request.send()).await {
            Ok(response) => Some(Ok(parse::lifecycle_policy(
                response.lifecycle_policy_text(),
            ))),
            Err(failure) if failure.has_code(NO_POLICY) => Some(Ok(LifecyclePolicy::None)),
            Err(failure) => failure.or_none().transpose(),
        }
    }
}
