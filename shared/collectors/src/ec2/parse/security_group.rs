//! Security groups and prefix lists.

use std::collections::HashMap;

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{InboundRule, Ports, Protocol, SecurityGroup};
use eksentry_core::{ReasonCode, Unread};
use ipnet::IpNet;

use crate::ec2::response::{self, Permission, items};

/// A security group, of whose rules the prefix lists have not been read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ec2) struct ListedGroup {
    group: SecurityGroup,
    /// The IDs of the prefix lists of each rule.
    prefix_lists: Vec<Vec<String>>,
}

impl ListedGroup {
    /// Returns the IDs of the prefix lists that the rules name.
    pub(in crate::ec2) fn prefix_lists(&self) -> impl Iterator<Item = &String> {
        self.prefix_lists.iter().flatten()
    }

    /// Returns the security group with the addresses in the prefix lists of its rules.
    pub(in crate::ec2) fn with(self, prefix_lists: &HashMap<String, List<IpNet>>) -> SecurityGroup {
        let mut group = self.group;
        for (rule, named) in group.inbound.iter_mut().zip(&self.prefix_lists) {
            for list in named.iter().filter_map(|id| prefix_lists.get(id)) {
                rule.sources.items.extend(&list.items);
                if rule.sources.missing.is_none() {
                    rule.sources.missing.clone_from(&list.missing);
                }
            }
            rule.sources.items.sort_unstable();
        }
        group
    }
}

/// Returns the security group. Rules that allow only other security groups are left out.
pub(in crate::ec2) fn security_group(
    group: &response::SecurityGroup,
) -> Result<ListedGroup, &'static str> {
    let id = group.group_id.clone();
    let id = id.ok_or("the ID of a security group")?;
    let permissions = group.ip_permissions.as_ref();
    let permissions = permissions.ok_or("the inbound rules of a security group")?;
    let rules = items(Some(permissions)).map(|permission| rule(&id, permission));
    let allows_addresses = |(rule, lists): &(InboundRule, Vec<String>)| {
        !rule.sources.items.is_empty() || rule.sources.missing.is_some() || !lists.is_empty()
    };
    let (inbound, prefix_lists) = rules.filter(allows_addresses).unzip();
    Ok(ListedGroup {
        group: SecurityGroup { id, inbound },
        prefix_lists,
    })
}

fn rule(group: &str, permission: &Permission) -> (InboundRule, Vec<String>) {
    let v4 = items(permission.ip_ranges.as_ref()).map(|range| range.cidr_ip.as_deref());
    let v6 = items(permission.ipv6_ranges.as_ref()).map(|range| range.cidr_ipv6.as_deref());
    let mut sources = List::complete(Vec::new());
    for text in v4.chain(v6) {
        match cidr(text, &format!("security group {group}")) {
            Ok(block) => sources.items.push(block),
            Err(unread) => sources.missing = Some(unread),
        }
    }
    let lists = items(permission.prefix_list_ids.as_ref());
    let lists = lists.filter_map(|list| list.prefix_list_id.clone());
    let rule = InboundRule {
        protocol: Protocol::read(permission.ip_protocol.as_deref().unwrap_or_default()),
        ports: ports(permission),
        sources,
    };
    (rule, lists.collect())
}

/// Returns the ports of a rule. A rule without valid ports allows all of them.
fn ports(permission: &Permission) -> Ports {
    let port = |value: Option<i64>| value.and_then(|value| u16::try_from(value).ok());
    match (port(permission.from_port), port(permission.to_port)) {
        (Some(first), Some(last)) => Ports { first, last },
        _ => Ports::ALL,
    }
}

/// Reads a CIDR block of `owner`.
pub(in crate::ec2) fn cidr(text: Option<&str>, owner: &str) -> Result<IpNet, Unread> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| Unread {
        code: ReasonCode::UnknownCidr,
        text: format!("The {owner} contains {text:?}, which is not a CIDR block."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(permission: &str) -> ListedGroup {
        let text = format!(
            "<item><groupId>sg-1</groupId><ipPermissions><item>{permission}</item></ipPermissions></item>"
        );
        security_group(&quick_xml::de::from_str(&text).unwrap()).unwrap()
    }

    fn rules(permission: &str) -> Vec<InboundRule> {
        group(permission).with(&HashMap::new()).inbound
    }

    const WORLD: &str = "<ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>";

    #[test]
    fn a_rule_has_a_protocol_and_ports() {
        for (elements, protocol, ports) in [
            (
                "<ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>23</toPort>",
                Protocol::Tcp,
                Ports {
                    first: 22,
                    last: 23,
                },
            ),
            ("<ipProtocol>-1</ipProtocol>", Protocol::All, Ports::ALL),
            (
                "<ipProtocol>udp</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>",
                Protocol::Udp,
                Ports::ALL,
            ),
            (
                "<ipProtocol>icmp</ipProtocol><fromPort>3</fromPort><toPort>4</toPort>",
                Protocol::Other,
                Ports { first: 3, last: 4 },
            ),
        ] {
            let rules = rules(&format!("{elements}{WORLD}"));
            assert_eq!((rules[0].protocol, rules[0].ports), (protocol, ports));
        }
    }

    #[test]
    fn the_sources_of_a_rule_are_its_blocks_of_both_families() {
        let v6 = "<ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges>";
        let found = rules(&format!("{WORLD}{v6}"));
        let expected: Vec<IpNet> = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        assert_eq!(found[0].sources, List::complete(expected));
        let invalid = rules("<ipRanges><item><cidrIp>all</cidrIp></item></ipRanges>");
        let missing = invalid[0].sources.missing.as_ref().unwrap();
        assert!(missing.text.contains("sg-1"), "{}", missing.text);
    }

    #[test]
    fn a_rule_that_allows_only_groups_is_left_out() {
        let groups =
            "<ipProtocol>-1</ipProtocol><groups><item><groupId>sg-1</groupId></item></groups>";
        assert_eq!(rules(groups), []);
    }

    #[test]
    fn a_security_group_without_rules_in_the_response_is_not_read() {
        let read = |text: &str| security_group(&quick_xml::de::from_str(text).unwrap());
        let bare = read("<item><groupId>sg-1</groupId></item>");
        assert_eq!(bare, Err("the inbound rules of a security group"));
        let none = read("<item><groupId>sg-1</groupId><ipPermissions/></item>").unwrap();
        assert_eq!(none.with(&HashMap::new()).inbound, []);
    }

    #[test]
    fn the_addresses_of_prefix_lists_are_added() {
        let named = "<prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds>";
        let listed = group(named);
        assert_eq!(listed.prefix_lists().collect::<Vec<_>>(), ["pl-1"]);
        let block: IpNet = "198.51.100.0/24".parse().unwrap();
        let unread = Unread {
            code: ReasonCode::AccessDenied,
            text: "denied".into(),
        };
        for list in [List::complete(vec![block]), List::unread(unread)] {
            let lists = HashMap::from([("pl-1".to_owned(), list.clone())]);
            assert_eq!(listed.clone().with(&lists).inbound[0].sources, list);
        }
    }
}
