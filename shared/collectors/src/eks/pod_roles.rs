//! The sources of IAM roles for the pods of clusters.

use eksentry_core::facts::Fact;
use eksentry_core::facts::cluster::{EksCluster, PodRoleSource};
use eksentry_core::{ReasonCode, Unread};

use super::{CLUSTERS, Clusters};
use crate::Reader;
use crate::call::Next;
use crate::permission::Permission;

pub(super) const LIST: Permission = Permission::new("eks:ListPodIdentityAssociations", CLUSTERS);

impl Reader<'_> {
    /// Returns the source of IAM roles for a cluster's pods; `None` if there is none. The associations are listed only
    /// if IAM has no identity provider for the cluster.
    pub(super) async fn pod_role_source(
        &self,
        cluster: &EksCluster,
    ) -> Fact<Option<PodRoleSource>> {
        let has_provider = match &cluster.issuer {
            Some(issuer) => self.identity_providers().await.has(issuer),
            None => Err(Unread {
                code: ReasonCode::IssuerUnknown,
                text: format!(
                    "eks:DescribeCluster on cluster {} returned no OIDC issuer.",
                    cluster.name
                ),
            }),
        };
        if has_provider == Ok(true) {
            return Ok(Some(PodRoleSource::IdentityProvider));
        }
        if self.clusters.has_pod_identity(&cluster.name).await? {
            return Ok(Some(PodRoleSource::PodIdentity));
        }
        has_provider.map(|_| None)
    }
}

impl Clusters {
    /// Returns `true` if a cluster has a Pod Identity association.
    async fn has_pod_identity(&self, cluster: &str) -> Fact<bool> {
        let call = self.call(&LIST, format!("cluster {cluster}"));
        let list = self.client.list_pod_identity_associations();
        let list = list.cluster_name(cluster).max_results(1);
        let (mut found, mut no_list) = (false, None);
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                match page.associations {
                    Some(associations) => found |= !associations.is_empty(),
                    None => no_list = Some(call.no_list()),
                }
                // An empty page can be followed by others.
                Next::token(page.next_token.filter(|_| !found))
            },
        );
        read.await?;
        match no_list {
            Some(no_list) if !found => Err(no_list),
            _ => Ok(found),
        }
    }
}
