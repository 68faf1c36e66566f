//! Connections to AWS with the credentials that the AWS CLI would use.

use aws_config::{BehaviorVersion, Region};
use eksentry_aws::Aws;
use eksentry_runtime::Regions;

/// Returns the connections with the credentials of a profile, or of the default chain. The home Region is the first of
/// `regions`, or else that of the environment or of the profile.
pub(crate) async fn connect(profile: Option<&str>, regions: &Regions) -> Aws {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Regions::These(regions) = regions
        && let Some(first) = regions.first()
    {
        loader = loader.region(Region::new(first.clone()));
    }
    Aws::load(loader).await
}
