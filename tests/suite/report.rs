//! `report`: the report on the findings in Security Hub that is written to a bucket after a sweep.

use std::collections::BTreeSet;

use eksentry_tests::account::Parameter;
use eksentry_tests::stand_in::{Call, Fault, FaultKind, Message, sqs_event};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, key, key_arn, private_cluster};

const REPORT: &str = "EKSENTRY_REPORT";
const FORMAT: &str = "EKSENTRY_REPORT_FORMAT";
const GET: &str = "securityhub.GetFindings";
const PUT: &str = "s3.PutObject";
const OTHER: &str = "444455556666";
const SCRIPT: &str = "<script>alert('found')</script>";

/// Returns a world in which a sweep has sent these findings, and reports go to a bucket.
fn swept(mut entries: Value) -> World {
    entries["buckets"] = json!(["reports"]);
    let mut world = World::with(entries).and(REPORT, "s3://reports/eksentry/report");
    world.sweep();
    world
}

/// Returns a world with findings on several pages.
fn many() -> World {
    let repositories = (0..130).map(|n| json!({"repositoryName": format!("team/{n:03}")}));
    swept(json!({"repositories": repositories.collect::<Vec<_>>()}))
}

fn two_keys() -> World {
    swept(json!({"keys": [key("on", true), key("off", false)]}))
}

/// Returns the only report in the bucket.
fn written(world: &World) -> (String, Vec<u8>) {
    let mut objects: Vec<_> = world.aws.objects().into_iter().collect();
    assert_eq!(objects.len(), 1, "{:?}", names(world));
    objects.remove(0)
}

fn names(world: &World) -> BTreeSet<String> {
    world.aws.objects().into_keys().collect()
}

/// Returns the content of a report in JSON.
fn content(world: &mut World) -> Value {
    world.ok("report", &json!({}));
    serde_json::from_slice(&written(world).1).unwrap()
}

/// Returns the members with this name of the items of a list.
fn all<'a>(content: &'a Value, list: &str, name: &str) -> Vec<&'a str> {
    let items = content[list].as_array().unwrap().iter();
    items.map(|item| item[name].as_str().unwrap()).collect()
}

/// Ends all faults, and asserts that the next invocation writes the only report.
fn assert_recovers(mut world: World) {
    world.clear_faults();
    world.ok("report", &json!({}));
    assert_eq!(names(&world).len(), 1);
    world.end();
}

#[test]
fn a_report_has_the_findings_of_all_pages() {
    let mut world = many().and(FORMAT, "json");
    let before = world.aws.calls().len();
    let content = content(&mut world);
    let mut ids = all(&content, "findings", "id");
    ids.sort_unstable();
    let findings = world.aws.findings();
    let mut expected: Vec<_> = findings
        .iter()
        .map(|one| one["Id"].as_str().unwrap())
        .collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert!(ids.len() > 200, "{} findings", ids.len());

    let calls: Vec<_> = world.aws.calls().split_off(before);
    let names: Vec<_> = calls.iter().map(Call::name).collect();
    assert_eq!(names, [GET, GET, GET, PUT]);
    world.end();
}

#[test]
fn pages_are_requested_at_the_rate_that_security_hub_documents() {
    let mut world = many().and(FORMAT, "json");
    world.change(|account| account.page_size = Some(1));
    world.aws.limit_rates();
    world.ok("report", &json!({}));
    assert!(world.calls(GET) > 12, "{} calls", world.calls(GET));
    assert_eq!(world.aws.throttled(), 0);
    world.end();
}

