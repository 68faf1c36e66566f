//! The progress of a scan on standard error, and the findings that the scan has made.

use std::fmt::Write;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eksentry_aws::CallCounts;
use eksentry_core::{Finding, Location, Part, Sending, Unread};
use eksentry_runtime::{Error, ErrorKind, Watcher};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::terminal::print_line;

/// The time between two drawings of the progress.
const TICK: Duration = Duration::from_millis(100);

/// The most runs whose names are shown at the same time.
const SHOWN: usize = 2;

/// The watcher of a scan: it shows what is being read, and keeps the findings.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// `true` if each run is shown in a line of its own, since there is no terminal.
    as_lines: bool,
    needs_tags: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<String>,
    places: Vec<Location>,
    findings: Vec<Finding>,
    /// The lists that services did not return.
    unlisted: Vec<Error>,
}

impl Progress {
    /// Creates a watcher that shows nothing if `quiet` is `true`.
    pub(crate) fn new(quiet: bool, needs_tags: bool) -> Self {
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        Self {
            as_lines: bar.is_hidden() && !quiet,
            bar,
            needs_tags,
            state: Mutex::default(),
        }
    }

    /// Begins to draw the progress, with the number of calls so far.
    pub(crate) fn start(&self, counts: &CallCounts) {
        if self.bar.is_hidden() {
            return;
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({calls}, {elapsed})");
        if let Ok(style) = style {
            let counts = counts.clone();
            let calls = move |_: &ProgressState, text: &mut dyn Write| {
                let _ = write!(text, "{} calls", counts.calls());
                if counts.throttled() > 0 {
                    let _ = write!(text, ", {} throttled", counts.throttled());
                }
            };
            self.bar.set_style(style.with_key("calls", calls));
        }
        self.bar.set_message("Connecting");
        self.bar.enable_steady_tick(TICK);
    }

    /// Removes the progress from the terminal.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Returns the findings so far, and keeps none of them.
    pub(crate) fn take_findings(&self) -> Vec<Finding> {
        mem::take(&mut self.state().findings)
    }

    /// Returns the errors about lists that services did not return, and keeps none of them.
    pub(crate) fn take_unlisted(&self) -> Vec<Error> {
        mem::take(&mut self.state().unlisted)
    }

    /// Returns the places that were read so far, in the order in which that began.
    pub(crate) fn places(&self) -> Vec<Location> {
        self.state().places.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: &State) {
        let mut message = match state.running.len() {
            0 => "Evaluating".to_owned(),
            _ => format!(
                "Reading {}",
                state.running[..state.running.len().min(SHOWN)].join("; ")
            ),
        };
        if state.running.len() > SHOWN {
            let _ = write!(message, "; and {} more", state.running.len() - SHOWN);
        }
        self.bar.set_message(message);
    }
}

impl Watcher for Progress {
    fn needs_tags(&self) -> bool {
        self.needs_tags
    }

    fn begin(&self, place: &Location, part: Option<&Part>) {
        let name = name(place, part);
        if self.as_lines {
            print_line(&format!("reading {name}"));
        }
        let mut state = self.state();
        if !state.places.contains(place) {
            state.places.push(place.clone());
        }
        state.running.push(name);
        self.show(&state);
    }

    fn take(&self, finding: &Finding) {
        // An object that passes has no finding, unless a failure is accepted.
        let verdict = &finding.verdict;
        let is_accepted = verdict.is_muted() || verdict.exception.is_some();
        if finding.sending == Sending::Always || is_accepted {
            self.state().findings.push(finding.clone());
        }
    }

    fn no_list(&self, reason: &Unread) {
        let error = Error::new(ErrorKind::NotListed, &reason.text);
        self.state().unlisted.push(error);
    }

    fn end(&self, place: &Location, part: Option<&Part>) {
        let name = name(place, part);
        let mut state = self.state();
        if let Some(at) = state.running.iter().position(|one| *one == name) {
            state.running.remove(at);
        }
        self.show(&state);
    }
}

/// Returns the name of what a run reads.
fn name(place: &Location, part: Option<&Part>) -> String {
    let what = match part {
        Some(Part::Clusters) => "clusters",
        Some(Part::Keys) => "keys",
        Some(Part::Registry(_)) => "repositories and images",
        Some(Part::Kubernetes(Some(cluster))) => {
            return format!("the contents of cluster {cluster} of {place}");
        }
        Some(Part::Kubernetes(None)) => "the contents of clusters",
        Some(Part::FileSystems) => "file systems",
        Some(Part::Account) => "settings",
        None => "the named resources",
    };
    format!("{what} of {place}")
}
