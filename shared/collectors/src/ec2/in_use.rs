//! The resources of EC2 that clusters use.

use std::collections::BTreeSet;

use eksentry_core::Needs;
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::EksCluster;
use tokio::sync::OnceCell;

use crate::Reader;

/// The IDs of the resources that one or more clusters use, as far as these were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InUse {
    pub(super) vpcs: BTreeSet<String>,
    pub(super) subnets: BTreeSet<String>,
    pub(super) security_groups: BTreeSet<String>,
    pub(super) images: BTreeSet<String>,
    pub(super) instance_types: BTreeSet<String>,
}

impl InUse {
    /// Returns what a cluster uses.
    pub(super) fn of(cluster: &EksCluster) -> Self {
        let nodes = || cluster.nodes.items.iter();
        let groups = || cluster.node_groups.items.iter();
        let network = &cluster.network;
        Self {
            vpcs: network.vpc.iter().cloned().collect(),
            subnets: cluster
                .subnets
                .iter()
                .chain(groups().flat_map(|group| &group.subnets))
                .chain(nodes().flat_map(|node| {
                    let public = node.public_subnets.iter().flatten().flatten();
                    node.subnet.iter().chain(public)
                }))
                .cloned()
                .collect(),
            security_groups: cluster
                .security_group_ids()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            // AWS replaces the nodes that it manages, and with them their images.
            images: nodes()
                .filter(|node| !node.is_managed)
                .filter_map(|node| node.image.as_ref())
                .chain(groups().filter_map(|group| group.custom_image()))
                .cloned()
                .collect(),
            instance_types: nodes()
                .filter_map(|node| node.instance_type.clone())
                .collect(),
        }
    }

    /// Adds what another cluster uses.
    pub(super) fn extend(&mut self, other: Self) {
        self.vpcs.extend(other.vpcs);
        self.subnets.extend(other.subnets);
        self.security_groups.extend(other.security_groups);
        self.images.extend(other.images);
        self.instance_types.extend(other.instance_types);
    }
}

impl Reader<'_> {
    /// Returns the items that a cluster uses: `ids` are their IDs, `id` is that of an item, and `list` lists the items
    /// with some IDs. If all clusters of the Region are evaluated, the items of all of them are listed once.
    pub(super) async fn used<T: Clone>(
        &self,
        memo: &OnceCell<List<T>>,
        ids: fn(&InUse) -> &BTreeSet<String>,
        id: fn(&T) -> &String,
        list: impl AsyncFn(&BTreeSet<String>) -> List<T>,
        (cluster, needs): (&EksCluster, Needs),
    ) -> List<T> {
        let own = InUse::of(cluster);
        if !self.reads_whole_region() {
            return with_ids(&list(ids(&own)).await, ids(&own), id);
        }
        let all = || async { list(ids(self.in_use(needs).await)).await };
        with_ids(memo.get_or_init(all).await, ids(&own), id)
    }

    /// Returns what all clusters of the Region use.
    pub(super) async fn in_use(&self, needs: Needs) -> &InUse {
        let read = || async {
            let mut in_use = InUse::default();
            for cluster in self.all_clusters(needs).await {
                in_use.extend(InUse::of(&cluster));
            }
            in_use
        };
        self.ec2.in_use.get_or_init(read).await
    }
}

/// Returns the items of a list by IDs that have one of the wanted IDs. If all of them were found, the list is complete,
/// even if others could not be read.
pub(super) fn with_ids<T: Clone>(
    all: &List<T>,
    wanted: &BTreeSet<String>,
    id: fn(&T) -> &String,
) -> List<T> {
    let found = about(all, wanted, id);
    let ids: BTreeSet<&String> = found.items.iter().map(id).collect();
    List {
        missing: found.missing.filter(|_| ids.len() < wanted.len()),
        items: found.items,
    }
}

/// Returns the items of a list that are about one of these resources.
pub(super) fn about<T: Clone>(
    all: &List<T>,
    resources: &BTreeSet<String>,
    resource: fn(&T) -> &String,
) -> List<T> {
    let items = all.items.iter();
    List {
        items: items
            .filter(|item| resources.contains(resource(item)))
            .cloned()
            .collect(),
        missing: all.missing.clone(),
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::{ReasonCode, Unread};

    use super::*;

    #[test]
    fn a_list_by_ids_is_complete_if_all_were_found() {
        let unread = || {
            Some(Unread {
                code: ReasonCode::AccessDenied,
                text: "denied".into(),
            })
        };
        let list = |ids: &[&str]| -> Vec<String> { ids.iter().map(ToString::to_string).collect() };
        let wanted = |ids: &[&str]| list(ids).into_iter().collect();
        for (missing, ids, expected) in [
            (None, &["a"] as &[&str], (vec!["a"], None)),
            (None, &["a", "c"], (vec!["a"], None)),
            (unread(), &["a", "b"], (vec!["a", "b"], None)),
            (unread(), &["a", "c"], (vec!["a"], unread())),
            (unread(), &[], (vec![], None)),
        ] {
            let all = List {
                items: list(&["a", "b"]),
                missing,
            };
            let found = with_ids(&all, &wanted(ids), |item| item);
            let (items, missing) = expected;
            assert_eq!((found.items, found.missing), (list(&items), missing));
        }
        let all = List {
            items: list(&["a", "b"]),
            missing: unread(),
        };
        let found = about(&all, &wanted(&["a"]), |item| item);
        assert_eq!((found.items, found.missing), (list(&["a"]), unread()));
    }
}
