//! The changes of a finding from sweep to sweep.

use eksentry_tests::account::Account;
use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, cluster_arn, key, key_arn, private_cluster, text};

const ROTATION: &str = "kms-cmk-rotation";
const IMPORT: &str = "securityhub.BatchImportFindings";

fn rotate(account: &mut Account, on: bool) {
    account.key("k").unwrap().rotation =
        serde_json::from_value(json!({"KeyRotationEnabled": on})).unwrap();
}

fn one_key() -> World {
    World::with(
        json!({"clusters": [private_cluster("c")], "keys": [key("k", false)], "repositories": [{"repositoryName": "repo"}]}),
    )
}

fn k() -> String {
    key_arn("k")
}

#[test]
fn unchanged_findings_are_not_sent_again() {
    let mut world = World::demo();
    let first = world.sweep();
    // Sweeps also search for load balancers by their tags.
    let calls = |world: &World| {
        let of_findings = world.aws.calls_of("tagging.GetResources").into_iter();
        let of_findings = of_findings.filter(|call| call.members.contains_key("ResourceARNList"));
        (world.calls(IMPORT), of_findings.count())
    };
    let before = calls(&world);
    let second = world.sweep();
    assert_eq!(calls(&world), before);
    assert_eq!(
        (&second["posted"], &second["archived"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(second["unchanged"], first["evaluated"]);
    world.end();
}

#[test]
fn changed_findings_keep_their_creation_time() {
    let mut world = one_key();
    world.sweep();
    let before = world.finding(ROTATION, &k()).unwrap();
    world.change(|account| rotate(account, true));
    let summary = world.sweep();
    assert_eq!(summary["posted"], 1);
    let after = world.finding(ROTATION, &k()).unwrap();
    assert_eq!(world.status(ROTATION, &k()), "PASSED INFORMATIONAL");
    assert_eq!(text(&after, "CreatedAt"), text(&before, "CreatedAt"));
    assert!(text(&after, "UpdatedAt") > text(&before, "UpdatedAt"));
    world.end();
}

#[test]
fn findings_of_deleted_resources_are_archived_and_of_restored_ones_active_again() {
    let mut world = one_key();
    world.sweep();
    let created = world.finding(ROTATION, &k()).unwrap()["CreatedAt"].clone();
    let mut keys = Vec::new();
    world.change(|account| keys = std::mem::take(&mut account.keys));
    assert_eq!(world.sweep()["archived"], 1);
    let archived = world.finding(ROTATION, &k()).unwrap();
    assert_eq!(world.status(ROTATION, &k()), "ARCHIVED FAILED MEDIUM");
    assert!(
        archived["Resources"][0]["Details"]["AwsKmsKey"].is_object(),
        "the details are kept"
    );
    assert_eq!(world.sweep()["archived"], 0, "findings are archived once");

    world.change(|account| account.keys = keys);
    world.sweep();
    let back = world.finding(ROTATION, &k()).unwrap();
    assert_eq!(
        (world.status(ROTATION, &k()).as_str(), &back["CreatedAt"]),
        ("FAILED MEDIUM", &created)
    );
    world.end();
}

#[test]
fn a_narrowed_sweep_archives_only_within_its_scope() {
    let mut world = one_key();
    world.sweep();
    world.change(|account| {
        account.keys.clear();
        account.clusters.clear();
    });
    world.ok("sweep", &json!({"checks": ["eks-endpoint-private"]}));
    assert_eq!(
        world.status("eks-endpoint-private", &cluster_arn("c")),
        "ARCHIVED PASSED INFORMATIONAL"
    );
    assert_eq!(
        world.status("eks-control-plane-logging", &cluster_arn("c")),
        "PASSED INFORMATIONAL"
    );
    assert_eq!(world.status(ROTATION, &k()), "FAILED MEDIUM");
    world.ok("sweep", &json!({"resources": [k()]}));
    assert_eq!(world.status(ROTATION, &k()), "ARCHIVED FAILED MEDIUM");
    world.end();
}

#[test]
fn customer_updates_are_kept() {
    let mut world = one_key();
    world.sweep();
    let id = format!("eksentry/{ROTATION}/{}", k());
    let note = json!({"Text": "accepted until June", "UpdatedBy": "ciso", "UpdatedAt": "2026-01-01T00:00:00Z"});
    assert!(world.aws.edit_finding(&id, |finding| {
        finding.insert("Workflow".into(), json!({"Status": "SUPPRESSED"}));
        finding.insert("Note".into(), note.clone());
    }));
    // The description of the key is a detail of the finding.
    world.change(|account| {
        account
            .key("k")
            .unwrap()
            .members
            .insert("Description".into(), json!("for the ledger"));
    });
    assert_eq!(world.sweep()["posted"], 1);
    let finding = world.finding(ROTATION, &k()).unwrap();
    assert_eq!(
        (&finding["Workflow"]["Status"], &finding["Note"]),
        (&json!("SUPPRESSED"), &note)
    );
    world.end();
}

#[test]
fn old_findings_are_refreshed_and_newer_ones_are_not_overwritten() {
    let mut world = one_key();
    world.sweep();
    let id = format!("eksentry/{ROTATION}/{}", k());
    let set = |world: &World, time: &str| {
        assert!(world.aws.edit_finding(&id, |finding| {
            finding.insert("UpdatedAt".into(), json!(time));
        }));
    };
    set(&world, "2020-01-01T00:00:00Z");
    assert_eq!(
        world.sweep()["refreshed"],
        1,
        "Security Hub would delete it"
    );
    set(&world, "2999-01-01T00:00:00Z");
    world.change(|account| rotate(account, true));
    assert_eq!(
        world.sweep()["posted"],
        0,
        "newer findings are not overwritten"
    );
    world.end();
}

#[test]
fn only_findings_of_eksentry_are_changed() {
    let mut world = one_key();
    world.sweep();
    let ours = world.finding(ROTATION, &k()).unwrap();
    world.end();

    let gone = key_arn("gone");
    let (others, copied) = ("other/1".to_owned(), format!("copied/{gone}"));
    let (retired, elsewhere) = (
        format!("eksentry/kms-retired/{}", k()),
        format!(
            "eksentry/{ROTATION}/{}",
            gone.replace("eu-central-1", "eu-west-1")
        ),
    );
    let variant = |id: &str, generator: &str, resource: &str| {
        let mut finding = ours.clone();
        finding.insert("Id".into(), json!(id));
        finding.insert("GeneratorId".into(), json!(generator));
        finding["Resources"][0]["Id"] = json!(resource);
        finding
    };
    let mut account = Account::empty(ACCOUNT, REGION);
    account.add(json!({"keys": [key("k", false)]})).unwrap();
    account.findings = vec![
        variant(&others, "other", &gone),
        variant(&copied, "eksentry/kms-cmk-rotation", &gone),
        variant(
            &elsewhere,
            "eksentry/kms-cmk-rotation",
            &gone.replace("eu-central-1", "eu-west-1"),
        ),
        variant(&retired, "eksentry/kms-retired", &k()),
    ];
    let mut world = World::of(account);
    world.sweep();
    let state = |id: &str| {
        let found = world
            .aws
            .findings()
            .into_iter()
            .find(|finding| finding["Id"] == id);
        found
            .map(|finding| finding["RecordState"].clone())
            .unwrap_or_default()
    };
    for id in [&others, &copied, &elsewhere] {
        assert_eq!(state(id), "ACTIVE", "{id}");
    }
    assert_eq!(state(&retired), "ARCHIVED", "the check no longer exists");
    world.end();
}

#[test]
fn a_finding_with_a_transient_failure_is_sent_up_to_three_times() {
    let id = format!("eksentry/{ROTATION}/{}", k());
    for (code, times, works, sent) in [
        ("InternalFailure", 2, true, 3),
        ("InternalFailure", 3, false, 3),
        ("InvalidInput", 1, false, 1),
    ] {
        let mut world = World::with(json!({"keys": [key("k", false), key("other", true)]}));
        let partial = FaultKind::Partial {
            ids: vec![id.clone()],
            code: code.to_owned(),
        };
        world.aws.fail(Fault::new(IMPORT, partial).times(times));
        let outcome = world.invoke("sweep", &json!({})).outcome;
        assert_eq!(outcome.is_ok(), works, "{code} {times}: {outcome:?}");
        assert_eq!(world.calls(IMPORT), sent, "{code} {times}");
        assert_eq!(
            world.status(ROTATION, &key_arn("other")),
            "PASSED INFORMATIONAL"
        );
        if !works {
            assert_eq!(outcome.unwrap_err().error_type, "NotDelivered");
            assert!(
                world.logs().iter().any(|line| line.contains(&id)),
                "the log names the finding"
            );
        }
        world.end();
    }
}

#[test]
fn nothing_is_sent_if_existing_findings_cannot_be_read() {
    let mut world = one_key();
    world.deny("securityhub.GetFindings");
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    assert_eq!(world.calls(IMPORT), 0);
    world.end();
}

/// Without the list that GetFindings always returns, the findings in Security Hub are unknown.
#[test]
fn a_response_without_a_list_of_findings_is_an_error() {
    let lacks = || {
        let missing = FaultKind::Missing("/Findings".to_owned());
        Fault::new("securityhub.GetFindings", missing)
    };
    let mut world = one_key();
    world.sweep();
    let (imports, created) = (world.calls(IMPORT), world.times("CreatedAt"));
    world.change(|account| rotate(account, true));
    world.aws.fail(lacks());
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    assert!(error.error_message.contains("Findings"), "{error}");
    assert_eq!(world.calls(IMPORT), imports);
    world.clear_faults();
    assert_eq!(world.sweep()["posted"], 1);
    assert_eq!(world.times("CreatedAt"), created);

    // The same applies when a finding is read in full in order to archive it.
    world.change(|account| account.keys.clear());
    let id = format!("eksentry/{ROTATION}/{}", k());
    let in_full = json!({"Filters": {"Id": [{"Value": id, "Comparison": "EQUALS"}]}});
    world.aws.fail(lacks().matching(in_full));
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    assert_eq!(world.status(ROTATION, &k()), "PASSED INFORMATIONAL");
    world.clear_faults();
    assert_eq!(world.sweep()["archived"], 1);
    world.end();
}

#[test]
fn findings_contain_tags_if_tags_can_be_read() {
    let tagged = json!({"keys": [{"KeyId": "k", "tags": {"team": "ledger", "empty": ""}}]});
    let mut world = World::with(tagged.clone());
    world.sweep();
    assert_eq!(
        world.finding(ROTATION, &k()).unwrap()["Resources"][0]["Tags"],
        json!({"team": "ledger"})
    );
    world.end();

    let mut world = World::with(tagged);
    world.deny("tagging.GetResources");
    world.sweep();
    assert_eq!(
        world.finding(ROTATION, &k()).unwrap()["Resources"][0].get("Tags"),
        None::<&Value>
    );
    world.end();
}

#[test]
fn a_failure_explains_its_severity_and_links_to_its_page() {
    let mut world = one_key().and("EKSENTRY_DOCS_URL", "https://example.com/checks/");
    world.change(|account| rotate(account, false));
    world.sweep();
    let finding = world.finding("kms-cmk-rotation", &k()).unwrap();
    let description = text(&finding, "Description");
    assert!(description.contains("MEDIUM, since "), "{description}");
    assert_eq!(
        finding["Remediation"]["Recommendation"]["Url"],
        "https://example.com/checks/kms-cmk-rotation.md"
    );
    world.end();
}
