//! Keeping to a documented rate.

use std::sync::Arc;
use std::time::Duration;

use leaky_bucket::RateLimiter;

/// A rate of calls that a service documents, kept to from our side so that it never has to say no. Clones share it.
#[derive(Debug, Clone)]
pub struct Rate(Arc<RateLimiter>);

impl Rate {
    /// So many calls a second, after so many at once, of which this process has one of `shares` equal parts.
    pub fn new(a_second: u32, burst: u32, shares: u32) -> Self {
        let (burst, step) = share(a_second, burst, shares);
        let limiter = RateLimiter::builder()
            .max(burst)
            .initial(burst)
            .refill(1)
            .interval(step)
            .build();
        Self(Arc::new(limiter))
    }

    /// Waits for the next call's turn.
    pub async fn turn(&self) {
        self.0.acquire_one().await;
    }
}

/// How many calls may go at once, and how long it is from one to the next then. A little slower than allowed, and only
/// half as many at once: what leaves here at even steps may arrive together, and who has used up the burst is told off
/// for that, for as long as the rate is used in full.
fn share(a_second: u32, burst: u32, shares: u32) -> (usize, Duration) {
    let shares = shares.max(1);
    let step = Duration::from_millis(1_050) * shares / a_second.max(1);
    ((burst / shares / 2).max(1) as usize, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shares_together_stay_below_the_rate() {
        for (a_second, burst, shares) in [(3, 6, 1), (3, 6, 5), (10, 30, 1), (10, 30, 20)] {
            let (at_once, step) = share(a_second, burst, shares);
            let all = f64::from(shares) / step.as_secs_f64();
            assert!(all < f64::from(a_second), "{all} calls a second");
            assert!(at_once >= 1 && at_once <= (burst / 2) as usize, "{at_once}");
        }
        assert_eq!(share(3, 6, 1), (3, Duration::from_millis(350)));
        assert_eq!(share(10, 30, 30), (1, Duration::from_millis(3_150)));
    }
}
