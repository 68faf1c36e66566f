//! The volumes of clusters.

use crate::ec2::parse::{CLUSTER, KARPENTER_CLUSTER, OWNED};
use crate::ec2::response::{Items, Tag, Volume, items};

/// The key of the tag of the resources that EKS creates for node groups.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html>.
const EKS_CLUSTER: &str = "eks:cluster-name";

/// The key of the tag of all volumes that the EBS CSI driver creates.
/// Source: <https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md>.
const CSI_DRIVER: &str = "ebs.csi.aws.com/cluster";

/// A volume that is not encrypted.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ec2) struct UnencryptedVolume {
    pub(in crate::ec2) id: String,
    /// The clusters that its tags name.
    pub(in crate::ec2) clusters: Vec<String>,
    /// The instances that it is attached to.
    pub(in crate::ec2) instances: Vec<String>,
    /// `true` if the EBS CSI driver created it.
    pub(in crate::ec2) is_of_csi_driver: bool,
}

impl UnencryptedVolume {
    /// Returns `true` if the volume is one of a cluster, but nothing tells of which.
    pub(in crate::ec2) fn is_of_unknown_cluster(&self) -> bool {
        self.is_of_csi_driver && self.clusters.is_empty() && self.instances.is_empty()
    }
}

/// Returns the facts about a volume; `None` if it is encrypted, or is or will soon be deleted.
pub(in crate::ec2) fn volume(volume: &Volume) -> Result<Option<UnencryptedVolume>, &'static str> {
    let status = volume.status.as_deref().unwrap_or_default();
    if volume.encrypted == Some(true) || ["deleting", "deleted"].contains(&status) {
        return Ok(None);
    }
    let id = volume.volume_id.clone().ok_or("the ID of a volume")?;
    let attachments = items(volume.attachment_set.as_ref());
    let attached =
        attachments.filter(|attachment| attachment.status.as_deref() != Some("detached"));
    let instances = attached.filter_map(|attachment| attachment.instance_id.clone());
    let tags = volume.tag_set.as_ref();
    Ok(Some(UnencryptedVolume {
        id,
        clusters: clusters(tags),
        instances: instances.collect(),
        is_of_csi_driver: items(tags).any(|tag| tag.key.as_deref() == Some(CSI_DRIVER)),
    }))
}

/// Returns the names of the clusters that tags name.
pub(in crate::ec2) fn clusters(tags: Option<&Items<Tag>>) -> Vec<String> {
    let names = items(tags).filter_map(|tag| {
        let key = tag.key.as_deref()?;
        if [CLUSTER, EKS_CLUSTER, KARPENTER_CLUSTER].contains(&key) {
            tag.value.as_deref()
        } else {
            key.strip_prefix(OWNED)
        }
    });
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(elements: &str) -> Result<Option<UnencryptedVolume>, &'static str> {
        let item = format!("<item>{elements}</item>");
        volume(&quick_xml::de::from_str(&item).unwrap())
    }

    fn tag(key: &str, value: &str) -> String {
        format!("<item><key>{key}</key><value>{value}</value></item>")
    }

    #[test]
    fn only_unencrypted_volumes_that_stay_are_read() {
        for (elements, is_read) in [
            ("<encrypted>false</encrypted>", true),
            ("", true),
            ("<encrypted>true</encrypted>", false),
            ("<encrypted>false</encrypted><status>in-use</status>", true),
            (
                "<encrypted>false</encrypted><status>available</status>",
                true,
            ),
            (
                "<encrypted>false</encrypted><status>deleting</status>",
                false,
            ),
            (
                "<encrypted>false</encrypted><status>deleted</status>",
                false,
            ),
        ] {
            let elements = format!("<volumeId>vol-1</volumeId>{elements}");
            let volume = read(&elements).unwrap();
            assert_eq!(volume.is_some(), is_read, "{elements}");
        }
        assert_eq!(read("").unwrap_err(), "the ID of a volume");
    }

    #[test]
    fn a_volume_has_its_clusters_and_instances() {
        let attachment = |instance: &str, status: &str| {
            format!("<item><instanceId>{instance}</instanceId><status>{status}</status></item>")
        };
        let elements = format!(
            "<volumeId>vol-1</volumeId><attachmentSet>{}{}<item/></attachmentSet><tagSet>{}{}</tagSet>",
            attachment("i-1", "attached"),
            attachment("i-2", "detached"),
            tag("kubernetes.io/cluster/payments", "owned"),
            tag(CSI_DRIVER, "true"),
        );
        let expected = UnencryptedVolume {
            id: "vol-1".into(),
            clusters: vec!["payments".into()],
            instances: vec!["i-1".into()],
            is_of_csi_driver: true,
        };
        assert!(!expected.is_of_unknown_cluster());
        assert_eq!(read(&elements), Ok(Some(expected)));
        let driver = tag(CSI_DRIVER, "true");
        let detached = format!("<volumeId>vol-1</volumeId><tagSet>{driver}</tagSet>");
        let detached = read(&detached).unwrap().unwrap();
        assert!(detached.is_of_unknown_cluster());
    }

    #[test]
    fn a_volume_without_tags_or_instances_may_be_of_any_cluster() {
        let texts = |text: &str| {
            let texts = text.split_whitespace();
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        for (is_of_csi_driver, clusters, instances, expected) in [
            (true, "", "", true),
            (true, "payments", "", false),
            (true, "", "i-1", false),
            (true, "payments", "i-1", false),
            (false, "", "", false),
        ] {
            let volume = UnencryptedVolume {
                id: "vol-1".into(),
                clusters: texts(clusters),
                instances: texts(instances),
                is_of_csi_driver,
            };
            assert_eq!(volume.is_of_unknown_cluster(), expected, "{volume:?}");
        }
    }

    #[test]
    fn each_of_several_tags_can_name_a_cluster() {
        for (tags, expected) in [
            (vec![], vec![]),
            (vec![(CLUSTER, "a")], vec!["a"]),
            (vec![(EKS_CLUSTER, "a")], vec!["a"]),
            (vec![(KARPENTER_CLUSTER, "a")], vec!["a"]),
            (vec![("kubernetes.io/cluster/a", "owned")], vec!["a"]),
            (
                vec![
                    ("kubernetes.io/cluster/a", "shared"),
                    ("kubernetes.io/cluster/b", "shared"),
                ],
                vec!["a", "b"],
            ),
            (vec![("kubernetes.io/cluster/", "owned")], vec![]),
            (vec![(CLUSTER, "")], vec![]),
            (vec![("Name", "a"), (CSI_DRIVER, "true")], vec![]),
        ] {
            let items: String = tags.iter().map(|(key, value)| tag(key, value)).collect();
            let set = format!("<tagSet>{items}</tagSet>");
            let set: Items<Tag> = quick_xml::de::from_str(&set).unwrap();
            assert_eq!(clusters(Some(&set)), expected, "{tags:?}");
        }
        assert!(clusters(None).is_empty());
    }
}
