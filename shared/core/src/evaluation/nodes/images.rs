//! The images that nodes use, by their support and their age.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::facts::EksCluster;
use crate::facts::cluster::{Age, ImageFamily, NodeGroup, NodeOrigin};

/// The names of the groups whose nodes use images with some property: the images of nodes that AWS does not manage, and
/// the releases and custom images of node groups, even of those without nodes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ImagesInUse {
    /// The groups with images that get no updates any more.
    pub unsupported: BTreeSet<String>,
    /// The groups with images that are too old, with the date of the oldest image, or of the release of a node group if
    /// that is too old.
    pub old: BTreeMap<String, Date>,
    /// The groups with images that are too old, but whose nodes may have been updated since they were started, with the
    /// date of the oldest image.
    pub may_be_updated: BTreeMap<String, Date>,
    /// The groups with images that EC2 does not show, and that have no date of a release either.
    pub gone: BTreeSet<String>,
    /// The groups of which a response does not include the image, or not its type, name or date.
    pub unknown: BTreeSet<String>,
    /// The groups with images that are missing from an incomplete list.
    pub unread: BTreeSet<String>,
}

impl ImagesInUse {
    /// Returns the images that a cluster uses. Images of more than `max_days` days are too old.
    pub(crate) fn of(cluster: &EksCluster, max_days: u32) -> Self {
        let mut images = Self::default();
        let is_old = |age: &Age| age.days > i64::from(max_days);
        for node in cluster.nodes.items.iter().filter(|node| !node.is_managed) {
            match &node.image {
                Some(image) => images.add(cluster, &node.group, image, is_old),
                None => drop(images.unknown.insert(node.group.to_string())),
            }
        }
        for group in &cluster.node_groups.items {
            let origin = NodeOrigin::NodeGroup(group.name.clone());
            if let Some(image) = group.custom_image() {
                images.add(cluster, &origin, image, is_old);
            }
            if group.release_version.is_none() || group.ami_type.is_none() {
                images.unknown.insert(origin.to_string());
            }
            if is_amazon_linux_2(group) {
                images.unsupported.insert(origin.to_string());
            }
            // The date of the release replaces those of images, since it stays the same without nodes.
            if let Some(age) = group.release_age.filter(is_old) {
                images.old.insert(origin.to_string(), age.created);
            }
        }
        images
    }

    fn add(
        &mut self,
        cluster: &EksCluster,
        origin: &NodeOrigin,
        id: &str,
        is_old: impl Fn(&Age) -> bool,
    ) {
        let name = origin.to_string();
        let is_of_group = matches!(origin, NodeOrigin::NodeGroup(_));
        // If EC2 does not return a date, that of the release counts.
        let has_release_date =
            node_group(cluster, origin).is_some_and(|group| group.release_age.is_some());
        let Some(image) = cluster.images.items.iter().find(|image| image.id == id) else {
            if cluster.images.missing.is_some() {
                self.unread.insert(name);
            } else if !has_release_date {
                self.gone.insert(name);
            }
            return;
        };
        let old = image.age.filter(is_old).map(|age| age.created);
        match (image.family(), old) {
            (Some(ImageFamily::AmazonLinux2), _) => {
                self.unsupported.insert(name);
            }
            (Some(ImageFamily::Bottlerocket), Some(date)) if !is_of_group => {
                keep_oldest(&mut self.may_be_updated, name, date);
            }
            // Without a name, it may be an image of Bottlerocket.
            (Some(_), Some(date)) => keep_oldest(&mut self.old, name, date),
            (None, Some(date)) if is_of_group => keep_oldest(&mut self.old, name, date),
            (Some(_), None) if image.age.is_some() || has_release_date => {}
            _ => drop(self.unknown.insert(name)),
        }
    }
}

fn node_group<'a>(cluster: &'a EksCluster, origin: &NodeOrigin) -> Option<&'a NodeGroup> {
    let NodeOrigin::NodeGroup(name) = origin else {
        return None;
    };
    let mut groups = cluster.node_groups.items.iter();
    groups.find(|group| group.name == *name)
}

