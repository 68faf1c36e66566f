//! What all runs of one invocation have in common.

use std::time::Duration;

use eksentry_aws::Clock;
use eksentry_core::Need;
use eksentry_reporters::Ocsf;
use lambda_runtime::Context;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::app::{App, Connections};
use crate::error::{Error, ErrorKind};
use crate::exceptions::Read;
use crate::metrics;
use crate::parameters::Current;
use crate::selection::Selection;
use crate::settings::Settings;
use crate::summary::Summary;

/// How much of the time that is left is kept for sending what was found, and for handing the rest on.
const KEPT: u32 = 5;
const MOST_KEPT: Duration = Duration::from_mins(1);

/// How long Lambda lets a function run at most. Emulators may set no deadline.
const LONGEST: Duration = Duration::from_mins(15);

/// The function that is invoked on a schedule or by hand.
pub(crate) const SWEEP: &str = "sweep";

/// One invocation of a function.
pub(crate) struct Invocation<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) aws: &'a Connections,
    /// Which checks are made, and with which parameters.
    pub(crate) selection: Selection,
    /// Why the documents' parameters are those of an earlier invocation, if so.
    outdated: Option<Error>,
    pub(crate) exceptions: Read,
    /// Tells this invocation's findings from those of any other. Lambda's own id is the same when it tries again.
    pub(crate) id: String,
    /// When looking must end.
    pub(crate) ends_at: Instant,
    app: &'a App,
    function: &'static str,
    started_at: Instant,
    calls: u64,
    throttled: u64,
}

/// The sinks that are shown a run's findings. AWS Config is none of them: it is answered by whom it asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sinks<'a> {
    pub(crate) security_hub: bool,
    pub(crate) ocsf: Option<&'a Ocsf>,
}

impl Sinks<'_> {
    /// Whether there is any.
    pub(crate) fn are_any(&self) -> bool {
        self.security_hub || self.ocsf.is_some()
    }
}

impl<'a> Invocation<'a> {
    /// An invocation of that function.
    ///
    /// # Errors
    ///
    /// When the settings are wrong, it can't be told where the function runs, or the checks' parameters are not known.
    pub(crate) async fn new(
        function: &'static str,
        app: &'a App,
        context: &Context,
    ) -> Result<Self, Error> {
        let settings = app.settings()?;
        let aws = app.aws(context).await?;
        let left = time_left(app.clock(), context);
        let started_at = Instant::now();
        let traffic = aws.aws.traffic();
        let (calls, throttled) = (traffic.calls(), traffic.throttled());
        // Who has changed a document sees at the next sweep what comes of it. Events may be many.
        let afresh = function == SWEEP;
        let parameters = aws.parameters.now(&settings.selection, afresh);
        let (parameters, exceptions) = tokio::join!(parameters, aws.exceptions.now(afresh));
        let Current {
            selection,
            outdated,
        } = parameters?;
        let selection = if settings.aws_config {
            selection
        } else {
            selection.without(Need::Recorder)
        };
        Ok(Self {
            settings,
            selection,
            outdated,
            exceptions,
            aws,
            id: format!(
                "{}/{}",
                context.request_id,
                app.clock().now().as_millisecond()
            ),
            ends_at: started_at + (left.saturating_sub((left / KEPT).min(MOST_KEPT))),
            app,
            function,
            started_at,
            calls,
            throttled,
        })
    }

    /// Where the findings of its runs go.
    pub(crate) fn sinks(&self) -> Sinks<'_> {
        Sinks {
            security_hub: self.settings.security_hub,
            ocsf: self.aws.ocsf.as_ref(),
        }
    }

    /// Whether there is no time left to begin anything.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.ends_at
    }

    /// What is wrong with the documents' parameters or the mute list until somebody mends it. Sweeps end in it; what else
    /// is done is done, and made no better by a retry.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = &Error> {
        let outdated = self.outdated.iter();
        let outdated = outdated.filter(|error| error.kind == ErrorKind::InvalidSettings);
        outdated.chain(self.exceptions.wrong())
    }

    /// How many errors there are beside these: parameters that are not those of now are one, whatever the answer is.
    pub(crate) fn untold(&self, errors: &[Error]) -> usize {
        let outdated = self.outdated.iter();
        outdated.filter(|error| !errors.contains(error)).count()
    }

    /// The function's answer: what was done, or what went wrong with it. Either is in the log and in the metrics.
    pub(crate) fn answer(
        self,
        mut summary: Summary,
        mut errors: Vec<Error>,
    ) -> Result<Value, Error> {
        errors.extend(self.exceptions.unread().cloned());
        summary.errors = errors.len() + self.untold(&errors);
        let summary = self.conclude(summary);
        match Error::all(&errors) {
            None => Ok(serde_json::to_value(summary).unwrap_or_default()),
            Some(error) => Err(error),
        }
    }

    /// Completes the numbers, and puts them in the log and in the metrics.
    pub(crate) fn conclude(self, mut summary: Summary) -> Summary {
        let traffic = self.aws.aws.traffic();
        summary.calls = traffic.calls() - self.calls;
        summary.throttled = traffic.throttled() - self.throttled;
        summary.duration_ms =
            u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        if self.settings.metrics {
            let lines = metrics::lines(self.function, &summary, self.app.clock().now());
            if let Err(error) = self.app.print(&lines) {
                tracing::warn!("the metrics could not be written: {error}");
            }
        }
        tracing::info!(summary = json(&summary), "{} is done", self.function);
        summary
    }
}

/// How long an invocation may still take.
pub(crate) fn time_left(clock: &Clock, context: &Context) -> Duration {
    clock.until(context.deadline()).unwrap_or(LONGEST)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