#[test]
fn objects_are_named_by_place_and_time_and_are_never_replaced() {
    let mut world = two_keys();
    let answer = world.ok("report", &json!({}));
    let (name, body) = written(&world);
    assert_eq!(
        answer,
        json!({"report": format!("s3://{name}"), "findings": 2, "bytes": body.len()})
    );
    let folder = format!("reports/eksentry/report/{ACCOUNT}/{REGION}/");
    let parts: Vec<_> = name.strip_prefix(&folder).unwrap().split('/').collect();
    let [year, month, day, file] = parts.as_slice() else {
        panic!("{name}");
    };
    let time = file.strip_prefix(&[*year, *month, *day, "T"].concat());
    let time = time.and_then(|rest| rest.split_once("Z-")).unwrap();
    assert_eq!(
        (time.0.len(), time.1.rsplit('.').next()),
        (6, Some("html")),
        "{name}"
    );

    world.aws.advance_time(SignedDuration::from_secs(1));
    world.ok("report", &json!({}));
    assert_eq!(names(&world).len(), 2);
    world.end();
}

#[test]
fn every_format_has_its_ending_and_its_media_type() {
    for (format, media_type, begins) in [
        ("html", "text/html; charset=utf-8", "<!doctype html>"),
        ("json", "application/json", "{\""),
        ("csv", "text/csv; charset=utf-8", "status,severity,change,"),
        ("md", "text/markdown; charset=utf-8", "#"),
        ("sarif", "application/sarif+json", "{"),
    ] {
        let mut world = two_keys().and(FORMAT, format);
        world.ok("report", &json!({}));
        let (name, body) = written(&world);
        assert!(name.ends_with(&format!(".{format}")), "{name}");
        let put = &world.aws.calls_of(PUT)[0];
        assert_eq!(put.members["ContentType"], media_type);
        let text = String::from_utf8(body).unwrap().to_lowercase();
        assert!(
            text.starts_with(begins) && text.contains("kms-cmk-rotation"),
            "{text}"
        );
        world.end();
    }
}

/// An administrator account in an aggregation Region sees findings that others have sent.
#[test]
fn a_report_has_the_findings_of_other_accounts_and_regions() {
    let mut world = two_keys().and(FORMAT, "json");
    world.aws.edit_findings(|finding| {
        let id = finding["Id"].as_str().unwrap().to_owned();
        if id.ends_with("key/off") {
            let product = format!("arn:aws:securityhub:us-east-1:{OTHER}:product/{OTHER}/default");
            finding.insert("AwsAccountId".to_owned(), OTHER.into());
            finding.insert("ProductArn".to_owned(), product.into());
            finding["Resources"][0]["Region"] = "us-east-1".into();
        }
    });
    let content = content(&mut world);
    assert_eq!(
        content["scopes"],
        json!([
            {"account": ACCOUNT, "region": REGION}, {"account": OTHER, "region": "us-east-1"},
        ])
    );
    assert_eq!(all(&content, "findings", "account"), [OTHER, ACCOUNT]);
    world.end();
}

#[test]
fn suppressed_findings_are_stated_as_such_and_archived_ones_are_not_stated() {
    let mut world = swept(json!({"keys": [key("a", false), key("b", false), key("c", false)]}))
        .and(FORMAT, "json");
    let edit = |key: &str, name: &str, value: Value| {
        let id = format!("eksentry/kms-cmk-rotation/{}", key_arn(key));
        let found = world.aws.edit_finding(&id, |finding| {
            finding.insert(name.to_owned(), value);
        });
        assert!(found, "{id}");
    };
    edit("a", "Workflow", json!({"Status": "SUPPRESSED"}));
    edit("b", "RecordState", json!("ARCHIVED"));
    let content = content(&mut world);
    assert_eq!(
        all(&content, "findings", "status"),
        ["FAILED", "SUPPRESSED"]
    );
    world.end();
}

#[test]
fn a_finding_without_a_status_is_not_available() {
    let mut world = two_keys().and(FORMAT, "json");
    let missing = FaultKind::Missing("/Findings/0/Compliance".to_owned());
    world.aws.fail(Fault::new(GET, missing));
    let content = content(&mut world);
    let statuses = all(&content, "findings", "status");
    assert!(statuses.contains(&"NOT_AVAILABLE"), "{statuses:?}");
    assert_eq!(statuses.len(), 2);
    world.end();
}

