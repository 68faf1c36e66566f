//! What time it is.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::SharedTimeSource;
use jiff::Timestamp;

/// The clock on the wall, which all that asks for the time of day reads; the SDK signs its calls by the same. How long
/// something takes is measured with tokio's `Instant`. Tests can thus have a time of their own.
#[derive(Debug, Clone, Default)]
pub struct Clock(SharedTimeSource);

impl Clock {
    /// A clock that shows the time of that source.
    pub fn new(source: SharedTimeSource) -> Self {
        Self(source)
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        // The range of `Timestamp` ends in the year 9999.
        Timestamp::try_from(self.0.now()).unwrap_or(Timestamp::MAX)
    }

    /// How long it is until then; `None` if that is over.
    pub fn until(&self, then: SystemTime) -> Option<Duration> {
        then.duration_since(self.0.now()).ok()
    }
}
