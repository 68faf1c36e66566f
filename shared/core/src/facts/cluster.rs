//! Facts about Amazon EKS clusters.

mod access;
mod addon;
mod endpoint;
mod flow_log;
mod health;
mod image;
mod insight;
mod load_balancer;
mod log_group;
mod logs;
mod monitoring;
mod network;
mod node;
mod node_group;
mod node_role;
mod role;
mod runtime_coverage;
mod secrets_key;
mod security_group;
mod support;
mod version;
mod vpc_endpoint;

pub use self::access::{AccessEntry, Association, AuthenticationMode, ClusterAdmin, Principal};
pub use self::addon::{Addon, NetworkPolicy};
pub use self::endpoint::Endpoint;
pub use self::flow_log::{FlowLog, TrafficType};
pub use self::health::{Issue, IssueCode};
pub use self::image::{Age, ImageFamily, InstanceType, MachineImage};
pub use self::insight::{Insight, InsightStatus};
pub use self::load_balancer::{Handling, Listener, LoadBalancer, LoadBalancerKind, TlsVersion};
pub use self::log_group::{AuditLogWatcher, LogGroup, LogGroupKey};
pub use self::logs::{LogType, LogTypes};
pub use self::monitoring::Monitoring;
pub use self::network::{Network, Ports, PortsError, Subnet};
pub use self::node::{MetadataOptions, Node, NodeOrigin, NodePresence};
pub use self::node_group::{NodeGroup, RemoteAccess};
pub use self::node_role::NodeRole;
pub use self::role::{PodRoleSource, Role, RolePolicy, RoleUsers, TrustingRole};
pub use self::runtime_coverage::{CoverageStatus, RuntimeCoverage};
pub use self::secrets_key::SecretsKey;
pub use self::security_group::{InboundRule, Protocol, SecurityGroup};
pub use self::support::{
    EndOfSupport, ListedVersion, SupportStatus, UpgradePolicy, VersionSupport,
};
pub use self::version::KubernetesVersion;
pub use self::vpc_endpoint::VpcEndpoint;
use super::{Fact, Facts, FactsOf, List, Unread};
use jiff::Timestamp;
use std::time::Duration;

use crate::arn::Arn;
use crate::details::Details;
use crate::kind::{ConfigType, Family, Identity, ResourceKind, TagSource, is_name};
use crate::reason_code::ReasonCode;

