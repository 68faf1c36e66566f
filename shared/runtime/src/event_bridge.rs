//! Events of EventBridge.

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, without_values};

/// The members of an event that are read. The sender's own are in `detail`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EventBridgeEvent {
    #[serde(default)]
    pub(crate) source: Option<String>,
    #[serde(default)]
    pub(crate) detail_type: Option<String>,
    #[serde(default)]
    pub(crate) account: Option<String>,
    #[serde(default)]
    pub(crate) region: Option<String>,
    #[serde(default)]
    pub(crate) resources: Value,
    #[serde(default)]
    pub(crate) detail: Value,
}

impl EventBridgeEvent {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not an event. It contains no text of the event.
    pub(crate) fn read(event: &Value) -> Result<Self, Error> {
        if !event.is_object() {
            return Err(Error::invalid_event(
                "the event isn't a JSON object: EventBridge sends one JSON object for each event",
            ));
        }
        Self::deserialize(event).map_err(|error| {
            let problem = without_values(&error);
            Error::invalid_event(format!("the event isn't an EventBridge event: {problem}"))
        })
    }

    /// Returns the source and the type of the event.
    pub(crate) fn kind(&self) -> (&str, &str) {
        (
            self.source.as_deref().unwrap_or_default(),
            self.detail_type.as_deref().unwrap_or_default(),
        )
    }
}
