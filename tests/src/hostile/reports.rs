//! Checks reports against what their services accept.

use aws_sdk_securityhub::{
    operation::batch_import_findings::{BatchImportFindings, BatchImportFindingsInput},
    types::AwsSecurityFinding,
};
use aws_smithy_runtime_api::client::{
    interceptors::context::Input,
    runtime_plugin::RuntimePlugin,
    ser_de::{SerializeRequest, SharedRequestSerializer},
};
use aws_smithy_types::config_bag::ConfigBag;
use eksentry_core::{Finding, Location, finding::GENERATOR};
use eksentry_reporters::{Compliance, Evaluation, ocsf, security_hub::outline};
use serde_json::{Value, json};

use crate::{model::validate, stand_in::finding_problems};

const RUN: &str = "0a1b2c3d-run";

/// Checks every report of a finding against what its service accepts.
///
/// # Panics
///
/// If a service would not accept a report, if a report differs from its finding or from its stated size, or if it is
/// about another account.
pub fn assert_reportable(finding: &Finding, tags: &[(String, String)]) {
    let of = finding.id();
    assert_security_hub(&of, finding, tags);
    assert_aws_config(&of, finding);
    assert_ocsf(&of, finding);
}

fn assert_security_hub(of: &str, finding: &Finding, tags: &[(String, String)]) {
    let Some(outline) = outline(finding) else {
        return;
    };
    let rendered = outline.render(finding).with_run(RUN).with_tags(tags);
    let document = as_sent(rendered.finding);
    let problems = finding_problems(&document);
    assert!(problems.is_empty(), "{of}: {}", problems.join("; "));
    let bytes = document.to_string().len();
    assert!(
        bytes <= rendered.size,
        "{of}: {bytes} bytes, more than the stated {}",
        rendered.size
    );

    let place = finding.resource.location();
    let Location {
        partition,
        region,
        account,
    } = &place;
    let product =
        format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default");
    for (name, expected) in [
        ("Id", of),
        ("ProductArn", &product),
        ("AwsAccountId", account),
    ] {
        assert_eq!(document[name], expected, "{of}");
    }
    assert_eq!(
        document["Resources"][0]["Id"],
        finding.resource.asff_id(),
        "{of}"
    );
    assert!(of.starts_with(GENERATOR), "{of}");

    let again = outline.render(finding);
    let again = as_sent(again.with_run(RUN).with_tags(tags).finding);
    assert_eq!(
        document, again,
        "{of} is rendered differently the second time"
    );
}

fn assert_aws_config(of: &str, finding: &Finding) {
    let at = finding.observed_at;
    let Some(evaluation) = Evaluation::of(&finding.resource, &finding.verdict, at) else {
        return;
    };
    let sent = json!({
        "ComplianceResourceType": evaluation.resource_type,
        "ComplianceResourceId": evaluation.resource_id,
        "ComplianceType": config_word(evaluation.compliance),
        "OrderingTimestamp": at.as_second(),
    });
    assert!(
        !evaluation.annotation.is_empty(),
        "{of}: the annotation is empty"
    );
    let problems = validate("config", "Evaluation", &sent);
    assert!(problems.is_empty(), "{of}: {}", problems.join("; "));
}

const fn config_word(compliance: Compliance) -> &'static str {
    match compliance {
        Compliance::Compliant => "COMPLIANT",
        Compliance::NonCompliant => "NON_COMPLIANT",
        Compliance::NotApplicable => "NOT_APPLICABLE",
    }
}

fn assert_ocsf(of: &str, finding: &Finding) {
    for event in ocsf::events(finding, RUN) {
        let line = serde_json::to_string(&event).expect("an event is JSON");
        assert!(!line.contains('\n'), "{of}: an event contains a line break");
        let event: Value = serde_json::from_str(&line).expect("it was written as JSON");
        assert_no_nulls(of, &event);
    }
}

/// Asserts that a value contains no null: unknown values are left out.
fn assert_no_nulls(of: &str, value: &Value) {
    match value {
        Value::Null => panic!("{of}: null, which must be omitted"),
        Value::Array(items) => items.iter().for_each(|item| assert_no_nulls(of, item)),
        Value::Object(members) => {
            for (name, member) in members {
                assert_no_nulls(&format!("{of} {name}"), member);
            }
        }
        _ => {}
    }
}

/// Returns a finding in the JSON that the SDK sends.
fn as_sent(finding: AwsSecurityFinding) -> Value {
    let input = BatchImportFindingsInput::builder()
        .findings(finding)
        .build();
    let input = input.expect("it has findings");
    let sdk = BatchImportFindings::new()
        .config()
        .expect("the SDK knows how to send");
    let serializer = sdk
        .load::<SharedRequestSerializer>()
        .expect("and how to write");
    let request = serializer.serialize_input(Input::erase(input), &mut ConfigBag::base());
    let request = request.expect("whatever the finding, it is written");
    let body = request.body().bytes().expect("the body is in memory");
    let mut sent: Value = serde_json::from_slice(body).expect("the SDK writes JSON");
    sent["Findings"][0].take()
}
