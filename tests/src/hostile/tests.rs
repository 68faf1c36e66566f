use std::{fs, path::Path};

use proptest::{collection::vec, prelude::*};

use super::*;

/// Returns a configuration with few cases, since each makes many findings, and without shrinking, since a smaller input
/// does not explain a failure better.
fn few() -> ProptestConfig {
    ProptestConfig {
        cases: 64,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(few())]
    #[test]
    fn services_accept_reports_on_any_facts(data in vec(any::<u8>(), 0..6_000)) {
        findings(&data);
    }
}

proptest! {
    #[test]
    fn evaluating_any_policy_text_does_not_panic(text in r#"[{}\[\]",:*?%+a-zA-Z0-9]{0,200}"#) {
        policy(text.as_bytes());
    }
}

#[test]
fn inputs_that_failed_in_the_past_pass() {
    replay("findings", findings);
    replay("documents", policy);
}

fn replay(target: &str, enter: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let inputs: Vec<_> = fs::read_dir(corpus).unwrap().collect();
    assert!(
        !inputs.is_empty(),
        "tests/fuzz/corpus/{target} contains no inputs"
    );
    for input in inputs {
        enter(&fs::read(input.unwrap().path()).unwrap());
    }
}
