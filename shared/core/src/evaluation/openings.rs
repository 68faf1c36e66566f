//! The ports that security groups open to the whole internet.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::facts::cluster::{InboundRule, Ports, Protocol};

/// An inbound rule with the ID of its security group.
pub(crate) type GroupRule<'a> = (&'a str, &'a InboundRule);

/// A range of ports that is open to the whole internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening<'a> {
    /// The name of the protocol: TCP or UDP.
    pub(crate) protocol: &'static str,
    /// The ports.
    pub(crate) ports: Ports,
    /// The IDs of the security groups that open the ports.
    pub(crate) groups: BTreeSet<&'a str>,
}

/// Returns the ports that the rules together open to the whole internet, sorted by protocol and port. Each of the given
/// ranges contains either all ports of an opening or none of them.
pub(crate) fn openings<'a>(rules: &[GroupRule<'a>], ranges: &[Ports]) -> Vec<Opening<'a>> {
    let of = |name, protocol| openings_of(name, protocol, rules, ranges);
    [of("TCP", Protocol::Tcp), of("UDP", Protocol::Udp)].concat()
}

fn openings_of<'a>(
    name: &'static str,
    protocol: Protocol,
    rules: &[GroupRule<'a>],
    ranges: &[Ports],
) -> Vec<Opening<'a>> {
    let rules = rules
        .iter()
        .filter_map(|(group, rule)| match rule.protocol {
            Protocol::All => Some((Ports::ALL, (*group, *rule))),
            other => (other == protocol).then_some((rule.ports, (*group, *rule))),
        });
    let rules: Vec<(Ports, GroupRule)> = rules.collect();
    let limits = rules.iter().map(|(ports, _)| ports).chain(ranges);
    sections(limits)
        .into_iter()
        .filter_map(|ports| {
            let reach = rules.iter().filter(|(of, _)| of.contains(ports.first));
            let groups = opened_by(reach.map(|(_, rule)| *rule));
            (!groups.is_empty()).then_some(Opening {
                protocol: name,
                ports,
                groups,
            })
        })
        .collect()
}

/// Returns the ports from the first limit of a range on, divided at all limits of the ranges.
fn sections<'a>(ranges: impl Iterator<Item = &'a Ports>) -> Vec<Ports> {
    let starts = ranges.flat_map(|ports| [Some(ports.first), ports.last.checked_add(1)]);
    let starts: BTreeSet<u16> = starts.flatten().collect();
    let lasts = starts.iter().skip(1).map(|start| start - 1);
    let lasts = lasts.chain([u16::MAX]);
    let sections = starts.iter().zip(lasts);
    sections
        .map(|(first, last)| Ports {
            first: *first,
            last,
        })
        .collect()
}

/// Returns the security groups whose rules together allow the whole internet, which is all of IPv4 or all of IPv6:
/// those whose own rules do or, if there are none, all groups whose rules allow addresses. Returns no group if the
/// rules do not allow the whole internet. Ports and protocols are ignored.
pub(crate) fn opened_by<'a>(rules: impl IntoIterator<Item = GroupRule<'a>>) -> BTreeSet<&'a str> {
    let mut sources: BTreeMap<&str, Vec<IpNet>> = BTreeMap::new();
    for (group, rule) in rules {
        if !rule.sources.items.is_empty() {
            sources
                .entry(group)
                .or_default()
                .extend(&rule.sources.items);
        }
    }
    let alone = sources.iter().filter(|(_, blocks)| is_world(*blocks));
    let alone: BTreeSet<&str> = alone.map(|(group, _)| *group).collect();
    let together = || is_world(sources.values().flatten());
    if alone.is_empty() && together() {
        sources.into_keys().collect()
    } else {
        alone
    }
}

/// Returns the ports of openings that are sorted, as texts such as `TCP 20-25`. Adjacent ranges are joined.
pub(crate) fn ports_of(openings: &[&Opening]) -> Vec<String> {
    let mut joined: Vec<(&str, Ports)> = Vec::new();
    for one in openings {
        match joined.last_mut() {
            Some((protocol, ports))
                if *protocol == one.protocol
                    && ports.last.checked_add(1) == Some(one.ports.first) =>
            {
                ports.last = one.ports.last;
            }
            _ => joined.push((one.protocol, one.ports)),
        }
    }
    let joined = joined.into_iter();
    joined
        .map(|(protocol, ports)| format!("{protocol} {ports}"))
        .collect()
}

