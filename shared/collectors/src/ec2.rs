//! Amazon EC2: the nodes of clusters, their networks, volumes, machine images and instance types.

mod images;
mod in_use;
mod list;
mod network;
mod nodes;
mod parse;
mod response;
mod volumes;

use eksentry_aws::{QueryService, Service};
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{
    FlowLog, InstanceType, MachineImage, SecurityGroup, Subnet, VpcEndpoint,
};
use tokio::sync::OnceCell;

use self::in_use::InUse;
use self::nodes::RegionNodes;
use self::volumes::RegionVolumes;
use crate::permission::Permission;

pub(crate) use self::parse::OWNED;
pub(crate) use self::volumes::ENCRYPTION_BY_DEFAULT;
/// Amazon EC2 and the version of its API.
pub(crate) const SERVICE: QueryService = QueryService {
    service: Service {
        name: "ec2",
        id: "EC2",
    },
    version: "2016-11-15",
};

/// The permissions of the calls that list nodes.
pub(crate) const OF_NODES: &[Permission] = &[nodes::INSTANCES.permission];
/// The permissions of the calls that list subnets.
pub(crate) const OF_SUBNETS: &[Permission] = &[network::SUBNETS.permission];
/// The permissions of the calls that list security groups, with the prefix lists that they name.
pub(crate) const OF_SECURITY_GROUPS: &[Permission] = &[
    network::SECURITY_GROUPS.permission,
    network::PREFIX_LISTS.permission,
    network::PREFIX_LIST_ENTRIES.permission,
];
/// The permissions of the calls that list flow logs.
pub(crate) const OF_FLOW_LOGS: &[Permission] = &[network::FLOW_LOGS.permission];
/// The permissions of the calls that list VPC endpoints.
pub(crate) const OF_ENDPOINTS: &[Permission] = &[network::ENDPOINTS.permission];
/// The permissions of the calls that list machine images.
pub(crate) const OF_IMAGES: &[Permission] = &[images::IMAGES.permission];
/// The permissions of the calls that list instance types.
pub(crate) const OF_INSTANCE_TYPES: &[Permission] = &[images::INSTANCE_TYPES.permission];
/// The permissions of the calls that list volumes.
pub(crate) const OF_VOLUMES: &[Permission] = &[volumes::VOLUMES.permission];

/// The facts of a Region that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    nodes: OnceCell<RegionNodes>,
    volumes: OnceCell<RegionVolumes>,
    in_use: OnceCell<InUse>,
    subnets: OnceCell<List<Subnet>>,
    security_groups: OnceCell<List<SecurityGroup>>,
    flow_logs: OnceCell<List<FlowLog>>,
    /// With the IDs of their VPCs.
    endpoints: OnceCell<List<(String, VpcEndpoint)>>,
    images: OnceCell<List<MachineImage>>,
    instance_types: OnceCell<List<InstanceType>>,
}
