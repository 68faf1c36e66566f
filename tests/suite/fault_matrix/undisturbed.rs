//! The results without faults, which are expected after each fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use eksentry_core::checks::CHECKS;
use eksentry_tests::kubernetes::Received;
use eksentry_tests::stand_in::{Call, Snapshot};
use serde_json::{Value, json};

use super::CaseRunner;
use super::cases::Column;
use super::kubernetes;
use super::rules::Ending;
use super::scenarios::{SCENARIOS, Scenario};

/// The state after a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    /// The findings in Security Hub, by product and id.
    pub(super) findings: BTreeMap<String, Value>,
    /// The evaluations in AWS Config.
    pub(super) evaluations: Vec<String>,
    /// The messages in the queue.
    pub(super) messages: BTreeSet<String>,
    /// The findings of each report in the bucket.
    pub(super) reports: BTreeSet<String>,
}

/// The checks of a scenario's event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Checks {
    /// Those of the event itself.
    All,
    /// Only these, so that a case takes less time.
    Only(BTreeSet<&'static str>),
}

impl Checks {
    /// Returns the event with these checks.
    pub(super) fn select(&self, event: &Value) -> Value {
        let mut event = event.clone();
        if let Self::Only(checks) = self {
            event["checks"] = json!(checks);
        }
        event
    }
}

/// A scenario with some checks, and its result without faults.
pub(super) struct Undisturbed {
    pub(super) scenario: &'static Scenario,
    pub(super) checks: Checks,
    /// The snapshot after an earlier sweep.
    pub(super) earlier: Snapshot,
    pub(super) before: Seen,
    pub(super) after: Seen,
    /// The calls of the run.
    pub(super) calls: Vec<Call>,
    /// The requests to the Kubernetes API of clusters.
    pub(super) requests: Vec<Received>,
    /// The names of the calls that have faults.
    pub(super) covered: BTreeSet<String>,
    /// The calls that have only some of the faults, since they have the others in a run with fewer checks.
    pub(super) narrowed: BTreeSet<String>,
    /// The duration of the run.
    pub(super) took: Duration,
}

impl Undisturbed {
    fn of(scenario: &'static Scenario, checks: Checks) -> Self {
        let earlier = scenario.earlier(&checks);
        let mut runner = CaseRunner::new(scenario, &checks, &earlier);
        runner.reset();
        let before = runner.seen();
        runner.world.aws.keep_responses();
        let (ending, took) = runner.invoke(Duration::from_mins(5));
        assert_eq!(ending, Ending::Success, "{}", scenario.name);
        let calls = runner.world.aws.calls();
        let requests = runner.world.requests();
        let after = runner.seen();
        runner.world.end();
        let names = calls.iter().map(Call::name);
        let names = names.chain(
            requests
                .iter()
                .map(|request| kubernetes::call_of(&request.name)),
        );
        Self {
            scenario,
            checks,
            earlier,
            before,
            after,
            covered: names.filter(|name| scenario.covers(name)).collect(),
            narrowed: BTreeSet::new(),
            calls,
            requests,
            took,
        }
    }

    /// Returns a runner of cases.
    pub(super) fn runner(&self) -> CaseRunner {
        CaseRunner::new(self.scenario, &self.checks, &self.earlier)
    }

    /// Returns `true` if requests to the Kubernetes API of clusters have faults here.
    pub(super) fn covers_kubernetes(&self) -> bool {
        let mut requests = self.requests.iter();
        requests.any(|request| self.covered.contains(&kubernetes::call_of(&request.name)))
    }

    /// Returns `true` if the call has the faults of a column here.
    pub(super) fn tries(&self, call: &str, column: Column) -> bool {
        let is_tried = match self.checks {
            Checks::All => !self.narrowed.contains(call) || column.needs_all_checks(),
            Checks::Only(_) => !column.needs_all_checks(),
        };
        self.covered.contains(call) && is_tried
    }

    /// Returns the names of the calls that one check makes.
    fn calls_of(&self, check: &'static str) -> BTreeSet<String> {
        let checks = Checks::Only(BTreeSet::from([check]));
        let mut runner = CaseRunner::new(self.scenario, &checks, &self.earlier);
        runner.reset();
        let (ending, _) = runner.invoke(Duration::from_mins(5));
        assert_eq!(ending, Ending::Success, "{} {check}", self.scenario.name);
        let calls = runner.world.aws.calls();
        runner.world.end();
        calls.iter().map(Call::name).collect()
    }

    /// Returns the scenario with all checks and, for each call that only some checks make, with these checks alone. The
    /// requests to a cluster are needed by many checks, so a few of these stand for all.
    fn all_of(scenario: &'static Scenario) -> Vec<Self> {
        let mut with_all = Self::of(scenario, Checks::All);
        assert_ne!(
            with_all.before, with_all.after,
            "{} must change something",
            scenario.name
        );
        let selected = (scenario.event)(&scenario.world())["checks"].clone();
        let selected: Vec<&'static str> = CHECKS
            .iter()
            .map(|check| check.id)
            .filter(|id| {
                selected
                    .as_array()
                    .is_some_and(|all| all.contains(&json!(id)))
            })
            .collect();
        if with_all.covers_kubernetes() {
            let covered = with_all.covered.clone();
            with_all.narrowed.clone_from(&covered);
            let few = Self {
                covered,
                ..Self::of(scenario, Checks::Only(kubernetes::few_checks()))
            };
            return vec![with_all, few];
        }
        let mut callers: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for check in selected.iter().filter(|_| selected.len() > 1) {
            for call in with_all.calls_of(check) {
                callers.entry(call).or_default().insert(check);
            }
        }
        let mut calls: BTreeMap<BTreeSet<&'static str>, BTreeSet<String>> = BTreeMap::new();
        for (call, checks) in callers {
            if checks.len() < selected.len() && with_all.covered.contains(&call) {
                with_all.narrowed.insert(call.clone());
                calls.entry(checks).or_default().insert(call);
            }
        }
        let narrow = calls.into_iter().map(|(checks, covered)| Self {
            covered,
            ..Self::of(scenario, Checks::Only(checks))
        });
        let narrow: Vec<Self> = narrow.collect();
        std::iter::once(with_all).chain(narrow).collect()
    }
}

/// Returns the results of all scenarios, each of which is run once, at the same time as the others.
pub(super) fn undisturbed() -> &'static [Undisturbed] {
    static UNDISTURBED: LazyLock<Vec<Undisturbed>> = LazyLock::new(|| {
        thread::scope(|scope| {
            let run = |scenario| scope.spawn(move || Undisturbed::all_of(scenario));
            let runs: Vec<_> = SCENARIOS.iter().map(run).collect();
            runs.into_iter()
                .flat_map(|run| run.join().unwrap())
                .collect()
        })
    });
    &UNDISTURBED
}
