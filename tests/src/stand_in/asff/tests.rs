//! Tests of the rules, and a finding that follows them.

use serde_json::json;

use super::*;

/// Returns a finding that Security Hub accepts.
pub(in crate::stand_in) fn finding() -> Value {
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": "eksentry/check/arn",
        "ProductArn": "arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default",
        "GeneratorId": "eksentry/check",
        "AwsAccountId": "123456789012",
        "CreatedAt": "2025-01-02T03:04:05Z",
        "UpdatedAt": "2025-01-02T03:04:05.678Z",
        "Title": "Title",
        "Description": "Description",
        "Resources": [{
            "Type": "AwsEksCluster",
            "Id": "arn:aws:eks:eu-central-1:123456789012:cluster/a",
            "Tags": {"team": "a"},
            "Details": {"AwsEksCluster": {"Name": "a"}, "Other": {"privateAccess": "false"}},
        }],
        "Compliance": {"Status": "FAILED", "StatusReasons": [{"ReasonCode": "R", "Description": "d"}]},
        "FindingProviderFields": {
            "Severity": {"Label": "HIGH"},
            "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        },
        "ProductFields": {"eksentry/version": "1"},
        "Vulnerabilities": [{"Id": "CVE-2024-3094", "VulnerablePackages": [{"Name": "xz", "Epoch": "0"}]}],
    })
}

/// Returns the finding with another value for one member, named by a JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut finding = finding();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    finding.pointer_mut(parent).expect("the parent is there")[name] = value;
    finding
}

fn pairs(count: usize) -> Value {
    (0..count)
        .map(|number| (format!("key{number}"), json!("value")))
        .collect()
}

fn long(characters: usize) -> Value {
    "ä".repeat(characters).into()
}

#[test]
fn the_sample_finding_is_valid() {
    assert_eq!(problems(&finding()), Vec::<String>::new());
}

#[test]
fn each_limit_holds_up_to_its_last_character() {
    for (pointer, most) in [
        ("/Id", 512),
        ("/GeneratorId", 512),
        ("/Title", 256),
        ("/Description", 1024),
        ("/Resources/0/Type", 256),
        ("/Resources/0/Id", 512),
        ("/Resources/0/Region", 16),
        ("/Resources/0/Tags/team", 256),
        ("/Resources/0/Details/Other/privateAccess", 1023),
        ("/ProductFields/version", 2048),
        ("/FindingProviderFields/Severity/Original", 64),
    ] {
        assert_eq!(
            problems(&with(pointer, long(most))),
            Vec::<String>::new(),
            "{pointer}"
        );
        assert!(
            !problems(&with(pointer, long(most + 1))).is_empty(),
            "{pointer}"
        );
    }
}

#[test]
fn keys_of_maps_have_limits_too() {
    for (pointer, most) in [
        ("/ProductFields", 128),
        ("/Resources/0/Tags", 128),
        ("/Resources/0/Details/Other", 127),
    ] {
        let one = |length: usize| json!({"k".repeat(length): "value"});
        assert_eq!(
            problems(&with(pointer, one(most))),
            Vec::<String>::new(),
            "{pointer}"
        );
        assert!(
            !problems(&with(pointer, one(most + 1))).is_empty(),
            "{pointer}"
        );
    }
}

#[test]
fn a_finding_has_at_most_240_kilobytes() {
    let of_size = |bytes: usize| {
        let rest = with("/SourceUrl", json!("")).to_string().len();
        with("/SourceUrl", "x".repeat(bytes - rest).into())
    };
    assert_eq!(problems(&of_size(MOST_BYTES)), Vec::<String>::new());
    assert!(!problems(&of_size(MOST_BYTES + 1)).is_empty());
}

#[test]
fn lists_and_maps_have_limits() {
    let types = |count| json!(vec!["TTPs/a/b"; count]);
    let resources = |count| json!(vec![json!({"Type": "Other", "Id": "id"}); count]);
    for (pointer, at_limit, beyond) in [
        ("/FindingProviderFields/Types", types(50), types(51)),
        ("/Resources", resources(32), resources(33)),
        ("/Resources", resources(1), resources(0)),
        ("/ProductFields", pairs(50), pairs(51)),
        ("/Resources/0/Tags", pairs(50), pairs(51)),
        ("/Resources/0/Details/Other", pairs(50), pairs(51)),
        (
            "/Compliance/RelatedRequirements",
            json!(vec!["r"; 32]),
            json!(vec!["r"; 33]),
        ),
    ] {
        assert_eq!(
            problems(&with(pointer, at_limit)),
            Vec::<String>::new(),
            "{pointer}"
        );
        assert!(!problems(&with(pointer, beyond)).is_empty(), "{pointer}");
    }
}

