//! Every call that the functions make × everything that can go wrong with it.
//!
//! Nothing here is typed in but the scenarios: an undisturbed run of each tells the calls there are, its answers tell what
//! could be missing or unknown in them, and what it leaves behind is what the others are held against. For each case:
//!
//! - what the fault does not concern is reported as ever, and what it concerns is what it was, what it will be, or not
//!   available; nothing gets better, and nothing that is there is archived;
//! - the invocation succeeds, or ends in an error that is worth a retry;
//! - the next one, after the fault, ends where the undisturbed one did.

mod cases;
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

/// What there is when a run has ended.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    /// What Security Hub holds, by product and id.
    findings: BTreeMap<String, Value>,
    /// What AWS Config holds.
    evaluations: Vec<String>,
    /// What is in the queue.
    messages: BTreeSet<String>,
}

/// A scenario, and what comes of it when nothing goes wrong.
struct Undisturbed {
    scenario: &'static Scenario,
    /// What is kept of an earlier sweep.
    earlier: Snapshot,
    before: Seen,
    after: Seen,
    /// The calls of the run.
    calls: Vec<Call>,
    /// How long it took.
    took: Duration,
}

/// A place to try cases of one scenario one after another.
struct Bench {
    scenario: &'static Scenario,
    world: World,
    earlier: Snapshot,
    function: Option<InProcess>,
}

impl Bench {
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
        self.world.heal();
    }

    fn seen(&self) -> Seen {
        let messages = self.world.aws.take_messages().into_iter();
        Seen {
            findings: rules::findings(&self.world),
            evaluations: self.world.evaluations(),
            messages: messages.map(|Message { body, .. }| body).collect(),
        }
    }

    /// Invokes the function, which was at work before unless this is its first time.
    fn invoke(&mut self, limit: Duration) -> (Ending, Duration) {
        let function = self
            .function
            .get_or_insert_with(|| self.world.start(self.scenario.function));
        let event = (self.scenario.event)(&self.world).to_string();
        let Invocation { outcome, duration } = function.invoke(event.as_bytes(), limit);
        (Ending::of(outcome), duration)
    }

    /// Tries a case; how it ended, or what was wrong.
    fn try_case(&mut self, case: &Case, undisturbed: &Undisturbed) -> Result<String, String> {
        // What a function has read of a document it may go on with.
        self.function = None;
        self.reset();
        let created = self.world.times("CreatedAt");
        for fault in case.faults() {
            self.world.aws.fail(fault);
        }
        let (ending, _) = self.invoke(case.limit(undisturbed));
        if self.world.aws.hits() == 0 {
            return Err("the fault hit nothing".to_owned());
        }
        let meanwhile = self.seen();
        let judged = rules::judge_meanwhile(case, undisturbed, &meanwhile, &ending);

        // Who is given half a key can't sign with it.
        let refused = self.world.aws.take_violations();
        if !(refused.is_empty() || case.column.speaks()) {
            return Err(format!("AWS would have refused {}", refused.join("; ")));
        }

        self.world.heal();
        let (ended, _) = self.invoke(Duration::from_mins(5));
        let recovered = rules::judge_after(undisturbed, &self.seen(), &ended);
        let kept = rules::judge_created(&created, &self.world.times("CreatedAt"));
        match (judged, recovered, kept) {
            (Ok(word), Ok(()), Ok(())) => Ok(word),
            (judged, recovered, kept) => {
                let problems = [judged.err(), recovered.err(), kept.err()];
                let problems: Vec<String> = problems.into_iter().flatten().collect();
                Err(format!("{ending:?}: {}", problems.join("; ")))
            }
        }
    }
}

impl Undisturbed {
    fn of(scenario: &'static Scenario) -> Self {
        let earlier = scenario.earlier();
        let mut bench = Bench::new(scenario, &earlier);
        bench.reset();
        let before = bench.seen();
        bench.world.aws.keep_answers();
        let (ending, took) = bench.invoke(Duration::from_mins(5));
        assert_eq!(ending, Ending::Success, "{}", scenario.name);
        let calls = bench.world.aws.calls();
        let after = bench.seen();
        assert_ne!(before, after, "{} has news to tell", scenario.name);
        bench.world.end();
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

/// The scenarios, each run once.
fn undisturbed() -> &'static [Undisturbed] {
    static UNDISTURBED: LazyLock<Vec<Undisturbed>> =
        LazyLock::new(|| SCENARIOS.iter().map(Undisturbed::of).collect());
    &UNDISTURBED
}

/// Tries a case; a panic is its problem alone.
fn try_hard(bench: &mut Bench, case: &Case, undisturbed: &Undisturbed) -> Result<String, String> {
    let tried = AssertUnwindSafe(|| bench.try_case(case, undisturbed));
    panic::catch_unwind(tried).unwrap_or_else(|_| Err("the test panicked".to_owned()))
}

/// Tries all cases, some at the same time; how each ended.
fn try_all(undisturbed: &[Undisturbed], cases: Vec<Case>) -> Vec<(Case, Result<String, String>)> {
    let waiting = Mutex::new(cases);
    let tried = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut bench: Option<Bench> = None;
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some(case) = next else { break };
                    let undisturbed = &undisturbed[case.scenario];
                    let same = match bench.take() {
                        Some(bench) if bench.scenario.name != undisturbed.scenario.name => {
                            bench.world.end();
                            None
                        }
                        other => other,
                    };
                    let bench =
                        bench.insert(same.unwrap_or_else(|| {
                            Bench::new(undisturbed.scenario, &undisturbed.earlier)
                        }));
                    let result = try_hard(bench, &case, undisturbed);
                    tried.lock().unwrap().push((case, result));
                }
                if let Some(bench) = bench {
                    bench.world.end();
                }
            });
        }
    });
    tried.into_inner().unwrap()
}

#[test]
fn whatever_goes_wrong_with_a_call_nothing_is_lost_and_nothing_is_wrong() {
    let undisturbed = undisturbed();
    let mut cases = cases::of(undisturbed);
    if let Some(wanted) = std::env::var_os("FAULT") {
        let wanted = wanted.to_string_lossy().into_owned();
        cases.retain(|case| case.name(undisturbed).contains(&wanted));
    }
    let mut tried = try_all(undisturbed, cases);
    tried.sort_by_key(|(case, _)| case.name(undisturbed));
    let wrong: Vec<String> = tried
        .iter()
        .filter_map(|(case, result)| {
            let problem = result.as_ref().err()?;
            Some(format!("{}: {problem}", case.name(undisturbed)))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} cases are wrong:\n{}\nTo try one alone: FAULT='its name' cargo test fault_matrix",
        wrong.len(),
        tried.len(),
        wrong.join("\n")
    );
    if std::env::var_os("FAULT").is_none() {
        table::hold_against_docs(undisturbed, &tried);
    }
}

/// A call that no scenario makes would be left out of the matrix.
#[test]
fn every_action_of_the_functions_is_in_the_matrix() {
    let called: BTreeSet<String> = undisturbed()
        .iter()
        .flat_map(|undisturbed| &undisturbed.calls)
        .map(Call::name)
        .collect();
    let declared: BTreeSet<String> = eksentry_runtime::actions()
        .map(scenarios::call_of)
        .collect();
    assert_eq!(called, declared);
}
