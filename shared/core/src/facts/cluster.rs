//! Facts about Amazon EKS clusters.

use std::fmt;
use std::str::FromStr;

use enumset::{EnumSet, EnumSetType};
use ipnet::IpNet;

use super::key::KeyState;
use super::{Fact, Facts, FactsOf, Unread};
use crate::arn::Arn;
use crate::details::Details;
use crate::kind::{ConfigType, Family, Identity, ResourceKind, TagSource, Topic, is_name};
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
    /// The network access to the Kubernetes API server.
    pub endpoint: Endpoint,
    /// The mode in which IAM principals are granted access; `None` if the response has none.
    pub authentication_mode: Option<AuthenticationMode>,
    /// `true` if EKS refuses to delete the cluster; `None` if the response does not include the setting.
    pub deletion_protection: Option<bool>,
    /// The log types that are sent to CloudWatch Logs, which is the union of all enabled groups.
    pub enabled_logs: LogTypes,
    /// The key that the cluster's `encryptionConfig` names, if it names one. [`EksCluster::key_in_use`] returns the key
    /// if EKS uses it.
    pub secrets_key: Option<SecretsKey>,
    /// The ARN of the cluster's IAM role.
    pub role_arn: Option<String>,
    /// The other users of the role.
    pub role_users: RoleUsers,
    /// The role itself; `None` if it does not exist in IAM.
    pub role: Fact<Option<Role>>,
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
        let account = |arn: &str| {
            let arn: Arn = arn.parse().ok()?;
            Some(arn.account().to_owned()).filter(|account| !account.is_empty())
        };
        match (account(&self.arn), account(&key.named)) {
            (Some(own), Some(owner)) => own != owner,
            _ => false,
        }
    }

    /// Returns `true` if EKS reports the issue.
    pub fn reports(&self, issue: &Issue) -> bool {
        self.health
            .as_ref()
            .is_some_and(|issues| issues.contains(issue))
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

/// The mode in which a cluster grants access to IAM principals.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/grant-k8s-access.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthenticationMode {
    /// Access entries.
    Api,
    /// Access entries and the ConfigMap aws-auth.
    ApiAndConfigMap,
    /// The ConfigMap aws-auth.
    ConfigMap,
    /// Any other mode, by its name in EKS.
    Other(String),
}

impl AuthenticationMode {
    /// Reads the mode from its name in EKS. Returns `None` if the name is empty.
    pub fn read(name: &str) -> Option<Self> {
        match name.trim() {
            "" => None,
            "API" => Some(Self::Api),
            "API_AND_CONFIG_MAP" => Some(Self::ApiAndConfigMap),
            "CONFIG_MAP" => Some(Self::ConfigMap),
            other => Some(Self::Other(other.to_owned())),
        }
    }

    /// Returns the name of the mode in EKS.
    pub fn name(&self) -> &str {
        match self {
            Self::Api => "API",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::ConfigMap => "CONFIG_MAP",
            Self::Other(name) => name,
        }
    }
}

/// A problem with a cluster that EKS itself reports.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_ClusterIssue.html>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Issue {
    /// The cluster's KMS key is disabled.
    KmsKeyDisabled,
    /// The cluster's KMS key does not exist.
    KmsKeyNotFound,
    /// The cluster's KMS key is about to be deleted.
    KmsKeyMarkedForDeletion,
    /// EKS is no longer allowed to use the cluster's KMS key.
    KmsGrantRevoked,
    /// The cluster's IAM role does not exist.
    IamRoleNotFound,
    /// Any other problem, by its code.
    Other(String),
    /// A problem without a code.
    Unnamed,
}