fn is_world<'a>(blocks: impl IntoIterator<Item = &'a IpNet>) -> bool {
    let union = IpNet::aggregate(&blocks.into_iter().copied().collect());
    union.iter().any(|block| block.prefix_len() == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::List;

    fn ports(first: u16, last: u16) -> Ports {
        Ports { first, last }
    }

    fn rule(protocol: Protocol, ports: Ports, sources: &[&str]) -> InboundRule {
        let sources = sources.iter().map(|block| block.parse().unwrap());
        InboundRule {
            protocol,
            ports,
            sources: List::complete(sources.collect()),
        }
    }

    fn written(openings: &[Opening]) -> Vec<String> {
        let groups = |opening: &Opening| Vec::from_iter(opening.groups.clone()).join("+");
        openings
            .iter()
            .map(|one| format!("{} {} {}", one.protocol, one.ports, groups(one)))
            .collect()
    }

    #[test]
    fn ports_are_open_if_the_union_of_the_sources_is_the_whole_internet() {
        use Protocol::{All, Other, Tcp, Udp};
        let world = &["0.0.0.0/0"][..];
        let (lower, upper) = (&["0.0.0.0/1"][..], &["128.0.0.0/1"][..]);
        let private = &["10.0.0.0/8"][..];
        for (rules, expected) in [
            (vec![], &[][..]),
            (vec![("a", Tcp, ports(22, 22), private)], &[]),
            (vec![("a", Tcp, ports(22, 22), &[])], &[]),
            (vec![("a", Tcp, ports(22, 22), world)], &["TCP 22 a"]),
            (vec![("a", Udp, ports(53, 60), world)], &["UDP 53-60 a"]),
            (vec![("a", Other, Ports::ALL, world)], &[]),
            (vec![("a", Tcp, ports(22, 21), world)], &[]),
            (
                vec![("a", Tcp, ports(22, 22), &["::/1", "8000::/1"][..])],
                &["TCP 22 a"],
            ),
            (
                vec![("a", Tcp, ports(22, 22), &["0.0.0.0/1", "8000::/1"][..])],
                &[],
            ),
            // Protocols that have no ports are open on all of them, whatever the rule states.
            (
                vec![("a", All, ports(1, 2), world)],
                &["TCP 0-65535 a", "UDP 0-65535 a"],
            ),
            (
                vec![
                    ("a", Tcp, ports(20, 22), lower),
                    ("b", Tcp, ports(22, 25), upper),
                    ("c", Tcp, ports(22, 22), &[]),
                ],
                &["TCP 22 a+b"],
            ),
            (
                vec![
                    ("a", Tcp, ports(20, 22), lower),
                    ("a", Udp, ports(22, 25), upper),
                ],
                &[],
            ),
            (
                vec![
                    ("a", All, Ports::ALL, lower),
                    ("b", Udp, ports(65_535, 65_535), upper),
                    ("b", Tcp, ports(0, 9), upper),
                ],
                &["TCP 0-9 a+b", "UDP 65535 a+b"],
            ),
            // Only the groups that suffice on their own are named.
            (
                vec![
                    ("a", Tcp, ports(20, 22), world),
                    ("b", Tcp, ports(22, 25), world),
                    ("c", Tcp, ports(1, 65_535), private),
                ],
                &["TCP 20-21 a", "TCP 22 a+b", "TCP 23-25 b"],
            ),
        ] {
            let rules: Vec<(&str, InboundRule)> = rules
                .into_iter()
                .map(|(group, protocol, ports, sources)| (group, rule(protocol, ports, sources)))
                .collect();
            let rules: Vec<GroupRule> = rules.iter().map(|(group, rule)| (*group, rule)).collect();
            assert_eq!(written(&openings(&rules, &[])), expected, "{rules:?}");
        }
    }

    #[test]
    fn openings_are_divided_at_the_limits_of_the_ranges() {
        let rule = rule(Protocol::Tcp, ports(1, 65_535), &["0.0.0.0/0"]);
        let ranges = [ports(22, 22), ports(30_000, 65_535)];
        assert_eq!(
            written(&openings(&[("a", &rule)], &ranges)),
            [
                "TCP 1-21 a",
                "TCP 22 a",
                "TCP 23-29999 a",
                "TCP 30000-65535 a"
            ]
        );
    }

    #[test]
    fn adjacent_openings_are_joined_in_texts() {
        let all = rule(Protocol::All, Ports::ALL, &["0.0.0.0/0"]);
        let rules: [GroupRule; 1] = [("a", &all)];
        let openings = openings(&rules, &[ports(22, 22), ports(30, 40)]);
        let all: Vec<&Opening> = openings.iter().collect();
        assert_eq!(ports_of(&all), ["TCP 0-65535", "UDP 0-65535"]);
        let but_22 = openings.iter().filter(|one| !one.ports.contains(22));
        let but_22: Vec<&Opening> = but_22.collect();
        assert_eq!(
            ports_of(&but_22),
            ["TCP 0-21", "TCP 23-65535", "UDP 0-21", "UDP 23-65535"]
        );
        assert_eq!(ports_of(&[]), [""; 0]);
    }

    fn any_rule() -> impl Strategy<Value = InboundRule> {
        const BLOCKS: &[&str] = &[
            "0.0.0.0/1",
            "128.0.0.0/2",
            "192.0.0.0/2",
            "::/0",
            "10.0.0.0/8",
        ];
        let sources = prop::sample::subsequence(BLOCKS, 0..3);
        let protocol = prop::sample::select(&[Protocol::Tcp, Protocol::Udp, Protocol::All][..]);
        (protocol, 0..12_u16, 0..6_u16, sources).prop_map(|(protocol, first, more, sources)| {
            rule(protocol, ports(first, first + more), &sources)
        })
    }

    proptest! {
        #[test]
        fn a_port_is_in_an_opening_if_its_rules_allow_the_whole_internet(
            rules in prop::collection::vec(("[ab]", any_rule()), 0..8),
            ranges in prop::collection::vec((0..20_u16).prop_map(|port| ports(port, port)), 0..2),
        ) {
            let rules: Vec<GroupRule> =
                rules.iter().map(|(group, rule)| (group.as_str(), rule)).collect();
            let openings = openings(&rules, &ranges);
            for (name, protocol) in [("TCP", Protocol::Tcp), ("UDP", Protocol::Udp)] {
                for port in (0..20).chain([u16::MAX]) {
                    let reaches = |rule: &InboundRule| {
                        rule.protocol == Protocol::All
                            || (rule.protocol == protocol && rule.ports.contains(port))
                    };
                    let reach = rules.iter().copied().filter(|(_, rule)| reaches(rule));
                    let found: Vec<&Opening> = openings
                        .iter()
                        .filter(|one| one.protocol == name && one.ports.contains(port))
                        .collect();
                    prop_assert!(found.len() <= 1);
                    let groups = found.first().map(|one| one.groups.clone());
                    prop_assert_eq!(groups.unwrap_or_default(), opened_by(reach), "{} {}", name, port);
                }
            }
        }
    }
}
