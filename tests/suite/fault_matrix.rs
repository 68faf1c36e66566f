//! The fault matrix: every call that the functions make, with every fault that can occur in it.
//!
//! Only the scenarios are written by hand. An undisturbed run of each provides the calls; its answers provide the
//! members that could be missing or unknown; and its result is the expected one for the other runs. For each case:
//!
//! - findings that the fault does not concern are as without it; those that it concerns are as before, as they will be,
//!   or not available; no finding improves, and no existing resource's finding is archived;
//! - the invocation succeeds, or ends in an error that is worth a retry;
//! - the next invocation, after the fault, has the same result as the undisturbed run.

mod cases;
mod policies;
mod rules;
mod scenarios;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use eksentry_tests::lambda::{InProcess, Invocation};
use eksentry_tests::stand_in::{Call, Message, Snapshot};
use serde_json::Value;

use crate::world::World;
use cases::Case;
use rules::Ending;
use scenarios::{SCENARIOS, Scenario};

/// The state after a run.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    /// The findings in Security Hub, by product and id.
    findings: BTreeMap<String, Value>,
    /// The evaluations in AWS Config.
    evaluations: Vec<String>,
    /// The messages in the queue.
    messages: BTreeSet<String>,
}

/// A scenario, and its result without faults.
struct Undisturbed {
    scenario: &'static Scenario,
    /// The snapshot after an earlier sweep.
    earlier: Snapshot,
    before: Seen,
    after: Seen,
    /// The calls of the run.
    calls: Vec<Call>,
    /// The duration of the run.
    took: Duration,
}

/// A world in which cases of one scenario are run one after another.
struct CaseRunner {
    scenario: &'static Scenario,
    world: World,
    earlier: Snapshot,
    function: Option<InProcess>,
}

impl CaseRunner {
    fn new(scenario: &'static Scenario, earlier: &Snapshot) -> Self {
        Self {
            scenario,
            world: scenario.world(),
            earlier: earlier.clone(),
            function: None,
        }
    }

    fn reset(&mut self) {
        self.world.aws.restore(&self.earlier);
        self.world.clear_faults();
    }

    fn seen(&self) -> Seen {
        let messages = self.world.aws.take_messages().into_iter();
        Seen {
            findings: rules::findings(&self.world),
            evaluations: self.world.evaluations(),
            messages: messages.map(|Message { body, .. }| body).collect(),
        }
    }

    /// Invokes the function in the warm instance, or in a new one if there is none.
    fn invoke(&mut self, limit: Duration) -> (Ending, Duration) {
        let function = self
            .function
            .get_or_insert_with(|| self.world.start(self.scenario.function));
        let event = (self.scenario.event)(&self.world).to_string();
        let Invocation { outcome, duration } = function.invoke(event.as_bytes(), limit);
        (Ending::of(outcome), duration)
    }

    /// Runs a case. Returns a word for the result, or the problems.
    fn run_case(&mut self, case: &Case, undisturbed: &Undisturbed) -> Result<String, String> {
        // A new instance is needed, since an instance can keep the documents that it has read.
        self.function = None;
        self.reset();
        let created = self.world.times("CreatedAt");
        for fault in case.faults() {
            self.world.aws.fail(fault);
        }
        let (ending, _) = self.invoke(case.limit(undisturbed));
        if self.world.aws.hits() == 0 {
            return Err("no call had the fault".to_owned());
        }
        let meanwhile = self.seen();
        let checked = rules::check_meanwhile(case, undisturbed, &meanwhile, &ending);

        // A request is not signed correctly if the answer with the credentials lacked a part of them.
        let rejected = self.world.aws.take_violations();
        if !(rejected.is_empty() || case.column.is_response_of_aws()) {
            return Err(format!("AWS would have rejected {}", rejected.join("; ")));
        }

        self.world.clear_faults();
        let (ended, _) = self.invoke(Duration::from_mins(5));
        let recovered = rules::check_recovery(undisturbed, &self.seen(), &ended);
        let kept = rules::check_creation_times(&created, &self.world.times("CreatedAt"));
        match (checked, recovered, kept) {
            (Ok(word), Ok(()), Ok(())) => Ok(word),
            (checked, recovered, kept) => {
                let problems = [checked.err(), recovered.err(), kept.err()];
                let problems: Vec<String> = problems.into_iter().flatten().collect();
                Err(format!("{ending:?}: {}", problems.join("; ")))
            }
        }
    }
}