impl Issue {
    /// Reads the issue from its code.
    pub fn read(code: Option<&str>) -> Self {
        match code.map(str::trim).unwrap_or_default() {
            "KmsKeyDisabled" => Self::KmsKeyDisabled,
            "KmsKeyNotFound" => Self::KmsKeyNotFound,
            "KmsKeyMarkedForDeletion" => Self::KmsKeyMarkedForDeletion,
            "KmsGrantRevoked" => Self::KmsGrantRevoked,
            "IamRoleNotFound" => Self::IamRoleNotFound,
            "" => Self::Unnamed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the code in the EKS API, which is empty if the issue has none.
    pub fn name(&self) -> &str {
        match self {
            Self::KmsKeyDisabled => "KmsKeyDisabled",
            Self::KmsKeyNotFound => "KmsKeyNotFound",
            Self::KmsKeyMarkedForDeletion => "KmsKeyMarkedForDeletion",
            Self::KmsGrantRevoked => "KmsGrantRevoked",
            Self::IamRoleNotFound => "IamRoleNotFound",
            Self::Other(code) => code,
            Self::Unnamed => "",
        }
    }

    /// Returns `true` if the issue means that EKS can't use the cluster's key, or soon can't.
    pub const fn ends_use_of_key(&self) -> bool {
        matches!(
            self,
            Self::KmsKeyDisabled
                | Self::KmsKeyNotFound
                | Self::KmsKeyMarkedForDeletion
                | Self::KmsGrantRevoked
        )
    }

    /// Returns `true` if the issue may be about the cluster's key. This includes issues without a code, and issues of
    /// KMS whose code is not known here.
    pub fn may_concern_key(&self) -> bool {
        *self == Self::Unnamed || self.name().starts_with("Kms")
    }
}

/// A Kubernetes version; the patch level does not matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    /// The major version, which is 1 in 1.33.
    pub major: u16,
    /// The minor version, which is 33 in 1.33.
    pub minor: u16,
}

impl KubernetesVersion {
    /// Returns `true` if EKS envelope-encrypts all Kubernetes API data of clusters with this version by default, which
    /// it does from 1.28 on.
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html>.
    pub const fn encrypts_by_default(self) -> bool {
        self.major > 1 || self.major == 1 && self.minor >= 28
    }
}

impl FromStr for KubernetesVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // Rust also parses numbers with a sign, which versions do not have.
        let number = |part: &str| {
            let is_plain = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|_| is_plain).ok_or(())
        };
        let mut parts = text.split('.').map(number);
        Ok(Self {
            major: parts.next().ok_or(())??,
            minor: parts.next().ok_or(())??,
        })
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// The network access to the Kubernetes API server.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// `true` if the public endpoint is on.
    pub public: bool,
    /// `true` if the private endpoint is on.
    pub private: bool,
    /// The addresses that can reach the public endpoint, sorted.
    pub public_access_cidrs: Fact<Vec<IpNet>>,
}

impl Endpoint {
    /// Reads the settings as AWS defines them. One endpoint is always on, so if both are absent or off, the response
    /// did not include them and the default of AWS applies (public on, private off). No CIDR block means 0.0.0.0/0. The
    /// blocks are sorted, since their order has no meaning.
    pub fn read<'a>(public: bool, private: bool, cidrs: impl IntoIterator<Item = &'a str>) -> Self {
        let known = public || private;
        let mut texts: Vec<&str> = cidrs.into_iter().collect();
        texts.sort_unstable();
        let mut blocks: Fact<Vec<IpNet>> = texts
            .into_iter()
            .map(|text| {
                text.trim().parse().map_err(|_| Unread {
                    code: ReasonCode::UnknownCidr,
                    text: format!(
                        "The cluster's publicAccessCidrs contain {text:?}, which is not a CIDR block."
                    ),
                })
            })
            .collect();
        if let Ok(blocks) = &mut blocks {
            if blocks.is_empty() {
                blocks.push(IpNet::V4(ipnet::Ipv4Net::default()));
            }
            blocks.sort_unstable();
        }
        Self {
            public: public || !known,
            private,
            public_access_cidrs: blocks,
        }
    }

    fn texts(&self) -> Vec<String> {
        match &self.public_access_cidrs {
            Ok(blocks) if self.public => blocks.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }
}

