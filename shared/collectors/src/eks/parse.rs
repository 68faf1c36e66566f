//! Pure functions that convert EKS's responses into facts.

mod access;
mod addons;
mod health;
mod insights;
mod node_groups;
mod roles;
mod versions;

use std::collections::HashMap;

use aws_sdk_eks::types::{
    Cluster, ComputeConfigResponse, EncryptionConfig, LogSetup, Logging, SupportType,
    VpcConfigResponse,
};
use eksentry_core::Unread;
use eksentry_core::facts::cluster::{
    AuthenticationMode, EksCluster, Endpoint, LogTypes, Network, Ports, SecretsKey, UpgradePolicy,
};

pub(super) use self::access::{admin_policy, cluster_wide_admin};
pub(super) use self::addons::addon;
pub(super) use self::insights::insight;
pub(super) use self::node_groups::node_group;
pub(super) use self::roles::{RoleId, RoleUser, other_users, role_users};
pub(super) use self::versions::version;
use crate::timestamp;

/// Returns the facts in the description of a cluster. Facts that take other calls are marked as not requested.
pub(super) fn cluster(name: &str, cluster: &Cluster) -> EksCluster {
    let network = cluster.resources_vpc_config();
    let described = EksCluster::named(name, cluster.arn().unwrap_or_default());
    EksCluster {
        status: cluster
            .status()
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        connected: is_connected(cluster),
        on_outpost: cluster.outpost_config().is_some(),
        health: cluster.health().and_then(health::of_cluster),
        version: cluster.version().and_then(|version| version.parse().ok()),
        upgrade_policy: upgrade_policy(cluster),
        created_at: timestamp(cluster.created_at()),
        endpoint: endpoint(network),
        authentication_mode: authentication_mode(cluster),
        creator_is_admin: creator_is_admin(cluster),
        issuer: issuer(cluster),
        auto_mode: auto_mode(cluster).is_some(),
        auto_mode_role: auto_mode(cluster)
            .and_then(ComputeConfigResponse::node_role_arn)
            .map(str::to_owned),
        deletion_protection: cluster.deletion_protection(),
        enabled_logs: enabled_logs(cluster.logging()),
        secrets_key: secrets_key(cluster.encryption_config()),
        role_arn: cluster.role_arn().map(str::to_owned),
        network: Network {
            vpc: network
                .and_then(|network| network.vpc_id())
                .map(str::to_owned),
            cluster_security_group: network
                .and_then(|network| network.cluster_security_group_id())
                .map(str::to_owned),
            node_ports: node_ports(cluster),
            ..described.network
        },
        subnets: sorted(network.map(VpcConfigResponse::subnet_ids)),
        security_groups: sorted(network.map(VpcConfigResponse::security_group_ids)),
        url: cluster.endpoint().map(str::to_owned),
        tags: tags(cluster.tags()),
        ..described
    }
}

/// Returns `true` if a cluster runs elsewhere and is only registered through EKS Connector.
pub(super) fn is_connected(cluster: &Cluster) -> bool {
    cluster.connector_config().is_some()
}

fn authentication_mode(cluster: &Cluster) -> Option<AuthenticationMode> {
    let mode = cluster.access_config()?.authentication_mode()?;
    AuthenticationMode::read(mode.as_str())
}

fn creator_is_admin(cluster: &Cluster) -> Option<bool> {
    let access = cluster.access_config()?;
    access.bootstrap_cluster_creator_admin_permissions()
}

fn upgrade_policy(cluster: &Cluster) -> UpgradePolicy {
    let policy = cluster.upgrade_policy();
    UpgradePolicy::read(
        policy
            .and_then(|policy| policy.support_type())
            .map(SupportType::as_str),
    )
}

/// Returns the configuration of EKS Auto Mode; `None` if Auto Mode is off.
fn auto_mode(cluster: &Cluster) -> Option<&ComputeConfigResponse> {
    let config = cluster.compute_config()?;
    Some(config).filter(|config| config.enabled() == Some(true))
}

