//! The nodes, volumes, file systems and trails of the scenarios.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION};

/// Returns two nodes of the cluster alpha, one of a node group and one of Karpenter.
pub(super) fn instances() -> Value {
    let node = |id: &str, tag: &str, group: &str| {
        json!({
            "InstanceId": id,
            "Tags": [{"Key": "aws:eks:cluster-name", "Value": "alpha"}, {"Key": tag, "Value": group}],
        })
    };
    json!([
        node("i-1", "eks:nodegroup-name", "general"),
        node("i-2", "karpenter.sh/nodepool", "spot"),
    ])
}

/// Returns a volume that is attached to a node.
pub(super) fn volumes(is_encrypted: bool) -> Value {
    let instances = instances();
    let attachment = json!({"InstanceId": instances[0]["InstanceId"], "State": "attached"});
    json!([{"VolumeId": "vol-00000001", "Encrypted": is_encrypted, "Attachments": [attachment]}])
}

/// Returns file systems. The first has a tag of a cluster, the others are used through access points.
pub(super) fn file_systems(ids: [&str; 2]) -> Value {
    let file_systems = ids.map(|id| {
        let tags = json!([{"Key": "kubernetes.io/cluster/beta", "Value": "owned"}]);
        let tags = if id == "01" { tags } else { json!([]) };
        json!({"FileSystemId": format!("fs-000000{id}"), "Tags": tags})
    });
    json!(file_systems)
}

pub(super) fn access_points() -> Value {
    let access_points = ["02", "03"].map(|id| {
        json!({
            "AccessPointId": format!("fsap-000000{id}"),
            "FileSystemId": format!("fs-000000{id}"),
            "Tags": [{"Key": "efs.csi.aws.com/cluster", "Value": "true"}],
        })
    });
    json!(access_points)
}

pub(super) fn trails() -> Value {
    json!([{
        "TrailARN": format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"),
        "selectors": {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]},
    }])
}
