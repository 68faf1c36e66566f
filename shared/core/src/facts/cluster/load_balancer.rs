//! The load balancers of a cluster.

use std::fmt;
use std::str::FromStr;

use crate::facts::{Fact, List};

/// A load balancer that Kubernetes or EKS created for a cluster.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: LoadBalancerKind,
    /// `true` if the load balancer is internal, so that only clients with access to its VPC reach it; `false` if it is
    /// internet-facing.
    pub is_internal: Fact<bool>,
    /// The listeners, sorted; none for Classic and Gateway Load Balancers, whose listeners are not read.
    pub listeners: List<Listener>,
}

/// The type of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadBalancerKind {
    /// An Application Load Balancer.
    Application,
    /// A Network Load Balancer.
    Network,
    /// A Gateway Load Balancer.
    Gateway,
    /// A Classic Load Balancer.
    Classic,
}

/// A listener of a load balancer.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The protocol for connections from clients: `HTTP`, `TLS`, …
    pub protocol: String,
    /// The port; `None` if the response has none.
    pub port: Option<u16>,
    /// The encryption of the connections that the listener accepts.
    pub handling: Handling,
}

/// The encryption of the connections that a listener accepts, or its way to redirect or pass on those without any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handling {
    /// The listener receives unencrypted HTTP requests.
    Http {
        /// `true` if a rule does anything with requests other than to redirect them to HTTPS, or to return a fixed
        /// response.
        serves_requests: Fact<bool>,
    },
    /// The listener decrypts connections, with the protocols HTTPS or TLS.
    Tls {
        /// The oldest version of TLS that the listener's security policy allows.
        oldest_version: Fact<TlsVersion>,
    },
    /// The listener passes connections on as they are, with TCP, UDP or QUIC. They may be encrypted up to a pod.
    PassThrough,
    /// The protocol is not known here.
    Unknown,
}

/// Writes the protocol and the port: `HTTPS:443`.
impl fmt::Display for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.protocol),
            None => formatter.write_str(&self.protocol),
        }
    }
}

/// A version of TLS: 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TlsVersion {
    /// The major version, which is 1 in 1.2.
    pub major: u8,
    /// The minor version, which is 2 in 1.2.
    pub minor: u8,
}

impl TlsVersion {
    /// TLS 1.2.
    pub const V1_2: Self = Self { major: 1, minor: 2 };

    /// Reads a version from its name in security policies, `TLSv1` or `TLSv1.2`; `None` for any other protocol.
    /// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html>.
    pub fn of_protocol(name: &str) -> Option<Self> {
        name.strip_prefix("TLSv")?.parse().ok()
    }
}

impl FromStr for TlsVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // Rust also parses numbers with a sign, which versions do not have.
        let number = |part: &str| {
            let is_plain = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|_| is_plain).ok_or(())
        };
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_names_of_protocols() {
        for (name, expected) in [
            ("TLSv1", Some("1.0")),
            ("TLSv1.1", Some("1.1")),
            ("TLSv1.2", Some("1.2")),
            ("TLSv1.3", Some("1.3")),
            ("TLSv2", Some("2.0")),
            ("SSLv3", None),
            ("TLSv", None),
            ("TLSv1.", None),
            ("TLSv1.2.3", None),
            ("TLSv+1.2", None),
            ("TLSv1.999", None),
            ("tlsv1.2", None),
            ("", None),
        ] {
            let version = TlsVersion::of_protocol(name).map(|version| version.to_string());
            assert_eq!(version.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text: &str| text.parse::<TlsVersion>().unwrap();
        assert!(version("1.1") < TlsVersion::V1_2 && TlsVersion::V1_2 < version("1.3"));
        assert!(version("1.3") < version("1.10") && version("1.10") < version("2"));
        assert_eq!(version("1.2"), TlsVersion::V1_2);
    }

    #[test]
    fn a_listener_is_named_by_its_protocol_and_its_port() {
        let mut listener = Listener {
            protocol: "HTTPS".into(),
            port: Some(443),
            handling: Handling::PassThrough,
        };
        assert_eq!(listener.to_string(), "HTTPS:443");
        listener.port = None;
        assert_eq!(listener.to_string(), "HTTPS");
    }
}
