use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Values that are not expected of a name, a tag or a whole document.
const HOSTILE: [&str; 12] = [
    "",
    " \t\n\0\u{7f}\u{85}",
    "\u{202e}\u{2066}\u{200f}\u{feff}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "*",
    "{\"checks\": 1}",
    "arn:aws:eks:eu-central-1:444455556666:cluster/theirs",
    "arn:aws:kms:all:organization:key/a",
    "arn:aws:ecr:eu-central-1:111122223333:repository/a/sha256:b",
    "18446744073709551615",
    "-009999-01-01T00:00:00Z",
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn samples() -> Vec<Value> {
    let functions = [
        "cloudtrail-event",
        "config-rule",
        "ecr-event",
        "sweep",
        "sweep-worker",
    ];
    let files = functions
        .iter()
        .flat_map(|function| files(&format!("events/{function}")));
    files
        .map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
        .collect()
}

fn text() -> impl Strategy<Value = String> {
    let long = (
        proptest::sample::select(&["a", "ä", "\u{202e}", "\"", "\\"][..]),
        200_usize..100_000,
    );
    prop_oneof![
        4 => proptest::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
        1 => long.prop_map(|(piece, times)| piece.repeat(times)),
        2 => any::<String>(),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Replaces the value that is number `at` when values are counted from the outside inwards, or removes it if `by` is
/// `None`. Strings that hold JSON are searched too. Returns `true` if the caller must remove `value`.
fn replace(value: &mut Value, at: &mut usize, by: Option<&Value>) -> bool {
    if *at == 0 {
        *value = by.cloned().unwrap_or_default();
        return by.is_none();
    }
    *at -= 1;
    match value {
        Value::Array(items) => {
            items.retain_mut(|item| !(*at < usize::MAX && replace_once(item, at, by)));
        }
        Value::Object(members) => {
            members.retain(|_, member| !(*at < usize::MAX && replace_once(member, at, by)));
        }
        Value::String(text) => {
            if let Ok(mut inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
            {
                replace_once(&mut inner, at, by);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
    false
}

/// Does the same, after which nothing else is replaced.
fn replace_once(value: &mut Value, at: &mut usize, by: Option<&Value>) -> bool {
    let here = *at == 0;
    let is_removed = replace(value, at, by);
    if here {
        *at = usize::MAX;
    }
    is_removed
}

proptest! {
    #[test]
    fn any_json_is_accepted_or_rejected_as_an_event(event in json()) {
        events(event.to_string().as_bytes());
        documents(event.to_string().as_bytes());
    }

    #[test]
    fn a_modified_sample_is_accepted_or_rejected_as_an_event(
        sample in proptest::sample::select(samples()),
        changes in vec((0_usize..60, proptest::option::of(json())), 1..5),
    ) {
        let mut event = sample;
        for (at, by) in changes {
            replace_once(&mut event, &mut at.clone(), by.as_ref());
        }
        events(event.to_string().as_bytes());
    }

    #[test]
    fn any_environment_is_accepted_or_rejected(value in text(), name in "EKSENTRY_(REGIONS|ACCOUNTS|PARAMETERS|OCSF|ROLE_NAME|WORKERS|QUEUE_URL|DISABLED_CHECKS|REFRESH_DAYS)") {
        documents(json!({name: value}).to_string().as_bytes());
    }
}

#[test]
fn inputs_that_once_failed_pass() {
    for file in files("tests/fuzz/corpus/events") {
        events(&fs::read(file).unwrap());
    }
    for file in files("tests/fuzz/corpus/documents") {
        documents(&fs::read(file).unwrap());
    }
}

#[test]
fn unpaired_surrogates_are_rejected() {
    for event in [r#"{"checks": ["\ud800"]}"#, r#"{"a\udfff": 1}"#] {
        assert!(serde_json::from_str::<Value>(event).is_err(), "{event}");
        events(event.as_bytes());
    }
}
