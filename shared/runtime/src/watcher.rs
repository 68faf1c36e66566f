//! The watcher of runs: the code that follows what a process reads and finds, such as a command with a terminal.

use eksentry_core::{Finding, Location, Part, Unread};

/// A watcher, which learns about every run of a process while it is in progress. Runs are made at the same time.
pub trait Watcher: Send + Sync {
    /// Returns `true` if findings must have the tags of their resources. For most resources, reading these takes a
    /// call.
    fn needs_tags(&self) -> bool {
        false
    }

    /// Notes that a run begins to read a part of a place, or resources that are named one by one.
    fn begin(&self, place: &Location, part: Option<&Part>);

    /// Takes a finding of a run.
    fn take(&self, finding: &Finding);

    /// Notes that a response lacks its list, for this reason. A run that reports to a service does not fail because of it,
    /// since there may be no resources; but a watcher can't know of resources that were not listed.
    fn no_list(&self, _reason: &Unread) {}

    /// Notes that a run has ended.
    fn end(&self, place: &Location, part: Option<&Part>);
}
