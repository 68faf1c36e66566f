//! From findings to reports, one file a sink. Knows no facts and judges nothing; rendering is pure, and apart from
//! sending, which knows partial failure and retries.

pub mod aws_config;
pub mod ocsf;
pub mod security_hub;
mod text;

pub use aws_config::{AwsConfig, Compliance, Evaluation};
pub use ocsf::Ocsf;
pub use security_hub::{Ledgers, SecurityHub};

/// The IAM actions of all calls made here.
pub fn actions() -> impl Iterator<Item = &'static str> {
    [
        security_hub::ACTIONS,
        security_hub::LEDGER_ACTIONS,
        aws_config::ACTIONS,
        ocsf::ACTIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// A report could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} failed: {problem}")]
pub struct ReportError {
    /// The IAM action of the call, or what was done that is none.
    pub action: &'static str,
    /// What was wrong, and what to do about it where that is known.
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
