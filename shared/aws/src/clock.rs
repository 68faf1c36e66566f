//! The current time.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::SharedTimeSource;
use jiff::Timestamp;

/// The wall clock, from which all code takes the time of day; the SDK signs its calls with the same time. Durations are
/// measured with tokio's `Instant` instead. Tests can supply a time source of their own.
#[derive(Debug, Clone, Default)]
pub struct Clock(SharedTimeSource);

impl Clock {
    /// Creates a clock that shows the time of a source.
    pub fn new(source: SharedTimeSource) -> Self {
        Self(source)
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        // The range of `Timestamp` ends in the year 9999.
        Timestamp::try_from(self.0.now()).unwrap_or(Timestamp::MAX)
    }

    /// Returns the time from now until `then`; `None` if `then` has passed.
    pub fn until(&self, then: SystemTime) -> Option<Duration> {
        then.duration_since(self.0.now()).ok()
    }
}
