//! The findings that each unit makes of verdicts about objects.

mod namespace;
mod object;
mod properties;
mod resource;

use jiff::civil::Date;

use super::*;
use crate::check::{Evaluate, Evaluated, Evaluator};
use crate::checks::find;
use crate::checks::samples::unread;
use crate::facts::{EcrRepository, Facts, cluster, repository};
use crate::kind::ResourceKind;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::resource::Location;
use crate::severity::Severity;
use Outcome::{Failed, NotApplicable, NotAvailable, Passed, Pending, Warning};
use Severity::{High, Informational, Low, Medium};

const NOUN: Noun = Noun {
    one: "workload",
    many: "workloads",
};
const OBJECT: Unit = Unit::Object(NOUN);
const NAMESPACE: Unit = Unit::Subject(NOUN);

fn resource(kind: &'static ResourceKind, name: &str) -> Resource {
    let location = Location {
        partition: "aws".into(),
        region: "eu-central-1".into(),
        account: "111122223333".into(),
    };
    Resource::named(kind, name, &location).unwrap()
}

fn subject() -> Resource {
    resource(&cluster::KIND, "prod")
}

/// Returns the findings of a unit about the subject.
fn rolled_up(unit: Unit, verdicts: Verdicts, most: u32) -> Vec<RolledUp> {
    let subject = Subject {
        resource: subject(),
        details: Details::default(),
        verdicts,
    };
    unit.roll_up(subject, most)
}

/// Returns an object with a verdict whose reason is the same for all objects with that outcome.
fn evaluated(name: &str, outcome: Outcome) -> EvaluatedObject {
    let (code, text) = match outcome {
        Failed(Severity::High) => (ReasonCode::PublicEndpointOn, "A container is privileged."),
        Failed(_) => (ReasonCode::NotEncrypted, "A container may run as root."),
        NotAvailable => (ReasonCode::ReadFailed, "A value is unknown."),
        Warning => (ReasonCode::ScanHasNoResult, "A container cannot start."),
        Pending => (ReasonCode::ScanUnderWay, "A scan is in progress."),
        Passed => (ReasonCode::RotationOn, "No container is privileged."),
        NotApplicable => (ReasonCode::NoObjects, "The job is finished."),
    };
    EvaluatedObject {
        resource: resource(&repository::KIND, name),
        name: format!("shop/{name}"),
        object: None,
        details: Details::default().text("Name", Some(name)),
        verdict: Verdict::about_many(outcome, vec![Reason::new(code, text)], Vec::new()),
    }
}

fn muted(name: &str) -> EvaluatedObject {
    let until: Date = "2026-12-31".parse().unwrap();
    let failed = evaluated(name, Failed(High));
    EvaluatedObject {
        verdict: failed.verdict.muted("Why", until),
        ..failed
    }
}

fn objects(outcomes: &[Outcome]) -> Vec<EvaluatedObject> {
    let named = outcomes.iter().enumerate();
    named
        .map(|(at, outcome)| evaluated(&format!("w{at:04}"), *outcome))
        .collect()
}

fn verdicts(objects: Vec<EvaluatedObject>) -> Verdicts {
    Verdicts {
        objects,
        ..Verdicts::default()
    }
}

fn with_unread(objects: Vec<EvaluatedObject>) -> Verdicts {
    Verdicts {
        objects,
        unread: vec![unread()],
        remarks: Vec::new(),
    }
}

/// Returns the verdicts about the objects, by name, and the one about the subject.
fn by_object(verdicts: Verdicts, most: u32) -> (Vec<RolledUp>, Verdict) {
    let mut rolled_up = rolled_up(OBJECT, verdicts, most);
    let about_subject = rolled_up.pop().unwrap();
    assert_eq!(about_subject.resource, subject());
    assert_eq!(about_subject.sending, Sending::Always);
    rolled_up.sort_by(|one, other| one.resource.cmp(&other.resource));
    (rolled_up, about_subject.verdict)
}

fn by_subject(verdicts: Verdicts) -> Verdict {
    let rolled_up = rolled_up(NAMESPACE, verdicts, 0);
    let [about_subject] = <[RolledUp; 1]>::try_from(rolled_up).unwrap();
    assert_eq!(about_subject.resource, subject());
    assert_eq!(about_subject.sending, Sending::Always);
    about_subject.verdict
}

fn names(verdict: &Verdict) -> Vec<&str> {
    let objects = verdict.objects.iter();
    objects.map(|object| object.name.as_str()).collect()
}

#[test]
fn the_default_unit_is_one_finding_for_each_resource() {
    /// A check that evaluates the repositories of a registry together.
    #[derive(Debug)]
    struct Many(Evaluate<EcrRepository>);
    impl Evaluator for Many {
        fn kind(&self) -> &'static ResourceKind {
            self.0.kind()
        }
        fn evaluate(
            &self,
            resource: &Resource,
            facts: &dyn Facts,
            settings: &ParameterValues,
        ) -> Option<Evaluated> {
            self.0.evaluate(resource, facts, settings)
        }
        fn unit(&self) -> Unit {
            OBJECT
        }
    }
    let one = Evaluate(|_: &EcrRepository, _: &ParameterValues| {
        Verdict::passed(ReasonCode::RotationOff, "Seen.")
    });
    assert_eq!(one.unit(), Unit::Resource);
    assert_eq!(Many(one).unit(), OBJECT);
    let check = find("eks-endpoint-private").unwrap();
    assert_eq!(check.unit(), Unit::Resource);
}

