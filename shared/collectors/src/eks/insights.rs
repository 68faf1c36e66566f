//! The insights of EKS into clusters.

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{EksCluster, Insight};
use jiff::Timestamp;

use super::parse::insight;
use super::{CLUSTERS, Clusters};
use crate::call::Next;
use crate::permission::Permission;

pub(super) const LIST: Permission = Permission::new("eks:ListInsights", CLUSTERS);

/// The error code for a cluster that EKS has no insights into.
const NOT_SUPPORTED: &str = "InvalidRequestException";

impl Clusters {
    /// Returns all insights into a cluster; none if the cluster does not exist.
    pub(super) async fn insights(&self, cluster: &EksCluster, now: Timestamp) -> List<Insight> {
        let call = self.call(&LIST, format!("cluster {}", cluster.name));
        let list = self.client.list_insights();
        let list = list.cluster_name(&cluster.name).max_results(100);
        let mut found = List::complete(Vec::new());
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                match page.insights {
                    Some(insights) => {
                        let insights = insights.iter();
                        found
                            .items
                            .extend(insights.map(|summary| insight(summary, now)));
                    }
                    None => found.missing = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        match read.await {
            Ok(()) => {}
            // AWS does not document insights into local clusters on AWS Outposts.
            Err(failure) if cluster.on_outpost && failure.has_code(NOT_SUPPORTED) => {}
            Err(failure) => found.missing = failure.or_none::<()>().err(),
        }
        found
    }
}
