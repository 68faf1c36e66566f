//! The fault matrix: every call that the functions make, with every fault that can occur in it.
//!
//! Only the scenarios are written by hand. An undisturbed run of each provides the calls; its answers provide the
//! members that could be missing or unknown; and its result is the expected one for the other runs. For each case:
//!
//! - findings that the fault does not concern are as without it; those that it concerns are as before, as they will be,
//!   or not available; no finding improves, and no existing resource's finding is archived;
//! - the invocation succeeds, or ends in an error that is worth a retry;
//! - the next invocation, after the fault, has the same result as the undisturbed run;
//! - no secret is in a line of the log.
//!
//! If the Kubernetes API of a cluster has the fault, the result for other clusters is as without it, and so is that of
//! checks that don't need the response. A finding names the request that failed.
//!
//! A call that only some checks of a sweep need has most of its faults in a sweep with these checks alone, which takes a
//! third of the time. Whether a fault affects other checks is tried with all checks. For the contents of clusters, few
//! checks stand for all.

mod cases;
mod concerns;
mod contents;
mod kubernetes;
mod monitoring;
mod policies;
mod resources;
mod rules;
mod scenarios;
mod storage;
mod table;
mod undisturbed;

use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use eksentry_tests::kubernetes::granted_rights;
use eksentry_tests::lambda::{InProcess, Invocation};
use eksentry_tests::stand_in::{Message, Snapshot};

use crate::logs;
use crate::world::World;
use cases::Case;
use rules::Ending;
use scenarios::Scenario;
use undisturbed::{Checks, Seen, Undisturbed, undisturbed};

/// A world in which cases of one scenario are run one after another.
struct CaseRunner {
    scenario: &'static Scenario,
    checks: Checks,
    world: World,
    earlier: Snapshot,
    function: Option<InProcess>,
}

impl CaseRunner {
    fn new(scenario: &'static Scenario, checks: &Checks, earlier: &Snapshot) -> Self {
        Self {
            scenario,
            checks: checks.clone(),
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
            reports: rules::reports(&self.world),
        }
    }

    /// Invokes the function in the warm instance, or in a new one if there is none.
    fn invoke(&mut self, limit: Duration) -> (Ending, Duration) {
        let function = self
            .function
            .get_or_insert_with(|| self.world.start(self.scenario.function));
        let event = self.checks.select(&(self.scenario.event)(&self.world));
        let Invocation { outcome, duration } = function.invoke(event.to_string().as_bytes(), limit);
        (Ending::of(outcome), duration)
    }

    /// Runs a case. Returns a word for the result, or the problems.
    fn run_case(&mut self, case: &Case, undisturbed: &Undisturbed) -> Result<String, String> {
        // A new instance is needed, since an instance can keep the documents that it has read.
        self.function = None;
        self.reset();
        let created = self.world.times("CreatedAt");
        case.begin(&self.world);
        let (ending, _) = self.invoke(case.limit(undisturbed));
        if self.world.fault_hits() == 0 {
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
        match (checked, recovered, kept, self.check_logs()) {
            (Ok(word), Ok(()), Ok(()), Ok(())) => Ok(word),
            (checked, recovered, kept, silent) => {
                let problems = [checked.err(), recovered.err(), kept.err(), silent.err()];
                let problems: Vec<String> = problems.into_iter().flatten().collect();
                Err(format!("{ending:?}: {}", problems.join("; ")))
            }
        }
    }

    /// Checks that the function has written no secret.
    fn check_logs(&self) -> Result<(), String> {
        let lines = self.function.as_ref().map(InProcess::logs);
        for line in lines.unwrap_or_default() {
            if let Some(secret) = logs::secret_in(&line, &[]) {
                return Err(format!("{secret:?} is in {line}"));
            }
        }
        Ok(())
    }
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
                let mut current: Option<(usize, CaseRunner)> = None;
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some(case) = next else { break };
                    let undisturbed = &undisturbed[case.undisturbed];
                    let same = match current.take() {
                        Some((number, runner)) if number != case.undisturbed => {
                            runner.world.end();
                            None
                        }
                        other => other,
                    };
                    let (_, runner) = current
                        .insert(same.unwrap_or_else(|| (case.undisturbed, undisturbed.runner())));
                    let result = run_case_catching_panics(runner, &case, undisturbed);
                    results.lock().unwrap().push((case, result));
                }
                if let Some((_, runner)) = current {
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
        .flat_map(|undisturbed| &undisturbed.covered)
        .cloned()
        .collect();
    // This call needs no permission, so no action is declared for it.
    // Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
    let without_permission = ["sts.GetCallerIdentity".to_owned()];
    // The right to list Secrets has a manifest of its own, and discovery needs none of eksentry's rights.
    let requests = granted_rights().into_iter().map(|right| right.request());
    let requests = requests.chain(["list secrets", "get /apis"].map(str::to_owned));
    let declared: BTreeSet<String> = eksentry_runtime::actions()
        .map(scenarios::call_of)
        .chain(without_permission)
        .chain(requests.map(|request| kubernetes::call_of(&request)))
        .collect();
    assert_eq!(called, declared);
}
