//! The nodes of clusters.

use eksentry_core::facts::cluster::{MetadataOptions, Node, NodeOrigin};

use crate::ec2::response::{Instance, Metadata, NetworkInterface, items};

/// The key of the tag that EC2 instances get when they join a cluster.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html>.
pub(in crate::ec2) const CLUSTER: &str = "aws:eks:cluster-name";

/// The key of the tag that Karpenter sets.
pub(in crate::ec2) const KARPENTER_CLUSTER: &str = "eks:eks-cluster-name";

/// The beginning of the key of the tag that cluster add-ons and installers set; the name of the cluster follows.
pub(crate) const OWNED: &str = "kubernetes.io/cluster/";

/// Returns the cluster of an instance, and the facts about the node. Returns `None` if the instance is not a node, or
/// is neither pending nor running.
pub(in crate::ec2) fn node(instance: &Instance) -> Option<(String, Node)> {
    let state = instance.instance_state.as_ref();
    let state = state.and_then(|state| state.name.as_deref());
    // The request excludes other states, so an instance without a state counts.
    if state.is_some_and(|state| !["pending", "running"].contains(&state)) {
        return None;
    }
    let node = Node {
        group: origin(instance),
        is_managed: instance
            .operator
            .as_ref()
            .is_some_and(|operator| operator.managed == Some(true)),
        metadata: instance.metadata_options.as_ref().map(metadata),
        public_subnets: public_subnets(instance),
        subnet: instance.subnet_id.clone(),
        security_groups: security_groups(instance),
        image: instance.image_id.clone(),
        instance_type: instance.instance_type.clone(),
        instance_profile: instance
            .iam_instance_profile
            .as_ref()
            .and_then(|profile| profile.arn.clone()),
    };
    Some((cluster(instance)?, node))
}

fn tag<'a>(instance: &'a Instance, key: &str) -> Option<&'a str> {
    let mut tags = items(instance.tag_set.as_ref());
    let tag = tags.find(|tag| tag.key.as_deref() == Some(key))?;
    tag.value.as_deref().filter(|value| !value.is_empty())
}

fn cluster(instance: &Instance) -> Option<String> {
    let named = tag(instance, CLUSTER).or_else(|| tag(instance, KARPENTER_CLUSTER));
    let owned = || {
        items(instance.tag_set.as_ref())
            .filter(|tag| tag.value.as_deref() == Some("owned"))
            .find_map(|tag| tag.key.as_deref()?.strip_prefix(OWNED))
    };
    named.or_else(owned).map(str::to_owned)
}

fn origin(instance: &Instance) -> NodeOrigin {
    let name = |key: &str| tag(instance, key).map(str::to_owned);
    name("eks:nodegroup-name")
        .map(NodeOrigin::NodeGroup)
        .or_else(|| name("karpenter.sh/nodepool").map(NodeOrigin::NodePool))
        .or_else(|| name("aws:autoscaling:groupName").map(NodeOrigin::AutoScalingGroup))
        .unwrap_or(NodeOrigin::Other)
}

fn metadata(options: &Metadata) -> MetadataOptions {
    MetadataOptions {
        is_enabled: options.http_endpoint.as_deref() != Some("disabled"),
        requires_token: options.http_tokens.as_deref() == Some("required"),
        hop_limit: options.http_put_response_hop_limit,
    }
}

/// Returns the subnets of the interfaces that have a public address, sorted. Every node has an interface, so a response
/// without one proves nothing.
fn public_subnets(instance: &Instance) -> Option<Vec<Option<String>>> {
    let interfaces = || items(instance.network_interface_set.as_ref());
    interfaces().next()?;
    let public = interfaces().filter(|interface| is_public(interface));
    let mut subnets: Vec<_> = public
        .map(|interface| interface.subnet_id.clone())
        .collect();
    subnets.sort_unstable();
    subnets.dedup();
    Some(subnets)
}

/// Returns `true` if an interface has a public address. An address of a carrier is not public.
fn is_public(interface: &NetworkInterface) -> bool {
    let secondary = items(interface.private_ip_addresses_set.as_ref());
    let secondary = secondary.filter_map(|address| address.association.as_ref());
    let mut associations = interface.association.iter().chain(secondary);
    associations.any(|association| association.public_ip.is_some())
}