/// Returns `true` if a node group has an EKS optimized image of Amazon Linux 2.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html>.
fn is_amazon_linux_2(group: &NodeGroup) -> bool {
    let ami_type = group.ami_type.as_deref();
    ami_type.is_some_and(|ami_type| ami_type.starts_with("AL2_"))
}

fn keep_oldest(dates: &mut BTreeMap<String, Date>, group: String, date: Date) {
    let oldest = dates.entry(group).or_insert(date);
    *oldest = date.min(*oldest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{age, cluster, machine_image, node, node_group, unread};
    use crate::facts::List;
    use crate::facts::cluster::{MachineImage, Node};

    const BOTTLEROCKET: &str = "bottlerocket-aws-k8s-1.33-aarch64-v1.44.0-0a1b2c3d";
    const AL2: &str = "amazon-eks-node-1.32-v20261120";
    const AL2023: &str = "amazon-eks-node-al2023-arm64-standard-1.33-v20261101";

    fn image(id: &str, name: Option<&str>, days: Option<i64>) -> MachineImage {
        MachineImage {
            id: id.into(),
            name: name.map(Into::into),
            age: days.map(age),
            ..machine_image()
        }
    }

    fn of_group(image: &str) -> Node {
        Node {
            image: Some(image.into()),
            ..node()
        }
    }

    fn of_pool(image: &str) -> Node {
        Node {
            group: NodeOrigin::NodePool("spot".into()),
            ..of_group(image)
        }
    }

    /// Returns a node group with a release of this age.
    fn release(days: Option<i64>) -> NodeGroup {
        NodeGroup {
            release_age: days.map(age),
            ..node_group()
        }
    }

    fn custom(image: &str) -> NodeGroup {
        NodeGroup {
            ami_type: Some("CUSTOM".into()),
            release_version: Some(image.into()),
            ..release(None)
        }
    }

    fn with(nodes: Vec<Node>, node_groups: Vec<NodeGroup>) -> EksCluster {
        EksCluster {
            nodes: List::complete(nodes),
            node_groups: List::complete(node_groups),
            images: List::complete(vec![
                image("new", Some(AL2023), Some(60)),
                image("old", Some(AL2023), Some(61)),
                image("older", Some(AL2023), Some(80)),
                image("undated", Some(AL2023), None),
                image("al2", Some(AL2), Some(1)),
                image("rocket", Some(BOTTLEROCKET), Some(60)),
                image("old rocket", Some(BOTTLEROCKET), Some(61)),
                image("undated rocket", Some(BOTTLEROCKET), None),
                image("unnamed", None, Some(1)),
                image("old unnamed", None, Some(61)),
                image("ami-old", Some("golden-node-v12"), Some(61)),
                image("ami-new", Some("golden-node-v13"), Some(60)),
            ]),
            ..cluster()
        }
    }

    /// Returns the properties of the images as one text.
    fn summary(cluster: &EksCluster) -> String {
        let images = ImagesInUse::of(cluster, 60);
        let dated = |groups: &BTreeMap<String, Date>| -> BTreeSet<String> {
            let groups = groups.iter();
            groups
                .map(|(group, date)| format!("{group} {date}"))
                .collect()
        };
        let sets = [
            ("unsupported", images.unsupported.clone()),
            ("old", dated(&images.old)),
            ("may be updated", dated(&images.may_be_updated)),
            ("gone", images.gone.clone()),
            ("unknown", images.unknown.clone()),
            ("unread", images.unread.clone()),
        ];
        let sets = sets.into_iter().filter(|(_, groups)| !groups.is_empty());
        let texts = sets.map(|(name, groups)| {
            format!(
                "{name}: {}",
                groups.into_iter().collect::<Vec<_>>().join(", ")
            )
        });
        texts.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_images_of_nodes_are_evaluated_by_name_and_date() {
        let managed = Node {
            is_managed: true,
            ..of_pool("old")
        };
        let without = |node: Node| Node {
            image: None,
            ..node
        };
        for (nodes, expected) in [
            (vec![of_pool("new"), of_pool("rocket")], ""),
            (vec![of_pool("old")], "old: node pool spot 2026-09-28"),
            (
                vec![of_pool("old"), of_pool("older"), of_pool("old")],
                "old: node pool spot 2026-09-09",
            ),
            (vec![of_pool("undated")], "unknown: node pool spot"),
            (vec![of_pool("al2")], "unsupported: node pool spot"),
            (
                vec![of_pool("old rocket")],
                "may be updated: node pool spot 2026-09-28",
            ),
            (vec![of_pool("undated rocket")], "unknown: node pool spot"),
            (vec![of_pool("unnamed")], "unknown: node pool spot"),
            (vec![of_pool("old unnamed")], "unknown: node pool spot"),
            (vec![of_pool("absent")], "gone: node pool spot"),
            (vec![without(of_pool("new"))], "unknown: node pool spot"),
            (vec![managed.clone(), without(managed)], ""),
            (
                vec![of_pool("old"), of_pool("al2"), of_pool("absent")],
                "unsupported: node pool spot; old: node pool spot 2026-09-28; gone: node pool spot",
            ),
        ] {
            assert_eq!(summary(&with(nodes.clone(), vec![])), expected, "{nodes:?}");
        }
    }

    #[test]
    fn nodes_of_node_groups_also_have_the_date_of_the_release() {
        for (image, release_days, expected) in [
            ("new", Some(60), ""),
            ("new", Some(61), "old: node group general 2026-09-28"),
            ("older", Some(61), "old: node group general 2026-09-28"),
            ("older", Some(60), "old: node group general 2026-09-09"),
            ("older", None, "old: node group general 2026-09-09"),
            ("old rocket", None, "old: node group general 2026-09-28"),
            ("rocket", None, ""),
            ("undated", Some(60), ""),
            ("undated", None, "unknown: node group general"),
            ("unnamed", Some(60), "unknown: node group general"),
            (
                "old unnamed",
                Some(60),
                "old: node group general 2026-09-28",
            ),
            ("absent", Some(60), ""),
            ("absent", Some(61), "old: node group general 2026-09-28"),
            ("absent", None, "gone: node group general"),
            ("al2", Some(1), "unsupported: node group general"),
        ] {
            let cluster = with(vec![of_group(image)], vec![release(release_days)]);
            assert_eq!(summary(&cluster), expected, "{image} {release_days:?}");
        }
        let of_other_group = NodeGroup {
            name: "other".into(),
            ..release(Some(1))
        };
        let cluster = with(vec![of_group("absent")], vec![of_other_group]);
        assert_eq!(summary(&cluster), "gone: node group general");
    }

    #[test]
    fn node_groups_without_nodes_are_evaluated_too() {
        let of_type = |ami_type: Option<&str>| NodeGroup {
            ami_type: ami_type.map(Into::into),
            ..release(Some(1))
        };
        let without_release = NodeGroup {
            release_version: None,
            ..release(None)
        };
        for (group, expected) in [
            (release(Some(60)), ""),
            (release(Some(61)), "old: node group general 2026-09-28"),
            (release(None), ""),
            (
                of_type(Some("AL2_x86_64")),
                "unsupported: node group general",
            ),
            (
                of_type(Some("AL2_x86_64_GPU")),
                "unsupported: node group general",
            ),
            (
                of_type(Some("AL2_ARM_64")),
                "unsupported: node group general",
            ),
            (of_type(Some("AL2023_x86_64_STANDARD")), ""),
            (of_type(Some("WINDOWS_CORE_2022_x86_64")), ""),
            (of_type(None), "unknown: node group general"),
            (without_release, "unknown: node group general"),
            (custom("ami-new"), ""),
            (custom("ami-old"), "old: node group general 2026-09-28"),
            (custom("ami-absent"), "gone: node group general"),
        ] {
            assert_eq!(
                summary(&with(vec![], vec![group.clone()])),
                expected,
                "{group:?}"
            );
        }
    }

    #[test]
    fn an_incomplete_list_of_images_decides_only_about_those_in_it() {
        let mut cluster = with(
            vec![of_pool("old"), of_pool("absent"), of_group("absent")],
            vec![release(Some(1)), custom("ami-absent")],
        );
        cluster.images.missing = Some(unread());
        assert_eq!(
            summary(&cluster),
            "old: node pool spot 2026-09-28; unread: node group general, node pool spot"
        );
    }
}
