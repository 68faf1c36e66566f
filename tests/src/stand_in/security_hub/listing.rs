//! GetFindings: the findings that pass filters, in pages.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::{AccountAndRegion, Key, SecurityHub, Stored};
use crate::{
    account::{Account, Record},
    stand_in::{
        finding_filters::Filters,
        operation::CallContext,
        service::AwsError,
        state::State,
        wire::{Request, record},
    },
};

/// The maximum number of listings that are kept between their pages.
pub(super) const MOST_LISTINGS: usize = 16;

/// The findings that passed a request's filters when its first page was requested, so that later pages need not filter
/// again.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    account_and_region: AccountAndRegion,
    /// The filters as JSON text, to be compared.
    filters: String,
    keys: Arc<[Key]>,
}

/// Returns the findings of the caller's account that pass the filters of a request.
pub(in crate::stand_in) fn get_findings(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    let account = state.empty(call.caller, &call.request.region);
    state.hub.get_findings(&account, call.request)
}

impl SecurityHub {
    pub(super) fn get_findings(
        &mut self,
        account: &Account,
        request: &Request,
    ) -> Result<Value, AwsError> {
        request.allow_members(&["Filters", "MaxResults", "NextToken"])?;
        let paging = request.paging()?;
        let account_and_region = (account.account.clone(), account.region.clone());
        let filters = request
            .member("Filters")
            .cloned()
            .map(record)
            .unwrap_or_default();
        let text = Value::Object(filters.clone()).to_string();
        let kept = self.take_listing(&account_and_region, &text);
        let keys = match kept.filter(|_| !paging.is_first(request)) {
            Some(keys) => keys,
            None => self.passing(&account_and_region, request, &filters)?,
        };
        let page = paging.page(account, request, keys.len());
        if !matches!(page, Ok((_, None))) {
            self.keep_listing(Listing {
                account_and_region: account_and_region.clone(),
                filters: text,
                keys: Arc::clone(&keys),
            });
        }
        let (range, token) = page?;
        let findings: Vec<&Record> = self
            .findings
            .get(&account_and_region)
            .map(|held| {
                let stored = keys[range].iter().filter_map(|key| held.get(key));
                stored.map(|stored| &stored.finding).collect()
            })
            .unwrap_or_default();
        Ok(paging.response(json!(findings), token).into())
    }

    fn passing(
        &self,
        account_and_region: &AccountAndRegion,
        request: &Request,
        filters: &Record,
    ) -> Result<Arc<[Key]>, AwsError> {
        let parsed = Filters::parse(filters, request.at);
        let parsed = parsed.map_err(|problem| request.invalid(problem))?;
        let Some(held) = self.findings.get(account_and_region) else {
            return Ok(Arc::default());
        };
        let fits = |stored: &Stored| parsed.accept(&stored.finding, stored.updated_at);
        Ok(match named(filters) {
            Some(keys) => keys
                .into_iter()
                .filter(|key| held.get(key).is_some_and(fits))
                .collect(),
            None => held
                .iter()
                .filter(|(_, stored)| fits(stored))
                .map(|(key, _)| key.clone())
                .collect(),
        })
    }

    fn take_listing(
        &mut self,
        account_and_region: &AccountAndRegion,
        filters: &str,
    ) -> Option<Arc<[Key]>> {
        let position = self.listings.iter().position(|listing| {
            listing.account_and_region == *account_and_region && listing.filters == filters
        })?;
        self.listings.remove(position).map(|listing| listing.keys)
    }

    fn keep_listing(&mut self, listing: Listing) {
        if self.listings.len() == MOST_LISTINGS {
            self.listings.pop_front();
        }
        self.listings.push_back(listing);
    }
}

/// Returns the only keys that can pass the filters, in order, if the filters compare ProductArn and Id with EQUALS.
fn named(filters: &Record) -> Option<BTreeSet<Key>> {
    let names = |attribute: &str| -> Option<Vec<&str>> {
        let conditions = filters.get(attribute)?.as_array()?;
        let is_whole = |condition: &Value| condition["Comparison"] == "EQUALS";
        (!conditions.is_empty() && conditions.iter().all(is_whole)).then_some(())?;
        conditions
            .iter()
            .map(|condition| condition["Value"].as_str())
            .collect()
    };
    let (products, ids) = (names("ProductArn")?, names("Id")?);
    let keys = products.iter().flat_map(|product| {
        ids.iter()
            .map(|id| ((*product).to_owned(), (*id).to_owned()))
    });
    Some(keys.collect())
}
