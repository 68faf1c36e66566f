//! Pure functions that convert EC2's responses into facts. Each returns `None` if the response has no ID of the item.

mod image;
mod network;
mod node;
mod security_group;

pub(super) use self::image::{image, instance_type};
pub(super) use self::network::{endpoint, flow_log, subnet};
pub(super) use self::node::{CLUSTER, KARPENTER_CLUSTER, OWNED, node};
pub(super) use self::security_group::{ListedGroup, cidr, security_group};
