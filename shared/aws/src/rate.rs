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
        let shares = shares.max(1);
        // A little slower than allowed, and only half as many at once: what leaves here at even steps may arrive together,
        // and who has used up the burst is told off for that, for as long as the rate is used in full.
        let step = Duration::from_millis(1_050) * shares / a_second.max(1);
        let burst = (burst / shares / 2).max(1) as usize;
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn seconds_for(calls: u32, rate: Rate) -> u64 {
        let started = Instant::now();
        for _ in 0..calls {
            rate.turn().await;
        }
        started.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_the_rest_goes_at_the_rate() {
        assert_eq!(seconds_for(3, Rate::new(3, 6, 1)).await, 0);
        assert_eq!(seconds_for(33, Rate::new(3, 6, 1)).await, 10);
        assert_eq!(seconds_for(11, Rate::new(10, 30, 30)).await, 31);
    }
}
