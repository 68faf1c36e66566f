use jiff::civil::Date;
use proptest::prelude::*;

use super::*;
use crate::check::{Evaluate, Evaluator};
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
const NAMESPACE: Unit = Unit::Namespace(NOUN);

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

/// Returns an object with a verdict whose reason is the same for all objects with that outcome.
fn judged(name: &str, outcome: Outcome) -> EvaluatedObject {
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
        verdict: Verdict::about_many(outcome, vec![Reason::new(code, text)], Vec::new()),
    }
}

fn muted(name: &str) -> EvaluatedObject {
    let until: Date = "2026-12-31".parse().unwrap();
    let failed = judged(name, Failed(High));
    EvaluatedObject {
        verdict: failed.verdict.muted("Why", until),
        ..failed
    }
}

fn objects(outcomes: &[Outcome]) -> Vec<EvaluatedObject> {
    let named = outcomes.iter().enumerate();
    named
        .map(|(at, outcome)| judged(&format!("w{at:04}"), *outcome))
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
fn by_object(verdicts: Verdicts, most: usize) -> (Vec<RolledUp>, Verdict) {
    let mut rolled_up = OBJECT.roll_up(&subject(), verdicts, most);
    let about_subject = rolled_up.pop().unwrap();
    assert_eq!(about_subject.resource, subject());
    assert_eq!(about_subject.sending, Sending::Always);
    rolled_up.sort_by(|one, other| one.resource.cmp(&other.resource));
    (rolled_up, about_subject.verdict)
}

fn by_namespace(verdicts: Verdicts) -> Verdict {
    let rolled_up = NAMESPACE.roll_up(&subject(), verdicts, 0);
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
        fn evaluate(&self, facts: &dyn Facts, settings: &ParameterValues) -> Option<Verdict> {
            self.0.evaluate(facts, settings)
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
fn verdicts_about_single_resources_stay_unchanged() {
    let of = |outcome| objects(&[outcome]);
    for outcome in [
        Failed(Low),
        Warning,
        NotAvailable,
        Passed,
        NotApplicable,
        Pending,
    ] {
        let rolled_up = Unit::Resource.roll_up(&subject(), verdicts(of(outcome)), 0);
        let [
            EvaluatedObject {
                resource, verdict, ..
            },
        ] = <[EvaluatedObject; 1]>::try_from(of(outcome)).unwrap();
        let sending = Sending::Always;
        assert_eq!(
            rolled_up,
            [RolledUp {
                resource,
                verdict,
                sending
            }]
        );
    }
    assert_eq!(
        Unit::Resource.roll_up(&subject(), verdicts(Vec::new()), 0),
        []
    );
}

#[test]
fn an_unread_list_makes_better_verdicts_not_available() {
    for (outcome, expected) in [
        (Failed(Low), Failed(Low)),
        (NotAvailable, NotAvailable),
        (Warning, NotAvailable),
        (Pending, NotAvailable),
        (Passed, NotAvailable),
        (NotApplicable, NotApplicable),
    ] {
        let rolled_up = Unit::Resource.roll_up(&subject(), with_unread(objects(&[outcome])), 0);
        assert_eq!(rolled_up[0].verdict.outcome, expected, "{outcome:?}");
        let is_reported = rolled_up[0].verdict.codes().contains(&"ACCESS_DENIED");
        assert_eq!(is_reported, outcome != expected, "{outcome:?}");
    }
}

#[test]
fn each_object_that_does_not_pass_has_its_own_finding() {
    use Sending::{Always, OnRecovery};
    let all = [
        Failed(High),
        Warning,
        NotAvailable,
        Passed,
        NotApplicable,
        Pending,
    ];
    let sendings = [Always, Always, Always, OnRecovery, Always, Always];
    let (rolled_up, about_subject) = by_object(verdicts(objects(&all)), MOST_FINDINGS);
    for ((object, rolled_up), sending) in objects(&all).into_iter().zip(rolled_up).zip(sendings) {
        let expected = RolledUp {
            resource: object.resource,
            verdict: object.verdict,
            sending,
        };
        assert_eq!(rolled_up, expected);
    }
    assert_eq!(about_subject.outcome, NotApplicable);
    assert_eq!(
        about_subject.explanation(),
        "3 workloads did not pass; the reasons are in separate findings."
    );
}

#[test]
fn the_subject_is_evaluated_if_no_object_has_its_own_finding() {
    for (outcomes, outcome, code, text) in [
        (
            &[] as &[Outcome],
            Passed,
            "ALL_PASSED",
            "There are no workloads to evaluate.",
        ),
        (
            &[NotApplicable],
            Passed,
            "ALL_PASSED",
            "There are no workloads to evaluate.",
        ),
        (&[Passed], Passed, "ALL_PASSED", "1 workload passed."),
        (
            &[Passed, NotApplicable, Passed],
            Passed,
            "ALL_PASSED",
            "All 2 workloads passed.",
        ),
        (
            &[Passed, Pending],
            Pending,
            "RESULTS_PENDING",
            "Some results are not available yet.",
        ),
        (
            &[Passed, Warning],
            NotApplicable,
            "OBJECTS_REPORTED",
            "1 workload did not pass; the reasons are in separate findings.",
        ),
        (
            &[Passed, NotAvailable],
            NotApplicable,
            "OBJECTS_REPORTED",
            "1 workload did not pass; the reasons are in separate findings.",
        ),
        (
            &[Failed(Low), Pending],
            NotApplicable,
            "OBJECTS_REPORTED",
            "1 workload did not pass; the reasons are in separate findings.",
        ),
    ] {
        let (_, verdict) = by_object(verdicts(objects(outcomes)), MOST_FINDINGS);
        assert_eq!(
            (verdict.outcome, verdict.codes()),
            (outcome, vec![code]),
            "{outcomes:?}"
        );
        assert_eq!(verdict.explanation(), text, "{outcomes:?}");
    }
}

#[test]
fn an_unread_list_makes_the_subject_not_available() {
    for (outcomes, codes) in [
        (&[] as &[Outcome], vec!["ACCESS_DENIED"]),
        (&[Passed], vec!["ACCESS_DENIED"]),
        (&[Pending], vec!["ACCESS_DENIED"]),
        (&[Failed(High), Passed], vec!["ACCESS_DENIED"]),
        (&[Warning], vec!["ACCESS_DENIED"]),
    ] {
        let (rolled_up, verdict) = by_object(with_unread(objects(outcomes)), MOST_FINDINGS);
        assert_eq!(
            (verdict.outcome, verdict.codes()),
            (NotAvailable, codes),
            "{outcomes:?}"
        );
        let own: Vec<_> = rolled_up.iter().map(|one| one.verdict.outcome).collect();
        assert_eq!(own, outcomes);
    }
}

#[test]
fn each_unread_list_is_reported_once_in_a_fixed_order() {
    let list = |code, text: &str| Unread {
        code,
        text: text.to_owned(),
    };
    let pods = || list(ReasonCode::AccessDenied, "Pods can't be listed.");
    let roles = || list(ReasonCode::Throttled, "Roles were not listed.");
    let explanation = |unread: Vec<Unread>| {
        let verdicts = Verdicts {
            unread,
            ..Verdicts::default()
        };
        by_object(verdicts, MOST_FINDINGS).1.explanation()
    };
    let expected = "Pods can't be listed. Roles were not listed.";
    assert_eq!(explanation(vec![pods(), roles(), pods()]), expected);
    assert_eq!(explanation(vec![roles(), pods()]), expected);
}

#[test]
fn the_subject_covers_objects_beyond_the_maximum_number_of_findings() {
    for (count, most, others) in [
        (MOST_FINDINGS - 1, MOST_FINDINGS, 0),
        (MOST_FINDINGS, MOST_FINDINGS, 0),
        (MOST_FINDINGS + 1, MOST_FINDINGS, 1),
        (MOST_FINDINGS + 1240, MOST_FINDINGS, 1240),
        (1, 0, 1),
        (2, 1, 1),
    ] {
        let mut outcomes = vec![Failed(Medium); count];
        outcomes.push(Passed);
        let (rolled_up, verdict) = by_object(verdicts(objects(&outcomes)), most);
        let sendings: Vec<_> = rolled_up.iter().map(|one| one.sending).collect();
        let mut expected = vec![Sending::Always; count - others];
        expected.extend(vec![Sending::Never; others]);
        expected.push(Sending::OnRecovery);
        assert_eq!(sendings, expected, "{count} {most}");
        let own: Vec<_> = rolled_up.iter().map(|one| one.verdict.outcome).collect();
        assert_eq!(own, outcomes);

        let expected = if others > 0 {
            Failed(Medium)
        } else {
            NotApplicable
        };
        assert_eq!(verdict.outcome, expected, "{count} {most}");
        assert_eq!(verdict.objects.len(), others);
    }
}

#[test]
fn the_subject_reports_the_number_of_other_objects() {
    let subject_verdict = |outcomes: &[Outcome], most| {
        let (_, verdict) = by_object(verdicts(objects(outcomes)), most);
        (verdict.outcome, verdict.explanation())
    };
    let (outcome, text) = subject_verdict(&[Failed(Medium); 3], 1);
    assert_eq!(outcome, Failed(Medium));
    assert_eq!(
        text,
        "In addition to 1 workload with separate findings, 2 more did not pass: shop/w0001, shop/w0002."
    );
    assert_eq!(
        subject_verdict(&[Warning], 0).1,
        "1 workload did not pass: shop/w0000."
    );
    for (count, ends) in [
        (NAMES, "shop/w0018, shop/w0019."),
        (NAMES + 1, "shop/w0018, shop/w0019 and others."),
    ] {
        let (_, text) = subject_verdict(&vec![Failed(Low); count], 0);
        assert!(text.ends_with(ends), "{text}");
    }
}

#[test]
fn the_worst_objects_have_their_own_findings() {
    // The order is by severity, then by name. Failures come before unavailable results, and those before warnings.
    let all = [
        Warning,
        Failed(Low),
        NotAvailable,
        Failed(High),
        Failed(Low),
    ];
    for (most, outcome, others) in [
        (
            0,
            Failed(High),
            &["w0003", "w0001", "w0004", "w0002", "w0000"] as &[&str],
        ),
        (1, Failed(Low), &["w0001", "w0004", "w0002", "w0000"]),
        (2, Failed(Low), &["w0004", "w0002", "w0000"]),
        (3, NotAvailable, &["w0002", "w0000"]),
        (4, Warning, &["w0000"]),
        (5, NotApplicable, &[]),
    ] {
        let (_, verdict) = by_object(verdicts(objects(&all)), most);
        let others: Vec<_> = others.iter().map(|name| format!("shop/{name}")).collect();
        assert_eq!(
            (verdict.outcome, names(&verdict)),
            (outcome, others.iter().map(String::as_str).collect())
        );
    }
}

#[test]
fn failures_are_reported_even_if_a_list_is_unread() {
    for (outcome, most, expected, codes) in [
        (
            Failed(Low),
            0,
            Failed(Low),
            vec!["MORE_OBJECTS", "ACCESS_DENIED"],
        ),
        (
            Warning,
            0,
            NotAvailable,
            vec!["ACCESS_DENIED", "MORE_OBJECTS"],
        ),
        (Failed(Low), 1, NotAvailable, vec!["ACCESS_DENIED"]),
    ] {
        let (_, verdict) = by_object(with_unread(objects(&[outcome])), most);
        assert_eq!(
            (verdict.outcome, verdict.codes()),
            (expected, codes),
            "{outcome:?}"
        );
    }
}

#[test]
fn an_excepted_object_passes_and_is_reported() {
    let exception = "1 workload passed under an exception: shop/agent.";
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
        let (rolled_up, verdict) = by_object(all(), MOST_FINDINGS);
        assert_eq!(
            (verdict.outcome, names(&verdict)),
            (expected, vec!["shop/agent"])
        );
        assert_eq!(verdict.explanation(), format!("{text} {exception}"));
        assert_eq!(rolled_up[0].sending, Sending::OnRecovery);

        let verdict = by_namespace(all());
        assert_eq!(
            (verdict.outcome, names(&verdict)),
            (expected, vec!["shop/agent"])
        );
        assert!(verdict.explanation().ends_with(exception), "{verdict:?}");
    }
    let mut all = objects(&[Failed(Low)]);
    all.push(muted("agent"));
    let verdict = by_namespace(verdicts(all));
    assert_eq!(verdict.outcome, Failed(Low));
    assert_eq!(verdict.codes(), ["NOT_ENCRYPTED", "EXCEPTED"]);
    assert_eq!(names(&verdict), ["shop/w0000", "shop/agent"]);
    // The finding itself is not under an exception.
    assert!(!verdict.is_muted());
}

#[test]
fn a_namespace_has_the_worst_outcome_of_its_objects() {
    for (outcomes, read, unread) in [
        (&[] as &[Outcome], NotApplicable, NotAvailable),
        (&[NotApplicable], NotApplicable, NotAvailable),
        (&[Passed, NotApplicable], Passed, NotAvailable),
        (&[Passed, Pending], Pending, NotAvailable),
        (&[Passed, Pending, Warning], Warning, NotAvailable),
        (&[Passed, Warning, NotAvailable], NotAvailable, NotAvailable),
        (
            &[Passed, NotAvailable, Failed(Low)],
            Failed(Low),
            Failed(Low),
        ),
        (
            &[Failed(Low), Failed(Medium), Warning],
            Failed(Medium),
            Failed(Medium),
        ),
        (
            &[Failed(Informational), NotAvailable],
            Failed(Informational),
            Failed(Informational),
        ),
    ] {
        let whole = by_namespace(verdicts(objects(outcomes)));
        assert_eq!(whole.outcome, read, "{outcomes:?}");
        let broken = by_namespace(with_unread(objects(outcomes)));
        assert_eq!(broken.outcome, unread, "{outcomes:?}");
        assert!(broken.codes().contains(&"ACCESS_DENIED"), "{outcomes:?}");
        assert!(!whole.reasons.is_empty());
    }
}

#[test]
fn a_namespace_lists_each_reason_once_with_names_worst_first() {
    let outcomes = [
        Warning,
        Failed(Low),
        NotAvailable,
        Failed(High),
        Failed(Low),
    ];
    let verdict = by_namespace(with_unread(objects(&outcomes)));
    let reasons: Vec<_> = verdict
        .reasons
        .iter()
        .map(|reason| (reason.code.word(), reason.text.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (
                "PUBLIC_ENDPOINT_ON",
                "A container is privileged (shop/w0003)."
            ),
            (
                "NOT_ENCRYPTED",
                "A container may run as root (shop/w0001, shop/w0004)."
            ),
            ("READ_FAILED", "A value is unknown (shop/w0002)."),
            ("ACCESS_DENIED", "Access was denied."),
            (
                "SCAN_HAS_NO_RESULT",
                "A container cannot start (shop/w0000)."
            ),
        ]
    );
    assert_eq!(
        names(&verdict),
        [
            "shop/w0003",
            "shop/w0001",
            "shop/w0004",
            "shop/w0002",
            "shop/w0000"
        ]
    );
}

#[test]
fn an_object_with_the_same_reason_twice_is_named_once() {
    let twice = || {
        let reason = Reason::new(ReasonCode::NotEncrypted, "A container may run as root.");
        vec![reason.clone(), reason]
    };
    let mut all = objects(&[Failed(Low), Failed(Low)]);
    for object in &mut all {
        object.verdict.reasons = twice();
    }
    assert_eq!(
        by_namespace(verdicts(all)).explanation(),
        "A container may run as root (shop/w0000, shop/w0001)."
    );
}

#[test]
fn a_namespace_names_some_objects_and_contains_all() {
    for (count, ends) in [
        (1, "(shop/w0000)."),
        (NAMES, "shop/w0018, shop/w0019)."),
        (NAMES + 1, "shop/w0018, shop/w0019 and others)."),
        (NAMES + 2, "shop/w0018, shop/w0019 and others)."),
    ] {
        let verdict = by_namespace(verdicts(objects(&vec![Failed(Low); count])));
        let text = verdict.explanation();
        assert!(text.ends_with(ends), "{text}");
        assert_eq!(verdict.objects.len(), count);
    }
    // The text stays the same, but the whole verdict does not.
    let more = |count| by_namespace(verdicts(objects(&vec![Failed(Low); count])));
    let (one, other) = (more(NAMES + 1), more(NAMES + 2));
    assert_eq!(one.reasons, other.reasons);
    assert_ne!(one, other);
}

#[test]
fn the_number_of_reasons_of_a_namespace_is_limited() {
    let different = |count: usize| {
        let mut all = objects(&vec![Failed(Low); count]);
        for object in &mut all {
            object.verdict.reasons[0].text = format!("{} may run as root.", object.name);
        }
        by_namespace(with_unread(all))
    };
    let unread_alone = |count| (count, vec!["ACCESS_DENIED"]);
    for (count, (named, rest)) in [
        (REASONS, unread_alone(REASONS)),
        (
            REASONS + 1,
            (REASONS, vec!["MORE_REASONS", "ACCESS_DENIED"]),
        ),
        (
            3 * REASONS,
            (REASONS, vec!["MORE_REASONS", "ACCESS_DENIED"]),
        ),
    ] {
        let verdict = different(count);
        let codes = verdict.codes();
        assert!(codes[..named].iter().all(|code| *code == "NOT_ENCRYPTED"));
        assert_eq!(codes[named..], rest);
        assert_eq!(verdict.objects.len(), count);
    }
}

#[test]
fn passing_objects_are_not_counted_in_a_namespace() {
    let one = by_namespace(verdicts(objects(&[Passed])));
    assert_eq!(one.explanation(), "None of the workloads failed.");
    assert_eq!(by_namespace(verdicts(objects(&[Passed; 9]))), one);
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
    for verdict in [by_object(passed(), MOST_FINDINGS).1, by_namespace(passed())] {
        assert_eq!(verdict.codes(), ["ALL_PASSED", "KEY_STATE_UNKNOWN"]);
    }
    let (rolled_up, verdict) = by_object(remarked(objects(&[Failed(High)])), 0);
    assert_eq!(verdict.codes(), ["MORE_OBJECTS", "KEY_STATE_UNKNOWN"]);
    assert_eq!(rolled_up[0].verdict.codes(), ["PUBLIC_ENDPOINT_ON"]);
    let each = Unit::Resource.roll_up(&subject(), passed(), 0);
    assert_eq!(
        each[0].verdict.codes(),
        ["ROTATION_ON", "KEY_STATE_UNKNOWN"]
    );
}

/// Generates objects with different names, of which one in eight passes under an exception.
fn any_objects() -> impl Strategy<Value = Vec<EvaluatedObject>> {
    let outcome = prop::sample::select(vec![
        Some(Failed(High)),
        Some(Failed(Low)),
        Some(Warning),
        Some(NotAvailable),
        Some(Passed),
        Some(NotApplicable),
        Some(Pending),
        None,
    ]);
    prop::collection::vec(outcome, 0..40).prop_map(|outcomes| {
        let named = outcomes.into_iter().enumerate();
        named
            .map(|(at, outcome)| {
                let name = format!("w{at:04}");
                outcome.map_or_else(|| muted(&name), |outcome| judged(&name, outcome))
            })
            .collect()
    })
}

fn any_unread() -> impl Strategy<Value = Vec<Unread>> {
    prop::collection::vec(Just(unread()), 0..2)
}

fn any_unit() -> impl Strategy<Value = Unit> {
    prop::sample::select(vec![Unit::Resource, OBJECT, NAMESPACE])
}

fn all_of(
    unit: Unit,
    objects: &[EvaluatedObject],
    unread: &[Unread],
    most: usize,
) -> Vec<RolledUp> {
    let verdicts = Verdicts {
        objects: objects.to_vec(),
        unread: unread.to_vec(),
        remarks: Vec::new(),
    };
    let mut rolled_up = unit.roll_up(&subject(), verdicts, most);
    rolled_up.sort_by(|one, other| one.resource.cmp(&other.resource));
    rolled_up
}

proptest! {
    #[test]
    fn the_order_of_objects_does_not_matter(
        unit in any_unit(),
        (objects, shuffled) in any_objects()
            .prop_flat_map(|objects| (Just(objects.clone()), Just(objects).prop_shuffle())),
        unread in any_unread(),
        most in 0_usize..40,
    ) {
        let of = |objects| all_of(unit, objects, &unread, most);
        prop_assert_eq!(of(&objects), of(&shuffled));
    }

    #[test]
    fn another_passing_object_changes_no_severity(
        unit in any_unit(),
        objects in any_objects(),
        unread in any_unread(),
        most in 0_usize..40,
    ) {
        let before = all_of(unit, &objects, &unread, most);
        for passing in [judged("another", Passed), muted("another")] {
            let another = passing.resource.clone();
            let mut more = objects.clone();
            more.push(passing);
            let mut after = all_of(unit, &more, &unread, most);
            after.retain(|one| one.resource != another);
            prop_assert_eq!(before.len(), after.len());
            for (one, other) in before.iter().zip(&after) {
                prop_assert_eq!(&one.resource, &other.resource);
                let severities = [one, other].map(|one| one.verdict.outcome.severity());
                prop_assert_eq!(severities[0], severities[1]);
                if one.verdict.outcome != NotApplicable {
                    prop_assert_eq!(one.verdict.outcome, other.verdict.outcome);
                }
            }
        }
    }

    #[test]
    fn an_unavailable_result_never_leads_to_a_pass(
        unit in prop::sample::select(vec![OBJECT, NAMESPACE]),
        mut objects in any_objects(),
        unread in any_unread(),
        most in 0_usize..40,
    ) {
        if unread.is_empty() {
            objects.push(judged("another", NotAvailable));
        }
        let rolled_up = all_of(unit, &objects, &unread, most);
        let about_subject = rolled_up.iter().find(|one| one.resource == subject()).unwrap();
        prop_assert_ne!(about_subject.verdict.outcome, Passed);
    }

    #[test]
    fn every_object_that_does_not_pass_is_in_a_finding(
        unit in any_unit(),
        objects in any_objects(),
        unread in any_unread(),
        most in 0_usize..40,
    ) {
        let rolled_up = all_of(unit, &objects, &unread, most);
        for object in objects.iter().filter(|object| object.does_not_pass()) {
            let outcome = object.outcome();
            let is_reported = rolled_up.iter().any(|one| {
                let is_own = one.resource == object.resource && one.sending == Sending::Always;
                let names_it = one.verdict.objects.iter().any(|named| named.name == object.name);
                (is_own || names_it) && one.verdict.outcome >= outcome
            });
            prop_assert!(is_reported, "{} in {rolled_up:?}", object.name);
        }
        let own = rolled_up.iter().filter(|one| {
            let does_not_pass = one.verdict.outcome >= Warning;
            does_not_pass && one.sending == Sending::Always && one.resource != subject()
        });
        if unit == OBJECT {
            prop_assert!(own.count() <= most);
        }
    }
}