#[test]
fn an_excepted_object_passes_and_is_reported() {
    let exception =
        "Muted until 2026-12-31: 1 workload passed only because of the mute list: shop/agent.";
    for (others, expected, text) in [
        (&[] as &[Outcome], Passed, "1 workload passed."),
        (&[Passed], Passed, "All 2 workloads passed."),
        (&[Pending], Pending, "Some results are not available yet."),
    ] {
        let all = || {
            let mut all = objects(others);
            all.push(muted("agent"));
            verdicts(all)
        };
        let (rolled_up, verdict) = by_object(all(), MOST_FINDINGS.default);
        assert_eq!(
            (verdict.outcome, names(&verdict)),
            (expected, vec!["shop/agent"])
        );
        assert_eq!(verdict.explanation(), format!("{text} {exception}"));
        assert_eq!(rolled_up[0].sending, Sending::OnRecovery);

        let verdict = by_subject(all());
        assert_eq!(
            (verdict.outcome, names(&verdict)),
            (expected, vec!["shop/agent"])
        );
        assert!(verdict.explanation().ends_with(exception), "{verdict:?}");
    }
    let mut all = objects(&[Failed(Low)]);
    all.push(muted("agent"));
    let verdict = by_subject(verdicts(all));
    assert_eq!(verdict.outcome, Failed(Low));
    assert_eq!(verdict.codes(), ["NOT_ENCRYPTED", "MUTED"]);
    assert_eq!(names(&verdict), ["shop/w0000", "shop/agent"]);
    // The finding itself is not muted.
    assert!(!verdict.is_muted());
}

#[test]
fn each_exception_is_reported_with_its_objects() {
    let excepted = |name: &str, code, text: &str| {
        let mut object = evaluated(name, Failed(High));
        object.verdict.except(Reason::new(code, text));
        object
    };
    let (system, parameter) = (ReasonCode::ExceptedSystem, ReasonCode::ExceptedByParameter);
    let all = || {
        verdicts(vec![
            excepted("b", system, "Excepted, since EKS installs it."),
            excepted("c", parameter, "Excepted: why?"),
            evaluated("d", Passed),
            excepted("a", system, "Excepted, since EKS installs it."),
        ])
    };
    let exceptions = "Excepted: why? (1 workload: shop/c). \
                      Excepted, since EKS installs it (2 workloads: shop/a, shop/b).";
    let (findings, verdict) = by_object(all(), MOST_FINDINGS.default);
    assert_eq!(
        verdict.explanation(),
        format!("All 4 workloads passed. {exceptions}")
    );
    assert_eq!(names(&verdict), ["shop/a", "shop/b", "shop/c"]);
    assert!(
        findings
            .iter()
            .all(|one| one.sending == Sending::OnRecovery)
    );
    let verdict = by_subject(all());
    assert_eq!(
        verdict.codes(),
        ["ALL_PASSED", "EXCEPTED_BY_PARAMETER", "EXCEPTED_SYSTEM"]
    );
    assert_eq!(
        verdict.explanation(),
        format!("None of the workloads failed. {exceptions}")
    );
    assert_eq!((verdict.outcome, verdict.exception), (Passed, None));

    let many = (0..REASONS + 2).map(|at| {
        let text = format!("Excepted: {at:02}.");
        excepted(&format!("w{at:02}"), parameter, &text)
    });
    let verdict = by_subject(verdicts(many.collect()));
    assert_eq!(verdict.reasons.len(), 1 + REASONS + 1);
    assert!(
        verdict
            .explanation()
            .ends_with("Excepted for other reasons (2 workloads: shop/w10, shop/w11)."),
        "{verdict:?}"
    );
}

#[test]
fn remarks_end_the_reasons() {
    let remark = || {
        Reason::new(
            ReasonCode::KeyStateUnknown,
            "Persistent volumes were not evaluated.",
        )
    };
    let remarked = |objects| Verdicts {
        objects,
        unread: Vec::new(),
        remarks: vec![remark()],
    };
    let passed = || remarked(objects(&[Passed]));
    for verdict in [
        by_object(passed(), MOST_FINDINGS.default).1,
        by_subject(passed()),
    ] {
        assert_eq!(verdict.codes(), ["ALL_PASSED", "KEY_STATE_UNKNOWN"]);
    }
    let (findings, verdict) = by_object(remarked(objects(&[Failed(High)])), 0);
    assert_eq!(verdict.codes(), ["MORE_OBJECTS", "KEY_STATE_UNKNOWN"]);
    assert_eq!(findings[0].verdict.codes(), ["MORE_OBJECTS"]);
    let each = rolled_up(Unit::Resource, passed(), 0);
    assert_eq!(
        each[0].verdict.codes(),
        ["ROTATION_ON", "KEY_STATE_UNKNOWN"]
    );
}
