//! AWS Security Hub: the findings of every account and Region that calls.

mod import;
mod listing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use self::{import::completed, listing::Listing};
pub(super) use self::{
    import::{batch_import_findings, permissions_on_products},
    listing::get_findings,
};
use super::asff;
use crate::account::{Record, text};

/// The state of Security Hub.
#[derive(Clone, Debug, Default)]
pub(super) struct SecurityHub {
    findings: BTreeMap<AccountAndRegion, BTreeMap<Key, Stored>>,
    /// The listings, oldest first.
    listings: VecDeque<Listing>,
}

/// A stored finding, and the time of its update, by which GetFindings excludes most findings of a large account without
/// reading them.
#[derive(Clone, Debug)]
struct Stored {
    finding: Record,
    updated_at: Option<Timestamp>,
}

impl Stored {
    fn new(finding: Record) -> Self {
        Self {
            updated_at: updated_at(&finding),
            finding,
        }
    }

    fn edit(&mut self, edit: impl FnOnce(&mut Record)) {
        edit(&mut self.finding);
        self.updated_at = updated_at(&self.finding);
    }
}

/// An account and a Region.
type AccountAndRegion = (String, String);
/// A ProductArn and an Id.
type Key = (String, String);

impl SecurityHub {
    /// Stores findings that existed at the start, unchanged except for the members that the service always adds.
    /// Returns the time of the latest update among them.
    pub(super) fn hold(&mut self, findings: Vec<Record>, at: Timestamp) -> Timestamp {
        let updated = findings.iter().filter_map(updated_at).max();
        for finding in findings {
            self.insert(completed(finding, at));
        }
        updated.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn insert(&mut self, finding: Record) {
        let findings = self
            .findings
            .entry(account_and_region(&finding))
            .or_default();
        findings.insert(key(&finding), Stored::new(finding));
    }

    /// Returns all findings, in order of ProductArn and Id.
    pub(super) fn findings(&self) -> Vec<Record> {
        let mut findings: Vec<(&Key, &Stored)> = self.findings.values().flatten().collect();
        findings.sort_by_key(|(key, _)| *key);
        findings
            .into_iter()
            .map(|(_, stored)| stored.finding.clone())
            .collect()
    }

    /// Passes each finding to `see`, in order of account, Region, ProductArn and Id.
    pub(super) fn each(&self, see: impl FnMut(&Record)) {
        self.findings
            .values()
            .flat_map(BTreeMap::values)
            .map(|stored| &stored.finding)
            .for_each(see);
    }

    /// Edits each finding.
    pub(super) fn edit_each(&mut self, mut edit: impl FnMut(&mut Record)) {
        self.stored_mut().for_each(|stored| stored.edit(&mut edit));
    }

    /// Edits the finding with this Id as its customer does. Returns `true` if there is one.
    pub(super) fn edit(&mut self, id: &str, edit: impl FnOnce(&mut Record)) -> bool {
        let stored = self
            .stored_mut()
            .find(|stored| asff::id(&stored.finding) == id);
        stored.map(|stored| stored.edit(edit)).is_some()
    }

    fn stored_mut(&mut self) -> impl Iterator<Item = &mut Stored> {
        self.findings.values_mut().flat_map(BTreeMap::values_mut)
    }
}

/// Returns the account and the Region of a finding. The Region is its product's unless the finding states another.
fn account_and_region(finding: &Record) -> AccountAndRegion {
    let region = match text(finding, "Region") {
        "" => product_region(finding),
        given => given,
    };
    (text(finding, "AwsAccountId").to_owned(), region.to_owned())
}

fn product_region(finding: &Record) -> &str {
    text(finding, "ProductArn")
        .split(':')
        .nth(3)
        .unwrap_or_default()
}

fn key(finding: &Record) -> Key {
    (
        text(finding, "ProductArn").to_owned(),
        asff::id(finding).to_owned(),
    )
}

fn updated_at(finding: &Record) -> Option<Timestamp> {
    asff::moment(text(finding, "UpdatedAt"))
}
