//! The responses of EC2, as far as they are read. Elements that are not named here are ignored.
#![expect(
    clippy::struct_field_names,
    reason = "the fields have the names of the XML elements"
)]

use serde::Deserialize;

/// A list; absent if the response lacks it.
#[derive(Debug, Deserialize)]
pub(super) struct Items<T> {
    #[serde(default = "Vec::new")]
    pub(super) item: Vec<T>,
}

/// Returns the items of a list that may be absent.
pub(super) fn items<T>(list: Option<&Items<T>>) -> impl Iterator<Item = &T> {
    list.into_iter().flat_map(|list| &list.item)
}

/// A page of a list. The name of the list's element differs between operations.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Page<T> {
    #[serde(
        rename = "reservationSet",
        alias = "subnetSet",
        alias = "securityGroupInfo",
        alias = "prefixListSet",
        alias = "entrySet",
        alias = "imagesSet",
        alias = "instanceTypeSet",
        alias = "flowLogSet",
        alias = "vpcEndpointSet",
        alias = "volumeSet"
    )]
    pub(super) list: Option<Items<T>>,
    #[serde(rename = "nextToken")]
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reservation {
    pub(super) instances_set: Option<Items<Instance>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Instance {
    pub(super) instance_id: Option<String>,
    pub(super) image_id: Option<String>,
    pub(super) instance_type: Option<String>,
    pub(super) subnet_id: Option<String>,
    pub(super) instance_state: Option<InstanceState>,
    pub(super) metadata_options: Option<Metadata>,
    pub(super) iam_instance_profile: Option<InstanceProfile>,
    pub(super) network_interface_set: Option<Items<NetworkInterface>>,
    pub(super) group_set: Option<Items<Group>>,
    pub(super) tag_set: Option<Items<Tag>>,
    pub(super) operator: Option<Operator>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InstanceState {
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) http_endpoint: Option<String>,
    pub(super) http_tokens: Option<String>,
    pub(super) http_put_response_hop_limit: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InstanceProfile {
    pub(super) arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkInterface {
    pub(super) subnet_id: Option<String>,
    pub(super) association: Option<Association>,
    pub(super) private_ip_addresses_set: Option<Items<PrivateAddress>>,
    pub(super) group_set: Option<Items<Group>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PrivateAddress {
    pub(super) association: Option<Association>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Association {
    pub(super) public_ip: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) group_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Volume {
    pub(super) volume_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) encrypted: Option<bool>,
    pub(super) attachment_set: Option<Items<Attachment>>,
    pub(super) tag_set: Option<Items<Tag>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    pub(super) instance_id: Option<String>,
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EncryptionByDefault {
    pub(super) ebs_encryption_by_default: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Operator {
    pub(super) managed: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subnet {
    pub(super) subnet_id: Option<String>,
    pub(super) owner_id: Option<String>,
    pub(super) map_public_ip_on_launch: Option<bool>,
    pub(super) block_public_access_states: Option<BlockPublicAccessStates>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockPublicAccessStates {
    pub(super) internet_gateway_block_mode: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecurityGroup {
    pub(super) group_id: Option<String>,
    pub(super) ip_permissions: Option<Items<Permission>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Permission {
    pub(super) ip_protocol: Option<String>,
    pub(super) from_port: Option<i64>,
    pub(super) to_port: Option<i64>,
    pub(super) ip_ranges: Option<Items<Ipv4Range>>,
    pub(super) ipv6_ranges: Option<Items<Ipv6Range>>,
    pub(super) prefix_list_ids: Option<Items<PrefixListId>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ipv4Range {
    pub(super) cidr_ip: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ipv6Range {
    pub(super) cidr_ipv6: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrefixListId {
    pub(super) prefix_list_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrefixList {
    pub(super) prefix_list_id: Option<String>,
    pub(super) owner_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PrefixListEntry {
    pub(super) cidr: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    pub(super) image_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) image_owner_alias: Option<String>,
    pub(super) creation_date: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstanceTypeInfo {
    pub(super) instance_type: Option<String>,
    pub(super) network_info: Option<NetworkInfo>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkInfo {
    pub(super) encryption_in_transit_supported: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowLog {
    pub(super) resource_id: Option<String>,
    pub(super) traffic_type: Option<String>,
    pub(super) flow_log_status: Option<String>,
    pub(super) deliver_logs_status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VpcEndpoint {
    pub(super) vpc_endpoint_id: Option<String>,
    pub(super) vpc_endpoint_type: Option<String>,
    pub(super) vpc_id: Option<String>,
    pub(super) service_name: Option<String>,
    pub(super) state: Option<String>,
    pub(super) policy_document: Option<String>,
    pub(super) private_dns_enabled: Option<bool>,
}
