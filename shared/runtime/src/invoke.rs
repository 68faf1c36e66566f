//! Invocations of functions by a command, in its own process.

use std::sync::Arc;
use std::time::Duration;

use eksentry_aws::Clock;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::{cloudtrail_event, config_rule, ecr_event, handle_event, sweep, sweep_worker};

/// The functions that a command can invoke. `cluster-reader` is not one of them, since it runs in a VPC, and neither is
/// `report`, since a command has its own report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Function {
    /// `cloudtrail-event`.
    #[strum(serialize = "cloudtrail-event")]
    CloudTrailEvent,
    /// `config-rule`.
    ConfigRule,
    /// `ecr-event`.
    EcrEvent,
    /// `sweep`.
    Sweep,
    /// `sweep-worker`.
    SweepWorker,
}

impl Function {
    /// The names of all functions, which are those of their folders.
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;
}

/// Lets a function handle an event, with a timeout. Returns its response.
///
/// # Errors
///
/// Returns the errors of the function.
pub async fn invoke(
    app: Arc<App>,
    function: Function,
    event: Value,
    timeout: Duration,
) -> Result<Value, Error> {
    let event = LambdaEvent::new(event, context("invoke", app.clock(), timeout));
    match function {
        Function::CloudTrailEvent => handle_event(cloudtrail_event::handle, app, event).await,
        Function::ConfigRule => handle_event(config_rule::handle, app, event).await,
        Function::EcrEvent => handle_event(ecr_event::handle, app, event).await,
        Function::Sweep => handle_event(sweep::handle, app, event).await,
        Function::SweepWorker => handle_event(sweep_worker::handle, app, event).await,
    }
}

/// Returns the context of an invocation that Lambda did not make.
pub(crate) fn context(request: &str, clock: &Clock, timeout: Duration) -> Context {
    let now = u64::try_from(clock.now().as_millisecond()).unwrap_or_default();
    let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    let mut context = Context::default();
    request.clone_into(&mut context.request_id);
    context.deadline = now.saturating_add(timeout);
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_the_names_of_their_folders() {
        for (name, function) in [
            ("cloudtrail-event", Function::CloudTrailEvent),
            ("sweep-worker", Function::SweepWorker),
        ] {
            assert_eq!(name.parse(), Ok(function));
            assert!(Function::NAMES.contains(&name));
        }
        assert_eq!(Function::NAMES.len(), 5);
    }
}
