//! `cluster-reader`: makes requests to the API servers of clusters in its VPC.

use std::sync::Arc;

use eksentry_kubernetes::ReaderRequest;
use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use serde_json::Value;

use crate::app::App;
use crate::error::{Error, without_values};

/// Handles a request from a sweep. Returns the response of the API server, or the reason why there is none.
///
/// # Errors
///
/// Returns an error if the event is not a request.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let request = ReaderRequest::deserialize(event.payload).map_err(|error| {
        let problem = without_values(&error);
        Error::invalid_event(format!(
            "the event isn't a request for a cluster, which sweeps send: {problem}"
        ))
    })?;
    let response = app.relay().answer(&request).await;
    serde_json::to_value(response).map_err(Error::invalid_event)
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;
    use crate::host::Host;

    #[tokio::test]
    async fn an_event_that_is_no_request_is_an_error_without_its_values() {
        let app = Arc::new(App::new(Host::lambda()));
        for event in [json!({}), json!("secret"), json!({"token": 1}), Value::Null] {
            let event = LambdaEvent::new(event, Context::default());
            let error = handle(Arc::clone(&app), event).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidEvent);
            assert!(!error.message.contains("secret"), "{error}");
        }
    }
}
