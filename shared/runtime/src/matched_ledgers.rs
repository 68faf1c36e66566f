//! The ledgers that match Security Hub. One of them is compared with it; later ones need not be.

use std::collections::HashMap;

use eksentry_core::Location;
use jiff::Timestamp;
use tokio::sync::Mutex;

/// The ledgers of an invocation that match Security Hub.
#[derive(Debug, Default)]
pub(crate) struct MatchedLedgers(Mutex<HashMap<Location, Timestamp>>);

impl MatchedLedgers {
    /// Returns `true` if a ledger of that time matches Security Hub: because an earlier one of the same place does, or
    /// because `compare` returns `true`. Ledgers are compared one after the other, so that the others need not be.
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
        let mut matched = self.0.lock().await;
        if matched
            .get(location)
            .is_some_and(|earlier| *earlier <= as_of)
        {
            return Ok(true);
        }
        let compared = compare().await?;
        if compared == Compared::Equal {
            matched.insert(location.clone(), as_of);
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
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn a_ledger_is_compared_unless_an_earlier_one_of_the_same_place_matches() {
        let location = |region: &str| Location {
            partition: "aws".into(),
            region: region.into(),
            account: "111122223333".into(),
        };
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
