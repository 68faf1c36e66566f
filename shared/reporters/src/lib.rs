//! Reporters that render and send findings, one module for each sink. They collect no facts and evaluate nothing.
//! Rendering is pure, and separate from sending, which handles partial failures and retries.

pub mod aws_config;
pub mod ocsf;
pub mod security_hub;
mod store;
mod text;

pub use aws_config::{AwsConfig, Compliance, Evaluation};
pub use ocsf::Ocsf;
pub use security_hub::{FindingDocuments, Ledgers, SecurityHub};
pub use store::{Destination, DestinationError, Store};

/// Returns the IAM actions of all calls that the reporters make.
pub fn actions() -> impl Iterator<Item = &'static str> {
    [
        security_hub::ACTIONS,
        security_hub::LEDGER_ACTIONS,
        aws_config::ACTIONS,
        store::ACTIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The failure of a call or of another action of a reporter. Holds the text and not the source, because the SDK's error
/// contains the whole response, which must not be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} failed: {problem}")]
pub struct ReportError {
    /// The IAM action of the call, or a description of the action if it is not a call.
    pub action: &'static str,
    /// The problem, with advice if the remedy is known.
    pub problem: String,
}

impl ReportError {
    fn of_call<E>(action: &'static str, error: E) -> Self
    where
        E: std::error::Error + 'static,
    {
        Self {
            action,
            problem: text::cut(&eksentry_aws::problem(&error), 1_000),
        }
    }
}
