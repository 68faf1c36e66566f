//! The types of values that parameters have.

use core::net::IpAddr;
use std::borrow::Cow;
use std::collections::BTreeSet;

use ipnet::IpNet;

use super::{ParameterValue, Values};
use crate::arn::Arn;
use crate::facts::cluster::{LogTypes, Ports, PortsError, TlsVersion, TrafficType};
use crate::facts::kubernetes::TrafficDirection;
use crate::policy::{OrganizationPath, OrganizationPathError, is_account};
use crate::severity::Severity;

fn single(texts: &[String]) -> Result<&str, String> {
    match texts {
        [text] => Ok(text),
        _ => Err("only one value is allowed".to_owned()),
    }
}

impl ParameterValue for u32 {
    const FORM: &'static str = "a whole number";
    const VALUES: Values = Values::Number;

    fn read(texts: &[String]) -> Result<Self, String> {
        single(texts)?
            .parse()
            .map_err(|_| "that is not a whole number".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl ParameterValue for bool {
    const FORM: &'static str = "true or false";
    const VALUES: Values = Values::Flag;

    fn read(texts: &[String]) -> Result<Self, String> {
        single(texts)?
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| "that is neither true nor false".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl ParameterValue for Severity {
    const FORM: &'static str = "one of INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL";
    const VALUES: Values = Values::OneOf(&["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        single(texts)?
            .parse()
            .map_err(|_| "that is not a severity".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.label().to_owned()]
    }
}

impl ParameterValue for TrafficType {
    const FORM: &'static str = "one of ACCEPT, REJECT, ALL";
    const VALUES: Values = Values::OneOf(&["ACCEPT", "REJECT", "ALL"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        Self::read(&single(texts)?.to_ascii_uppercase())
            .ok_or_else(|| "that is not a type of traffic".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.name().to_owned()]
    }
}

impl ParameterValue for TlsVersion {
    const FORM: &'static str = "one of 1.0, 1.1, 1.2, 1.3";
    const VALUES: Values = Values::OneOf(&["1.0", "1.1", "1.2", "1.3"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        let version = single(texts)?.parse().ok();
        version
            .filter(|version: &Self| version.major == 1 && version.minor <= 3)
            .ok_or_else(|| "that is not a version of TLS".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl ParameterValue for Vec<IpNet> {
    const FORM: &'static str = "a list of IPv4 and IPv6 CIDR blocks or addresses";
    const VALUES: Values = Values::Texts;

    fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let address = |text: &str| text.parse::<IpAddr>().map(IpNet::from);
            text.parse()
                .or_else(|_| address(text))
                .map_err(|_| format!("{text:?} is not a CIDR block"))
        };
        texts.iter().map(read).collect()
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl ParameterValue for Vec<String> {
    const FORM: &'static str = "a list of texts";
    const VALUES: Values = Values::Texts;

    fn read(texts: &[String]) -> Result<Self, String> {
        Ok(texts.to_vec())
    }

    fn write(&self) -> Vec<String> {
        self.clone()
    }
}

/// A list of texts that can be the default of a parameter in a `static`.
pub type Texts = Cow<'static, [Cow<'static, str>]>;

impl ParameterValue for Texts {
    const FORM: &'static str = Vec::<String>::FORM;
    const VALUES: Values = Values::Texts;

    fn read(texts: &[String]) -> Result<Self, String> {
        Ok(texts.iter().cloned().map(Cow::Owned).collect())
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

/// The ARNs of KMS keys, or of their aliases. An empty list stands for all keys.
#[derive(Debug, Clone)]
pub struct KeyArns(Vec<String>);

impl KeyArns {
    /// All keys.
    pub const ALL: Self = Self(Vec::new());

    /// Returns `true` if the list stands for all keys.
    pub fn allows_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if the list contains an ARN.
    pub fn contain(&self, arn: &str) -> bool {
        self.0.iter().any(|one| one == arn)
    }

    /// Returns the aliases of keys in the account and Region of an ARN.
    pub fn aliases_beside(&self, arn: &str) -> impl Iterator<Item = &str> {
        let place = |arn: &str| {
            let arn: Arn = arn.parse().ok()?;
            Some((arn.region().to_owned(), arn.account().to_owned()))
        };
        let wanted = place(arn);
        let aliases = self
            .0
            .iter()
            .map(String::as_str)
            .filter(|one| is_alias(one));
        aliases.filter(move |one| place(one) == wanted)
    }
}

fn is_alias(arn: &str) -> bool {
    arn.contains(":alias/")
}

impl ParameterValue for KeyArns {
    const FORM: &'static str = "a list of ARNs of keys or aliases";
    const VALUES: Values = Values::Texts;

    fn read(texts: &[String]) -> Result<Self, String> {
        Ok(Self(texts.to_vec()))
    }

    fn write(&self) -> Vec<String> {
        self.0.clone()
    }

    fn names_aliases(&self) -> bool {
        self.0.iter().any(|one| is_alias(one))
    }
}

/// A list of AWS account ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountIds(pub BTreeSet<String>);

impl ParameterValue for AccountIds {
    const FORM: &'static str = "a list of account ids of twelve digits";
    const VALUES: Values = Values::Matching("^[0-9]{12}$");

    fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let id = is_account(text).then(|| text.clone());
            id.ok_or_else(|| format!("{text:?} is not an account id"))
        };
        texts.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    fn write(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}

/// A list of organizations, or parts of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organizations(pub BTreeSet<OrganizationPath>);

impl ParameterValue for Organizations {
    const FORM: &'static str =
        "a list of organization ids or paths, such as o-a1b2c3d4e5/r-ab12/ou-ab12-11111111";
    const VALUES: Values = Values::Matching("^o-[a-z0-9]+(/[a-z0-9-]+)*$");

    fn read(texts: &[String]) -> Result<Self, String> {
        let paths = texts.iter().map(|text| text.trim_end_matches('/').parse());
        paths
            .collect::<Result<_, OrganizationPathError>>()
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn write(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// A list of ports and ranges of ports that can be the default of a parameter in a `static`.
pub type PortRanges = Cow<'static, [Ports]>;

impl ParameterValue for PortRanges {
    const FORM: &'static str = "a list of ports and ranges of ports, such as 8000-8100";
    const VALUES: Values = Values::Ports;

    fn read(texts: &[String]) -> Result<Self, String> {
        let ports = texts.iter().map(|text| text.parse());
        ports
            .collect::<Result<Vec<Ports>, PortsError>>()
            .map(Cow::Owned)
            .map_err(|error| error.to_string())
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

/// A level of the Pod Security Standards, from the weakest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum PodSecurityLevel {
    /// Everything is allowed.
    Privileged,
    /// Known ways to take over a node are refused.
    Baseline,
    /// Only hardened pods are allowed.
    Restricted,
}

impl ParameterValue for PodSecurityLevel {
    const FORM: &'static str = "one of baseline, restricted";
    const VALUES: Values = Values::OneOf(&["baseline", "restricted"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        let level = single(texts)?.parse().ok();
        level
            .filter(|level| *level > Self::Privileged)
            .ok_or_else(|| "that is neither baseline nor restricted".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

/// A kind of object that limits what the pods of a namespace use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum NamespaceLimit {
    /// A resource quota.
    Quota,
    /// A limit range.
    Limits,
}

/// A list of kinds of object that can be the default of a parameter in a `static`.
pub type NamespaceLimits = Cow<'static, [NamespaceLimit]>;

impl ParameterValue for NamespaceLimits {
    const FORM: &'static str = "a list of quota, limits";
    const VALUES: Values = Values::SomeOf(&["quota", "limits"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            text.parse()
                .map_err(|_: strum::ParseError| format!("{text:?} is neither quota nor limits"))
        };
        let limits: Result<Vec<_>, _> = texts.iter().map(read).collect();
        limits.map(Cow::Owned)
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

/// A list of directions of traffic that can be the default of a parameter in a `static`.
pub type TrafficDirections = Cow<'static, [TrafficDirection]>;

impl ParameterValue for TrafficDirections {
    const FORM: &'static str = "a list of ingress, egress";
    const VALUES: Values = Values::SomeOf(&["ingress", "egress"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            text.parse()
                .map_err(|_: strum::ParseError| format!("{text:?} is neither ingress nor egress"))
        };
        let directions: Result<Vec<_>, _> = texts.iter().map(read).collect();
        directions.map(Cow::Owned)
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

/// A request or a limit of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
pub enum RequiredResource {
    /// The request of CPU.
    #[strum(serialize = "requests.cpu")]
    CpuRequest,
    /// The request of memory.
    #[strum(serialize = "requests.memory")]
    MemoryRequest,
    /// The request of storage on the node.
    #[strum(serialize = "requests.ephemeral-storage")]
    StorageRequest,
    /// The limit of CPU.
    #[strum(serialize = "limits.cpu")]
    CpuLimit,
    /// The limit of memory.
    #[strum(serialize = "limits.memory")]
    MemoryLimit,
    /// The limit of storage on the node.
    #[strum(serialize = "limits.ephemeral-storage")]
    StorageLimit,
}

impl RequiredResource {
    /// Returns the name of the resource, and `true` if the value is a limit.
    pub fn parts(self) -> (&'static str, bool) {
        match self {
            Self::CpuRequest => ("cpu", false),
            Self::MemoryRequest => ("memory", false),
            Self::StorageRequest => ("ephemeral-storage", false),
            Self::CpuLimit => ("cpu", true),
            Self::MemoryLimit => ("memory", true),
            Self::StorageLimit => ("ephemeral-storage", true),
        }
    }
}

/// A list of requests and limits that can be the default of a parameter in a `static`.
pub type RequiredResources = Cow<'static, [RequiredResource]>;

impl ParameterValue for RequiredResources {
    const FORM: &'static str = "a list of requests.cpu, requests.memory, requests.ephemeral-storage, limits.cpu, \
                                limits.memory, limits.ephemeral-storage";
    const VALUES: Values = Values::SomeOf(&[
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
    ]);

    fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            text.parse()
                .map_err(|_: strum::ParseError| format!("{text:?} is not a request or a limit"))
        };
        let resources: Result<Vec<_>, _> = texts.iter().map(read).collect();
        resources.map(Cow::Owned)
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

/// The part of its reference by which an image must be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Pinning {
    /// A tag that is not moved, or a digest.
    Tag,
    /// A digest.
    Digest,
}

impl ParameterValue for Pinning {
    const FORM: &'static str = "one of tag, digest";
    const VALUES: Values = Values::OneOf(&["tag", "digest"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        single(texts)?
            .parse()
            .map_err(|_| "that is neither tag nor digest".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl ParameterValue for LogTypes {
    const FORM: &'static str = "a list of api, audit, authenticator, controllerManager, scheduler";
    const VALUES: Values = Values::SomeOf(&[
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    ]);

    fn read(texts: &[String]) -> Result<Self, String> {
        texts.iter().try_fold(Self::NONE, |types, text| {
            Ok(types.with(
                text.parse()
                    .map_err(|_: strum::ParseError| format!("{text:?} is not a log type"))?,
            ))
        })
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(|log| log.name().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_schemas_list_are_accepted() {
        let Values::OneOf(severities) = Severity::VALUES else {
            panic!("a severity is one of a few");
        };
        assert_eq!(severities, Severity::ALL.map(Severity::label));
        assert_eq!(Severity::FORM, format!("one of {}", severities.join(", ")));
        let Values::OneOf(traffic) = TrafficType::VALUES else {
            panic!("a type of traffic is one of a few");
        };
        assert!(traffic.iter().all(|name| TrafficType::read(name).is_some()));
        assert_eq!(TrafficType::FORM, format!("one of {}", traffic.join(", ")));
        let Values::OneOf(versions) = TlsVersion::VALUES else {
            panic!("a version is one of a few");
        };
        for version in versions {
            let read = TlsVersion::read(&[(*version).to_owned()]).unwrap();
            assert_eq!(read.write(), [*version]);
        }
        assert_eq!(TlsVersion::FORM, format!("one of {}", versions.join(", ")));
        let Values::OneOf(parts) = Pinning::VALUES else {
            panic!("an image is named by one of a few parts");
        };
        for part in parts {
            let read = Pinning::read(&[(*part).to_owned()]).unwrap();
            assert_eq!(read.write(), [*part]);
        }
        assert_eq!(Pinning::FORM, format!("one of {}", parts.join(", ")));
        let Values::SomeOf(resources) = RequiredResources::VALUES else {
            panic!("requests and limits are some of a few");
        };
        let texts: Vec<String> = resources.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(RequiredResources::read(&texts).unwrap().write(), texts);
        assert_eq!(
            RequiredResources::FORM,
            format!("a list of {}", resources.join(", "))
        );
        let Values::SomeOf(types) = LogTypes::VALUES else {
            panic!("log types are some of a few");
        };
        assert_eq!(types, LogTypes::ALL.write());
        assert_eq!(LogTypes::FORM, format!("a list of {}", types.join(", ")));
    }

    #[test]
    fn values_are_written_in_their_standard_form() {
        fn written<T: ParameterValue>(texts: &[&str]) -> Result<Vec<String>, String> {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            T::read(&texts).map(|value| value.write())
        }
        let owned = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(written::<u32>(&["90"]), owned(&["90"]));
        assert_eq!(written::<bool>(&["TRUE"]), owned(&["true"]));
        assert_eq!(written::<Severity>(&["high"]), owned(&["HIGH"]));
        assert_eq!(written::<TrafficType>(&["all"]), owned(&["ALL"]));
        // A number in JSON that is written as 1.0 has the text 1.
        assert_eq!(written::<TlsVersion>(&["1"]), owned(&["1.0"]));
        assert_eq!(
            written::<Vec<IpNet>>(&["10.0.0.0/8", "203.0.113.7", "::1"]),
            owned(&["10.0.0.0/8", "203.0.113.7/32", "::1/128"])
        );
        assert_eq!(written::<Vec<String>>(&["b", "a"]), owned(&["b", "a"]));
        assert_eq!(written::<Texts>(&["b", "a"]), owned(&["b", "a"]));
        assert_eq!(written::<KeyArns>(&["b", "a"]), owned(&["b", "a"]));
        assert_eq!(
            written::<PortRanges>(&["8000-8100", "22", "80-80"]),
            owned(&["8000-8100", "22", "80"])
        );
        assert_eq!(
            written::<LogTypes>(&["scheduler", "api", "api"]),
            owned(&["api", "scheduler"])
        );
        assert_eq!(
            written::<AccountIds>(&["444455556666", "111122223333", "444455556666"]),
            owned(&["111122223333", "444455556666"])
        );
        assert_eq!(
            written::<Organizations>(&["o-b/r-1/ou-1-2/", "o-a1"]),
            owned(&["o-a1", "o-b/r-1/ou-1-2"])
        );
        for (result, problem) in [
            (
                written::<AccountIds>(&["111122223333", "12345678901"]),
                "\"12345678901\" is not an account id",
            ),
            (
                written::<AccountIds>(&["arn:aws:iam::111122223333:root"]),
                "\"arn:aws:iam::111122223333:root\" is not an account id",
            ),
            (
                written::<Organizations>(&["111122223333"]),
                "\"111122223333\" is not an organization: use the form o-a1b2c3d4e5 or \
                 o-a1b2c3d4e5/r-ab12/ou-ab12-11111111",
            ),
            (
                written::<Organizations>(&["o-*"]),
                "\"o-*\" is not an organization: use the form o-a1b2c3d4e5 or o-a1b2c3d4e5/r-ab12/ou-ab12-11111111",
            ),
            (
                written::<Severity>(&["UNTRIAGED"]),
                "that is not a severity",
            ),
            (
                written::<Severity>(&["LOW", "HIGH"]),
                "only one value is allowed",
            ),
            (
                written::<TrafficType>(&["NONE"]),
                "that is not a type of traffic",
            ),
            (
                written::<TlsVersion>(&["1.4"]),
                "that is not a version of TLS",
            ),
            (
                written::<TlsVersion>(&["TLSv1.2"]),
                "that is not a version of TLS",
            ),
            (
                written::<LogTypes>(&["api", "etcd"]),
                "\"etcd\" is not a log type",
            ),
            (
                written::<Pinning>(&["branch"]),
                "that is neither tag nor digest",
            ),
            (
                written::<RequiredResources>(&["requests.gpu"]),
                "\"requests.gpu\" is not a request or a limit",
            ),
            (
                written::<PortRanges>(&["22", "90-80"]),
                "\"90-80\" is neither a port nor a range of ports",
            ),
        ] {
            assert_eq!(result, Err(problem.to_owned()));
        }
    }
}
