//! A limit on the calls of one service that are in flight.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The most calls of one service that are in flight at the same time, unless the service has another limit.
const DEFAULT_LIMIT: usize = 16;

/// The lowest limit, however often a service throttles.
const LOWEST_LIMIT: usize = 2;

/// The time within which several throttled responses reduce the limit only once.
const SLOWDOWN_INTERVAL: Duration = Duration::from_millis(500);

/// The limit on the calls in flight to one service: it is halved when the service throttles, and raised by one after
/// each round of as many calls as the limit (additive increase, multiplicative decrease). Clones share it.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    permits: Semaphore,
    highest_limit: usize,
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
        Self::up_to(DEFAULT_LIMIT)
    }
}

impl Pace {
    /// Returns a pace with at most this number of calls in flight.
    pub fn up_to(highest_limit: usize) -> Self {
        Self(Arc::new(Inner {
            permits: Semaphore::new(highest_limit),
            highest_limit,
            state: Mutex::new(State {
                limit: highest_limit,
                permits_to_remove: 0,
                ended: 0,
                slowed_at: None,
            }),
        }))
    }

    /// Makes one call, as soon as fewer calls than the limit are in flight.
    pub async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let permit = self.0.permits.acquire().await;
        let response = call.await;
        let mut state = self.state();
        state.ended += 1;
        if state.ended >= state.limit && state.limit < self.0.highest_limit {
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

    /// Returns the most calls, of a hundred, that are in flight at the same time.
    async fn in_flight(pace: &Pace) -> usize {
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
        futures::future::join_all((0..100).map(|_| call())).await;
        most.into_inner().unwrap()
    }

    #[tokio::test]
    async fn a_limit_applies_unless_a_service_has_another() {
        assert_eq!(in_flight(&Pace::default()).await, DEFAULT_LIMIT);
        assert_eq!(in_flight(&Pace::up_to(3)).await, 3);
    }

    #[tokio::test]
    async fn throttling_halves_the_limit_once_and_later_calls_restore_it() {
        const HIGHEST_LIMIT: usize = 12;
        let pace = Pace::up_to(HIGHEST_LIMIT);
        assert_eq!(in_flight(&pace).await, HIGHEST_LIMIT);
        let now = Instant::now();
        for _ in 0..5 {
            pace.slow_down_at(now);
        }
        assert_eq!(pace.state().limit, HIGHEST_LIMIT / 2);
        for n in 1..10 {
            pace.slow_down_at(now + n * SLOWDOWN_INTERVAL);
        }
        assert_eq!(pace.state().limit, LOWEST_LIMIT);
        in_flight(&pace).await;
        in_flight(&pace).await;
        assert_eq!(pace.state().limit, HIGHEST_LIMIT);
        assert_eq!(in_flight(&pace).await, HIGHEST_LIMIT);
    }
}
