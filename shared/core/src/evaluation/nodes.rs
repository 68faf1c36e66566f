//! Parts that the checks of a cluster's nodes have in common.

mod images;
mod versions;

use std::collections::BTreeSet;

pub(crate) use self::images::ImagesInUse;
pub(crate) use self::versions::GroupVersions;
use crate::facts::EksCluster;
use crate::facts::cluster::{Node, NodePresence};
use crate::reason_code::ReasonCode;
use crate::text::names;
use crate::verdict::Verdict;

/// Returns the verdict on a cluster without nodes that a check can evaluate, or if no such node was found and there may
/// be some; `None` if there are nodes. A cluster whose node groups have no node at present passes, so that scaling to
/// zero does not archive findings.
pub(crate) fn without_nodes(cluster: &EksCluster) -> Option<Verdict> {
    match cluster.node_presence() {
        Ok(NodePresence::Some) => None,
        Ok(NodePresence::NoneNow) => Some(Verdict::passed(
            ReasonCode::NoNodes,
            "The cluster has no nodes at present.",
        )),
        Ok(NodePresence::Never) => Some(Verdict::not_applicable(
            ReasonCode::NoNodesToEvaluate,
            "The cluster has no EC2 nodes in this account that the check can evaluate.",
        )),
        Err(unread) => Some(Verdict::not_available(&unread)),
    }
}

/// Returns the names of the groups of nodes; empty if there are no nodes.
pub(crate) fn groups<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> String {
    let groups: BTreeSet<String> = nodes
        .into_iter()
        .map(|node| node.group.to_string())
        .collect();
    names(groups.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, node, node_group, unread};
    use crate::facts::List;
    use crate::facts::cluster::NodeOrigin;

    #[test]
    fn a_cluster_without_nodes_passes_only_if_something_can_start_nodes() {
        let none = || List::complete(Vec::new());
        let no_groups = || List::complete(Vec::new());
        let groups = || List::complete(vec![node_group()]);
        for (nodes, node_groups, auto_mode, expected) in [
            (List::complete(vec![node()]), no_groups(), false, None),
            (none(), groups(), false, Some("NO_NODES")),
            (none(), no_groups(), true, Some("NO_NODES")),
            (none(), no_groups(), false, Some("NO_NODES_TO_EVALUATE")),
            (
                List::unread(unread()),
                groups(),
                false,
                Some("ACCESS_DENIED"),
            ),
            (none(), List::unread(unread()), false, Some("ACCESS_DENIED")),
        ] {
            let cluster = EksCluster {
                auto_mode,
                nodes,
                node_groups,
                ..cluster()
            };
            let verdict = without_nodes(&cluster);
            let code = verdict.map(|verdict| verdict.codes()[0]);
            assert_eq!(code, expected, "{cluster:?}");
        }
    }

    #[test]
    fn groups_are_named_once() {
        let of = |group| Node { group, ..node() };
        let nodes = [
            of(NodeOrigin::NodePool("spot".into())),
            of(NodeOrigin::NodeGroup("general".into())),
            of(NodeOrigin::NodePool("spot".into())),
        ];
        assert_eq!(groups(&nodes), "node group general, node pool spot");
        assert_eq!(groups([]), "");
    }
}
