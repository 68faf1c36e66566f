//! A limit on the calls of one service that are in flight, which adapts to what the service accepts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The calls of one service that are in flight at first, and the most of them later. Each call in flight holds its
/// response in memory, and one CPU can't process the responses of more calls.
const FIRST_LIMIT: usize = 16;
const HIGHEST_LIMIT: usize = 64;

/// The lowest limit, however often a service throttles.
const LOWEST_LIMIT: usize = 2;

/// Until the service throttles for the first time, each round of as many calls as the limit raises it by this number,
/// so that the highest limit is reached in three rounds. After the first throttled call, a round raises it by one.
const FIRST_RAISES: usize = FIRST_LIMIT;

/// The time within which several throttled responses reduce the limit only once.
const SLOWDOWN_INTERVAL: Duration = Duration::from_millis(500);

/// The limit on the calls in flight to one service: it is halved when the service throttles, and raised with each round
/// of as many calls as the limit (additive increase, multiplicative decrease). Clones share it.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// The number of permits to remove as soon as calls end.
    permits_to_remove: usize,
    /// The number of calls that ended since the limit changed.
    ended: usize,
    slowed_at: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(Inner {
            permits: Semaphore::new(FIRST_LIMIT),
            state: Mutex::new(State {
                limit: FIRST_LIMIT,
                permits_to_remove: 0,
                ended: 0,
                slowed_at: None,
            }),
        }))
    }
}

impl Pace {
    /// Makes one call, as soon as fewer calls than the limit are in flight.
    pub async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let permit = self.0.permits.acquire().await;
        let response = call.await;
        let mut state = self.state();
        state.ended += 1;
        let raises = match state.slowed_at {
            None => FIRST_RAISES,
            Some(_) => 1,
        };
        if state.ended >= state.limit / raises && state.limit < HIGHEST_LIMIT {
            state.ended = 0;
            state.limit += 1;
            if state.permits_to_remove > 0 {
                state.permits_to_remove -= 1;
            } else {
                self.0.permits.add_permits(1);
            }
        }
        if state.permits_to_remove > 0
            && let Ok(permit) = permit
        {
            state.permits_to_remove -= 1;
            permit.forget();
        }
        response
    }

    /// Halves the limit, since the service reported that calls come too fast.
    pub(crate) fn slow_down(&self) {
        self.slow_down_at(Instant::now());
    }

    fn slow_down_at(&self, now: Instant) {
        let mut state = self.state();
        let since = |at| now.saturating_duration_since(at);
        if state
            .slowed_at
            .is_some_and(|at| since(at) < SLOWDOWN_INTERVAL)
        {
            return;
        }
        let limit = (state.limit / 2).max(LOWEST_LIMIT);
        state.permits_to_remove += state.limit - limit;
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

    /// Makes this number of calls. Returns the most that are in flight at the same time.
    async fn most_in_flight(pace: &Pace, calls: usize) -> usize {
        let (now, most) = (Mutex::new(0), Mutex::new(0));
        let call = async || {
            pace.call(async {
                let running = {
                    let mut now = now.lock().unwrap();
                    *now += 1;
                    *now
                };
                let highest = (*most.lock().unwrap()).max(running);
                *most.lock().unwrap() = highest;
                tokio::task::yield_now().await;
                *now.lock().unwrap() -= 1;
            })
            .await;
        };
        futures::future::join_all((0..calls).map(|_| call())).await;
        most.into_inner().unwrap()
    }

    #[tokio::test]
    async fn calls_in_flight_grow_while_nothing_throttles() {
        let pace = Pace::default();
        for limit in [16, 32, 48] {
            assert_eq!(pace.state().limit, limit);
            assert_eq!(most_in_flight(&pace, limit).await, limit);
        }
        assert_eq!(pace.state().limit, HIGHEST_LIMIT);
        assert_eq!(most_in_flight(&pace, 1_000).await, HIGHEST_LIMIT);
    }

    #[tokio::test]
    async fn throttling_halves_the_limit_once_and_later_calls_raise_it() {
        let pace = Pace::default();
        most_in_flight(&pace, 1_000).await;
        let now = Instant::now();
        for _ in 0..5 {
            pace.slow_down_at(now);
        }
        assert_eq!(pace.state().limit, HIGHEST_LIMIT / 2);
        for n in 1..10 {
            pace.slow_down_at(now + n * SLOWDOWN_INTERVAL);
        }
        assert_eq!(pace.state().limit, LOWEST_LIMIT);
        most_in_flight(&pace, LOWEST_LIMIT).await;
        assert_eq!(pace.state().limit, LOWEST_LIMIT + 1);
        most_in_flight(&pace, 2_500).await;
        assert_eq!(pace.state().limit, HIGHEST_LIMIT);
        assert_eq!(most_in_flight(&pace, 1_000).await, HIGHEST_LIMIT);
    }
}
