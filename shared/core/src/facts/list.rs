//! Lists that may be incomplete.

use super::Unread;

/// The items of a list that were read, and the reason why there may be others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T> {
    /// The items that were read.
    pub items: Vec<T>,
    /// The reason why the list may be incomplete; `None` if all items were read.
    pub missing: Option<Unread>,
}

impl<T> List<T> {
    /// Returns a complete list.
    pub fn complete(items: Vec<T>) -> Self {
        Self {
            items,
            missing: None,
        }
    }

    /// Returns a list of which nothing was read.
    pub fn unread(reason: Unread) -> Self {
        Self {
            items: Vec::new(),
            missing: Some(reason),
        }
    }

    /// Returns the list of the results of a function for each item.
    pub fn map<U>(self, function: impl FnMut(T) -> U) -> List<U> {
        List {
            items: self.items.into_iter().map(function).collect(),
            missing: self.missing,
        }
    }
}