/// Returns the OIDC issuer without `https://`, which is how trust policies name it.
fn issuer(cluster: &Cluster) -> Option<String> {
    let issuer = cluster.identity()?.oidc()?.issuer()?;
    let issuer = issuer.strip_prefix("https://").unwrap_or(issuer);
    let issuer = issuer.trim_end_matches('/');
    (!issuer.is_empty()).then(|| issuer.to_owned())
}

/// Returns the ports of Services of the type `NodePort`. Without a valid range, the default of Kubernetes applies.
fn node_ports(cluster: &Cluster) -> Ports {
    let config = cluster.kube_api_server_config();
    let range = config.and_then(|config| config.service_node_port_range());
    let ports = range.and_then(|range| {
        Some(Ports {
            first: range.min_port().try_into().ok()?,
            last: range.max_port().try_into().ok()?,
        })
    });
    // The SDK returns 0 for a port that is missing from the response.
    let ports = ports.filter(|ports| 0 < ports.first && ports.first <= ports.last);
    ports.unwrap_or(Ports::NODE_PORTS)
}

fn endpoint(network: Option<&VpcConfigResponse>) -> Endpoint {
    Endpoint::read(
        network.is_some_and(VpcConfigResponse::endpoint_public_access),
        network.is_some_and(VpcConfigResponse::endpoint_private_access),
        network
            .into_iter()
            .flat_map(VpcConfigResponse::public_access_cidrs)
            .map(String::as_str),
    )
}

fn enabled_logs(logging: Option<&Logging>) -> LogTypes {
    logging
        .into_iter()
        .flat_map(Logging::cluster_logging)
        .filter(|group| group.enabled() == Some(true))
        .flat_map(LogSetup::types)
        .filter_map(|log| log.as_str().parse().ok())
        .fold(LogTypes::NONE, LogTypes::with)
}

/// Returns the key that an entry names. An entry that names `secrets` takes precedence.
fn secrets_key(entries: &[EncryptionConfig]) -> Option<SecretsKey> {
    let keys = entries.iter().filter_map(|entry| {
        let named = entry.provider()?.key_arn()?;
        (!named.trim().is_empty()).then(|| SecretsKey {
            named: named.to_owned(),
            names_secrets: names_secrets(entry),
            key: Err(Unread::not_requested("the cluster's KMS key")),
        })
    });
    // `min_by_key` returns the first of several equal entries.
    keys.min_by_key(|key| !key.names_secrets)
}

fn names_secrets(entry: &EncryptionConfig) -> bool {
    #[expect(
        deprecated,
        reason = "before Kubernetes 1.28 it lists what is encrypted, and EKS still returns it"
    )]
    let resources = entry.resources();
    resources.iter().any(|resource| resource == "secrets")
}

/// Returns a list in sorted order, since its order has no meaning.
fn sorted(list: Option<&[String]>) -> Vec<String> {
    let mut list = list.unwrap_or_default().to_vec();
    list.sort();
    list
}

