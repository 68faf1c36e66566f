//! The entry point for tests and the fuzzer: it reads any bytes as a page of findings and as a ledger. No input may
//! cause a panic.

use aws_sdk_securityhub::types::AwsSecurityFindingFilters;
use jiff::Timestamp;

use super::asff::archived;
use super::filters::changed;
use super::known::{Known, is_from_eksentry};
use super::{KnownFindings, Ledger, summaries};

/// Reads these bytes as a page of findings, and as a ledger.
///
/// # Panics
///
/// Panics if an archived finding has another id than the finding that was read, or if a ledger changes when it is
/// written and read again.
pub fn documents(data: &[u8]) {
    let now = Timestamp::UNIX_EPOCH;
    let page = summaries::read(data).unwrap_or_default();
    let mut known = KnownFindings::new();
    for finding in page.into_iter().filter(is_from_eksentry) {
        let id = finding.id.clone().unwrap_or_default();
        known.insert(id.clone(), Known::of(&finding));
        if let Some(rendered) = archived(finding, now) {
            assert_eq!(rendered.finding.id(), Some(id.as_str()));
        }
    }
    let ledger = serde_json::from_slice::<Ledger>(data).ok();
    let runs = ledger.as_ref().map(Ledger::runs);
    let mut next = Ledger::new(now, "run", runs, known);
    if let Some(ledger) = &ledger {
        let _ = changed(AwsSecurityFindingFilters::builder(), &ledger.since(), now);
        next = Ledger::new(now, "run", Some(ledger.runs()), ledger.findings.clone());
    }
    let written = serde_json::to_vec(&next).expect("a ledger can be written as JSON");
    let read: Ledger = serde_json::from_slice(&written).expect("a written ledger can be read");
    assert_eq!(read, next);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_corpus_causes_no_panic() {
        let corpus =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/documents");
        for entry in fs::read_dir(corpus).unwrap() {
            documents(&fs::read(entry.unwrap().path()).unwrap());
        }
    }

    proptest! {
        #[test]
        fn any_times_and_texts_are_accepted(
            times in proptest::collection::vec(prop_oneof![
                Just(Timestamp::MIN),
                Just(Timestamp::MAX),
                (-9_000_000_000_i64..9_000_000_000).prop_map(|at| Timestamp::from_second(at).unwrap()),
            ], 3),
            text in any::<String>(),
            archived in any::<bool>(),
        ) {
            let finding = serde_json::json!({"createdAt": text, "updatedAt": times[0], "archived": archived});
            let ledger = serde_json::json!({"version": 1, "asOf": times[1], "runs": [[text, times[2]]],
                "findings": {text.as_str(): finding}});
            documents(ledger.to_string().as_bytes());
            let page = serde_json::json!({"Findings": [{"Id": format!("eksentry/{text}"), "GeneratorId": "eksentry/",
                "CreatedAt": text, "UpdatedAt": times[0], "RecordState": text, "Compliance": {"Status": text},
                "ProductFields": {"eksentry/Digest": text}}], "NextToken": text});
            documents(page.to_string().as_bytes());
        }
    }
}
