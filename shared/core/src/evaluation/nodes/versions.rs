//! The Kubernetes versions of node groups, by their support and their distance from the cluster.

use crate::facts::cluster::{NodeOrigin, VersionSupport};
use crate::facts::{EksCluster, Unread};
use crate::reason_code::ReasonCode;
use crate::text::names;

/// The names of the node groups whose versions have some property, each with its version: `general (1.33)`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupVersions {
    /// The node groups with versions that EKS no longer supports.
    pub unsupported: Vec<String>,
    /// The node groups that are too many minor versions behind the cluster.
    pub behind: Vec<String>,
    /// The node groups with versions that EKS does not list, although it lists older ones.
    pub not_listed: Vec<String>,
    /// The reasons why the support of a version, or its distance from the cluster, is unknown.
    pub unread: Vec<Unread>,
}

impl GroupVersions {
    /// Returns the versions of a cluster's node groups. More than `max_skew` minor versions behind the cluster are too
    /// many.
    pub(crate) fn of(cluster: &EksCluster, max_skew: u32) -> Self {
        let mut versions = Self::default();
        let (mut without_version, mut without_support) = (Vec::new(), Vec::new());
        for group in &cluster.node_groups.items {
            let Some(version) = group.version else {
                without_version.push(group.name.as_str());
                continue;
            };
            let text = || format!("{} ({version})", group.name);
            match cluster.known_version() {
                Ok(newer) if version.minors_behind(newer) > max_skew => {
                    versions.behind.push(text());
                }
                Ok(_) => {}
                Err(unread) => versions.unread.push(unread),
            }
            match VersionSupport::of(version, cluster.on_outpost, &cluster.listed_versions) {
                Ok(VersionSupport::Listed(listed)) => match listed.is_supported() {
                    Some(true) => {}
                    Some(false) => versions.unsupported.push(text()),
                    None => without_support.push(text()),
                },
                Ok(VersionSupport::OlderThanAll) => versions.unsupported.push(text()),
                Ok(VersionSupport::NotListed) => versions.not_listed.push(text()),
                Err(unread) => versions.unread.push(unread),
            }
        }
        without_version.extend(groups_that_are_gone(cluster));
        let unknown = [
            Unread::naming(
                ReasonCode::VersionUnknown,
                "eks:DescribeNodegroup returned no valid Kubernetes version of these node groups",
                &names(without_version),
            ),
            Unread::naming(
                ReasonCode::VersionSupportUnknown,
                "eks:DescribeClusterVersions did not return whether EKS supports the Kubernetes versions of these node \
                 groups",
                &names(without_support.iter().map(String::as_str)),
            ),
        ];
        versions.unread.extend(unknown.into_iter().flatten());
        versions
    }
}

/// Returns the names of the node groups that nodes belong to and EKS does not return. They are listed until their last
/// node is gone, so their version is not known.
fn groups_that_are_gone(cluster: &EksCluster) -> impl Iterator<Item = &str> {
    let groups = &cluster.node_groups.items;
    let named = cluster
        .nodes
        .items
        .iter()
        .filter_map(|node| match &node.group {
            NodeOrigin::NodeGroup(name) if !node.is_managed => Some(name.as_str()),
            _ => None,
        });
    named.filter(|name| groups.iter().all(|group| group.name != *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, listed_version, node_group, unread};
    use crate::facts::List;
    use crate::facts::cluster::{ListedVersion, NodeGroup, SupportStatus};

    /// Returns a cluster with version 1.36, with a node group of another version. EKS supports 1.36 and 1.33, no longer
    /// supports 1.34, does not list 1.35, and does not state the support of 1.32.
    fn with_version(version: &str) -> EksCluster {
        let listed = |version: &str, status| ListedVersion {
            status,
            ..listed_version(version)
        };
        let group = NodeGroup {
            version: version.parse().ok(),
            ..node_group()
        };
        EksCluster {
            version: "1.36".parse().ok(),
            listed_versions: List::complete(vec![
                listed("1.36", Some(SupportStatus::Standard)),
                listed("1.34", Some(SupportStatus::Unsupported)),
                listed("1.33", Some(SupportStatus::Extended)),
                listed("1.32", None),
            ]),
            node_groups: List::complete(vec![group]),
            ..cluster()
        }
    }

    /// Returns the names of the properties that apply to the only node group.
    fn properties(cluster: &EksCluster, max_skew: u32) -> Vec<&'static str> {
        let versions = GroupVersions::of(cluster, max_skew);
        let groups = [
            ("unsupported", &versions.unsupported),
            ("behind", &versions.behind),
            ("not listed", &versions.not_listed),
        ];
        let groups = groups.into_iter().filter(|(_, groups)| !groups.is_empty());
        let unread = versions.unread.iter().map(|unread| unread.code.word());
        groups.map(|(name, _)| name).chain(unread).collect()
    }

    #[test]
    fn the_support_and_the_distance_decide() {
        for (version, max_skew, expected) in [
            ("1.36", 0, vec![]),
            ("1.33", 3, vec![]),
            ("1.33", 2, vec!["behind"]),
            ("1.34", 2, vec!["unsupported"]),
            ("1.34", 1, vec!["unsupported", "behind"]),
            ("1.31", 5, vec!["unsupported"]),
            ("1.35", 1, vec!["not listed"]),
            ("1.37", 0, vec!["not listed"]),
            ("1.32", 4, vec!["VERSION_SUPPORT_UNKNOWN"]),
            ("1.32", 3, vec!["behind", "VERSION_SUPPORT_UNKNOWN"]),
            ("", 2, vec!["VERSION_UNKNOWN"]),
        ] {
            let cluster = with_version(version);
            assert_eq!(
                properties(&cluster, max_skew),
                expected,
                "{version} {max_skew}"
            );
        }
    }

    #[test]
    fn unread_facts_are_reported_only_if_a_node_group_needs_them() {
        let without_version = EksCluster {
            version: None,
            ..with_version("1.33")
        };
        let unread = EksCluster {
            version: None,
            listed_versions: List::unread(unread()),
            ..with_version("1.33")
        };
        let without_groups = EksCluster {
            node_groups: List::complete(Vec::new()),
            nodes: List::complete(Vec::new()),
            ..unread.clone()
        };
        for (cluster, expected) in [
            (without_version, vec!["VERSION_UNKNOWN"]),
            (unread, vec!["VERSION_UNKNOWN", "ACCESS_DENIED"]),
            (without_groups, vec![]),
        ] {
            assert_eq!(properties(&cluster, 2), expected, "{cluster:?}");
        }
    }

    #[test]
    fn node_groups_are_named_with_their_versions() {
        let versions = GroupVersions::of(&with_version("1.34"), 1);
        assert_eq!(versions.unsupported, ["general (1.34)"]);
        assert_eq!(versions.behind, ["general (1.34)"]);
    }

    #[test]
    fn the_version_of_a_node_group_that_is_gone_is_unknown() {
        let codes = |groups: Vec<NodeGroup>| -> Vec<&str> {
            let cluster = EksCluster {
                node_groups: List::complete(groups),
                ..cluster()
            };
            let versions = GroupVersions::of(&cluster, 2);
            versions.unread.iter().map(|one| one.code.word()).collect()
        };
        assert_eq!(codes(vec![node_group()]), [""; 0]);
        assert_eq!(codes(vec![]), ["VERSION_UNKNOWN"]);
    }
}
