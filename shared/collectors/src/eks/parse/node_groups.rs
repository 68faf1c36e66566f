//! The managed node groups of clusters.

use aws_sdk_eks::types::{
    AmiTypes, Nodegroup, NodegroupResources, NodegroupScalingConfig, NodegroupStatus,
    RemoteAccessConfig,
};
use eksentry_core::facts::cluster::{NodeGroup, RemoteAccess};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{health, sorted};
use crate::age::age_of_day;

/// Returns the facts in the description of a node group. The age of its image is that at `now`.
pub(in crate::eks) fn node_group(name: &str, group: &Nodegroup, now: Timestamp) -> NodeGroup {
    NodeGroup {
        name: name.to_owned(),
        status: group
            .status()
            .map(NodegroupStatus::as_str)
            .unwrap_or_default()
            .to_owned(),
        issues: health::of_node_group(group.health()),
        version: group.version().and_then(|version| version.parse().ok()),
        release_version: group.release_version().map(str::to_owned),
        release_age: group
            .release_version()
            .and_then(release_day)
            .and_then(|day| age_of_day(day, now)),
        ami_type: group.ami_type().map(AmiTypes::as_str).map(str::to_owned),
        subnets: sorted(Some(group.subnets())),
        has_launch_template: group.launch_template().is_some(),
        node_role: group.node_role().map(str::to_owned),
        remote_access_security_group: group
            .resources()
            .and_then(NodegroupResources::remote_access_security_group)
            .map(str::to_owned),
        remote_access: group.remote_access().map(remote_access),
        desired_size: group
            .scaling_config()
            .and_then(NodegroupScalingConfig::desired_size)
            .and_then(|size| size.try_into().ok()),
    }
}

/// Returns the day in the version of an image: `1.33.1-20261101`, or `1.33-2026.11.12` for Windows. Versions of
/// Bottlerocket contain none.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html>.
fn release_day(release: &str) -> Option<Date> {
    let (version, day) = release.rsplit_once('-')?;
    if !version.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Date::strptime("%Y%m%d", day)
        .or_else(|_| Date::strptime("%Y.%m.%d", day))
        .ok()
}

fn remote_access(access: &RemoteAccessConfig) -> RemoteAccess {
    RemoteAccess {
        ssh_key: access.ec2_ssh_key().map(str::to_owned),
        source_security_groups: sorted(Some(access.source_security_groups())),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::LaunchTemplateSpecification;

    use eksentry_core::facts::cluster::Age;
    use jiff::civil::date;

    use super::*;

    /// Noon of 2026-11-28.
    const NOW: Timestamp = Timestamp::constant(1_795_867_200, 0);

    #[test]
    fn the_version_of_an_image_may_contain_a_day() {
        let day = Some(date(2026, 11, 1));
        for (release, expected) in [
            ("1.33.1-20261101", day),
            ("1.33-2026.11.01", day),
            ("1.33.1-20261301", None),
            ("1.44.0-7c3e9198", None),
            ("ami-20261101", None),
            ("1.33.1", None),
            ("", None),
        ] {
            assert_eq!(release_day(release), expected, "{release}");
        }
    }

    #[test]
    fn an_empty_description_has_no_facts() {
        let expected = NodeGroup {
            name: "workers".into(),
            status: String::new(),
            issues: Vec::new(),
            version: None,
            release_version: None,
            release_age: None,
            ami_type: None,
            subnets: Vec::new(),
            has_launch_template: false,
            node_role: None,
            remote_access_security_group: None,
            remote_access: None,
            desired_size: None,
        };
        assert_eq!(
            node_group("workers", &Nodegroup::builder().build(), NOW),
            expected
        );
    }

    #[test]
    fn a_description_is_read_regardless_of_the_order_of_its_lists() {
        let access = RemoteAccessConfig::builder()
            .ec2_ssh_key("ops")
            .source_security_groups("sg-2")
            .source_security_groups("sg-1");
        let resources = NodegroupResources::builder().remote_access_security_group("sg-remote");
        let described = Nodegroup::builder()
            .nodegroup_name("workers")
            .status(NodegroupStatus::Degraded)
            .version("1.33")
            .release_version("1.33.1-20261101")
            .ami_type(AmiTypes::Al2023X8664Standard)
            .subnets("subnet-b")
            .subnets("subnet-a")
            .launch_template(LaunchTemplateSpecification::builder().id("lt-1").build())
            .node_role("arn:aws:iam::111122223333:role/nodes")
            .remote_access(access.build())
            .resources(resources.build())
            .scaling_config(NodegroupScalingConfig::builder().desired_size(0).build());
        let expected = NodeGroup {
            name: "workers".into(),
            status: "DEGRADED".into(),
            issues: Vec::new(),
            version: "1.33".parse().ok(),
            release_version: Some("1.33.1-20261101".into()),
            release_age: Some(Age {
                created: date(2026, 11, 1),
                days: 27,
            }),
            ami_type: Some("AL2023_x86_64_STANDARD".into()),
            subnets: vec!["subnet-a".into(), "subnet-b".into()],
            has_launch_template: true,
            node_role: Some("arn:aws:iam::111122223333:role/nodes".into()),
            remote_access_security_group: Some("sg-remote".into()),
            remote_access: Some(RemoteAccess {
                ssh_key: Some("ops".into()),
                source_security_groups: vec!["sg-1".into(), "sg-2".into()],
            }),
            desired_size: Some(0),
        };
        assert_eq!(node_group("workers", &described.build(), NOW), expected);
    }
}
