//! The nodes of clusters.

use std::collections::{BTreeSet, HashMap};

use eksentry_core::Unread;
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::Node;

use super::filters;
use super::parse::{CLUSTER, KARPENTER_CLUSTER, OWNED, node};
use super::response::{DescribeInstances, items};
use crate::Reader;
use crate::call::Next;
use crate::permission::{Arns, Permission};

pub(crate) const DESCRIBE_INSTANCES: Permission =
    Permission::new("ec2:DescribeInstances", &[Arns::Any]);

/// The nodes of the clusters in a Region. Nodes with the same facts are kept once, page by page, so that memory does
/// not grow with the number of instances.
#[derive(Debug, Default)]
pub(crate) struct RegionNodes {
    by_cluster: HashMap<String, BTreeSet<Node>>,
    missing: Option<Unread>,
}

impl RegionNodes {
    fn of(&self, cluster: &str) -> List<Node> {
        List {
            items: self
                .by_cluster
                .get(cluster)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            missing: self.missing.clone(),
        }
    }
}

impl Reader<'_> {
    /// Returns the nodes of a cluster. If all clusters of the Region are evaluated, the nodes of all of them are listed
    /// once.
    pub(crate) async fn nodes(&self, cluster: &str) -> List<Node> {
        if self.ec2.reads_whole_region() {
            let owned = format!("{OWNED}*");
            let keys: &[&str] = &[CLUSTER, KARPENTER_CLUSTER, &owned];
            let list = || Box::pin(self.list_nodes("tag-key", keys, self.location.to_string()));
            self.ec2.nodes.get_or_init(list).await.of(cluster)
        } else {
            let key = format!("tag:{CLUSTER}");
            let target = format!("the nodes of cluster {cluster}");
            Box::pin(self.list_nodes(&key, &[cluster], target))
                .await
                .of(cluster)
        }
    }

    async fn list_nodes(&self, filter: &str, values: &[&str], target: String) -> RegionNodes {
        let call = self.ec2_call(&DESCRIBE_INSTANCES, target);
        let mut parameters = filters(&[
            (filter, values),
            ("instance-state-name", &["pending", "running"]),
        ]);
        // Instances that AWS manages may be hidden.
        parameters.push(("IncludeManagedResources".to_owned(), "true".to_owned()));
        let mut found = RegionNodes::default();
        let read = call.pages(
            |token| self.ec2_page("DescribeInstances", parameters.clone(), token),
            async |page: DescribeInstances| {
                if page.reservation_set.is_none() {
                    found.missing = Some(call.no_list());
                }
                for reservation in items(page.reservation_set.as_ref()) {
                    if reservation.instances_set.is_none() {
                        found.missing = Some(call.without("the instances of a reservation"));
                    }
                    for instance in items(reservation.instances_set.as_ref()) {
                        if instance.tag_set.is_none() {
                            found.missing = Some(call.without("the tags of an instance"));
                        }
                        if let Some((cluster, node)) = node(instance) {
                            found.by_cluster.entry(cluster).or_default().insert(node);
                        }
                    }
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
