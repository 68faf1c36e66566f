//! Tests of imports and listings.

use serde_json::{Value, json};

use super::{import::Imported, listing::MOST_LISTINGS, *};
use crate::{
    account::Account,
    stand_in::{
        faults::FaultKind,
        service::AwsError,
        wire::{Request, record},
    },
};

const ID: &str = "eksentry/check/arn";

fn request(operation: &str, members: Value) -> Request {
    Request::of(&format!("securityhub.{operation}"), members)
}

fn account() -> Account {
    Account::empty("123456789012", "eu-central-1")
}

/// Returns the sample finding with these members replaced.
fn finding(members: Value) -> Value {
    let mut finding = record(asff::tests::finding());
    finding.extend(record(members));
    finding.into()
}

fn import(hub: &mut SecurityHub, findings: Vec<Value>) -> Result<Imported, AwsError> {
    hub.import(
        &account(),
        &request("BatchImportFindings", json!({"Findings": findings})),
        None,
    )
}

fn seconds(second: u32) -> String {
    format!("2025-01-02T03:04:{second:02}Z")
}

fn stored(hub: &SecurityHub) -> Record {
    hub.findings()
        .into_iter()
        .next()
        .expect("there is a finding")
}

#[test]
fn a_finding_is_stored_with_the_members_that_the_service_adds() {
    let mut hub = SecurityHub::default();
    let imported = import(&mut hub, vec![finding(json!({}))]).unwrap();

    assert_eq!(
        imported.response,
        json!({"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []})
    );
    let stored = stored(&hub);
    assert_eq!(
        stored["Severity"],
        json!({"Label": "HIGH", "Normalized": 70})
    );
    assert_eq!(stored["Types"], stored["FindingProviderFields"]["Types"]);
    assert_eq!(
        (&stored["RecordState"], &stored["Region"]),
        (&json!("ACTIVE"), &json!("eu-central-1"))
    );
    assert_eq!(stored["Workflow"], json!({"Status": "NEW"}));
    assert!(
        stored["ProductFields"]["aws/securityhub/FindingId"]
            .as_str()
            .unwrap()
            .ends_with(ID)
    );
}

#[test]
fn an_update_that_is_not_newer_is_ignored_but_counted() {
    let mut hub = SecurityHub::default();
    for (title, second, wanted) in [
        ("one", 5, "one"),
        ("same", 5, "one"),
        ("older", 4, "one"),
        ("newer", 6, "newer"),
    ] {
        let update = finding(json!({"Title": title, "UpdatedAt": seconds(second)}));
        assert_eq!(
            import(&mut hub, vec![update]).unwrap().response["SuccessCount"],
            1
        );
        assert_eq!(stored(&hub)["Title"], wanted);
    }
}

#[test]
fn an_update_replaces_all_but_the_customers_members() {
    let mut hub = SecurityHub::default();
    import(
        &mut hub,
        vec![finding(
            json!({"SourceUrl": "https://a", "UpdatedAt": seconds(1)}),
        )],
    )
    .unwrap();
    let note = json!({"Text": "mine", "UpdatedBy": "me", "UpdatedAt": seconds(1)});
    let was_there = hub.edit(ID, |kept| {
        kept.insert("Note".to_owned(), note.clone());
        kept.insert("Workflow".to_owned(), json!({"Status": "SUPPRESSED"}));
    });
    assert!(was_there);

    let theirs = json!({"Text": "theirs", "UpdatedBy": "them", "UpdatedAt": seconds(2)});
    let update =
        finding(json!({"UpdatedAt": seconds(2), "Note": theirs, "Workflow": {"Status": "NEW"}}));
    import(&mut hub, vec![update]).unwrap();

    let stored = stored(&hub);
    assert_eq!(
        (&stored["Note"], &stored["Workflow"]),
        (&note, &json!({"Status": "SUPPRESSED"}))
    );
    assert!(!stored.contains_key("SourceUrl"));
}

#[test]
fn a_finding_that_fails_again_is_new_unless_it_is_suppressed() {
    let passed = json!({"Compliance": {"Status": "PASSED"}});
    let archived = json!({"RecordState": "ARCHIVED"});
    for (before, status, after, wanted) in [
        (&passed, "RESOLVED", json!({}), "NEW"),
        (&archived, "NOTIFIED", json!({}), "NEW"),
        (&passed, "SUPPRESSED", json!({}), "SUPPRESSED"),
        (&json!({}), "NOTIFIED", json!({}), "NOTIFIED"),
        (&json!({}), "NOTIFIED", passed.clone(), "NOTIFIED"),
        (&archived, "RESOLVED", archived.clone(), "RESOLVED"),
    ] {
        let mut hub = SecurityHub::default();
        let at = |second: u32, members: &Value| {
            let mut finding = finding(members.clone());
            finding["UpdatedAt"] = seconds(second).into();
            finding
        };
        import(&mut hub, vec![at(1, before)]).unwrap();
        let set = |kept: &mut Record| {
            kept.insert("Workflow".to_owned(), json!({"Status": status}));
        };
        assert!(hub.edit(ID, set));
        import(&mut hub, vec![at(2, &after)]).unwrap();
        assert_eq!(
            stored(&hub)["Workflow"]["Status"],
            wanted,
            "{before} {status} {after}"
        );
    }
}

#[test]
fn an_invalid_finding_fails_alone() {
    let mut hub = SecurityHub::default();
    let imported = import(
        &mut hub,
        vec![
            finding(json!({"Id": "bad", "Title": ""})),
            finding(json!({})),
        ],
    )
    .unwrap();

    assert_eq!(
        (
            &imported.response["FailedCount"],
            &imported.response["SuccessCount"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        imported.response["FailedFindings"][0]["ErrorCode"],
        "InvalidInput"
    );
    assert_eq!(imported.violations.len(), 1);
    assert_eq!(hub.findings().len(), 1);
}

#[test]
fn an_invalid_call_is_rejected_as_a_whole() {
    let many = |count: usize| {
        (0..count)
            .map(|number| finding(json!({"Id": format!("f{number}")})))
            .collect()
    };
    let big = |number: usize| {
        finding(json!({"Id": format!("f{number}"), "SourceUrl": "x".repeat(100_000)}))
    };
    for (findings, code) in [
        (Vec::new(), "InvalidInputException"),
        (many(101), "InvalidInputException"),
        ((0..70).map(big).collect(), "InvalidInputException"),
        (
            vec![finding(json!({"AwsAccountId": "210987654321"}))],
            "AccessDeniedException",
        ),
        (
            vec![finding(
                json!({"ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/guardduty"}),
            )],
            "AccessDeniedException",
        ),
    ] {
        let mut hub = SecurityHub::default();
        let error = import(&mut hub, findings).expect_err(code);
        assert_eq!((error.code.as_str(), error.violation), (code, true));
        assert!(hub.findings().is_empty());
    }
    assert!(import(&mut SecurityHub::default(), many(100)).is_ok());
}

#[test]
fn a_partial_fault_rejects_only_its_ids() {
    let fault = FaultKind::Partial {
        ids: vec!["b".to_owned()],
        code: "InternalFailure".to_owned(),
    };
    let findings = [finding(json!({"Id": "a"})), finding(json!({"Id": "b"}))];
    let mut hub = SecurityHub::default();
    let call = request("BatchImportFindings", json!({"Findings": findings}));
    let imported = hub.import(&account(), &call, Some(&fault.into())).unwrap();

    assert_eq!(imported.response["FailedFindings"][0]["Id"], "b");
    assert_eq!(
        imported.response["FailedFindings"][0]["ErrorCode"],
        "InternalFailure"
    );
    assert!(imported.violations.is_empty());
    assert_eq!(stored(&hub)["Id"], "a");
}

#[test]
fn findings_are_read_page_by_page_and_only_by_their_own_account_and_region() {
    let mut hub = SecurityHub::default();
    import(
        &mut hub,
        (0..3)
            .map(|number| finding(json!({"Id": format!("f{number}")})))
            .collect(),
    )
    .unwrap();

    let first = hub
        .get_findings(
            &account(),
            &request("GetFindings", json!({"MaxResults": 2})),
        )
        .unwrap();
    assert_eq!(first["Findings"].as_array().unwrap().len(), 2);
    let next = json!({"MaxResults": 2, "NextToken": first["NextToken"]});
    let second = hub
        .get_findings(&account(), &request("GetFindings", next))
        .unwrap();
    assert_eq!(
        (
            second["Findings"].as_array().unwrap().len(),
            &second["NextToken"]
        ),
        (1, &Value::Null)
    );

    for elsewhere in [
        Account::empty("123456789012", "us-east-1"),
        Account::empty("210987654321", "eu-central-1"),
    ] {
        let response = hub
            .get_findings(&elsewhere, &request("GetFindings", json!({})))
            .unwrap();
        assert_eq!(response["Findings"], json!([]));
    }
}

#[test]
fn findings_are_read_by_the_time_of_their_latest_update() {
    let mut hub = SecurityHub::default();
    let updated = |second: u32| finding(json!({"UpdatedAt": seconds(second)}));
    let number_in = |hub: &mut SecurityHub, times: Value| {
        let filters = json!({"Filters": {"UpdatedAt": times}});
        let response = hub.get_findings(&account(), &request("GetFindings", filters));
        response.unwrap()["Findings"].as_array().unwrap().len()
    };
    let from = |second: u32| json!({"Start": seconds(second)});
    let until = |second: u32| json!({"End": seconds(second)});

    import(&mut hub, vec![updated(3)]).unwrap();
    assert_eq!(number_in(&mut hub, json!([from(3)])), 1);
    assert_eq!(number_in(&mut hub, json!([from(4)])), 0);
    assert_eq!(number_in(&mut hub, json!([from(4), until(3)])), 1);
    assert_eq!(number_in(&mut hub, json!([])), 1);

    import(&mut hub, vec![updated(4)]).unwrap();
    assert_eq!(number_in(&mut hub, json!([from(4)])), 1);

    let edited = |kept: &mut Record| {
        kept.insert("UpdatedAt".to_owned(), seconds(5).into());
    };
    assert!(hub.edit(ID, edited));
    assert_eq!(number_in(&mut hub, json!([until(4)])), 0);
    hub.edit_each(|kept| {
        kept.insert("UpdatedAt".to_owned(), "never".into());
    });
    assert_eq!(number_in(&mut hub, json!([from(1)])), 0);
}

#[test]
fn a_listing_is_fixed_at_its_first_page_and_removed_with_its_last() {
    let mut hub = SecurityHub::default();
    let some = |numbers: std::ops::Range<u32>| {
        numbers
            .map(|number| finding(json!({"Id": format!("f{number}")})))
            .collect()
    };
    let get = |hub: &mut SecurityHub, token: &Value| {
        let members = json!({"MaxResults": 2, "NextToken": token});
        hub.get_findings(&account(), &request("GetFindings", members))
            .unwrap()
    };

    import(&mut hub, some(1..4)).unwrap();
    let first = get(&mut hub, &Value::Null);
    import(&mut hub, some(0..1)).unwrap();
    let second = get(&mut hub, &first["NextToken"]);
    assert_eq!(second["Findings"][0]["Id"], "f3");
    assert_eq!(second["NextToken"], Value::Null);
    assert!(hub.listings.is_empty());

    // A listing that was removed is created again.
    let first = get(&mut hub, &Value::Null);
    hub.listings.clear();
    assert_eq!(
        get(&mut hub, &first["NextToken"])["Findings"][0]["Id"],
        "f2"
    );

    for number in 0..20 {
        let filters = json!({"Id": [{"Comparison": "NOT_EQUALS", "Value": number.to_string()}]});
        let members = json!({"MaxResults": 1, "Filters": filters});
        hub.get_findings(&account(), &request("GetFindings", members))
            .unwrap();
    }
    assert_eq!(hub.listings.len(), MOST_LISTINGS);
}