#[test]
fn the_checks_are_those_that_run_and_those_of_the_findings() {
    let mut world = two_keys().and(FORMAT, "json").and(
        "EKSENTRY_DISABLED_CHECKS",
        "kms-cmk-rotation,eks-endpoint-private",
    );
    let content = content(&mut world);
    let checks = all(&content, "checks", "id");
    for (check, expected) in [
        ("eks-deletion-protection", true),
        // This check is disabled, but has findings.
        ("kms-cmk-rotation", true),
        ("eks-endpoint-private", false),
        // The contents of clusters are not evaluated.
        ("k8s-pod-privileged", false),
    ] {
        assert_eq!(checks.contains(&check), expected, "{check}");
    }
    world.end();
}

#[test]
fn an_account_without_findings_has_a_report() {
    let mut world = swept(json!({})).and(FORMAT, "json");
    let content = content(&mut world);
    assert_eq!(content["findings"], json!([]));
    assert_eq!(
        content["scopes"],
        json!([{"account": ACCOUNT, "region": REGION}])
    );
    world.end();
}

#[test]
fn the_content_of_an_event_does_not_matter() {
    let message = |body: &str| Message {
        queue_url: "https://sqs.eu-central-1.amazonaws.com/111122223333/eksentry-reports"
            .to_owned(),
        id: body.len().to_string(),
        body: body.to_owned(),
    };
    let mut world = two_keys();
    for (number, event) in [
        json!({}),
        Value::Null,
        json!("report"),
        json!({"Records": "none"}),
        sqs_event(&[message("{"), message(r#"{"bucket": "another"}"#)]),
        json!({"EKSENTRY_REPORT": "s3://another", "format": "csv"}),
    ]
    .iter()
    .enumerate()
    {
        world.ok("report", event);
        let names = names(&world);
        assert_eq!(names.len(), number + 1, "{event}");
        assert!(
            names.iter().all(|name| name.starts_with("reports/")),
            "{names:?}"
        );
        world.aws.advance_time(SignedDuration::from_secs(1));
    }
    world.end();
}

#[test]
fn nothing_is_written_if_a_page_cannot_be_read() {
    let mut world = many();
    world.ok("report", &json!({}));
    let calls = world.aws.calls_of(GET);
    let tokens: Vec<_> = calls
        .iter()
        .rev()
        .take(2)
        .map(|call| &call.members["NextToken"])
        .collect();
    world.aws.remove_objects();
    for token in tokens {
        for kind in [
            FaultKind::AccessDenied,
            FaultKind::Throttle,
            FaultKind::Reset,
            FaultKind::Truncated,
            FaultKind::HtmlPage,
            FaultKind::RepeatedToken,
            FaultKind::Missing("/Findings".to_owned()),
            FaultKind::Missing("/Findings/0/Id".to_owned()),
            FaultKind::Missing("/Findings/0/GeneratorId".to_owned()),
            FaultKind::Missing("/Findings/0/AwsAccountId".to_owned()),
        ] {
            let fault = Fault::new(GET, kind.clone());
            let fault = match kind {
                // The pages must have the same token.
                FaultKind::RepeatedToken => fault,
                _ => fault.matching(json!({"NextToken": token})),
            };
            world.aws.fail(fault);
            let error = world.error("report", &json!({}));
            assert_eq!(error.error_type, "NotAvailable", "{kind:?}");
            let message = &error.error_message;
            assert!(
                message.contains(GET.replace('.', ":").as_str()) && message.contains(REGION),
                "{message}"
            );
            assert_eq!(names(&world), BTreeSet::new(), "{kind:?}");
            world.clear_faults();
        }
    }
    assert_recovers(world);
}

#[test]
fn nothing_is_written_if_the_parameters_cannot_be_read() {
    let mut world = two_keys().and("EKSENTRY_PARAMETERS_PATHS", "/eksentry/checks");
    world.change(|account| {
        account.parameters.push(Parameter {
            name: "/eksentry/checks/all".to_owned(),
            value: "{}".to_owned(),
            kind: None,
        });
    });
    world.deny("ssm.GetParametersByPath");
    let error = world.error("report", &json!({}));
    assert_eq!(error.error_type, "InvalidSettings");
    assert_eq!(names(&world), BTreeSet::new());
    assert_recovers(world);
}

#[test]
fn the_error_says_that_security_hub_is_off() {
    let mut world = two_keys();
    world.aws.fail(Fault::new(
        GET,
        FaultKind::Error {
            code: "InvalidAccessException".to_owned(),
            status: 401,
            message: "Account 111122223333 is not subscribed to AWS Security Hub".to_owned(),
        },
    ));
    let error = world.error("report", &json!({}));
    assert_eq!(error.error_type, "NotAvailable");
    let message = &error.error_message;
    assert!(
        message.contains("isn't enabled") && message.contains("turn it on"),
        "{message}"
    );
    world.end();
}

#[test]
fn a_refused_write_is_an_error_that_names_the_object() {
    for (kind, mention) in [
        (FaultKind::AccessDenied, "s3:PutObject"),
        (
            FaultKind::Error {
                code: "NoSuchBucket".to_owned(),
                status: 404,
                message: "The specified bucket does not exist".to_owned(),
            },
            "does not exist",
        ),
    ] {
        let mut world = two_keys();
        world.aws.fail(Fault::new(PUT, kind));
        let error = world.error("report", &json!({}));
        assert_eq!(error.error_type, "NotDelivered");
        for part in [
            "s3://reports/eksentry/report/",
            "2 findings",
            "policy",
            mention,
        ] {
            assert!(error.error_message.contains(part), "{part}: {error:?}");
        }
        assert_eq!(names(&world), BTreeSet::new());

        // The queue delivers the message again.
        assert_recovers(world);
    }
}

/// Anyone who can change findings, or the names of resources, determines the texts in a report.
#[test]
fn hostile_texts_in_findings_are_not_part_of_the_page() {
    let mut world =
        swept(json!({"clusters": [private_cluster("open")], "keys": [key("a", false)]}));
    world.aws.edit_findings(|finding| {
        for name in ["Title", "Description", "Note", "GeneratorId"] {
            let text = match name {
                "GeneratorId" => format!("eksentry/{SCRIPT}"),
                _ => SCRIPT.to_owned(),
            };
            let value = match name {
                "Note" => json!({"Text": text, "UpdatedBy": text, "UpdatedAt": SCRIPT}),
                _ => text.into(),
            };
            finding.insert(name.to_owned(), value);
        }
        let resource = &mut finding["Resources"][0];
        resource["Tags"] = json!({SCRIPT: SCRIPT});
        resource["Details"] = json!({"Other": {SCRIPT: SCRIPT}});
        finding["Compliance"]["StatusReasons"] =
            json!([{"ReasonCode": SCRIPT, "Description": SCRIPT}]);
        finding["Remediation"] =
            json!({"Recommendation": {"Text": SCRIPT, "Url": "javascript:alert(1)"}});
    });
    world.ok("report", &json!({}));
    let page = String::from_utf8(written(&world).1).unwrap();
    assert!(page.contains("alert("), "the texts are in the report");
    assert!(!page.contains("<script>alert"), "{page}");
    world.end();
}

#[test]
fn a_report_can_be_written_to_a_folder() {
    let folder = std::env::temp_dir().join(format!("eksentry-report-{}", std::process::id()));
    let mut world = World::with(json!({"keys": [key("a", false)]}))
        .and(REPORT, folder.to_str().unwrap())
        .deployed_with("ReportBucket", "reports");
    let answer = world.ok("report", &json!({}));
    assert_eq!(world.calls(PUT), 0);
    let path = answer["report"].as_str().unwrap();
    assert!(path.starts_with(folder.to_str().unwrap()), "{path}");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.to_lowercase().starts_with("<!doctype html>"));
    std::fs::remove_dir_all(&folder).unwrap();
    world.end();
}
