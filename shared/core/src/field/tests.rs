use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Pod {
    host_network: Field<bool>,
    run_as_user: Field<i64>,
    name: Field<String>,
    security: Field<Security>,
    command: Field<Vec<String>>,
    containers: Field<Vec<Field<Security>>>,
    labels: Field<BTreeMap<String, String>>,
    annotations: Field<BTreeMap<String, Field<String>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
struct Security {
    privileged: Field<bool>,
    drop: Field<Vec<String>>,
}

impl Object for Pod {}
impl Object for Security {}

fn sample() -> Value {
    json!({
        "hostNetwork": true,
        "runAsUser": 1000,
        "name": "web",
        "security": {"privileged": false, "drop": ["ALL"]},
        "command": ["run", "it"],
        "containers": [{"privileged": true}, {"drop": []}],
        "labels": {"app": "web"},
        "annotations": {"note": "text"},
        "managedFields": [{"unknown": {"to": ["us"]}}],
    })
}

fn parse(value: &Value) -> Pod {
    serde_json::from_str(&value.to_string()).unwrap()
}

fn field<T: for<'de> Expected<'de>>(json: &str) -> Field<T> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn value<T: for<'a> From<&'a str>>(text: &str) -> Field<T> {
    Field::Value(text.into())
}

#[test]
fn values_are_read() {
    let pod = parse(&sample());
    let all = vec!["ALL".to_owned()];
    let security = |privileged, drop| Field::Value(Security { privileged, drop });
    let expected = Pod {
        host_network: Field::Value(true),
        run_as_user: Field::Value(1000),
        name: value("web"),
        security: security(Field::Value(false), Field::Value(all)),
        command: Field::Value(vec!["run".to_owned(), "it".to_owned()]),
        containers: Field::Value(vec![
            security(Field::Value(true), Field::Absent),
            security(Field::Absent, Field::Value(Vec::new())),
        ]),
        labels: Field::Value([("app".to_owned(), "web".to_owned())].into()),
        annotations: Field::Value([("note".to_owned(), value("text"))].into()),
    };
    assert_eq!(pod, expected);
    assert_eq!(parse(&json!({})), Pod::default());
}

#[test]
fn values_of_another_type_are_invalid() {
    const VALUES: [&str; 11] = [
        "null",
        "true",
        "1",
        "-1",
        "1.5",
        "18446744073709551615",
        "\"1\"",
        "[]",
        "[1]",
        "{}",
        "{\"a\":1}",
    ];
    /// Returns the values that are not invalid as a type.
    fn valid<T: for<'de> Expected<'de>>() -> Vec<&'static str> {
        let is_valid = |json: &&str| !field::<T>(json).is_invalid();
        VALUES.into_iter().filter(is_valid).collect()
    }
    for (name, valid, expected) in [
        ("bool", valid::<bool>(), &["null", "true"][..]),
        ("integer", valid::<i64>(), &["null", "1", "-1"]),
        ("text", valid::<String>(), &["null", "\"1\""]),
        ("object", valid::<Security>(), &["null", "{}", "{\"a\":1}"]),
        ("list", valid::<Vec<i64>>(), &["null", "[]", "[1]"]),
        ("other list", valid::<Vec<String>>(), &["null", "[]"]),
        (
            "fields",
            valid::<Vec<Field<String>>>(),
            &["null", "[]", "[1]"],
        ),
        (
            "map",
            valid::<BTreeMap<String, i64>>(),
            &["null", "{}", "{\"a\":1}"],
        ),
        (
            "other map",
            valid::<BTreeMap<String, String>>(),
            &["null", "{}"],
        ),
    ] {
        assert_eq!(valid, expected, "{name}");
    }
    assert!(field::<bool>("null").is_absent());
}

#[test]
fn an_absent_list_is_empty_and_an_invalid_item_is_not_ignored() {
    for (json, expected) in [
        ("null", Ok(&[][..])),
        ("[]", Ok(&[])),
        ("[1, 2]", Ok(&[1, 2])),
        ("[1, null]", Err(InvalidField)),
        ("[\"1\", 2]", Err(InvalidField)),
        ("7", Err(InvalidField)),
    ] {
        assert_eq!(field::<Vec<i64>>(json).items(), expected, "{json}");
    }
    let each = [
        Field::Value(1),
        Field::Absent,
        Field::Invalid,
        Field::Value(2),
    ];
    assert_eq!(
        field::<Vec<Field<i64>>>("[1, null, {}, 2]").items(),
        Ok(&each[..])
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![Just("privileged".to_owned()), any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(key, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Lists the pointers to all places in a value.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), into);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{at}/{name}"), into);
            }
        }
        _ => {}
    }
}

proptest! {
    /// Any value at any place of an object is read without an error, and the members that do not contain the place keep
    /// their values.
    #[test]
    fn any_value_at_any_place_is_read(value in any_json(), place: Index) {
        let mut pod = sample();
        let mut all = Vec::new();
        places(&pod, "", &mut all);
        let place = &all[place.index(all.len())];
        *pod.pointer_mut(place).unwrap() = value;
        let text = pod.to_string();
        let read: Field<Pod> = serde_json::from_str(&text).unwrap();
        let changed = place.split('/').nth(1).unwrap_or_default();
        if changed.is_empty() {
            return Ok(());
        }
        let before = parse(&sample());
        let read = read.value().unwrap();
        macro_rules! same {
            ($($name:literal: $member:ident,)*) => {
                $(if changed != $name { prop_assert_eq!(&read.$member, &before.$member); })*
            };
        }
        same! {
            "hostNetwork": host_network,
            "runAsUser": run_as_user,
            "name": name,
            "security": security,
            "command": command,
            "containers": containers,
            "labels": labels,
            "annotations": annotations,
        }
    }
}

#[test]
fn results_are_combined_even_if_some_are_errors() {
    let (yes, no, error) = (Ok(true), Ok(false), Err(InvalidField));
    for (results, expected_any, expected_all) in [
        (vec![], no, yes),
        (vec![no, yes], yes, no),
        (vec![yes, yes], yes, yes),
        (vec![no, no], no, no),
        (vec![error, yes], yes, error),
        (vec![yes, error], yes, error),
        (vec![error, no], error, no),
        (vec![no, error], error, no),
    ] {
        assert_eq!(any_true(results.clone()), expected_any, "{results:?}");
        assert_eq!(all_true(results.clone()), expected_all, "{results:?}");
    }
}

#[test]
fn the_first_of_several_errors_is_returned() {
    let results = [Err("first"), Ok(true), Err("second"), Ok(false)];
    assert_eq!(any_true([results[0], results[2]]), Err("first"));
    assert_eq!(any_true([results[0], results[2], results[3]]), Err("first"));
    assert_eq!(
        all_true([results[1], results[2], results[0]]),
        Err("second")
    );
}
