//! Amazon EC2: the nodes of clusters.

mod nodes;
mod parse;
mod response;

use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use eksentry_aws::{Parameters, QueryError, QueryService};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use self::nodes::RegionNodes;
use crate::Reader;
use crate::call::Call;
use crate::permission::Permission;

pub(crate) use self::nodes::DESCRIBE_INSTANCES;

/// Amazon EC2 and the version of its API.
pub(crate) const SERVICE: QueryService = QueryService {
    name: "ec2",
    version: "2016-11-15",
};

/// The most items of a page.
const PAGE: &str = "1000";

/// The facts of a Region that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    /// `true` if all clusters of the Region are evaluated, so that lists of the whole Region take fewer calls than one
    /// list for each cluster.
    whole_region: AtomicBool,
    nodes: OnceCell<RegionNodes>,
}

impl Memos {
    /// Reads lists of the whole Region from now on.
    pub(crate) fn read_whole_region(&self) {
        self.whole_region.store(true, Ordering::Relaxed);
    }

    fn reads_whole_region(&self) -> bool {
        self.whole_region.load(Ordering::Relaxed)
    }
}

impl Reader<'_> {
    fn ec2_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.ec2, target)
    }

    /// Requests a page of a list.
    async fn ec2_page<T>(
        &self,
        operation: &'static str,
        mut parameters: Parameters,
        token: Option<String>,
    ) -> Result<T, SdkError<QueryError, HttpResponse>>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        parameters.push(("MaxResults".to_owned(), PAGE.to_owned()));
        parameters.extend(token.map(|token| ("NextToken".to_owned(), token)));
        self.clients.ec2.call(operation, parameters).await
    }
}

/// Returns the parameters of filters, each with its values.
fn filters(filters: &[(&str, &[&str])]) -> Parameters {
    let mut parameters = Vec::new();
    for (number, (name, values)) in (1..).zip(filters) {
        parameters.push((format!("Filter.{number}.Name"), (*name).to_owned()));
        for (position, value) in (1..).zip(*values) {
            let key = format!("Filter.{number}.Value.{position}");
            parameters.push((key, (*value).to_owned()));
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_values_are_numbered_from_one() {
        let parameters = filters(&[("vpc-id", &["a"]), ("state", &["b", "c"])]);
        let written: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let expected = [
            "Filter.1.Name=vpc-id",
            "Filter.1.Value.1=a",
            "Filter.2.Name=state",
            "Filter.2.Value.1=b",
            "Filter.2.Value.2=c",
        ];
        assert_eq!(written, expected);
    }
}