#[test]
fn wrong_values_are_named_by_their_path() {
    for (pointer, value, path) in [
        ("/Title", json!(" "), "finding.Title is empty"),
        (
            "/Remediation",
            json!({"Recommendation": {"Text": ""}}),
            "finding.Remediation.Recommendation.Text",
        ),
        (
            "/Resources/0/Tags",
            json!({"": "x"}),
            "finding.Resources[0].Tags has a key that is empty",
        ),
        (
            "/Resources/0/Tags",
            json!({"x": ""}),
            "finding.Resources[0].Tags.x is empty",
        ),
        (
            "/Resources/0/Details/AwsEksCluster/Endpoint",
            json!(null),
            "AwsEksCluster.Endpoint is null",
        ),
        (
            "/Resources/0/Details/AwsEksCluster/EncryptionConfig",
            json!([]),
            "is not a member",
        ),
        (
            "/Resources/0/Details/AwsKmsKey",
            json!({"CreationDate": "2025-01-01T00:00:00Z"}),
            "not a number",
        ),
        ("/Unknown", json!("x"), "finding.Unknown is not a member"),
        ("/CreatedAt", json!("2025-01-02 03:04:05Z"), "RFC 3339"),
        ("/UpdatedAt", json!("2025-01-02T03:04:05"), "RFC 3339"),
        ("/UpdatedAt", json!("2025-02-30T03:04:05Z"), "RFC 3339"),
        ("/AwsAccountId", json!("12345"), "twelve digits"),
        ("/SchemaVersion", json!("2020-01-01"), "2018-10-08"),
        (
            "/FindingProviderFields/Types",
            json!(["Best Practices/a"]),
            "namespace",
        ),
        (
            "/FindingProviderFields/Types",
            json!(["TTPs/a/b/c"]),
            "namespace",
        ),
        (
            "/FindingProviderFields/Severity",
            json!({"Label": "SEVERE"}),
            "one of INFORMATIONAL",
        ),
        (
            "/FindingProviderFields/Severity",
            json!({"Normalized": 1}),
            "is not a member",
        ),
        (
            "/Compliance/Status",
            json!("NOT_APPLICABLE"),
            "one of PASSED",
        ),
        (
            "/Compliance/StatusReasons",
            json!([{"Description": "d"}]),
            "ReasonCode is missing",
        ),
        (
            "/Vulnerabilities/0/VulnerablePackages/0/Epoch",
            json!(0),
            "Epoch is 0, not text",
        ),
        (
            "/Vulnerabilities/0/Vendor",
            json!({}),
            "Vendor.Name is missing",
        ),
        (
            "/Vulnerabilities/0/FixAvailable",
            json!("MAYBE"),
            "one of YES",
        ),
    ] {
        let problems = problems(&with(pointer, value)).join("; ");
        assert!(problems.contains(path), "{pointer}: {problems:?}");
    }
}

#[test]
fn required_members_are_required() {
    let required = [
        "SchemaVersion",
        "Id",
        "ProductArn",
        "GeneratorId",
        "AwsAccountId",
        "CreatedAt",
        "UpdatedAt",
        "Title",
        "Description",
        "Resources",
        "FindingProviderFields",
    ];
    for name in required {
        let mut finding = finding();
        finding
            .as_object_mut()
            .expect("a finding is an object")
            .remove(name);
        assert!(!problems(&finding).is_empty(), "{name}");
    }
}

#[test]
fn severity_and_types_may_stand_by_themselves() {
    let mut finding = finding();
    let members = finding.as_object_mut().expect("a finding is an object");
    let provided = members
        .remove("FindingProviderFields")
        .expect("the sample has it");
    members.insert("Severity".to_owned(), provided["Severity"].clone());
    members.insert("Types".to_owned(), provided["Types"].clone());
    assert_eq!(problems(&finding), Vec::<String>::new());
}
