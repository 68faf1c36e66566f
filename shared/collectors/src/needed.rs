//! Reads of facts that not every check needs.

use eksentry_core::{Need, Needs};

/// Returns the output of a future, which runs only if its facts are needed.
pub(crate) async fn when<T>(needs: Needs, need: Need, read: impl Future<Output = T>) -> Option<T> {
    if needs.contains(need) {
        Some(read.await)
    } else {
        None
    }
}

/// Replaces a fact if it was read.
pub(crate) fn set<T>(fact: &mut T, read: Option<T>) {
    if let Some(read) = read {
        *fact = read;
    }
}
