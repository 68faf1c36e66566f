//! Amazon EKS: clusters.

use serde_json::Value;

use crate::account::{Account, Cluster, Record, text};

/// Returns `true` if a cluster is only registered, through EKS Connector.
pub(super) fn is_connected(cluster: &Record) -> bool {
    !cluster.get("connectorConfig").is_none_or(Value::is_null)
}

pub(super) fn cluster_arn(account: &Account, cluster: &Cluster) -> String {
    match text(&cluster.members, "arn") {
        "" => account.arn(
            "eks",
            &account.region,
            &format!("cluster/{}", cluster.name()),
        ),
        given => given.to_owned(),
    }
}

/// Returns the name of the role that exists for a cluster whose entry names none.
pub(super) fn own_role(cluster: &Cluster) -> String {
    format!("eks-{}", cluster.name())
}

/// Returns the name of the role that exists for the node groups whose entries name none.
pub(super) fn own_node_role(cluster: &Cluster) -> String {
    format!("eks-{}-nodes", cluster.name())
}
