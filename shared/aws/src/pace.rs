//! A limit on the calls of one service that are in flight.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The most calls of one service that are in flight at the same time, and the lowest limit, however often it throttles.
const MOST: usize = 16;
const LEAST: usize = 2;

/// The time within which several throttled answers reduce the limit only once.
const ONE_ANSWER: Duration = Duration::from_millis(500);

/// The limit on the calls in flight to one service: it is halved when the service throttles, and raised by one after
/// each round of as many calls as the limit (additive increase, multiplicative decrease). Clones share it.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// The number of places to remove as soon as calls end.
    to_take: usize,
    /// The number of calls that ended since the limit changed.
    ended: usize,
    slowed_at: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Inner {
            places: Semaphore::new(MOST),
            state: Mutex::new(State {
                limit: MOST,
                to_take: 0,
                ended: 0,
                slowed_at: None,
            }),
        }))
    }
}

impl Pace {
    /// Makes one call, as soon as fewer calls than the limit are in flight.
    pub async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let place = self.0.places.acquire().await;
        let answer = call.await;
        let mut state = self.state();
        state.ended += 1;
        if state.ended >= state.limit && state.limit < MOST {
            state.ended = 0;
            state.limit += 1;
            if state.to_take > 0 {
                state.to_take -= 1;
            } else {
                self.0.places.add_permits(1);
            }
        }
        if state.to_take > 0
            && let Ok(place) = place
        {
            state.to_take -= 1;
            place.forget();
        }
        answer
    }

    /// Halves the limit, since the service reported that calls come too fast.
    pub(crate) fn slow_down(&self) {
        self.slow_down_at(Instant::now());
    }

    fn slow_down_at(&self, now: Instant) {
        let mut state = self.state();
        let since = |at| now.saturating_duration_since(at);
        if state.slowed_at.is_some_and(|at| since(at) < ONE_ANSWER) {
            return;
        }
        let limit = (state.limit / 2).max(LEAST);
        state.to_take += state.limit - limit;
        state.limit = limit;
        state.ended = 0;
        state.slowed_at = Some(now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the most calls, of a hundred, that are in flight at the same time.
    async fn in_flight(pace: &Pace) -> usize {
        let (now, most) = (Mutex::new(0), Mutex::new(0));
        let call = async || {
            pace.call(async {
                let flying = {
                    let mut now = now.lock().unwrap();
                    *now += 1;
                    *now
                };
                let highest = (*most.lock().unwrap()).max(flying);
                *most.lock().unwrap() = highest;
                tokio::task::yield_now().await;
                *now.lock().unwrap() -= 1;
            })
            .await;
        };
        futures::future::join_all((0..100).map(|_| call())).await;
        most.into_inner().unwrap()
    }

    #[tokio::test]
    async fn throttling_halves_it_once_and_calls_that_go_well_bring_it_back() {
        let pace = Pace::default();
        assert_eq!(in_flight(&pace).await, MOST);
        let now = Instant::now();
        for _ in 0..5 {
            pace.slow_down_at(now);
        }
        assert_eq!(pace.state().limit, MOST / 2);
        for n in 1..10 {
            pace.slow_down_at(now + n * ONE_ANSWER);
        }
        assert_eq!(pace.state().limit, LEAST);
        in_flight(&pace).await;
        in_flight(&pace).await;
        assert_eq!(pace.state().limit, MOST);
        assert_eq!(in_flight(&pace).await, MOST);
    }
}