/// A type of control plane log.
#[derive(Debug, EnumSetType, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum LogType {
    /// Requests to the API server.
    Api,
    /// The actions in the cluster, and who performed them.
    Audit,
    /// Authentication through IAM.
    Authenticator,
    /// The work of the controller manager.
    ControllerManager,
    /// The decisions of the scheduler.
    Scheduler,
}

impl LogType {
    /// Returns the name in the EKS API.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A set of control plane log types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTypes(EnumSet<LogType>);

impl LogTypes {
    /// No type.
    pub const NONE: Self = Self(EnumSet::empty());
    /// All types.
    pub const ALL: Self = Self(EnumSet::all());

    /// Returns the set with the type added.
    pub fn with(self, log: LogType) -> Self {
        Self(self.0 | log)
    }

    /// Returns the types of this set that are not in the other set.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    /// Returns `true` if the set contains the type.
    pub fn has(self, log: LogType) -> bool {
        self.0.contains(log)
    }

    /// Returns the types in the set, in the order of the API.
    pub fn iter(self) -> impl Iterator<Item = LogType> {
        self.0.iter()
    }

    /// Returns `true` if the set contains no type.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for LogTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(LogType::name).collect();
        formatter.write_str(&names.join(", "))
    }
}

/// The KMS key that an entry of a cluster's `encryptionConfig` names.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretsKey {
    /// The key as the cluster names it, which may be by an alias.
    pub named: String,
    /// `true` if the `resources` of the entry name `secrets`.
    pub names_secrets: bool,
    /// The key as KMS describes it; `None` if KMS has no such key.
    pub key: Fact<Option<NamedKey>>,
}

/// A named key, as KMS describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// The key's own ARN, even if the key was named by an alias.
    pub arn: String,
    /// The state, which determines whether the key can be used.
    pub state: KeyState,
    /// `true` if AWS manages the key, and not the customer.
    pub aws_managed: bool,
}

/// The users of a role besides the cluster itself, among all clusters and node groups that the run describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUsers {
    /// The other users of the role, in words: `cluster ledger`, `node group batch of cluster ledger`.
    pub others: Vec<String>,
    /// The reasons why possible users of the role could not be read.
    pub unread: Vec<Unread>,
}

/// The properties of an IAM role that matter for clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The principals that may assume the role, in the form of [`crate::policy::PolicyDocument::trusted_principals`].
    pub trusted: Fact<Vec<String>>,
    /// The names of the role's policies that allow every action on every resource.
    pub administrator_policies: Vec<String>,
    /// The policies that could not be read.
    pub unread: Vec<Unread>,
}

