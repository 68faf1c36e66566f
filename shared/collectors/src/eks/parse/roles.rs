//! The users of IAM roles.

use aws_sdk_eks::types::Cluster;
use eksentry_core::Arn;

/// The identity of an IAM role: its partition, its account and its name. The name is unique in the account, regardless
/// of the role's path.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::eks) struct RoleId {
    partition: String,
    account: String,
    name: String,
}

impl RoleId {
    /// Returns the identity of the role with that ARN. A text that is not a role's ARN equals only itself.
    pub(in crate::eks) fn of(arn: &str) -> Self {
        let parsed = arn.parse::<Arn>().ok();
        let role = parsed.as_ref().and_then(|arn| {
            let path_and_name = arn.resource().strip_prefix("role/")?;
            Some(Self {
                partition: arn.partition().to_owned(),
                account: arn.account().to_owned(),
                name: path_and_name.rsplit('/').next()?.to_owned(),
            })
        });
        role.unwrap_or_else(|| Self {
            partition: String::new(),
            account: String::new(),
            name: arn.to_owned(),
        })
    }
}

/// A user of a role: a cluster, the Auto Mode nodes of a cluster, or a node group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::eks) struct RoleUser {
    pub(in crate::eks) role: RoleId,
    pub(in crate::eks) region: String,
    /// The name of the user in messages.
    pub(in crate::eks) name: String,
}

/// Returns the users of roles in the description of a cluster: the cluster itself, and the nodes of Auto Mode.
pub(in crate::eks) fn role_users(name: &str, cluster: &Cluster, region: &str) -> Vec<RoleUser> {
    let nodes = cluster
        .compute_config()
        .and_then(|config| config.node_role_arn());
    let users = [
        (cluster.role_arn(), user_of_cluster(name)),
        (nodes, format!("the Auto Mode nodes of cluster {name}")),
    ];
    users
        .into_iter()
        .filter_map(|(role, name)| {
            Some(RoleUser {
                role: RoleId::of(role?),
                region: region.to_owned(),
                name,
            })
        })
        .collect()
}

/// Returns the name of a cluster as the user of a role.
pub(in crate::eks) fn user_of_cluster(name: &str) -> String {
    format!("cluster {name}")
}

/// Returns the names of the users of a cluster's role other than the cluster itself. The name of a user in another
/// Region includes the Region.
pub(in crate::eks) fn other_users(
    users: &[RoleUser],
    role_arn: Option<&str>,
    cluster: &str,
    region: &str,
) -> Vec<String> {
    let Some(role) = role_arn.map(RoleId::of) else {
        return Vec::new();
    };
    let itself = user_of_cluster(cluster);
    users
        .iter()
        .filter(|user| user.role == role && (user.name != itself || user.region != region))
        .map(|user| {
            if user.region == region {
                user.name.clone()
            } else {
                format!("{} in {}", user.name, user.region)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::ComputeConfigResponse;

    use super::*;

    const REGION: &str = "eu-central-1";

    #[test]
    fn roles_are_the_same_by_account_and_name() {
        let role = "arn:aws:iam::111122223333:role/eks";
        for (other, same) in [
            ("arn:aws:iam::111122223333:role/eks", true),
            ("arn:aws:iam::111122223333:role/team/eks", true),
            ("arn:aws:iam::111122223333:role/a/b/eks", true),
            ("arn:aws:iam::111122223333:role/eks/other", false),
            ("arn:aws:iam::111122223333:role/eks-2", false),
            ("arn:aws:iam::444455556666:role/eks", false),
            ("arn:aws-cn:iam::111122223333:role/eks", false),
            ("arn:aws:iam::111122223333:user/eks", false),
            ("eks", false),
            ("", false),
        ] {
            assert_eq!(RoleId::of(role) == RoleId::of(other), same, "{other}");
        }
        assert_eq!(RoleId::of("eks"), RoleId::of("eks"));
    }

    #[test]
    fn a_cluster_and_its_auto_mode_nodes_use_roles() {
        let auto = |role: Option<&str>| {
            ComputeConfigResponse::builder()
                .set_node_role_arn(role.map(str::to_owned))
                .build()
        };
        let role = "arn:aws:iam::111122223333:role/eks";
        let cluster = |compute| {
            Cluster::builder()
                .role_arn(role)
                .set_compute_config(compute)
                .build()
        };
        for (described, expected) in [
            (Cluster::builder().build(), vec![]),
            (cluster(None), vec!["cluster c"]),
            (cluster(Some(auto(None))), vec!["cluster c"]),
            (
                cluster(Some(auto(Some("arn:aws:iam::111122223333:role/nodes")))),
                vec!["cluster c", "the Auto Mode nodes of cluster c"],
            ),
        ] {
            let users = role_users("c", &described, REGION);
            let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
            assert_eq!(names, expected);
            assert!(users.iter().all(|user| user.region == REGION));
        }
    }

    #[test]
    fn other_users_are_found_regardless_of_path_and_region() {
        let user = |path: &str, region: &str, name: &str| RoleUser {
            role: RoleId::of(&format!("arn:aws:iam::111122223333:role/{path}")),
            region: region.to_owned(),
            name: name.to_owned(),
        };
        let users = [
            user("eks", REGION, "cluster c"),
            user("eks", "us-east-1", "cluster c"),
            user("team/eks", REGION, "node group n of cluster d"),
            user("own", REGION, "cluster e"),
        ];
        let role = |path: &str| format!("arn:aws:iam::111122223333:role/{path}");
        for (path, cluster, expected) in [
            (
                Some("eks"),
                "c",
                vec!["cluster c in us-east-1", "node group n of cluster d"],
            ),
            (
                Some("path/eks"),
                "c",
                vec!["cluster c in us-east-1", "node group n of cluster d"],
            ),
            (Some("own"), "e", vec![]),
            (Some("unused"), "c", vec![]),
            (None, "c", vec![]),
        ] {
            let role = path.map(role);
            let others = other_users(&users, role.as_deref(), cluster, REGION);
            assert_eq!(others, expected, "{path:?}");
        }
    }
}
