//! Facts about Amazon EKS clusters.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;

use super::key::KeyState;
use super::{Fact, Unread};
use crate::details::Details;

/// A cluster, with the role and the key it was made with.
#[derive(Debug, Clone, PartialEq)]
pub struct EksCluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE`, `CREATING`, `DELETING`, …; empty where the answer had none.
    pub status: String,
    /// The Kubernetes version of the control plane.
    pub version: Option<KubernetesVersion>,
    /// Who reaches the Kubernetes API server.
    pub endpoint: Endpoint,
    /// The log types that go to CloudWatch Logs: the union over all enabled groups.
    pub enabled_logs: LogTypes,
    /// The key that secrets are encrypted with, if the cluster names one.
    pub secrets_key: Option<SecretsKey>,
    /// The ARN of the cluster's IAM role.
    pub role_arn: Option<String>,
    /// Who else uses the role.
    pub role_users: RoleUsers,
    /// The role itself; `None` where IAM has no such role.
    pub role: Fact<Option<Role>>,
    /// The cluster's subnets.
    pub subnets: Vec<String>,
    /// The cluster's additional security groups.
    pub security_groups: Vec<String>,
    /// The URL of the Kubernetes API server.
    pub url: Option<String>,
    /// The cluster's tags.
    pub tags: Vec<(String, String)>,
}

impl EksCluster {
    /// Why no check applies to the cluster, if none does: it is on its way out, or never came to be.
    pub fn inapplicable(&self) -> Option<String> {
        ["DELETING", "FAILED"]
            .contains(&self.status.as_str())
            .then(|| format!("The cluster's status is {}.", self.status))
    }

    pub(super) fn details(&self) -> Details {
        Details::default()
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
                self.secrets_key.as_ref().map(|key| key.named.as_str()),
            )
    }
}

/// A Kubernetes version; the patch level does not matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    /// 1 in 1.33.
    pub major: u16,
    /// 33 in 1.33.
    pub minor: u16,
}

impl FromStr for KubernetesVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // A number as Rust reads it may have a sign.
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

/// Who reaches the Kubernetes API server.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Whether the public endpoint is on.
    pub public: bool,
    /// Whether the private endpoint is on.
    pub private: bool,
    /// From where the public endpoint is reached, sorted.
    pub public_access_cidrs: Fact<Vec<IpNet>>,
}

impl Endpoint {
    /// Reads the settings as AWS means them: one endpoint is always on, so where both are absent or off, the answer
    /// did not carry them and AWS's default holds (public on, private off). No CIDR block means 0.0.0.0/0. The order of
    /// the blocks means nothing, so they come sorted.
    pub fn read<'a>(public: bool, private: bool, cidrs: impl IntoIterator<Item = &'a str>) -> Self {
        let known = public || private;
        let mut texts: Vec<&str> = cidrs.into_iter().collect();
        texts.sort_unstable();
        let mut blocks: Fact<Vec<IpNet>> = texts
            .into_iter()
            .map(|text| {
                text.trim().parse().map_err(|_| Unread {
                    code: "UNKNOWN_CIDR",
                    text: format!(
                        "The cluster's publicAccessCidrs hold {text:?}, which is no CIDR block."
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogType {
    /// Requests to the API server.
    Api,
    /// Who did what.
    Audit,
    /// Who authenticated through IAM.
    Authenticator,
    /// The controller manager's work.
    ControllerManager,
    /// The scheduler's decisions.
    Scheduler,
}

impl LogType {
    /// All types.
    pub const ALL: [Self; 5] = [
        Self::Api,
        Self::Audit,
        Self::Authenticator,
        Self::ControllerManager,
        Self::Scheduler,
    ];

    /// The name in the EKS API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Audit => "audit",
            Self::Authenticator => "authenticator",
            Self::ControllerManager => "controllerManager",
            Self::Scheduler => "scheduler",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for LogType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|log| log.name() == text)
            .ok_or(())
    }
}

/// A set of control plane log types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTypes(u8);

impl LogTypes {
    /// No type.
    pub const NONE: Self = Self(0);
    /// All types.
    pub const ALL: Self = Self(0b1_1111);

    /// The set with that type in it.
    pub const fn with(self, log: LogType) -> Self {
        Self(self.0 | log.bit())
    }

    /// The types of this set that are not in the other one.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the type is in it.
    pub const fn has(self, log: LogType) -> bool {
        self.0 & log.bit() != 0
    }

    /// Its types, in the API's order.
    pub fn iter(self) -> impl Iterator<Item = LogType> {
        LogType::ALL.into_iter().filter(move |log| self.has(*log))
    }

    /// Whether no type is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for LogTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(LogType::name).collect();
        formatter.write_str(&names.join(", "))
    }
}

/// The KMS key that a cluster encrypts Kubernetes secrets with.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretsKey {
    /// The key as the cluster names it; may be an alias.
    pub named: String,
    /// What KMS says of it; `None` where KMS has no such key.
    pub key: Fact<Option<NamedKey>>,
}

/// What KMS says of a key that something names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// The key's own ARN, also where it was named by an alias.
    pub arn: String,
    /// Whether it can be used.
    pub state: KeyState,
    /// Whether AWS manages it, rather than the customer.
    pub aws_managed: bool,
}

/// Who uses a role besides the cluster itself, in all that the run looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUsers {
    /// The others that use it, in words: `cluster ledger`, `node group batch of cluster ledger`.
    pub others: Vec<String>,
    /// What could not be read of those that might use it.
    pub unread: Vec<Unread>,
}

/// An IAM role, as far as it matters for clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Who may assume it, as [`crate::policy::PolicyDocument::trusted_principals`] puts it.
    pub trusted: Fact<Vec<String>>,
    /// The names of its policies that allow every action on every resource.
    pub administrator_policies: Vec<String>,
    /// The policies that could not be read.
    pub unread: Vec<Unread>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_flags_means_the_defaults() {
        let endpoint = Endpoint::read(false, false, []);
        assert!(endpoint.public && !endpoint.private);
        assert_eq!(endpoint.texts(), ["0.0.0.0/0"]);
        assert!(!Endpoint::read(false, true, []).public);
    }

    #[test]
    fn a_block_that_is_none_is_unread() {
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
    fn the_order_of_blocks_means_nothing() {
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
    fn a_log_type_that_is_in_two_groups_is_on() {
        let twice = LogTypes::NONE.with(LogType::Audit).with(LogType::Audit);
        assert!(twice.has(LogType::Audit) && !twice.is_empty());
        assert_eq!(twice.iter().collect::<Vec<_>>(), [LogType::Audit]);
        assert!(LogTypes::NONE.is_empty());
    }

    #[test]
    fn log_types_are_told_in_the_order_of_the_api() {
        let some = LogTypes::NONE.with(LogType::Scheduler).with(LogType::Api);
        assert_eq!(some.to_string(), "api, scheduler");
        let rest = LogTypes::ALL.without(some);
        assert_eq!(rest.to_string(), "audit, authenticator, controllerManager");
        assert_eq!(rest.without(some), rest);
    }

    #[test]
    fn no_check_applies_to_a_cluster_that_is_on_its_way_out_or_never_came_to_be() {
        for (status, text) in [
            ("ACTIVE", None),
            ("CREATING", None),
            ("", None),
            ("DELETING", Some("The cluster's status is DELETING.")),
            ("FAILED", Some("The cluster's status is FAILED.")),
        ] {
            let cluster = EksCluster {
                status: status.into(),
                ..crate::checks::samples::cluster()
            };
            assert_eq!(cluster.inapplicable().as_deref(), text);
        }
    }
}
