//! One finding for each resource.

use super::*;

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
        let findings = rolled_up(Unit::Resource, verdicts(of(outcome)), 0);
        let [
            EvaluatedObject {
                resource,
                details,
                verdict,
                ..
            },
        ] = <[EvaluatedObject; 1]>::try_from(of(outcome)).unwrap();
        let sending = Sending::Always;
        assert_eq!(
            findings,
            [RolledUp {
                resource,
                details,
                verdict,
                sending
            }]
        );
    }
    assert_eq!(rolled_up(Unit::Resource, verdicts(Vec::new()), 0), []);
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
        let findings = rolled_up(Unit::Resource, with_unread(objects(&[outcome])), 0);
        assert_eq!(findings[0].verdict.outcome, expected, "{outcome:?}");
        let is_reported = findings[0].verdict.codes().contains(&"ACCESS_DENIED");
        assert_eq!(is_reported, outcome != expected, "{outcome:?}");
    }
}
