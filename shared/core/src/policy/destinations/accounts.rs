//! Sets of accounts that are not known.

use std::collections::BTreeSet;

/// A set of accounts, without the known ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Accounts {
    /// The accounts with these ids.
    Listed(BTreeSet<String>),
    /// All accounts.
    Any,
}

impl Accounts {
    /// Returns the empty set.
    pub(super) fn none() -> Self {
        Self::Listed(BTreeSet::new())
    }

    /// Returns the set of one account.
    pub(super) fn one(id: &str) -> Self {
        Self::Listed(BTreeSet::from([id.to_owned()]))
    }

    /// Returns `true` if the set is empty.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// Returns the accounts of both sets together.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Listed(mut all), Self::Listed(others)) => {
                all.extend(others);
                Self::Listed(all)
            }
            _ => Self::Any,
        }
    }

    /// Returns the accounts that are in both sets.
    pub(super) fn within(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, other) => other.clone(),
            (this, Self::Any) => this,
            (Self::Listed(mut all), Self::Listed(others)) => {
                all.retain(|id| others.contains(id));
                Self::Listed(all)
            }
        }
    }
}