/// A cluster, with its IAM role and its KMS key.
#[derive(Debug, Clone, PartialEq)]
pub struct EksCluster {
    /// The name of the cluster.
    pub name: String,
    /// The ARN of the cluster.
    pub arn: String,
    /// The status: `ACTIVE`, `CREATING`, `DELETING`, …; empty if the response has none.
    pub status: String,
    /// `true` if the cluster runs elsewhere and is only registered through EKS Connector.
    pub connected: bool,
    /// `true` if the cluster is a local cluster on AWS Outposts.
    pub on_outpost: bool,
    /// The issues that EKS reports in the cluster's health, sorted; `None` if the response does not list them.
    pub health: Option<Vec<Issue>>,
    /// The Kubernetes version of the control plane.
    pub version: Option<KubernetesVersion>,
    /// The Kubernetes versions that EKS lists, which is the same list for all clusters.
    /// [`VersionSupport::of`] finds the support of one version.
    pub listed_versions: List<ListedVersion>,
    /// The cluster's upgrade policy.
    pub upgrade_policy: UpgradePolicy,
    /// The time at which the cluster was created.
    pub created_at: Option<Timestamp>,
    /// The time between the creation and the call that describes the cluster; `None` if the time of the creation is not
    /// known.
    pub age: Option<Duration>,
    /// The network access to the Kubernetes API server.
    pub endpoint: Endpoint,
    /// The mode in which IAM principals are granted access; `None` if the response has none.
    pub authentication_mode: Option<AuthenticationMode>,
    /// `true` if EKS made the cluster's creator an administrator by an access entry; `None` if the response does not
    /// include the setting.
    pub creator_is_admin: Option<bool>,
    /// The access entries; `None` if the cluster does not use access entries.
    pub access_entries: Option<List<AccessEntry>>,
    /// The access entries of cluster administrators; `None` if the cluster does not use access entries.
    pub admins: Option<List<ClusterAdmin>>,
    /// The OIDC issuer of the cluster without `https://`; `None` if it has none.
    pub issuer: Option<String>,
    /// The IAM roles of the account that trust the issuer.
    pub trusting_roles: List<TrustingRole>,
    /// A source of IAM roles for the cluster's pods; `None` if there is none.
    pub pod_roles: Fact<Option<PodRoleSource>>,
    /// `true` if EKS Auto Mode starts nodes.
    pub auto_mode: bool,
    /// The ARN of the IAM role of the nodes that EKS Auto Mode starts; `None` if EKS names none.
    pub auto_mode_role: Option<String>,
    /// The nodes; none for a local cluster on AWS Outposts, whose nodes can't be recognized.
    pub nodes: List<Node>,
    /// The IAM roles of the nodes and the node groups, sorted by name.
    pub node_roles: List<NodeRole>,
    /// The machine images of the nodes that AWS does not manage, and the custom images of node groups. An image that a
    /// complete list lacks does not exist any more, or is not visible to the account.
    pub images: List<MachineImage>,
    /// The instance types of the nodes.
    pub instance_types: List<InstanceType>,
    /// `true` if EKS refuses to delete the cluster; `None` if the response does not include the setting.
    pub deletion_protection: Option<bool>,
    /// The log types that are sent to CloudWatch Logs, which is the union of all enabled groups.
    pub enabled_logs: LogTypes,
    /// The services that record and monitor the cluster.
    pub monitoring: Monitoring,
    /// The key that the cluster's `encryptionConfig` names, if it names one. [`EksCluster::key_in_use`] returns the key
    /// if EKS uses it.
    pub secrets_key: Option<SecretsKey>,
    /// The ARN of the cluster's IAM role.
    pub role_arn: Option<String>,
    /// The other users of the role.
    pub role_users: RoleUsers,
    /// The role itself; `None` if it does not exist in IAM.
    pub role: Fact<Option<Role>>,
    /// The managed node groups.
    pub node_groups: List<NodeGroup>,
    /// The add-ons that EKS manages.
    pub addons: List<Addon>,
    /// The load balancers, sorted, as far as their tags name the cluster.
    pub load_balancers: List<LoadBalancer>,
    /// The IDs of the EBS volumes that are not encrypted, sorted, as far as their tags or those of the instances that
    /// they are attached to name the cluster.
    pub unencrypted_volumes: List<String>,
    /// The insights of EKS into the cluster.
    pub insights: List<Insight>,
    /// The network, with the details of the subnets and the security groups.
    pub network: Network,
    /// The cluster's subnets, sorted, since EKS guarantees no order.
    pub subnets: Vec<String>,
    /// The cluster's additional security groups, sorted.
    pub security_groups: Vec<String>,
    /// The URL of the Kubernetes API server.
    pub url: Option<String>,
    /// The cluster's tags, sorted.
    pub tags: Vec<(String, String)>,
}

