//! Properties of the findings about any objects.

use proptest::prelude::*;

use super::*;

/// Generates objects with different names, of which one in eight is muted.
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
                outcome.map_or_else(|| muted(&name), |outcome| evaluated(&name, outcome))
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

fn all_of(unit: Unit, objects: &[EvaluatedObject], unread: &[Unread], most: u32) -> Vec<RolledUp> {
    let verdicts = Verdicts {
        objects: objects.to_vec(),
        unread: unread.to_vec(),
        remarks: Vec::new(),
    };
    let mut rolled_up = rolled_up(unit, verdicts, most);
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
        most in 0_u32..40,
    ) {
        let of = |objects| all_of(unit, objects, &unread, most);
        prop_assert_eq!(of(&objects), of(&shuffled));
    }

    #[test]
    fn another_passing_object_changes_no_severity(
        unit in any_unit(),
        objects in any_objects(),
        unread in any_unread(),
        most in 0_u32..40,
    ) {
        let before = all_of(unit, &objects, &unread, most);
        for passing in [evaluated("another", Passed), muted("another")] {
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
        most in 0_u32..40,
    ) {
        if unread.is_empty() {
            objects.push(evaluated("another", NotAvailable));
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
        most in 0_u32..40,
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
            prop_assert!(own.count() <= usize::try_from(most).unwrap());
        }
    }
}
