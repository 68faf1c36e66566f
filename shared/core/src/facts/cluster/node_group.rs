//! Managed node groups.

use super::{Age, Issue, KubernetesVersion};

/// A managed node group of a cluster.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGroup {
    /// The name of the node group.
    pub name: String,
    /// The status: `ACTIVE`, `CREATING`, `DEGRADED`, …; empty if the response has none.
    pub status: String,
    /// The issues that EKS reports in the node group's health, sorted.
    pub issues: Vec<Issue>,
    /// The Kubernetes version of the node group.
    pub version: Option<KubernetesVersion>,
    /// The version of the image of the nodes, for example `1.33.1-20261101`; the ID of the image if it is a custom one.
    pub release_version: Option<String>,
    /// The age of the image according to `release_version`; `None` if that has no date.
    pub release_age: Option<Age>,
    /// The type of the image, for example `AL2023_x86_64_STANDARD`; `CUSTOM` if a launch template specifies the image.
    pub ami_type: Option<String>,
    /// The subnets in which nodes are launched, sorted.
    pub subnets: Vec<String>,
    /// `true` if the node group was created with a launch template.
    pub has_launch_template: bool,
    /// The ARN of the IAM role of the nodes.
    pub node_role: Option<String>,
    /// The security group that EKS created for SSH access to the nodes.
    pub remote_access_security_group: Option<String>,
    /// The SSH access to the nodes; `None` if there is none, or if a launch template specifies it.
    pub remote_access: Option<RemoteAccess>,
    /// The number of nodes that the node group should have.
    pub desired_size: Option<u32>,
}

impl NodeGroup {
    /// Returns the ID of the image, if a launch template specifies a custom one.
    pub fn custom_image(&self) -> Option<&String> {
        let image = self.release_version.as_ref()?;
        image.starts_with("ami-").then_some(image)
    }
}

/// The SSH access to the nodes of a node group.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_RemoteAccessConfig.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAccess {
    /// The name of the EC2 key pair. Without it, nobody can log in by SSH.
    pub ssh_key: Option<String>,
    /// The security groups from which SSH connections are allowed, sorted. If a key is specified without any security
    /// group, EKS allows connections from anywhere.
    pub source_security_groups: Vec<String>,
}
