//! One finding for each object that does not pass, and one about the subject.

use super::*;

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
    let (rolled_up, about_subject) = by_object(verdicts(objects(&all)), MOST_FINDINGS.default);
    for ((object, rolled_up), sending) in objects(&all).into_iter().zip(rolled_up).zip(sendings) {
        let expected = RolledUp {
            resource: object.resource,
            details: object.details,
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
        let (_, verdict) = by_object(verdicts(objects(outcomes)), MOST_FINDINGS.default);
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
        let (rolled_up, verdict) = by_object(with_unread(objects(outcomes)), MOST_FINDINGS.default);
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
        by_object(verdicts, MOST_FINDINGS.default).1.explanation()
    };
    let expected = "Pods can't be listed. Roles were not listed.";
    assert_eq!(explanation(vec![pods(), roles(), pods()]), expected);
    assert_eq!(explanation(vec![roles(), pods()]), expected);
}

#[test]
fn the_subject_covers_objects_beyond_the_maximum_number_of_findings() {
    let most = MOST_FINDINGS.default;
    for (count, most, others) in [
        (most - 1, most, 0),
        (most, most, 0),
        (most + 1, most, 1),
        (most + 1240, most, 1240),
        (1, 0, 1),
        (2, 1, 1),
    ] {
        let [count, others] = [count, others].map(|number| usize::try_from(number).unwrap());
        let mut outcomes = vec![Failed(Medium); count];
        outcomes.push(Passed);
        let (rolled_up, verdict) = by_object(verdicts(objects(&outcomes)), most);
        let of_objects: Vec<_> = rolled_up
            .iter()
            .map(|one| (one.sending, one.verdict.outcome))
            .collect();
        let mut expected = vec![(Sending::Always, Failed(Medium)); count - others];
        expected.extend(vec![(Sending::Always, NotApplicable); others]);
        expected.push((Sending::OnRecovery, Passed));
        assert_eq!(of_objects, expected, "{count} {most}");

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
