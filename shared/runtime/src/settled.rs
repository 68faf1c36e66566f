//! The findings that a list alone shows to be unchanged.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use eksentry_core::Finding;

/// The findings that a list alone shows to be unchanged, although the facts that decide them were not read. Other
/// findings about the same resource may still have to be reported; these are then left out.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// The ids of the findings about resources that are not evaluated yet.
    ids: RefCell<HashSet<String>>,
    /// The number of resources without any other finding, which are not evaluated.
    skipped: Cell<usize>,
}

impl Settled {
    /// Adds a finding.
    pub(crate) fn add(&self, finding: &Finding) {
        self.ids.borrow_mut().insert(finding.id());
    }

    /// Returns `true` if a finding is among them.
    pub(crate) fn contains(&self, finding: &Finding) -> bool {
        self.ids.borrow().contains(&finding.id())
    }

    /// Removes a finding. Returns `true` if it was among them.
    pub(crate) fn take(&self, finding: &Finding) -> bool {
        self.ids.borrow_mut().remove(&finding.id())
    }

    /// Returns `true` if these findings about a resource, of which there is at least one, are all among them. Then
    /// removes them, and counts the resource as skipped.
    pub(crate) fn skip_if_all(&self, findings: &[&Finding]) -> bool {
        let all = findings.iter().all(|finding| self.contains(finding));
        let all = all && !findings.is_empty();
        if all {
            for finding in findings {
                self.take(finding);
            }
            self.skipped.set(self.skipped.get() + 1);
        }
        all
    }

    /// Returns the number of resources that were skipped.
    pub(crate) fn skipped(&self) -> usize {
        self.skipped.get()
    }
}
