//! The add-ons of clusters.

use eksentry_core::facts::cluster::{Addon, EksCluster};
use eksentry_core::facts::{Fact, List};
use futures::StreamExt;

use super::parse::addon;
use super::{CLUSTERS, Clusters, present};
use crate::DESCRIPTIONS_AT_A_TIME;
use crate::permission::{Arns, Permission};

pub(crate) const LIST: Permission = Permission::new("eks:ListAddons", CLUSTERS);
pub(super) const DESCRIBE: Permission =
    Permission::new("eks:DescribeAddon", &[Arns::InRegion("addon/*")]);

impl Clusters {
    /// Returns the add-ons of a cluster; none if the cluster does not exist.
    pub(super) async fn addons(&self, cluster: &EksCluster) -> List<Addon> {
        let names = self.addon_names(cluster).await;
        let described = futures::stream::iter(names.items)
            .map(|name| async move { self.describe_addon(&cluster.name, &name).await })
            .buffer_unordered(DESCRIPTIONS_AT_A_TIME)
            .collect()
            .await;
        let mut addons = present(described, names.missing);
        addons.items.sort_by(|one, other| one.name.cmp(&other.name));
        addons
    }

    /// Returns the names of the add-ons of a cluster.
    pub(crate) async fn addon_names(&self, cluster: &EksCluster) -> List<String> {
        // A local cluster on AWS Outposts can't have any.
        if cluster.on_outpost {
            return List::complete(Vec::new());
        }
        let name = cluster.name.as_str();
        let read = || async {
            let call = self.call(&LIST, format!("cluster {name}"));
            let list = self.client.list_addons();
            let list = list.cluster_name(name).max_results(100);
            call.list_names(
                |token| list.clone().set_next_token(token).send(),
                |page| (page.addons, page.next_token),
            )
            .await
        };
        self.addon_names.get(name.to_owned(), read).await
    }

    /// Returns an add-on; `None` if it does not exist.
    async fn describe_addon(&self, cluster: &str, name: &str) -> Fact<Option<Addon>> {
        let call = self.call(&DESCRIBE, format!("add-on {name} of cluster {cluster}"));
        let request = self.client.describe_addon();
        let request = request.cluster_name(cluster).addon_name(name);
        match call.send(request.send()).await {
            Ok(response) => match response.addon {
                Some(described) => Ok(Some(addon(name, &described))),
                None => Err(call.without("the add-on")),
            },
            Err(failure) => failure.or_none(),
        }
    }
}
