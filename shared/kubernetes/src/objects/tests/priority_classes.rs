use eksentry_core::field::Field;

use super::*;

/// The path of the list.
const PRIORITY_CLASSES: &str = "/apis/scheduling.k8s.io/v1/priorityclasses";

async fn read_classes(classes: &[Value]) -> Objects {
    let answers = vec![list("PriorityClass", classes)];
    let server = server(&[], vec![(PRIORITY_CLASSES, answers)]);
    let read = read_objects(&server.client(), Need::PriorityClasses.into()).await;
    assert_eq!(requested(&server), [PRIORITY_CLASSES]);
    read
}

#[tokio::test(start_paused = true)]
async fn priority_classes_are_read() {
    // Objects of kube-apiserver 1.36.
    let read = read_classes(&[
        json!({
            "metadata": {"name": "default-low", "generation": 1},
            "value": 100, "globalDefault": true, "description": "The default", "preemptionPolicy": "Never",
        }),
        json!({"metadata": {"name": "business-critical"}, "value": 1_000_000, "preemptionPolicy": "PreemptLowerPriority"}),
    ])
    .await;
    assert_eq!(missing(&read), []);
    let class = |value, global_default, policy: &str| PriorityClass {
        value: Field::Value(value),
        global_default,
        preemption_policy: Field::Value(policy.to_owned()),
    };
    let expected = [
        ("default-low", class(100, Field::Value(true), "Never")),
        (
            "business-critical",
            class(1_000_000, Field::Absent, "PreemptLowerPriority"),
        ),
    ];
    let expected = expected.map(|(name, class)| (name.to_owned(), class));
    assert_eq!(read.priority_classes, BTreeMap::from(expected));
}

#[tokio::test(start_paused = true)]
async fn members_of_unexpected_types_hide_no_other() {
    let read = read_classes(&[
        json!({"metadata": {"name": "odd"}, "value": "100", "globalDefault": 1, "preemptionPolicy": null}),
        json!({"metadata": {"name": "half"}, "value": 0.5}),
        json!({"metadata": {}, "value": 1}),
        json!(7),
    ])
    .await;
    let odd = PriorityClass {
        value: Field::Invalid,
        global_default: Field::Invalid,
        preemption_policy: Field::Absent,
    };
    let half = PriorityClass {
        value: Field::Invalid,
        ..PriorityClass::default()
    };
    let expected = [("odd".to_owned(), odd), ("half".to_owned(), half)];
    assert_eq!(read.priority_classes, BTreeMap::from(expected));
    let [(list, code, _)] = <[_; 1]>::try_from(missing(&read)).unwrap();
    assert_eq!(
        (list.as_str(), code),
        ("priorityclasses.scheduling.k8s.io", "READ_FAILED")
    );
}
