//! The networks of clusters: subnets, security groups, flow logs and VPC endpoints.

use std::collections::{BTreeSet, HashMap};

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{EksCluster, FlowLog, SecurityGroup, Subnet, VpcEndpoint};
use eksentry_core::{Needs, Unread};
use ipnet::IpNet;

use super::in_use::{InUse, about};
use super::list::Operation;
use super::parse::{ListedGroup, cidr, endpoint, flow_log, security_group, subnet};
use super::response::{PrefixList, PrefixListEntry};
use crate::Reader;
use crate::permission::Arns;

pub(crate) const SUBNETS: Operation = Operation::new("ec2:DescribeSubnets", 1000);
pub(crate) const SECURITY_GROUPS: Operation = Operation::new("ec2:DescribeSecurityGroups", 1000);
pub(crate) const PREFIX_LISTS: Operation = Operation::new("ec2:DescribeManagedPrefixLists", 100);
/// Other accounts may share their prefix lists.
pub(crate) const PREFIX_LIST_ENTRIES: Operation =
    Operation::new("ec2:GetManagedPrefixListEntries", 100)
        .on(&[Arns::OfAnyAccount("prefix-list/*")]);
pub(crate) const FLOW_LOGS: Operation = Operation::new("ec2:DescribeFlowLogs", 1000);
pub(crate) const ENDPOINTS: Operation = Operation::new("ec2:DescribeVpcEndpoints", 1000);

/// The owner of the prefix lists that AWS manages.
const AWS: &str = "AWS";

impl Reader<'_> {
    /// Returns the subnets of a cluster, of its node groups and of its nodes.
    pub(crate) async fn subnets(&self, cluster: &EksCluster, needs: Needs) -> List<Subnet> {
        let list = async |ids: &BTreeSet<String>| {
            self.ec2_by_ids(&SUBNETS, "subnet-id", ids, &[], subnet)
                .await
        };
        self.used(
            &self.ec2.subnets,
            |in_use| &in_use.subnets,
            |subnet| &subnet.id,
            list,
            (cluster, needs),
        )
        .await
    }

    /// Returns the security groups of a cluster, of its node groups and of its nodes.
    pub(crate) async fn security_groups(
        &self,
        cluster: &EksCluster,
        needs: Needs,
    ) -> List<SecurityGroup> {
        self.used(
            &self.ec2.security_groups,
            |in_use| &in_use.security_groups,
            |group| &group.id,
            async |ids: &BTreeSet<String>| self.list_security_groups(ids).await,
            (cluster, needs),
        )
        .await
    }

    async fn list_security_groups(&self, ids: &BTreeSet<String>) -> List<SecurityGroup> {
        let groups = self.ec2_by_ids(&SECURITY_GROUPS, "group-id", ids, &[], security_group);
        let groups = groups.await;
        let named = groups.items.iter().flat_map(ListedGroup::prefix_lists);
        let lists = self.prefix_lists(named.cloned().collect()).await;
        groups.map(|group| group.with(&lists))
    }

    /// Returns the addresses in prefix lists, by their IDs. Those of AWS have none: they contain the addresses of
    /// services.
    async fn prefix_lists(&self, ids: BTreeSet<String>) -> HashMap<String, List<IpNet>> {
        let read = |list: &PrefixList| {
            let id = list.prefix_list_id.clone();
            Ok((id.ok_or("the ID of a prefix list")?, list.owner_id.clone()))
        };
        let owners = self.ec2_by_ids(&PREFIX_LISTS, "prefix-list-id", &ids, &[], read);
        let List { items, missing } = owners.await;
        let mut owners: HashMap<String, Option<String>> = items.into_iter().collect();
        let lists = ids.into_iter().map(|id| {
            let owner = owners.remove(&id);
            let missing = missing.clone();
            async move {
                let list = match owner {
                    Some(Some(owner)) if owner == AWS => List::complete(Vec::new()),
                    Some(_) => self.entries(&id).await,
                    None => List::unread(missing.unwrap_or_else(|| self.no_prefix_list(&id))),
                };
                (id, list)
            }
        });
        futures::future::join_all(lists).await.into_iter().collect()
    }

    async fn entries(&self, id: &str) -> List<IpNet> {
        let owner = format!("prefix list {id}");
        let parameters = vec![("PrefixListId".to_owned(), id.to_owned())];
        let mut found = List::complete(Vec::new());
        let mut invalid = None;
        let missing = self.ec2_pages(
            &PREFIX_LIST_ENTRIES,
            parameters,
            owner.clone(),
            |entry: &PrefixListEntry| {
                match cidr(entry.cidr.as_deref(), &owner) {
                    Ok(block) => found.items.push(block),
                    Err(unread) => invalid = Some(unread),
                }
                Ok(())
            },
        );
        found.missing = missing.await.or(invalid);
        found
    }

    fn no_prefix_list(&self, id: &str) -> Unread {
        self.ec2_call(&PREFIX_LISTS.permission, self.location.to_string())
            .without(&format!("the prefix list {id}"))
    }

    /// Returns the flow logs of a cluster's VPC, and of the subnets of the cluster and its node groups.
    pub(crate) async fn flow_logs(&self, cluster: &EksCluster) -> List<FlowLog> {
        let InUse { vpcs, subnets, .. } = InUse::of(cluster);
        let resources: BTreeSet<String> = vpcs.into_iter().chain(subnets).collect();
        if !self.reads_whole_region() {
            return self
                .ec2_by_ids(&FLOW_LOGS, "resource-id", &resources, &[], flow_log)
                .await;
        }
        // There are no more flow logs than VPCs and subnets, and a list of all takes fewer calls than a filter.
        let all = || self.ec2_items(&FLOW_LOGS, Vec::new(), flow_log);
        let all = self.ec2.flow_logs.get_or_init(all).await;
        about(all, &resources, |log| &log.resource)
    }

    /// Returns the endpoints in a cluster's VPC.
    pub(crate) async fn endpoints(&self, cluster: &EksCluster, needs: Needs) -> List<VpcEndpoint> {
        let own = InUse::of(cluster).vpcs;
        let list = async |vpcs: &BTreeSet<String>| {
            self.ec2_by_ids(&ENDPOINTS, "vpc-id", vpcs, &[], endpoint)
                .await
        };
        let found = if self.reads_whole_region() {
            let all = || async { list(&self.in_use(needs).await.vpcs).await };
            let all = self.ec2.endpoints.get_or_init(all).await;
            about(all, &own, |(vpc, _)| vpc)
        } else {
            list(&own).await
        };
        found.map(|(_, endpoint)| endpoint)
    }
}
