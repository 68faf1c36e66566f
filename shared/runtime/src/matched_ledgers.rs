//! The ledgers that match Security Hub. One of them is compared with it; later ones need not be.

use std::cell::RefCell;
use std::collections::HashMap;

use eksentry_core::Location;
use jiff::Timestamp;

/// The ledgers of an invocation that match Security Hub.
#[derive(Debug, Default)]
pub(crate) struct MatchedLedgers(RefCell<HashMap<Location, Timestamp>>);

impl MatchedLedgers {
    /// Returns `true` if a ledger of that time matches Security Hub, because an earlier one of the same place does.
    pub(crate) fn imply(&self, location: &Location, as_of: Timestamp) -> bool {
        let matched = self.0.borrow();
        matched
            .get(location)
            .is_some_and(|earlier| *earlier <= as_of)
    }

    /// Adds a ledger of that time, which matches Security Hub.
    pub(crate) fn add(&self, location: &Location, as_of: Timestamp) {
        let mut matched = self.0.borrow_mut();
        let earliest = matched.entry(location.clone()).or_insert(as_of);
        *earliest = as_of.min(*earliest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_implied_by_an_earlier_one_of_the_same_place() {
        let location = |region: &str| Location {
            partition: "aws".into(),
            region: region.into(),
            account: "111122223333".into(),
        };
        let (here, there) = (location("eu-central-1"), location("us-east-1"));
        let at = |second| Timestamp::from_second(second).unwrap();
        let matched = MatchedLedgers::default();
        assert!(!matched.imply(&here, at(5)));
        for (added, implied, not_implied) in [(5, 5, 4), (9, 5, 4), (3, 3, 2)] {
            matched.add(&here, at(added));
            assert!(matched.imply(&here, at(implied)));
            assert!(!matched.imply(&here, at(not_implied)));
            assert!(!matched.imply(&there, at(implied)));
        }
    }
}