fn security_groups(instance: &Instance) -> Vec<String> {
    let interfaces = items(instance.network_interface_set.as_ref());
    let groups = interfaces.flat_map(|interface| items(interface.group_set.as_ref()));
    let groups = groups.chain(items(instance.group_set.as_ref()));
    let mut groups: Vec<String> = groups.filter_map(|group| group.group_id.clone()).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(elements: &str) -> Instance {
        let text =
            format!("<item><instanceState><name>running</name></instanceState>{elements}</item>");
        quick_xml::de::from_str(&text).unwrap()
    }

    fn tags(tags: &[(&str, &str)]) -> String {
        let tag = |(key, value): &(&str, &str)| {
            format!("<item><key>{key}</key><value>{value}</value></item>")
        };
        format!(
            "<tagSet>{}</tagSet>",
            tags.iter().map(tag).collect::<String>()
        )
    }

    fn of_cluster(elements: &str) -> Node {
        let tagged = tags(&[(CLUSTER, "payments")]);
        node(&instance(&format!("{tagged}{elements}"))).unwrap().1
    }

    #[test]
    fn tags_name_the_cluster_and_the_group() {
        let group = |name: &str| NodeOrigin::NodeGroup(name.to_owned());
        for (tagged, expected) in [
            (vec![(CLUSTER, "a")], Some(("a", NodeOrigin::Other))),
            (
                vec![(CLUSTER, "a"), ("eks:nodegroup-name", "g")],
                Some(("a", group("g"))),
            ),
            (
                vec![(KARPENTER_CLUSTER, "a"), ("karpenter.sh/nodepool", "p")],
                Some(("a", NodeOrigin::NodePool("p".to_owned()))),
            ),
            (
                vec![
                    ("kubernetes.io/cluster/a", "owned"),
                    ("aws:autoscaling:groupName", "s"),
                ],
                Some(("a", NodeOrigin::AutoScalingGroup("s".to_owned()))),
            ),
            (vec![("kubernetes.io/cluster/a", "shared")], None),
            (vec![("Name", "a")], None),
            (vec![], None),
        ] {
            let found = node(&instance(&tags(&tagged)));
            let found = found.map(|(cluster, node)| (cluster, node.group));
            let expected = expected.map(|(cluster, group)| (cluster.to_owned(), group));
            assert_eq!(found, expected, "{tagged:?}");
        }
    }

    #[test]
    fn only_pending_and_running_instances_are_nodes() {
        for (state, expected) in [
            ("pending", true),
            ("running", true),
            ("shutting-down", false),
            ("terminated", false),
            ("stopped", false),
        ] {
            let tagged = tags(&[(CLUSTER, "a")]);
            let text =
                format!("<item><instanceState><name>{state}</name></instanceState>{tagged}</item>");
            let instance: Instance = quick_xml::de::from_str(&text).unwrap();
            assert_eq!(node(&instance).is_some(), expected, "{state}");
        }
        let text = format!("<item>{}</item>", tags(&[(CLUSTER, "a")]));
        let without: Instance = quick_xml::de::from_str(&text).unwrap();
        assert!(node(&without).is_some());
    }

    #[test]
    fn metadata_options_are_read_or_unknown() {
        let options = |elements: &str| {
            of_cluster(&format!("<metadataOptions>{elements}</metadataOptions>"))
                .metadata
                .unwrap()
        };
        let read = options(
            "<httpEndpoint>enabled</httpEndpoint><httpTokens>required</httpTokens>\
             <httpPutResponseHopLimit>2</httpPutResponseHopLimit>",
        );
        assert_eq!(
            (read.is_enabled, read.requires_token, read.hop_limit),
            (true, true, Some(2))
        );
        let read =
            options("<httpEndpoint>disabled</httpEndpoint><httpTokens>optional</httpTokens>");
        assert_eq!(
            (read.is_enabled, read.requires_token, read.hop_limit),
            (false, false, None)
        );
        assert_eq!(of_cluster("").metadata, None);
    }

    #[test]
    fn the_subnets_of_interfaces_with_a_public_address_are_sorted() {
        let interfaces = |elements: &[&str]| {
            let interface = |elements: &&str| format!("<item>{elements}</item>");
            let interfaces: String = elements.iter().map(interface).collect();
            let set = format!("<networkInterfaceSet>{interfaces}</networkInterfaceSet>");
            of_cluster(&set).public_subnets
        };
        let subnet = |id: &str| Some(id.to_owned());
        let public = "<association><publicIp>198.51.100.7</publicIp></association>";
        let carrier = "<association><carrierIp>198.51.100.7</carrierIp></association>";
        let second = format!(
            "<subnetId>subnet-1</subnetId><privateIpAddressesSet><item/><item>{public}</item></privateIpAddressesSet>"
        );
        let first = format!("<subnetId>subnet-2</subnetId>{public}");
        for (elements, expected) in [
            (&[""] as &[&str], vec![]),
            (&[carrier], vec![]),
            (&["", public], vec![None]),
            (
                &[&first, &second, &first],
                vec![subnet("subnet-1"), subnet("subnet-2")],
            ),
        ] {
            assert_eq!(interfaces(elements), Some(expected), "{elements:?}");
        }
        assert_eq!(interfaces(&[]), None);
        assert_eq!(of_cluster("").public_subnets, None);
    }

    #[test]
    fn the_security_groups_of_all_interfaces_are_sorted() {
        let group = |id: &str| format!("<groupSet><item><groupId>{id}</groupId></item></groupSet>");
        let node = of_cluster(&format!(
            "<networkInterfaceSet><item>{}</item><item>{}</item></networkInterfaceSet>{}",
            group("sg-2"),
            group("sg-1"),
            group("sg-2")
        ));
        assert_eq!(node.security_groups, ["sg-1", "sg-2"]);
    }

    #[test]
    fn managed_instances_are_those_of_an_operator() {
        assert!(of_cluster("<operator><managed>true</managed></operator>").is_managed);
        assert!(!of_cluster("<operator><managed>false</managed></operator>").is_managed);
        assert!(!of_cluster("").is_managed);
    }
}
