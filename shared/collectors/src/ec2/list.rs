//! The pages of EC2's lists.

use std::collections::BTreeSet;
use std::fmt::Debug;

use eksentry_aws::{Parameters, Rate, ServiceResult};
use eksentry_core::Unread;
use eksentry_core::facts::List;
use serde::de::DeserializeOwned;

use super::response::{Page, items};
use crate::Reader;
use crate::call::{Call, Next};
use crate::permission::{Arns, Permission};

/// The most values of a filter.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
const FILTER_VALUES: usize = 200;

/// The calls of one action that EC2 allows at once, and each second after that, if the calls are filtered or have
/// pages. The limit is that of an account in a Region.
/// Source: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>.
const BURST: u32 = 100;
const PER_SECOND: u32 = 20;

/// An operation that returns a list.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) permission: Permission,
    /// The most items of a page.
    page: u32,
}

impl Operation {
    pub(super) const fn new(action: &'static str, page: u32) -> Self {
        Self {
            permission: Permission::new(action, &[Arns::Any]),
            page,
        }
    }

    pub(super) const fn on(self, arns: &'static [Arns]) -> Self {
        Self {
            permission: Permission::new(self.permission.action, arns),
            ..self
        }
    }
}

/// Returns the name of the operation that an action allows, which is the action without the service.
fn name(permission: &Permission) -> &'static str {
    let action = permission.action;
    action.split_once(':').map_or(action, |(_, name)| name)
}

impl Reader<'_> {
    /// Lists the items with these IDs, which `filter` selects. `read` returns the facts about an item, or an error with
    /// the name of what it lacks.
    pub(super) async fn ec2_by_ids<T, U>(
        &self,
        operation: &Operation,
        filter: &str,
        ids: &BTreeSet<String>,
        others: &[(String, String)],
        read: impl Fn(&T) -> Result<U, &'static str>,
    ) -> List<U>
    where
        T: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let calls = ids.chunks(FILTER_VALUES).map(|ids| {
            let mut parameters = filters(&[(filter, ids)]);
            parameters.extend_from_slice(others);
            self.ec2_items(operation, parameters, &read)
        });
        let mut found = List::complete(Vec::new());
        for part in futures::future::join_all(calls).await {
            found.items.extend(part.items);
            found.missing = found.missing.or(part.missing);
        }
        found
    }

    /// Lists the items that the parameters select. `read` returns the facts about an item, or an error with the name of
    /// what it lacks.
    pub(super) async fn ec2_items<T, U>(
        &self,
        operation: &Operation,
        parameters: Parameters,
        read: impl Fn(&T) -> Result<U, &'static str>,
    ) -> List<U>
    where
        T: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let mut found = Vec::new();
        let target = self.location.to_string();
        let missing = self.ec2_pages(operation, parameters, target, |item| {
            found.push(read(item)?);
            Ok(())
        });
        let missing = missing.await;
        List {
            items: found,
            missing,
        }
    }

    /// Reads the items of a list, page by page. `read` returns an error with the name of what an item lacks. Returns
    /// the reason why the list may be incomplete.
    pub(super) async fn ec2_pages<T>(
        &self,
        operation: &Operation,
        parameters: Parameters,
        target: String,
        mut read: impl FnMut(&T) -> Result<(), &'static str>,
    ) -> Option<Unread>
    where
        T: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let call = self.ec2_call(&operation.permission, target);
        let mut missing = None;
        let pages = call.pages(
            |token| self.ec2_page(operation, parameters.clone(), token),
            async |page: Page<T>| {
                if page.list.is_none() {
                    missing = Some(call.no_list());
                }
                for item in items(page.list.as_ref()) {
                    if let Err(absent) = read(item) {
                        missing = Some(call.without(absent));
                    }
                }
                Next::token(page.next_token)
            },
        );
        let failure = Box::pin(pages).await.err();
        failure.map(Unread::from).or(missing)
    }

    pub(super) fn ec2_call(&self, permission: &Permission, target: String) -> Call<'_> {
        let create = || Rate::new(PER_SECOND, BURST, 1);
        let rate = self.clients.rates.of(permission.action, create);
        Call::new(permission.action, &self.clients.paces.ec2, target).at(rate)
    }

    async fn ec2_page<T>(
        &self,
        operation: &Operation,
        mut parameters: Parameters,
        token: Option<String>,
    ) -> ServiceResult<T>
    where
        T: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        parameters.push(("MaxResults".to_owned(), operation.page.to_string()));
        parameters.extend(token.map(|token| ("NextToken".to_owned(), token)));
        self.ec2_request(&operation.permission, parameters).await
    }

    /// Requests the operation that a permission allows.
    pub(super) async fn ec2_request<T>(
        &self,
        permission: &Permission,
        parameters: Parameters,
    ) -> ServiceResult<T>
    where
        T: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        self.clients.ec2.call(name(permission), parameters).await
    }
}

/// Returns the parameters of filters, each with its values.
pub(super) fn filters(filters: &[(&str, &[&str])]) -> Parameters {
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
