//! The ledgers that match Security Hub. One of them is compared with it; later ones need not be.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use eksentry_core::Location;
use jiff::Timestamp;
use tokio::sync::Mutex;

/// The ledgers of an invocation that match Security Hub: the time of the earliest of each place.
#[derive(Debug, Default)]
pub(crate) struct MatchedLedgers(RefCell<HashMap<Location, Rc<Mutex<Option<Timestamp>>>>>);

impl MatchedLedgers {
    /// Returns `true` if a ledger of that time matches Security Hub: because an earlier one of the same place does, or
    /// because `compare` finds no difference. The ledgers of a place are compared one after the other, so that later
    /// ones need not be.
    ///
    /// # Errors
    ///
    /// Returns the error of `compare`.
    pub(crate) async fn matches<E>(
        &self,
        location: &Location,
        as_of: Timestamp,
        compare: impl AsyncFnOnce() -> Result<Compared, E>,
    ) -> Result<bool, E> {
        let of_place = Rc::clone(self.0.borrow_mut().entry(location.clone()).or_default());
        let mut matched = of_place.lock().await;
        if matched.is_some_and(|earlier| earlier <= as_of) {
            return Ok(true);
        }
        let compared = compare().await?;
        if compared == Compared::Equal {
            *matched = Some(as_of);
        }
        Ok(compared != Compared::Different)
    }
}

/// The result of comparing a ledger with Security Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// Security Hub holds the findings of the ledger.
    Equal,
    /// Security Hub lacks findings of the ledger.
    Different,
    /// The ledger has no findings that Security Hub must hold, so it tells nothing about others.
    Empty,
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    fn location(region: &str) -> Location {
        Location {
            partition: "aws".into(),
            region: region.into(),
            account: "111122223333".into(),
        }
    }

    #[tokio::test]
    async fn ledgers_that_are_read_at_the_same_time_are_compared_once_for_each_place() {
        let ledgers = MatchedLedgers::default();
        let (now, most, compared) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let matches = async |region: &str| {
            let (place, at) = (location(region), Timestamp::UNIX_EPOCH);
            let result = ledgers.matches(&place, at, async || {
                compared.set(compared.get() + 1);
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                tokio::task::yield_now().await;
                now.set(now.get() - 1);
                Ok::<_, Infallible>(Compared::Equal)
            });
            assert_eq!(result.await, Ok(true));
        };
        let regions = ["eu-central-1", "us-east-1"].repeat(3);
        futures::future::join_all(regions.iter().map(|region| matches(region))).await;
        // One place does not wait for the other.
        assert_eq!((compared.get(), most.get()), (2, 2));
    }

    #[tokio::test]
    async fn a_ledger_is_compared_unless_an_earlier_one_of_the_same_place_matches() {
        let (here, there) = (location("eu-central-1"), location("us-east-1"));
        let ledgers = MatchedLedgers::default();
        for (location, second, compared, matches, is_compared) in [
            (&here, 5, Compared::Different, false, true),
            (&here, 5, Compared::Empty, true, true),
            (&here, 5, Compared::Equal, true, true),
            (&here, 5, Compared::Different, true, false),
            (&here, 9, Compared::Different, true, false),
            (&here, 4, Compared::Different, false, true),
            (&here, 4, Compared::Equal, true, true),
            (&here, 4, Compared::Different, true, false),
            (&there, 9, Compared::Different, false, true),
        ] {
            let at = Timestamp::from_second(second).unwrap();
            let mut was_compared = false;
            let result = ledgers.matches(location, at, async || {
                was_compared = true;
                Ok::<_, Infallible>(compared)
            });
            assert_eq!(
                result.await,
                Ok(matches),
                "{location} {second} {compared:?}"
            );
            assert_eq!(
                was_compared, is_compared,
                "{location} {second} {compared:?}"
            );
        }
    }
}
