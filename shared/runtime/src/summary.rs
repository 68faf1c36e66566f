//! What a run did, in numbers.

use eksentry_core::Outcome;
use serde::Serialize;

/// What a run did. Each result is one check's about one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Results: passed, failed, warning and not available together.
    pub evaluated: usize,
    /// Results that passed.
    pub passed: usize,
    /// Results that failed.
    pub failed: usize,
    /// Results that somebody should look at.
    pub warning: usize,
    /// Results for which something could not be read.
    pub not_available: usize,
    /// Looks at resources to which the check does not apply.
    pub not_applicable: usize,
    /// Images whose scan is under way.
    pub pending: usize,
    /// Findings that were sent to Security Hub, new or changed.
    pub posted: usize,
    /// Findings that Security Hub holds as they are.
    pub unchanged: usize,
    /// Findings that were archived.
    pub archived: usize,
    /// Findings that could not be delivered, and lists that could not be read.
    pub errors: usize,
}

impl Summary {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        let (result, count) = match outcome {
            Outcome::Passed => (true, &mut self.passed),
            Outcome::Failed(_) => (true, &mut self.failed),
            Outcome::Warning => (true, &mut self.warning),
            Outcome::NotAvailable => (true, &mut self.not_available),
            Outcome::NotApplicable => (false, &mut self.not_applicable),
            Outcome::Pending => (false, &mut self.pending),
        };
        *count += 1;
        self.evaluated += usize::from(result);
    }
}
