//! The nodes of clusters.

use std::collections::{BTreeSet, HashMap};

use eksentry_core::Unread;
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{EksCluster, Node};

use super::list::{Operation, filters};
use super::parse::{CLUSTER, KARPENTER_CLUSTER, OWNED, node};
use super::response::{Reservation, items};
use crate::Reader;

pub(crate) const INSTANCES: Operation = Operation::new("ec2:DescribeInstances", 1000);

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
    pub(crate) async fn nodes(&self, cluster: &EksCluster) -> List<Node> {
        // The nodes of a local cluster are instances as well, but how these are tagged is not documented.
        if cluster.on_outpost {
            return List::complete(Vec::new());
        }
        let cluster = cluster.name.as_str();
        if self.reads_whole_region() {
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
        let mut parameters = filters(&[
            (filter, values),
            ("instance-state-name", &["pending", "running"]),
        ]);
        // Instances that AWS manages may be hidden.
        parameters.push(("IncludeManagedResources".to_owned(), "true".to_owned()));
        let mut by_cluster: HashMap<String, BTreeSet<Node>> = HashMap::new();
        let missing = self.ec2_pages(
            &INSTANCES,
            parameters,
            target,
            |reservation: &Reservation| {
                let instances = reservation.instances_set.as_ref();
                let instances = instances.ok_or("the instances of a reservation")?;
                let mut read = Ok(());
                for instance in items(Some(instances)) {
                    if instance.tag_set.is_none() {
                        read = Err("the tags of an instance");
                    }
                    if let Some((cluster, node)) = node(instance) {
                        by_cluster.entry(cluster).or_default().insert(node);
                    }
                }
                read
            },
        );
        let missing = missing.await;
        RegionNodes {
            by_cluster,
            missing,
        }
    }
}
