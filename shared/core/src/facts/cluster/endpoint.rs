//! The network access to a cluster's Kubernetes API server.

use ipnet::IpNet;

use crate::facts::{Fact, Unread};
use crate::reason_code::ReasonCode;

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

    /// Returns `true` if the whole internet reaches the public endpoint, over IPv4 or IPv6.
    pub fn is_open_to_world(&self) -> bool {
        let blocks = self.public_access_cidrs.as_deref().unwrap_or_default();
        let mut blocks = IpNet::aggregate(&blocks.to_vec()).into_iter();
        self.public && blocks.any(|block| block.prefix_len() == 0)
    }

    pub(super) fn texts(&self) -> Vec<String> {
        match &self.public_access_cidrs {
            Ok(blocks) if self.public => blocks.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn blocks_that_cover_all_addresses_are_open_to_the_world() {
        let all = ["0.0.0.0/1", "128.0.0.0/1"];
        for (public, cidrs, expected) in [
            (true, vec![], true),
            (true, vec!["203.0.113.0/24", "0.0.0.0/0"], true),
            (true, all.to_vec(), true),
            (true, vec!["::/0"], true),
            (true, vec!["0.0.0.0/1"], false),
            (true, vec!["everywhere"], false),
            (false, vec![], false),
        ] {
            let endpoint = Endpoint::read(public, true, cidrs.clone());
            assert_eq!(endpoint.is_open_to_world(), expected, "{public} {cidrs:?}");
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
}