fn tags(tags: Option<&HashMap<String, String>>) -> Vec<(String, String)> {
    let mut tags: Vec<_> = tags
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    tags.sort();
    tags
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{
        AccessConfigResponse, AuthenticationMode as SdkAuthenticationMode, ClusterHealth,
        ClusterStatus, ConnectorConfigResponse, Identity, KubeApiServerConfigResponse,
        LogType as SdkLogType, Oidc, OutpostConfigResponse, Provider, ServiceNodePortRange,
        UpgradePolicyResponse,
    };
    use aws_smithy_types::DateTime;
    use eksentry_core::facts::cluster::LogType;

    use super::*;

    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1";
    const OTHER_KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/2";

    fn parsed(described: Cluster) -> EksCluster {
        cluster("payments", &described)
    }

    #[test]
    fn an_empty_response_has_the_defaults_of_eks() {
        let facts = parsed(Cluster::builder().build());
        assert_eq!(facts.name, "payments");
        assert_eq!((facts.arn.as_str(), facts.status.as_str()), ("", ""));
        assert!(facts.endpoint.public && !facts.endpoint.private);
        assert!(facts.enabled_logs.is_empty());
        assert!(!facts.connected);
        assert_eq!(
            (facts.health, facts.version, facts.secrets_key),
            (None, None, None)
        );
        assert_eq!((facts.role_arn, facts.url), (None, None));
        assert!(facts.subnets.is_empty() && facts.security_groups.is_empty());
        assert!(facts.tags.is_empty());
        assert_eq!(facts.role.unwrap_err().code.word(), "NOT_READ");
        assert_eq!(facts.role_users.unread[0].code.word(), "NOT_READ");
    }

    #[test]
    fn a_full_response_has_all_facts() {
        let role = "arn:aws:iam::111122223333:role/payments";
        let network = VpcConfigResponse::builder()
            .endpoint_private_access(true)
            .vpc_id("vpc-1")
            .cluster_security_group_id("sg-1");
        let access =
            AccessConfigResponse::builder().bootstrap_cluster_creator_admin_permissions(true);
        let ports = ServiceNodePortRange::builder()
            .min_port(20_000)
            .max_port(21_000);
        let api_server =
            KubeApiServerConfigResponse::builder().service_node_port_range(ports.build());
        let described = Cluster::builder()
            .arn("arn:aws:eks:eu-central-1:111122223333:cluster/payments")
            .status(ClusterStatus::Updating)
            .health(ClusterHealth::builder().set_issues(Some(vec![])).build())
            .upgrade_policy(
                UpgradePolicyResponse::builder()
                    .support_type(SupportType::Standard)
                    .build(),
            )
            .created_at(DateTime::from_secs(1))
            .resources_vpc_config(network.build())
            .access_config(access.build())
            .kube_api_server_config(api_server.build())
            .role_arn(role)
            .endpoint("https://1.eks.amazonaws.com")
            .tags("team", "cards");
        let facts = parsed(described.build());
        assert_eq!(facts.status, "UPDATING");
        assert_eq!(facts.health, Some(vec![]));
        assert_eq!(facts.upgrade_policy, UpgradePolicy::Standard);
        let created_at = "1970-01-01T00:00:01Z".parse().unwrap();
        assert_eq!(facts.created_at, Some(created_at));
        assert!(facts.endpoint.private && !facts.endpoint.public);
        assert_eq!(facts.creator_is_admin, Some(true));
        assert_eq!(facts.role_arn.as_deref(), Some(role));
        assert_eq!(facts.url.as_deref(), Some("https://1.eks.amazonaws.com"));
        assert_eq!(facts.tags, [("team".to_owned(), "cards".to_owned())]);
        let network = facts.network;
        assert_eq!(network.vpc.as_deref(), Some("vpc-1"));
        assert_eq!(network.cluster_security_group.as_deref(), Some("sg-1"));
        let ports = Ports {
            first: 20_000,
            last: 21_000,
        };
        assert_eq!(network.node_ports, ports);
    }

    #[test]
    fn without_a_valid_range_the_default_node_ports_apply() {
        for (first, last, expected) in [
            (Some(20_000), Some(21_000), "20000-21000"),
            (Some(20_000), Some(20_000), "20000"),
            (None, None, "30000-32767"),
            (Some(20_000), None, "30000-32767"),
            (None, Some(21_000), "30000-32767"),
            (Some(21_000), Some(20_000), "30000-32767"),
            (Some(-1), Some(20_000), "30000-32767"),
            (Some(20_000), Some(65_536), "30000-32767"),
        ] {
            let range = ServiceNodePortRange::builder()
                .set_min_port(first)
                .set_max_port(last);
            let config =
                KubeApiServerConfigResponse::builder().service_node_port_range(range.build());
            let described = Cluster::builder().kube_api_server_config(config.build());
            let ports = parsed(described.build()).network.node_ports;
            let expected: Ports = expected.parse().unwrap();
            assert_eq!(ports, expected, "{first:?} {last:?}");
        }
    }

    #[test]
    fn the_issuer_is_named_as_in_trust_policies() {
        for (issuer, expected) in [
            (None, None),
            (Some(""), None),
            (Some("https://"), None),
            (Some("https://oidc.eks/id/1"), Some("oidc.eks/id/1")),
            (Some("https://oidc.eks/id/1/"), Some("oidc.eks/id/1")),
            (Some("oidc.eks/id/1"), Some("oidc.eks/id/1")),
        ] {
            let oidc = Oidc::builder().set_issuer(issuer.map(str::to_owned));
            let identity = Identity::builder().oidc(oidc.build());
            let facts = parsed(Cluster::builder().identity(identity.build()).build());
            assert_eq!(facts.issuer.as_deref(), expected, "{issuer:?}");
        }
    }

    #[test]
    fn a_cluster_with_a_connector_is_only_registered() {
        let connector = ConnectorConfigResponse::builder().build();
        let facts = parsed(Cluster::builder().connector_config(connector).build());
        assert!(facts.connected);
    }

    #[test]
    fn the_role_of_auto_mode_counts_only_if_auto_mode_is_on() {
        let role = "arn:aws:iam::111122223333:role/auto";
        for (enabled, named, expected) in [
            (Some(true), Some(role), (true, Some(role))),
            (Some(true), None, (true, None)),
            (Some(false), Some(role), (false, None)),
            (None, Some(role), (false, None)),
        ] {
            let config = ComputeConfigResponse::builder()
                .set_enabled(enabled)
                .set_node_role_arn(named.map(str::to_owned));
            let facts = parsed(Cluster::builder().compute_config(config.build()).build());
            let found = (facts.auto_mode, facts.auto_mode_role.as_deref());
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_cluster_with_an_outpost_is_a_local_cluster() {
        let outpost = OutpostConfigResponse::builder()
            .outpost_arns("arn:aws:outposts:eu-central-1:111122223333:outpost/op-1")
            .control_plane_instance_type("m5.large");
        let cluster = Cluster::builder().outpost_config(outpost.build().unwrap());
        let facts = parsed(cluster.build());
        assert!(facts.on_outpost && !facts.connected);
    }

    #[test]
    fn a_setting_missing_from_the_response_is_unknown() {
        let access = |mode: Option<&str>| {
            let mode = mode.map(SdkAuthenticationMode::from);
            Some(
                AccessConfigResponse::builder()
                    .set_authentication_mode(mode)
                    .build(),
            )
        };
        for (access, protection, expected) in [
            (None, None, None),
            (access(None), Some(false), None),
            (access(Some("")), Some(true), None),
            (access(Some("API")), None, Some("API")),
            (access(Some("API_ONLY")), None, Some("API_ONLY")),
        ] {
            let facts = parsed(
                Cluster::builder()
                    .set_access_config(access)
                    .set_deletion_protection(protection)
                    .build(),
            );
            let mode = facts.authentication_mode.as_ref();
            assert_eq!(mode.map(AuthenticationMode::name), expected);
            assert_eq!(facts.deletion_protection, protection);
            assert_eq!(facts.creator_is_admin, None);
        }
    }

    #[test]
    fn versions_are_read_or_unknown() {
        for (text, expected) in [
            ("1.9", Some("1.9")),
            ("1.30", Some("1.30")),
            ("1.30.1", Some("1.30")),
            ("", None),
            ("latest", None),
            ("1.30-eks", None),
        ] {
            let facts = parsed(Cluster::builder().version(text).build());
            let version = facts.version.map(|version| version.to_string());
            assert_eq!(version.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_entry_for_secrets_takes_precedence() {
        let entry = |resources: Option<&[&str]>, key: Option<&str>| {
            let provider = key.map(|key| Provider::builder().key_arn(key).build());
            #[expect(deprecated, reason = "EKS still sends it")]
            let entry = EncryptionConfig::builder()
                .set_resources(
                    resources.map(|all| all.iter().map(|one| (*one).to_owned()).collect()),
                )
                .set_provider(provider);
            entry.build()
        };
        for (entries, expected) in [
            (vec![], None),
            (vec![entry(Some(&["secrets"]), None)], None),
            (vec![entry(Some(&["secrets"]), Some(" "))], None),
            (
                vec![entry(Some(&["secrets"]), Some(KEY))],
                Some((KEY, true)),
            ),
            (vec![entry(Some(&[]), Some(KEY))], Some((KEY, false))),
            (vec![entry(None, Some(KEY))], Some((KEY, false))),
            (
                vec![entry(Some(&["configmaps"]), Some(KEY))],
                Some((KEY, false)),
            ),
            (
                vec![
                    entry(None, None),
                    entry(None, Some(KEY)),
                    entry(Some(&["secrets"]), Some(OTHER_KEY)),
                ],
                Some((OTHER_KEY, true)),
            ),
            (
                vec![entry(None, Some(KEY)), entry(None, Some(OTHER_KEY))],
                Some((KEY, false)),
            ),
        ] {
            let cluster = Cluster::builder().set_encryption_config(Some(entries));
            let key = parsed(cluster.build()).secrets_key;
            let found = key
                .as_ref()
                .map(|key| (key.named.as_str(), key.names_secrets));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn all_enabled_log_groups_are_combined() {
        use SdkLogType::{Api, Audit, Authenticator, Scheduler};
        let group = |enabled: Option<bool>, types: &[SdkLogType]| {
            LogSetup::builder()
                .set_enabled(enabled)
                .set_types(Some(types.to_vec()))
                .build()
        };
        for (groups, expected) in [
            (None, vec![]),
            (Some(vec![]), vec![]),
            (
                Some(vec![group(Some(true), &[Api, Audit])]),
                vec![LogType::Api, LogType::Audit],
            ),
            (
                Some(vec![
                    group(Some(true), &[Scheduler]),
                    group(Some(false), &[Authenticator]),
                    group(None, &[Authenticator]),
                    group(Some(true), &[Api, Scheduler, "new".into()]),
                ]),
                vec![LogType::Api, LogType::Scheduler],
            ),
        ] {
            let logging = Logging::builder().set_cluster_logging(groups).build();
            let facts = parsed(Cluster::builder().logging(logging).build());
            assert_eq!(facts.enabled_logs.iter().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn lists_without_a_meaningful_order_are_sorted() {
        let facts = |lists: [[&str; 2]; 4]| {
            let [subnets, groups, cidrs, tags] = lists.map(|list| list.map(str::to_owned).to_vec());
            let network = VpcConfigResponse::builder()
                .set_subnet_ids(Some(subnets))
                .set_security_group_ids(Some(groups))
                .set_public_access_cidrs(Some(cidrs))
                .build();
            let tags = tags.into_iter().map(|tag| (tag.clone(), tag)).collect();
            let cluster = Cluster::builder()
                .resources_vpc_config(network)
                .set_tags(Some(tags));
            parsed(cluster.build())
        };
        let one = [
            ["subnet-b", "subnet-a"],
            ["sg-2", "sg-1"],
            ["203.0.113.0/24", "198.51.100.0/24"],
            ["team", "env"],
        ];
        let other = one.map(|[first, second]| [second, first]);
        assert_eq!(facts(one), facts(other));
        assert_eq!(facts(one).subnets, ["subnet-a", "subnet-b"]);
        assert_eq!(facts(one).security_groups, ["sg-1", "sg-2"]);
    }
}
