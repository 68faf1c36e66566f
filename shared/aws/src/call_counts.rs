//! Counts calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::pace::Pace;

/// The number of calls so far. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct CallCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    throttled: AtomicU64,
}

impl CallCounts {
    /// Returns the number of calls so far, each try counted.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Returns the number of tries that were throttled.
    pub fn throttled(&self) -> u64 {
        self.0.throttled.load(Ordering::Relaxed)
    }
}

/// An interceptor that counts every try of a client's calls, and slows down their pace when the service throttles.
#[derive(Debug)]
pub struct CallCounter {
    counts: CallCounts,
    pace: Option<Pace>,
}

impl CallCounter {
    pub(crate) fn new(counts: CallCounts, pace: Option<Pace>) -> Self {
        Self { counts, pace }
    }
}

impl Intercept for CallCounter {
    fn name(&self) -> &'static str {
        "CallCounter"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let counts = &self.counts.0;
        counts.calls.fetch_add(1, Ordering::Relaxed);
        if context.response().is_some_and(is_throttling) {
            counts.throttled.fetch_add(1, Ordering::Relaxed);
            if let Some(pace) = &self.pace {
                pace.slow_down();
            }
        }
        Ok(())
    }
}

/// Returns `true` if a response reports that calls come too fast. Each service has its own error code for that, in a
/// header or at the beginning of the body; status 429 needs no code.
fn is_throttling(response: &HttpResponse) -> bool {
    const CODES: [&str; 4] = [
        "Throttl",
        "TooManyRequests",
        "RequestLimitExceeded",
        "SlowDown",
    ];
    const BEGINNING_BYTES: usize = 512;
    let status = response.status().as_u16();
    if status < 400 {
        return false;
    }
    let body = response.body().bytes().unwrap_or_default();
    let beginning = String::from_utf8_lossy(&body[..body.len().min(BEGINNING_BYTES)]);
    let header = response
        .headers()
        .get("x-amzn-errortype")
        .unwrap_or_default();
    status == 429
        || CODES
            .iter()
            .any(|code| header.contains(code) || beginning.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    #[test]
    fn throttling_is_detected_by_status_header_or_body() {
        let is_throttled = |status: u16, header: &'static str, body: &'static str| {
            let status = StatusCode::try_from(status).unwrap();
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            response.headers_mut().insert("x-amzn-errortype", header);
            is_throttling(&response)
        };
        assert!(is_throttled(429, "", ""));
        assert!(is_throttled(400, "ThrottlingException", "{}"));
        assert!(is_throttled(
            400,
            "",
            r#"{"__type": "ThrottlingException"}"#
        ));
        assert!(is_throttled(
            400,
            "",
            "<Error><Code>Throttling</Code></Error>"
        ));
        assert!(!is_throttled(400, "AccessDeniedException", "{}"));
        assert!(!is_throttled(200, "", r#"{"name": "Throttled"}"#));
    }
}
