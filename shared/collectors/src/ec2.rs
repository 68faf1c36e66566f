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

/// The permissions of all calls.
pub(crate) const PERMISSIONS: &[Permission] = &[
    nodes::INSTANCES.permission,
    network::SUBNETS.permission,
    network::SECURITY_GROUPS.permission,
    network::PREFIX_LISTS.permission,
    network::PREFIX_LIST_ENTRIES.permission,
    network::FLOW_LOGS.permission,
    network::ENDPOINTS.permission,
    images::IMAGES.permission,
    images::INSTANCE_TYPES.permission,
    volumes::VOLUMES.permission,
];

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
