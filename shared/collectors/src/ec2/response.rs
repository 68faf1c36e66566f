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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeInstances {
    pub(super) reservation_set: Option<Items<Reservation>>,
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

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Operator {
    pub(super) managed: Option<bool>,
}
