//! The rates at which an account may call AWS in a Region, as its documentation states them.

use std::collections::HashMap;

use jiff::Timestamp;

use super::wire::Request;

/// Operations, with the sustained calls per second and the burst that AWS accepts.
const RATES: [(&str, f64, f64); 2] = [
    ("securityhub.BatchImportFindings", 10.0, 30.0),
    ("securityhub.GetFindings", 3.0, 6.0),
];

/// The calls that remain: a token bucket for each operation, account and Region.
#[derive(Debug, Default)]
pub(super) struct Rates {
    buckets: HashMap<(String, String, String), Bucket>,
    pub throttled: usize,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Rates {
    /// Returns `true` if a call exceeds the rate. Such a call uses no token, so it does not prolong the wait.
    pub(super) fn is_over(&mut self, caller: &str, request: &Request) -> bool {
        let now = request.at;
        let name = request.name();
        let Some((_, rate, burst)) = RATES.iter().find(|(operation, ..)| *operation == name) else {
            return false;
        };
        let bucket = self
            .buckets
            .entry((name, caller.to_owned(), request.region.clone()))
            .or_insert(Bucket {
                tokens: *burst,
                at: now,
            });
        // Functions that run at the same time may have different clocks, so a call may be earlier than the one before.
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed * rate).min(*burst);
        bucket.at = bucket.at.max(now);
        let is_over = bucket.tokens < 1.0;
        if is_over {
            self.throttled += 1;
        } else {
            bucket.tokens -= 1.0;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_burst_is_accepted_and_then_the_sustained_rate() {
        let mut rates = Rates::default();
        let mut accepted =
            |operation: &str, caller: &str, region: &str, after: u64, calls: usize| {
                let request = Request {
                    region: region.to_owned(),
                    at: Timestamp::UNIX_EPOCH + Duration::from_secs(after),
                    ..Request::of(&format!("securityhub.{operation}"), json!({}))
                };
                (0..calls)
                    .filter(|_| !rates.is_over(caller, &request))
                    .count()
            };

        for (operation, caller, region, after, wanted) in [
            ("GetFindings", "a", "eu-central-1", 0, 6),
            ("GetFindings", "a", "eu-central-1", 0, 0),
            ("GetFindings", "a", "eu-west-1", 0, 6),
            ("GetFindings", "b", "eu-central-1", 0, 6),
            ("GetFindings", "a", "eu-central-1", 1, 3),
            ("GetFindings", "a", "eu-central-1", 60, 6),
            ("BatchImportFindings", "a", "eu-central-1", 0, 30),
            ("BatchImportFindings", "a", "eu-central-1", 1, 10),
            ("DescribeHub", "a", "eu-central-1", 0, 40),
        ] {
            assert_eq!(
                accepted(operation, caller, region, after, 40),
                wanted,
                "{operation} {caller} {region} {after}"
            );
        }
        assert!(rates.throttled > 0);
    }
}
