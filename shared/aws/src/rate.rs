//! A limit on the rate of calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use leaky_bucket::RateLimiter;

/// A rate of calls that a service documents. The client keeps to it, so that the service need not throttle. Clones
/// share it.
#[derive(Debug, Clone)]
pub struct Rate(Arc<RateLimiter>);

impl Rate {
    /// Creates a rate of `per_second` calls a second after a burst of `burst` calls, of which this process has one of
    /// `shares` equal parts.
    pub fn new(per_second: u32, burst: u32, shares: u32) -> Self {
        let (burst, step) = share(per_second, burst, shares);
        let limiter = RateLimiter::builder()
            .max(burst)
            .initial(burst)
            .refill(1)
            .interval(step)
            .build();
        Self(Arc::new(limiter))
    }

    /// Waits until the next call may be made.
    pub async fn acquire(&self) {
        self.0.acquire_one().await;
    }
}

/// The rates of a service's actions. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Rates(Arc<Mutex<BTreeMap<&'static str, Rate>>>);

impl Rates {
    /// Returns the rate of an action, which `create` creates before the first call.
    pub fn of(&self, action: &'static str, create: impl FnOnce() -> Rate) -> Rate {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rates.entry(action).or_insert_with(create).clone()
    }
}

/// Returns the number of calls that may be made at once, and the interval between the calls after that. The rate is a
/// little lower than allowed, and the burst a third smaller: calls that are sent at even intervals may arrive together,
/// and a client that has used up its burst is throttled for that, for as long as it uses the rate in full.
fn share(per_second: u32, burst: u32, shares: u32) -> (usize, Duration) {
    let shares = shares.max(1);
    let step = Duration::from_millis(1_030) * shares / per_second.max(1);
    ((burst * 2 / 3 / shares).max(1) as usize, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shares_together_stay_below_the_rate() {
        for (per_second, burst, shares) in [(3, 6, 1), (3, 6, 5), (10, 30, 1), (10, 30, 20)] {
            let (at_once, step) = share(per_second, burst, shares);
            let all = f64::from(shares) / step.as_secs_f64();
            assert!(all < f64::from(per_second), "{all} calls a second");
            assert!(
                at_once >= 1 && at_once <= (burst * 2 / 3) as usize,
                "{at_once}"
            );
        }
        assert_eq!(share(10, 30, 1), (20, Duration::from_millis(103)));
        assert_eq!(share(10, 30, 30), (1, Duration::from_millis(3_090)));
    }
}
