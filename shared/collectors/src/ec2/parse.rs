//! Pure functions that convert EC2's responses into facts. Those of items of lists return an error with the
//! name of what an item lacks, so that the list is not complete.

mod image;
mod network;
mod node;
mod security_group;
mod volume;

pub(super) use self::image::{image, instance_type};
pub(super) use self::network::{endpoint, flow_log, subnet};
pub(crate) use self::node::OWNED;
pub(super) use self::node::{CLUSTER, KARPENTER_CLUSTER, node};
pub(super) use self::security_group::{ListedGroup, cidr, security_group};
pub(super) use self::volume::{UnencryptedVolume, clusters, volume};
