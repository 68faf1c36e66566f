//! The Kubernetes versions that EKS lists in a Region.

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::ListedVersion;
use jiff::Timestamp;

use super::Clusters;
use super::parse::version;
use crate::call::Next;
use crate::permission::{Arns, Permission};

pub(super) const DESCRIBE: Permission =
    Permission::new("eks:DescribeClusterVersions", &[Arns::Any]);

impl Clusters {
    /// Returns all versions, including those whose support has ended. They are requested once.
    pub(super) async fn versions(&self, now: Timestamp) -> &List<ListedVersion> {
        self.versions.get_or_init(|| self.list_versions(now)).await
    }

    async fn list_versions(&self, now: Timestamp) -> List<ListedVersion> {
        let call = self.call(&DESCRIBE, self.location.to_string());
        let list = self.client.describe_cluster_versions();
        let list = list.include_all(true).max_results(100);
        let mut found = List::complete(Vec::new());
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                match page.cluster_versions {
                    Some(versions) => {
                        for entry in &versions {
                            match version(entry, now) {
                                Some(listed) => found.items.push(listed),
                                None => {
                                    found.missing = Some(call.without("the number of a version"));
                                }
                            }
                        }
                    }
                    None => found.missing = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        if let Err(failure) = read.await {
            found.missing = Some(failure.into());
        }
        found
    }
}