impl EksCluster {
    /// Returns a cluster of which only the name and the ARN are known. All facts that take calls of their own are
    /// marked as not requested.
    pub fn named(name: impl Into<String>, arn: impl Into<String>) -> Self {
        let not_requested = Unread::not_requested;
        Self {
            name: name.into(),
            arn: arn.into(),
            status: String::new(),
            connected: false,
            on_outpost: false,
            health: None,
            version: None,
            listed_versions: List::unread(not_requested("the support of Kubernetes versions")),
            upgrade_policy: UpgradePolicy::Extended,
            created_at: None,
            age: None,
            endpoint: Endpoint::read(false, false, []),
            authentication_mode: None,
            creator_is_admin: None,
            access_entries: Some(List::unread(not_requested("the cluster's access entries"))),
            admins: Some(List::unread(not_requested("the cluster's administrators"))),
            issuer: None,
            trusting_roles: List::unread(not_requested("the roles that trust the cluster")),
            pod_roles: Err(not_requested("the sources of roles for the cluster's pods")),
            auto_mode: false,
            auto_mode_role: None,
            nodes: List::unread(not_requested("the cluster's nodes")),
            node_roles: List::unread(not_requested("the roles of the nodes")),
            images: List::unread(not_requested("the images of the nodes")),
            instance_types: List::unread(not_requested("the instance types of the nodes")),
            deletion_protection: None,
            enabled_logs: LogTypes::NONE,
            monitoring: Monitoring::not_requested(),
            secrets_key: None,
            role_arn: None,
            role_users: RoleUsers {
                others: Vec::new(),
                unread: vec![not_requested("the users of the cluster's role")],
            },
            role: Err(not_requested("the cluster's role")),
            node_groups: List::unread(not_requested("the cluster's node groups")),
            addons: List::unread(not_requested("the cluster's add-ons")),
            load_balancers: List::unread(not_requested("the cluster's load balancers")),
            unencrypted_volumes: List::unread(not_requested("the cluster's EBS volumes")),
            insights: List::unread(not_requested("the insights of EKS into the cluster")),
            network: Network::not_requested(),
            subnets: Vec::new(),
            security_groups: Vec::new(),
            url: None,
            tags: Vec::new(),
        }
    }

    /// Returns why no check applies to the cluster, or `None` if checks apply. None applies if the cluster is being
    /// deleted, could not be created, or does not run in EKS.
    pub fn inapplicable(&self) -> Option<String> {
        if self.connected {
            return Some(
                "The cluster runs outside Amazon EKS and is only registered through EKS Connector."
                    .to_owned(),
            );
        }
        ["DELETING", "FAILED"]
            .contains(&self.status.as_str())
            .then(|| format!("The cluster's status is {}.", self.status))
    }

    /// Returns the Kubernetes version of the control plane. It is unread if the response has no valid one.
    pub fn known_version(&self) -> Fact<KubernetesVersion> {
        self.version.ok_or_else(|| Unread {
            code: ReasonCode::VersionUnknown,
            text: format!(
                "eks:DescribeCluster on cluster {} returned no valid Kubernetes version.",
                self.name
            ),
        })
    }

    /// Returns the named key with which EKS encrypts Kubernetes data, or `None` if there is none. From Kubernetes 1.28
    /// on, EKS uses a key regardless of the `resources` in its entry; before, only if these name `secrets`. If this
    /// depends on a version that is not known, the key is unread.
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html>.
    pub fn key_in_use(&self) -> Fact<Option<&SecretsKey>> {
        let Some(key) = &self.secrets_key else {
            return Ok(None);
        };
        match self.version {
            _ if key.names_secrets => Ok(Some(key)),
            Some(version) => Ok(version.encrypts_by_default().then_some(key)),
            None => Err(Unread {
                code: ReasonCode::VersionUnknown,
                text: format!(
                    "The cluster names the KMS key {} but not for secrets, so EKS uses it only from Kubernetes 1.28 \
                     on, and the cluster's Kubernetes version is unknown.",
                    key.named
                ),
            }),
        }
    }