impl Undisturbed {
    fn of(scenario: &'static Scenario) -> Self {
        let earlier = scenario.earlier();
        let mut runner = CaseRunner::new(scenario, &earlier);
        runner.reset();
        let before = runner.seen();
        runner.world.aws.keep_responses();
        let (ending, took) = runner.invoke(Duration::from_mins(5));
        assert_eq!(ending, Ending::Success, "{}", scenario.name);
        let calls = runner.world.aws.calls();
        let after = runner.seen();
        assert_ne!(before, after, "{} must change something", scenario.name);
        runner.world.end();
        Self {
            scenario,
            earlier,
            before,
            after,
            calls,
            took,
        }
    }
}

/// Returns the scenarios, each of which is run once.
fn undisturbed() -> &'static [Undisturbed] {
    static UNDISTURBED: LazyLock<Vec<Undisturbed>> =
        LazyLock::new(|| SCENARIOS.iter().map(Undisturbed::of).collect());
    &UNDISTURBED
}

/// Runs a case. A panic counts as a problem of this case alone.
fn run_case_catching_panics(
    runner: &mut CaseRunner,
    case: &Case,
    undisturbed: &Undisturbed,
) -> Result<String, String> {
    let run = AssertUnwindSafe(|| runner.run_case(case, undisturbed));
    panic::catch_unwind(run).unwrap_or_else(|_| Err("the test panicked".to_owned()))
}

/// Runs all cases, some of them at the same time. Returns the result of each.
fn run_all(undisturbed: &[Undisturbed], cases: Vec<Case>) -> Vec<(Case, Result<String, String>)> {
    let waiting = Mutex::new(cases);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut runner: Option<CaseRunner> = None;
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some(case) = next else { break };
                    let undisturbed = &undisturbed[case.scenario];
                    let same = match runner.take() {
                        Some(runner) if runner.scenario.name != undisturbed.scenario.name => {
                            runner.world.end();
                            None
                        }
                        other => other,
                    };
                    let runner = runner.insert(same.unwrap_or_else(|| {
                        CaseRunner::new(undisturbed.scenario, &undisturbed.earlier)
                    }));
                    let result = run_case_catching_panics(runner, &case, undisturbed);
                    results.lock().unwrap().push((case, result));
                }
                if let Some(runner) = runner {
                    runner.world.end();
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[test]
fn functions_recover_from_every_fault_in_every_call() {
    let undisturbed = undisturbed();
    let mut cases = cases::of(undisturbed);
    if let Some(wanted) = std::env::var_os("FAULT") {
        let wanted = wanted.to_string_lossy().into_owned();
        cases.retain(|case| case.name(undisturbed).contains(&wanted));
    }
    let mut results = run_all(undisturbed, cases);
    results.sort_by_key(|(case, _)| case.name(undisturbed));
    let failed: Vec<String> = results
        .iter()
        .filter_map(|(case, result)| {
            let problem = result.as_ref().err()?;
            Some(format!("{}: {problem}", case.name(undisturbed)))
        })
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {} cases failed:\n{}\nTo run a single case: FAULT='its name' cargo test -p eksentry-tests --test suite fault_matrix",
        failed.len(),
        results.len(),
        failed.join("\n")
    );
    if std::env::var_os("FAULT").is_none() {
        table::compare_with_docs(undisturbed, &results);
    }
}

/// The matrix would not contain a call that no scenario makes and covers.
#[test]
fn the_matrix_covers_every_action() {
    let called: BTreeSet<String> = undisturbed()
        .iter()
        .flat_map(|undisturbed| {
            let calls = undisturbed.calls.iter();
            calls.filter(|call| undisturbed.scenario.covers(call))
        })
        .map(Call::name)
        .collect();
    let declared: BTreeSet<String> = eksentry_runtime::actions()
        .map(scenarios::call_of)
        .collect();
    assert_eq!(called, declared);
}
