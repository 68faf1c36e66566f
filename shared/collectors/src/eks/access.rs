//! The access entries of clusters.

use eksentry_core::facts::cluster::{
    AccessEntry, Association, ClusterAdmin, EksCluster, Principal,
};
use eksentry_core::facts::{Fact, List};
use futures::StreamExt;

use super::parse::{admin_policy, cluster_wide_admin};
use super::{CLUSTERS, Clusters};
use crate::DESCRIPTIONS_AT_A_TIME;
use crate::call::{Call, Next};
use crate::iam::AccountRoles;
use crate::permission::{Arns, Permission};

pub(crate) const LIST: Permission = Permission::new("eks:ListAccessEntries", CLUSTERS);
pub(super) const LIST_POLICIES: Permission = Permission::new(
    "eks:ListAssociatedAccessPolicies",
    &[Arns::InRegion("access-entry/*")],
);

/// The error code for a cluster whose authentication mode does not include access entries, and the words that
/// distinguish its message from those about other requests that EKS rejects.
const NOT_IN_USE: (&str, &str) = ("InvalidRequestException", "authentication mode");

impl Clusters {
    /// Returns the access entries of a cluster; `None` if the cluster does not use access entries. An entry for a role
    /// of the cluster's account exists if the account has the role.
    pub(super) async fn access_entries(
        &self,
        cluster: &EksCluster,
        roles: &AccountRoles,
    ) -> Option<List<AccessEntry>> {
        let entries = self.principals(cluster, None).await?;
        Some(entries.map(|principal| {
            let is_own = principal.account().as_deref() == Some(&self.location.account);
            // EKS adds the entries of service-linked roles itself, together with the roles.
            let exists = match principal.role() {
                Some(role) if is_own && !principal.is_service_linked() => roles.has(role),
                _ => Ok(true),
            };
            AccessEntry { principal, exists }
        }))
    }

    /// Returns the access entries of administrators; `None` if the cluster does not use access entries.
    pub(super) async fn admins(&self, cluster: &EksCluster) -> Option<List<ClusterAdmin>> {
        let policy = admin_policy(&self.location.partition);
        let List { items, missing } = self.principals(cluster, Some(policy)).await?;
        let mut admins: Vec<ClusterAdmin> = futures::stream::iter(items)
            .map(|principal| async move {
                // EKS adds entries of service-linked roles, which no check counts.
                let cluster_wide = if principal.is_service_linked() {
                    Ok(None)
                } else {
                    self.admin_association(&cluster.name, &principal).await
                };
                ClusterAdmin {
                    principal,
                    cluster_wide,
                }
            })
            .buffer_unordered(DESCRIPTIONS_AT_A_TIME)
            .collect()
            .await;
        admins.sort_by(|one, other| one.principal.cmp(&other.principal));
        Some(List {
            items: admins,
            missing,
        })
    }

    /// Lists the principals of a cluster's access entries, of those with an access policy if one is given. Returns `None`
    /// if the cluster does not use access entries.
    pub(crate) async fn principals(
        &self,
        cluster: &EksCluster,
        policy: Option<String>,
    ) -> Option<List<Principal>> {
        if !cluster.uses_access_entries() {
            return None;
        }
        let call = self.call(&LIST, format!("cluster {}", cluster.name));
        let list = self.client.list_access_entries();
        let list = list.cluster_name(&cluster.name).max_results(100);
        let list = list.set_associated_policy_arn(policy);
        let mut found = List::complete(Vec::new());
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                match page.access_entries {
                    Some(arns) => found.items.extend(arns.into_iter().map(Principal::new)),
                    None => found.missing = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        let (code, words) = NOT_IN_USE;
        match read.await {
            Ok(()) => {}
            Err(failure) if failure.has_code(code) && failure.mentions(words) => return None,
            Err(failure) => found.missing = Some(failure.into()),
        }
        found.items.sort_unstable();
        found.items.dedup();
        Some(found)
    }

    /// Returns the association that makes a principal an administrator of the whole cluster.
    async fn admin_association(
        &self,
        cluster: &str,
        principal: &Principal,
    ) -> Fact<Option<Association>> {
        let target = format!("access entry {} of cluster {cluster}", principal.arn());
        let call: Call<'_> = self.call(&LIST_POLICIES, target);
        let list = self.client.list_associated_access_policies();
        let list = list.cluster_name(cluster).principal_arn(principal.arn());
        let list = list.max_results(100);
        let (mut association, mut no_list) = (None, None);
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                match page.associated_access_policies {
                    Some(policies) => association = association.or(cluster_wide_admin(&policies)),
                    None => no_list = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        let read = read.await;
        match (association, read, no_list) {
            (Some(association), ..) => Ok(Some(association)),
            // The entry was deleted after it was listed.
            (None, Err(failure), _) => failure.or_none().map(|_: Option<()>| None),
            (None, Ok(()), Some(no_list)) => Err(no_list),
            (None, Ok(()), None) => Ok(None),
        }
    }
}
