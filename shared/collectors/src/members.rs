//! Lists in the responses of the Query protocol.

use serde::Deserialize;

/// A list, whose items are in elements with the name `member`.
#[derive(Debug, Deserialize)]
pub(crate) struct Members<T> {
    #[serde(default = "Vec::new")]
    pub(crate) member: Vec<T>,
}

/// Returns the items of a list that may be absent.
pub(crate) fn members<T>(list: Option<Members<T>>) -> Vec<T> {
    list.map(|list| list.member).unwrap_or_default()
}