/// Amazon EKS clusters.
pub static KIND: ResourceKind = ResourceKind {
    name: "EksCluster",
    noun: "cluster",
    title: "EKS cluster",
    placeholder: "<cluster>",
    events: None,
    identity: Identity::Arn {
        service: "eks",
        prefix: "cluster/",
        owns: |_| true,
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
    topic: Topic::Configuration,
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
    fn a_response_without_flags_means_the_defaults() {
        let endpoint = Endpoint::read(false, false, []);
        assert!(endpoint.public && !endpoint.private);
        assert_eq!(endpoint.texts(), ["0.0.0.0/0"]);
        assert!(!Endpoint::read(false, true, []).public);
    }

    #[test]
    fn an_invalid_cidr_block_is_unread() {
        let endpoint = Endpoint::read(true, false, ["10.0.0.0/8", "everywhere"]);
        assert!(
            endpoint
                .public_access_cidrs
                .unwrap_err()
                .text
                .contains("everywhere")
        );
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text: &str| text.parse::<KubernetesVersion>();
        assert!(version("1.9").unwrap() < version("1.28").unwrap());
        assert!(version("1.9").unwrap() < version("1.30").unwrap());
        assert!(version("1.35").unwrap() < version("2.0").unwrap());
        assert_eq!(version("1.28.3").unwrap().to_string(), "1.28");
        for text in [
            "", "1", "v1.28", "1.", ".28", "1.x", "latest", "1.+28", "-1.28", " 1.28", "1.99999",
        ] {
            assert_eq!(version(text), Err(()), "{text:?}");
        }
    }

    #[test]
    fn eks_encrypts_by_default_from_1_28_on() {
        for (text, by_default) in [
            ("0.99", false),
            ("1.9", false),
            ("1.27", false),
            ("1.28", true),
            ("1.30", true),
            ("2.0", true),
        ] {
            let version: KubernetesVersion = text.parse().unwrap();
            assert_eq!(version.encrypts_by_default(), by_default, "{text}");
        }
    }

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
    fn authentication_modes_are_read_by_their_eks_names() {
        for (name, mode) in [
            ("API", Some(AuthenticationMode::Api)),
            (
                "API_AND_CONFIG_MAP",
                Some(AuthenticationMode::ApiAndConfigMap),
            ),
            ("CONFIG_MAP", Some(AuthenticationMode::ConfigMap)),
            (
                "API_ONLY",
                Some(AuthenticationMode::Other("API_ONLY".into())),
            ),
            ("", None),
            (" ", None),
        ] {
            let read = AuthenticationMode::read(name);
            assert_eq!(read, mode);
            assert_eq!(
                read.as_ref().map(AuthenticationMode::name),
                mode.map(|_| name)
            );
        }
    }

    #[test]
    fn issues_are_read_by_their_eks_codes() {
        for (code, issue, ends_use, may_concern) in [
            (Some("KmsKeyDisabled"), Issue::KmsKeyDisabled, true, true),
            (Some("KmsKeyNotFound"), Issue::KmsKeyNotFound, true, true),
            (
                Some("KmsKeyMarkedForDeletion"),
                Issue::KmsKeyMarkedForDeletion,
                true,
                true,
            ),
            (Some("KmsGrantRevoked"), Issue::KmsGrantRevoked, true, true),
            (
                Some("IamRoleNotFound"),
                Issue::IamRoleNotFound,
                false,
                false,
            ),
            (
                Some("Ec2SubnetNotFound"),
                Issue::Other("Ec2SubnetNotFound".into()),
                false,
                false,
            ),
            (
                Some("KmsSomethingNew"),
                Issue::Other("KmsSomethingNew".into()),
                false,
                true,
            ),
            (Some(" "), Issue::Unnamed, false, true),
            (None, Issue::Unnamed, false, true),
        ] {
            let read = Issue::read(code);
            assert_eq!(read, issue);
            assert_eq!(read.name(), code.unwrap_or_default().trim());
            assert_eq!(
                (read.ends_use_of_key(), read.may_concern_key()),
                (ends_use, may_concern),
                "{code:?}"
            );
        }
    }

    #[test]
    fn the_order_of_cidr_blocks_does_not_matter() {
        let read = |cidrs: [&'static str; 3]| Endpoint::read(true, true, cidrs);
        let blocks = ["203.0.113.0/24", "9.0.0.0/8", "198.51.100.0/24"];
        let [one, two, three] = blocks;
        assert_eq!(read(blocks), read([three, one, two]));
        assert_eq!(
            read(blocks).texts(),
            ["9.0.0.0/8", "198.51.100.0/24", "203.0.113.0/24"]
        );
        assert_eq!(
            read(["x", one, "y"]).public_access_cidrs,
            read(["y", one, "x"]).public_access_cidrs
        );
    }

    #[test]
    fn a_log_type_in_two_groups_is_enabled_once() {
        let twice = LogTypes::NONE.with(LogType::Audit).with(LogType::Audit);
        assert!(twice.has(LogType::Audit) && !twice.is_empty());
        assert_eq!(twice.iter().collect::<Vec<_>>(), [LogType::Audit]);
        assert!(LogTypes::NONE.is_empty());
    }

    #[test]
    fn log_types_are_written_in_the_order_of_the_api() {
        let some = LogTypes::NONE.with(LogType::Scheduler).with(LogType::Api);
        assert_eq!(some.to_string(), "api, scheduler");
        let rest = LogTypes::ALL.without(some);
        assert_eq!(rest.to_string(), "audit, authenticator, controllerManager");
        assert_eq!(rest.without(some), rest);
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
