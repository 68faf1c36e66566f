//! One finding about a namespace, which covers all its objects.

use super::*;

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
        let whole = by_subject(verdicts(objects(outcomes)));
        assert_eq!(whole.outcome, read, "{outcomes:?}");
        let broken = by_subject(with_unread(objects(outcomes)));
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
    let verdict = by_subject(with_unread(objects(&outcomes)));
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
        by_subject(verdicts(all)).explanation(),
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
        let verdict = by_subject(verdicts(objects(&vec![Failed(Low); count])));
        let text = verdict.explanation();
        assert!(text.ends_with(ends), "{text}");
        assert_eq!(verdict.objects.len(), count);
    }
    // The text stays the same, but the whole verdict does not.
    let more = |count| by_subject(verdicts(objects(&vec![Failed(Low); count])));
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
        by_subject(with_unread(all))
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
    let one = by_subject(verdicts(objects(&[Passed])));
    assert_eq!(one.explanation(), "None of the workloads failed.");
    assert_eq!(by_subject(verdicts(objects(&[Passed; 9]))), one);
}