    /// Returns the data that EKS envelope-encrypts in the cluster, in words.
    pub fn encrypted_data(&self) -> &'static str {
        match self.version {
            Some(version) if version.encrypts_by_default() => "Kubernetes API data",
            _ => "Kubernetes secrets",
        }
    }

    /// Returns `true` if a key that the cluster names belongs to another account.
    pub fn is_of_another_account(&self, key: &SecretsKey) -> bool {
        match (self.account(), account_of(&key.named)) {
            (Some(own), Some(owner)) => own != owner,
            _ => false,
        }
    }

    /// Returns `true` if the authentication mode includes access entries. Without a mode, the default of EKS applies,
    /// which does not.
    pub fn uses_access_entries(&self) -> bool {
        !matches!(
            self.authentication_mode,
            None | Some(AuthenticationMode::ConfigMap)
        )
    }

    /// Returns whether there are nodes that the checks of nodes can evaluate.
    pub fn node_presence(&self) -> Fact<NodePresence> {
        if !self.nodes.items.is_empty() {
            return Ok(NodePresence::Some);
        }
        if let Some(missing) = &self.nodes.missing {
            return Err(missing.clone());
        }
        if self.auto_mode {
            return Ok(NodePresence::NoneNow);
        }
        match &self.node_groups {
            List { items, .. } if !items.is_empty() => Ok(NodePresence::NoneNow),
            List {
                missing: Some(missing),
                ..
            } => Err(missing.clone()),
            _ => Ok(NodePresence::Never),
        }
    }

    /// Returns the account of the cluster; `None` if its ARN names none.
    fn account(&self) -> Option<String> {
        account_of(&self.arn)
    }

    /// Returns `true` while EKS creates, changes or deletes the cluster or one of the node groups that were read. Until a
    /// change is done, EKS returns the settings from before it.
    ///
    /// Sources: `status` in <https://docs.aws.amazon.com/eks/latest/APIReference/API_Cluster.html> and
    /// <https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html>.
    pub fn is_changing(&self) -> bool {
        let of_node_groups = self.node_groups.items.iter();
        let mut statuses = of_node_groups
            .map(|group| &group.status)
            .chain([&self.status]);
        let changing = ["CREATING", "PENDING", "UPDATING", "DELETING"];
        statuses.any(|status| changing.contains(&status.as_str()))
    }

    /// Returns `true` if EKS reports an issue with this code.
    pub fn reports(&self, code: &IssueCode) -> bool {
        let mut issues = self.health.iter().flatten();
        issues.any(|issue| issue.code == *code)
    }

    pub(super) fn details(&self) -> Details {
        let details = Details::default()
            .text("arn", Some(&self.arn))
            .text("name", Some(&self.name))
            .text("status", Some(&self.status))
            .text(
                "version",
                self.version.map(|version| version.to_string()).as_deref(),
            )
            .text("endpoint", self.url.as_deref())
            .text("roleArn", self.role_arn.as_deref())
            .texts("subnetIds", &self.subnets)
            .texts("securityGroupIds", &self.security_groups)
            .flag("endpointPublicAccess", self.endpoint.public)
            .flag("endpointPrivateAccess", self.endpoint.private)
            .texts("publicAccessCidrs", self.endpoint.texts())
            .texts(
                "enabledLogTypes",
                self.enabled_logs.iter().map(LogType::name),
            )
            .text(
                "secretsKeyArn",
                self.key_in_use()
                    .ok()
                    .flatten()
                    .map(|key| key.named.as_str()),
            )
            .text(
                "authenticationMode",
                self.authentication_mode
                    .as_ref()
                    .map(AuthenticationMode::name),
            );
        match self.deletion_protection {
            Some(on) => details.flag("deletionProtection", on),
            None => details,
        }
    }
}

/// Returns the account in an ARN, if it names one.
fn account_of(arn: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    Some(arn.account().to_owned()).filter(|account| !account.is_empty())
}

/// The beginning of the last part of a cluster's ARN, with which the ids of the objects in the cluster begin too.
pub(super) const CLUSTER_PREFIX: &str = "cluster/";

/// Amazon EKS clusters.
pub static KIND: ResourceKind = ResourceKind {
    name: "EksCluster",
    noun: "cluster",
    title: "EKS cluster",
    placeholder: "<cluster>",
    events: None,
    identity: Identity::Arn {
        service: "eks",
        prefix: CLUSTER_PREFIX,
        owns: |path| !path.contains('/'),
        allows: is_name,
    },
    family: Family::Clusters,
    parent: None,
    asff_type: "AwsEksCluster",
    ocsf_type: "AwsEksCluster",
    config: Some(ConfigType {
        name: "AWS::EKS::Cluster",
        records_changes: true,
    }),
    tags: TagSource::Description,
    sends_every_pass: true,
};

