//! The state that all runs of one invocation share.

use std::cell::Cell;
use std::time::Duration;

use eksentry_aws::Clock;
use eksentry_reporters::Ocsf;
use lambda_runtime::Context;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::app::{App, Connections};
use crate::error::{Error, ErrorKind};
use crate::matched_ledgers::MatchedLedgers;
use crate::metrics;
use crate::mute_list::ReadMuteList;
use crate::parameters::Current;
use crate::selection::Selection;
use crate::settings::Settings;
use crate::summary::Summary;
use crate::watcher::Watcher;

/// The divisor of the time left that gives the time reserved for sending findings and enqueuing the rest, and the most
/// time that is reserved.
const DELIVERY_SHARE: u32 = 5;
const MAX_DELIVERY_TIME: Duration = Duration::from_mins(1);

/// The longest time that Lambda lets a function run, used if there is no deadline: emulators may set none.
const MAX_DURATION: Duration = Duration::from_mins(15);

/// The name of the function that is invoked on a schedule or by hand.
pub(crate) const SWEEP: &str = "sweep";

/// One invocation of a function.
pub(crate) struct Invocation<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) aws: &'a Connections,
    /// The checks that are run, and their parameters.
    pub(crate) selection: Selection,
    /// The reason why the documents' parameters are those of an earlier invocation, if they are.
    outdated: Option<Error>,
    pub(crate) mute_list: ReadMuteList,
    /// The id of the invocation. Lambda's own id stays the same when it retries.
    pub(crate) id: String,
    /// The time at which evaluation must end.
    pub(crate) ends_at: Instant,
    pub(crate) matched_ledgers: MatchedLedgers,
    app: &'a App,
    function: &'static str,
    started_at: Instant,
    runs: Cell<u32>,
    calls: u64,
    throttled: u64,
}

/// The sinks that receive a run's findings. AWS Config is not one of them: `config-rule`, which a rule invokes, sends
/// it evaluations.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sinks<'a> {
    pub(crate) security_hub: bool,
    pub(crate) ocsf: Option<&'a Ocsf>,
    pub(crate) watcher: Option<&'a dyn Watcher>,
}

impl Sinks<'_> {
    /// Returns `true` if there is any sink.
    pub(crate) fn are_any(&self) -> bool {
        self.security_hub || self.ocsf.is_some() || self.watcher.is_some()
    }
}

impl<'a> Invocation<'a> {
    /// Creates an invocation of a function.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings are wrong, the place that the function runs in cannot be determined, or the
    /// checks' parameters are not known.
    pub(crate) async fn new(
        function: &'static str,
        app: &'a App,
        context: &Context,
    ) -> Result<Self, Error> {
        let settings = app.settings()?;
        let aws = app.aws(context).await?;
        let left = time_left(app.clock(), context);
        let started_at = Instant::now();
        let counts = aws.aws.call_counts();
        let (calls, throttled) = (counts.calls(), counts.throttled());
        // A sweep reads the documents again, so that the next sweep shows the effect of a change to them. Other
        // functions do not, since events may be many.
        let reread = function == SWEEP;
        let parameters = aws.parameters.now(&settings.selection, reread);
        let (parameters, mute_list) = tokio::join!(parameters, aws.mute_list.now(reread));
        let Current {
            selection,
            outdated,
        } = parameters?;
        Ok(Self {
            settings,
            selection: settings.effective(selection),
            outdated,
            mute_list,
            aws,
            id: format!(
                "{}/{}",
                context.request_id,
                app.clock().now().as_millisecond()
            ),
            ends_at: started_at
                + (left.saturating_sub((left / DELIVERY_SHARE).min(MAX_DELIVERY_TIME))),
            matched_ledgers: MatchedLedgers::default(),
            app,
            function,
            started_at,
            runs: Cell::default(),
            calls,
            throttled,
        })
    }

    /// Returns an id for the next run, which distinguishes its findings from those of any other run.
    pub(crate) fn next_run_id(&self) -> String {
        let run = self.runs.get();
        self.runs.set(run + 1);
        format!("{}/{run}", self.id)
    }

    /// Returns the sinks that the findings of its runs go to.
    pub(crate) fn sinks(&self) -> Sinks<'_> {
        Sinks {
            security_hub: self.settings.security_hub,
            ocsf: self.aws.ocsf.as_ref(),
            watcher: self.app.watcher(),
        }
    }

    /// Returns `true` if there is no time left to begin anything.
    pub(crate) fn is_time_up(&self) -> bool {
        Instant::now() >= self.ends_at
    }

    /// Returns the errors in the documents' parameters and in the mute list that last until somebody corrects them.
    /// They fail a sweep, but no other function: its work is done, and a retry would not improve it.
    pub(crate) fn lasting_errors(&self) -> impl Iterator<Item = &Error> {
        let outdated = self.outdated.iter();
        let outdated = outdated.filter(|error| error.kind == ErrorKind::InvalidSettings);
        outdated.chain(self.mute_list.lasting_errors())
    }

    /// Returns the number of errors in addition to these: outdated parameters count as one, even if the
    /// response does not contain that error.
    pub(crate) fn additional_errors(&self, errors: &[Error]) -> usize {
        let outdated = self.outdated.iter();
        outdated.filter(|error| !errors.contains(error)).count()
    }

    /// Returns the function's response: the summary, or else the errors as one. The summary is written to the log and
    /// the metrics in either case.
    pub(crate) fn into_response(
        self,
        mut summary: Summary,
        mut errors: Vec<Error>,
    ) -> Result<Value, Error> {
        errors.extend(self.mute_list.temporary_errors().cloned());
        summary.errors = errors.len() + self.additional_errors(&errors);
        let summary = self.conclude(summary);
        match Error::combine(&errors) {
            None => Ok(serde_json::to_value(summary).unwrap_or_default()),
            Some(error) => Err(error),
        }
    }

    /// Completes the summary, and writes it to the log and the metrics.
    pub(crate) fn conclude(self, mut summary: Summary) -> Summary {
        let counts = self.aws.aws.call_counts();
        summary.calls = counts.calls() - self.calls;
        summary.throttled = counts.throttled() - self.throttled;
        summary.duration_ms =
            u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        if self.settings.metrics {
            let lines = metrics::lines(self.function, &summary, self.app.clock().now());
            if let Err(error) = self.app.print(&lines) {
                tracing::warn!("couldn't write the metrics: {error}");
            }
        }
        tracing::info!(summary = json(&summary), "{} has finished", self.function);
        summary
    }
}

/// Returns the time that an invocation may still take.
pub(crate) fn time_left(clock: &Clock, context: &Context) -> Duration {
    clock.until(context.deadline()).unwrap_or(MAX_DURATION)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