impl Facts for EksCluster {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn details(&self) -> Details {
        self.details()
    }

    fn tags(&self) -> Option<&[(String, String)]> {
        Some(&self.tags)
    }

    fn inapplicable(&self) -> Option<String> {
        self.inapplicable()
    }
}

impl FactsOf for EksCluster {
    const KIND: &'static ResourceKind = &KIND;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::cluster as sample;

    #[test]
    fn the_key_in_use_depends_on_its_entry_and_the_version() {
        let named = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
        let used = Ok(Some(named));
        for (names_secrets, version, expected) in [
            (true, "1.27", used),
            (true, "1.28", used),
            (true, "unreadable", used),
            (false, "1.27", Ok(None)),
            (false, "1.9", Ok(None)),
            (false, "1.28", used),
            (false, "1.34", used),
            (false, "unreadable", Err("VERSION_UNKNOWN")),
        ] {
            let mut cluster = sample();
            cluster.version = version.parse().ok();
            cluster.secrets_key.as_mut().unwrap().names_secrets = names_secrets;
            let key = cluster.key_in_use();
            let found = key.map(|key| key.map(|key| key.named.as_str()));
            let found = found.map_err(|unread| unread.code.word());
            assert_eq!(found, expected, "{names_secrets} {version}");
            let details = serde_json::to_value(cluster.details()).unwrap();
            let arn = details.get("secretsKeyArn").and_then(|arn| arn.as_str());
            assert_eq!(arn, expected.ok().flatten(), "{names_secrets} {version}");
        }
        let keyless = EksCluster {
            secrets_key: None,
            version: None,
            ..sample()
        };
        assert_eq!(keyless.key_in_use(), Ok(None));
    }

    #[test]
    fn the_arn_of_a_key_names_its_account() {
        for (named, other) in [
            ("arn:aws:kms:eu-central-1:111122223333:key/1", false),
            ("arn:aws:kms:eu-central-1:444455556666:key/1", true),
            ("arn:aws:kms:eu-central-1:444455556666:alias/eks", true),
            ("arn:aws-cn:kms:cn-north-1:444455556666:key/1", true),
            ("alias/eks", false),
            ("1234abcd", false),
            ("arn:aws:kms:::key/1", false),
        ] {
            let mut key = sample().secrets_key.unwrap();
            key.named = named.to_owned();
            assert_eq!(sample().is_of_another_account(&key), other, "{named}");
            let unknown = EksCluster {
                arn: String::new(),
                ..sample()
            };
            assert!(!unknown.is_of_another_account(&key), "{named}");
        }
    }

    #[test]
    fn the_authentication_mode_says_if_access_entries_are_used() {
        use AuthenticationMode::{Api, ApiAndConfigMap, ConfigMap, Other};
        for (authentication_mode, expected) in [
            (None, false),
            (Some(ConfigMap), false),
            (Some(ApiAndConfigMap), true),
            (Some(Api), true),
            (Some(Other("NEW".to_owned())), true),
        ] {
            let cluster = EksCluster {
                authentication_mode,
                ..sample()
            };
            let mode = &cluster.authentication_mode;
            assert_eq!(cluster.uses_access_entries(), expected, "{mode:?}");
        }
    }

    #[test]
    fn no_check_applies_to_a_connected_cluster() {
        let connected = EksCluster {
            connected: true,
            ..sample()
        };
        let text = connected.inapplicable().unwrap();
        assert!(text.contains("EKS Connector"), "{text}");
    }

    #[test]
    fn no_check_applies_to_a_deleting_or_failed_cluster() {
        for (status, text) in [
            ("ACTIVE", None),
            ("CREATING", None),
            ("", None),
            ("DELETING", Some("The cluster's status is DELETING.")),
            ("FAILED", Some("The cluster's status is FAILED.")),
        ] {
            let cluster = EksCluster {
                status: status.into(),
                ..sample()
            };
            assert_eq!(cluster.inapplicable().as_deref(), text);
        }
    }
}
