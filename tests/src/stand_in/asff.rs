//! The rules of the AWS Security Finding Format that BatchImportFindings applies to a finding.
//!
//! The tables below contain the format as far as the functions use it. Members that they never send are unknown here.

use serde_json::Value;

use crate::account::Record;

/// The maximum size of a finding as JSON, in bytes.
pub(super) const MOST_BYTES: usize = 240 * 1024;

/// The rule that a value must follow.
enum Rule {
    /// Text of 1 to this many characters, not only whitespace.
    Text(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Twelve digits.
    AccountId,
    /// `namespace/category/classifier`.
    FindingType,
    /// An RFC 3339 timestamp.
    Moment,
    Flag,
    Number,
    /// A whole number from 0 to 100.
    Percent,
    /// A list with a minimum and a maximum number of items, all of which follow one rule.
    List(usize, usize, &'static Rule),
    /// A map from text to text, with limits on the number of pairs and on the characters of keys and values.
    Pairs {
        most: usize,
        key: usize,
        value: usize,
    },
    /// An object with these members and no others. Those marked as required must be present.
    Object(&'static [(&'static str, Presence, Rule)]),
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Presence {
    Required,
    Optional,
}

use Presence::{Optional, Required};
use Rule::{
    AccountId, FindingType, Flag, List, Moment, Number, Object, OneOf, Pairs, Percent, Text,
};

/// The limit where the format states none. Only the size of the finding limits such a value.
const ANY: usize = usize::MAX;

const LABELS: Rule = OneOf(&["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]);
const TYPES: Rule = List(0, 50, &FindingType);
const TEXTS: Rule = List(0, ANY, &Text(ANY));

static FINDING: Rule = Object(&[
    ("SchemaVersion", Required, OneOf(&["2018-10-08"])),
    ("Id", Required, Text(512)),
    ("ProductArn", Required, Text(2048)),
    ("ProductName", Optional, Text(128)),
    ("CompanyName", Optional, Text(128)),
    ("Region", Optional, Text(16)),
    ("GeneratorId", Required, Text(512)),
    ("AwsAccountId", Required, AccountId),
    ("AwsAccountName", Optional, Text(50)),
    ("Types", Optional, TYPES),
    ("FirstObservedAt", Optional, Moment),
    ("LastObservedAt", Optional, Moment),
    ("CreatedAt", Required, Moment),
    ("UpdatedAt", Required, Moment),
    ("ProcessedAt", Optional, Moment),
    ("Severity", Optional, SEVERITY),
    ("Confidence", Optional, Percent),
    ("Criticality", Optional, Percent),
    ("Title", Required, Text(256)),
    ("Description", Required, Text(1024)),
    ("Remediation", Optional, REMEDIATION),
    ("SourceUrl", Optional, Text(ANY)),
    (
        "ProductFields",
        Optional,
        Pairs {
            most: 50,
            key: 128,
            value: 2048,
        },
    ),
    (
        "UserDefinedFields",
        Optional,
        Pairs {
            most: 50,
            key: 128,
            value: 1024,
        },
    ),
    ("Resources", Required, List(1, 32, &RESOURCE)),
    ("Compliance", Optional, COMPLIANCE),
    (
        "VerificationState",
        Optional,
        OneOf(&[
            "UNKNOWN",
            "TRUE_POSITIVE",
            "FALSE_POSITIVE",
            "BENIGN_POSITIVE",
        ]),
    ),
    (
        "WorkflowState",
        Optional,
        OneOf(&["NEW", "ASSIGNED", "IN_PROGRESS", "DEFERRED", "RESOLVED"]),
    ),
    (
        "Workflow",
        Optional,
        Object(&[(
            "Status",
            Optional,
            OneOf(&["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"]),
        )]),
    ),
    ("RecordState", Optional, OneOf(&["ACTIVE", "ARCHIVED"])),
    ("RelatedFindings", Optional, RELATED_FINDINGS),
    ("Note", Optional, NOTE),
    ("Vulnerabilities", Optional, List(0, ANY, &VULNERABILITY)),
    ("FindingProviderFields", Optional, PROVIDER_FIELDS),
    ("Sample", Optional, Flag),
]);

const SEVERITY: Rule = Object(&[
    ("Product", Optional, Number),
    ("Label", Optional, LABELS),
    ("Normalized", Optional, Percent),
    ("Original", Optional, Text(64)),
]);

const PROVIDER_FIELDS: Rule = Object(&[
    ("Confidence", Optional, Percent),
    ("Criticality", Optional, Percent),
    ("RelatedFindings", Optional, RELATED_FINDINGS),
    (
        "Severity",
        Optional,
        Object(&[
            ("Label", Optional, LABELS),
            ("Original", Optional, Text(64)),
        ]),
    ),
    ("Types", Optional, TYPES),
]);

const RELATED_FINDINGS: Rule = List(
    1,
    10,
    &Object(&[
        ("ProductArn", Required, Text(2048)),
        ("Id", Required, Text(512)),
    ]),
);

const NOTE: Rule = Object(&[
    ("Text", Required, Text(512)),
    ("UpdatedBy", Required, Text(512)),
    ("UpdatedAt", Required, Moment),
]);

const REMEDIATION: Rule = Object(&[(
    "Recommendation",
    Optional,
    Object(&[("Text", Optional, Text(512)), ("Url", Optional, Text(ANY))]),
)]);

const COMPLIANCE: Rule = Object(&[
    (
        "Status",
        Optional,
        OneOf(&["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"]),
    ),
    ("RelatedRequirements", Optional, List(0, 32, &Text(ANY))),
    (
        "StatusReasons",
        Optional,
        List(
            0,
            ANY,
            &Object(&[
                ("ReasonCode", Required, Text(ANY)),
                ("Description", Optional, Text(ANY)),
            ]),
        ),
    ),
    ("SecurityControlId", Optional, Text(ANY)),
    (
        "AssociatedStandards",
        Optional,
        List(0, ANY, &Object(&[("StandardsId", Optional, Text(ANY))])),
    ),
    (
        "SecurityControlParameters",
        Optional,
        List(
            0,
            ANY,
            &Object(&[("Name", Optional, Text(ANY)), ("Value", Optional, TEXTS)]),
        ),
    ),
]);

static RESOURCE: Rule = Object(&[
    ("Type", Required, Text(256)),
    ("Id", Required, Text(512)),
    (
        "Partition",
        Optional,
        OneOf(&["aws", "aws-cn", "aws-us-gov"]),
    ),
    ("Region", Optional, Text(16)),
    ("ResourceRole", Optional, Text(ANY)),
    (
        "Tags",
        Optional,
        Pairs {
            most: 50,
            key: 128,
            value: 256,
        },
    ),
    ("ApplicationName", Optional, Text(ANY)),
    ("ApplicationArn", Optional, Text(ANY)),
    ("Details", Optional, DETAILS),
]);

/// The texts of `Other` must be shorter than 128 and 1,024 characters.
const DETAILS: Rule = Object(&[
    ("AwsEksCluster", Optional, EKS_CLUSTER),
    ("AwsEcrRepository", Optional, ECR_REPOSITORY),
    ("AwsEcrContainerImage", Optional, ECR_IMAGE),
    ("AwsKmsKey", Optional, KMS_KEY),
    (
        "Other",
        Optional,
        Pairs {
            most: 50,
            key: 127,
            value: 1023,
        },
    ),
]);

const EKS_CLUSTER: Rule = Object(&[
    ("Arn", Optional, Text(ANY)),
    ("CertificateAuthorityData", Optional, Text(ANY)),
    ("ClusterStatus", Optional, Text(ANY)),
    ("Endpoint", Optional, Text(ANY)),
    ("Name", Optional, Text(ANY)),
    (
        "ResourcesVpcConfig",
        Optional,
        Object(&[
            ("SecurityGroupIds", Optional, TEXTS),
            ("SubnetIds", Optional, TEXTS),
            ("EndpointPublicAccess", Optional, Flag),
        ]),
    ),
    ("RoleArn", Optional, Text(ANY)),
    ("Version", Optional, Text(ANY)),
    (
        "Logging",
        Optional,
        Object(&[("ClusterLogging", Optional, List(0, ANY, &CLUSTER_LOGGING))]),
    ),
]);

const CLUSTER_LOGGING: Rule = Object(&[("Enabled", Optional, Flag), ("Types", Optional, TEXTS)]);

const ECR_REPOSITORY: Rule = Object(&[
    ("Arn", Optional, Text(ANY)),
    (
        "ImageScanningConfiguration",
        Optional,
        Object(&[("ScanOnPush", Optional, Flag)]),
    ),
    ("ImageTagMutability", Optional, Text(ANY)),
    (
        "LifecyclePolicy",
        Optional,
        Object(&[
            ("LifecyclePolicyText", Optional, Text(ANY)),
            ("RegistryId", Optional, Text(ANY)),
        ]),
    ),
    ("RepositoryName", Optional, Text(ANY)),
    ("RepositoryPolicyText", Optional, Text(ANY)),
]);

const ECR_IMAGE: Rule = Object(&[
    ("RegistryId", Optional, Text(ANY)),
    ("RepositoryName", Optional, Text(ANY)),
    ("Architecture", Optional, Text(ANY)),
    ("ImageDigest", Optional, Text(ANY)),
    ("ImageTags", Optional, TEXTS),
    ("ImagePublishedAt", Optional, Moment),
]);

const KMS_KEY: Rule = Object(&[
    ("AWSAccountId", Optional, Text(ANY)),
    ("CreationDate", Optional, Number),
    ("KeyId", Optional, Text(ANY)),
    ("KeyManager", Optional, Text(ANY)),
    ("KeyState", Optional, Text(ANY)),
    ("Origin", Optional, Text(ANY)),
    ("Description", Optional, Text(ANY)),
    ("KeyRotationStatus", Optional, Flag),
]);

static VULNERABILITY: Rule = Object(&[
    ("Id", Required, Text(ANY)),
    ("VulnerablePackages", Optional, List(0, ANY, &PACKAGE)),
    ("Cvss", Optional, List(0, ANY, &CVSS)),
    ("RelatedVulnerabilities", Optional, TEXTS),
    (
        "Vendor",
        Optional,
        Object(&[
            ("Name", Required, Text(ANY)),
            ("Url", Optional, Text(ANY)),
            ("VendorSeverity", Optional, Text(ANY)),
            ("VendorCreatedAt", Optional, Moment),
            ("VendorUpdatedAt", Optional, Moment),
        ]),
    ),
    ("ReferenceUrls", Optional, TEXTS),
    ("FixAvailable", Optional, OneOf(&["YES", "NO", "PARTIAL"])),
    ("EpssScore", Optional, Number),
    ("ExploitAvailable", Optional, OneOf(&["YES", "NO"])),
    ("LastKnownExploitAt", Optional, Moment),
]);

const PACKAGE: Rule = Object(&[
    ("Name", Optional, Text(ANY)),
    ("Version", Optional, Text(ANY)),
    ("Epoch", Optional, Text(ANY)),
    ("Release", Optional, Text(ANY)),
    ("Architecture", Optional, Text(ANY)),
    ("PackageManager", Optional, Text(ANY)),
    ("FilePath", Optional, Text(ANY)),
    ("FixedInVersion", Optional, Text(ANY)),
    ("Remediation", Optional, Text(ANY)),
    ("SourceLayerHash", Optional, Text(ANY)),
    ("SourceLayerArn", Optional, Text(ANY)),
]);

const CVSS: Rule = Object(&[
    ("Version", Optional, Text(ANY)),
    ("BaseScore", Optional, Number),
    ("BaseVector", Optional, Text(ANY)),
    ("Source", Optional, Text(ANY)),
    (
        "Adjustments",
        Optional,
        List(
            0,
            ANY,
            &Object(&[
                ("Metric", Optional, Text(ANY)),
                ("Reason", Optional, Text(ANY)),
            ]),
        ),
    ),
]);

const NAMESPACES: [&str; 5] = [
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
];

/// Returns the problems of a finding; empty if Security Hub would accept it.
pub(super) fn problems(finding: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    FINDING.check("finding", finding, &mut problems);
    for name in ["Severity", "Types"] {
        let provided = finding
            .get("FindingProviderFields")
            .and_then(|fields| fields.get(name));
        if provided.or_else(|| finding.get(name)).is_none() {
            problems.push(format!(
                "finding has {name} neither in FindingProviderFields nor by itself"
            ));
        }
    }
    let bytes = finding.to_string().len();
    if bytes > MOST_BYTES {
        problems.push(format!(
            "finding has {bytes} bytes, {MOST_BYTES} are allowed"
        ));
    }
    problems
}

impl Rule {
    fn check(&self, path: &str, value: &Value, problems: &mut Vec<String>) {
        match self {
            List(least, most, item) => check_list(path, value, (*least, *most), item, problems),
            Pairs {
                most,
                key,
                value: longest,
            } => check_pairs(path, value, *most, (*key, *longest), problems),
            Object(members) => check_object(path, value, members, problems),
            single => problems.extend(
                single
                    .problem(value)
                    .map(|problem| format!("{path} {problem}")),
            ),
        }
    }

    /// Returns the problem of a value that contains no other values.
    fn problem(&self, value: &Value) -> Option<String> {
        let fits = match self {
            Text(most) => return text_problem(value, *most),
            OneOf(allowed) => value.as_str().is_some_and(|text| allowed.contains(&text)),
            AccountId => value
                .as_str()
                .is_some_and(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())),
            FindingType => value.as_str().is_some_and(is_finding_type),
            Moment => value.as_str().is_some_and(|text| moment(text).is_some()),
            Flag => value.is_boolean(),
            Number => value.is_number(),
            Percent => value.as_u64().is_some_and(|number| number <= 100),
            List(..) | Pairs { .. } | Object(_) => true,
        };
        (!fits).then(|| format!("is {value}, not {}", self.wanted()))
    }

    fn wanted(&self) -> String {
        match self {
            OneOf(allowed) => format!("one of {}", allowed.join(", ")),
            AccountId => "twelve digits".to_owned(),
            FindingType => "namespace/category/classifier in a known namespace".to_owned(),
            Moment => "an RFC 3339 timestamp".to_owned(),
            Flag => "true or false".to_owned(),
            Number => "a number".to_owned(),
            Percent => "a whole number from 0 to 100".to_owned(),
            Text(_) => "text".to_owned(),
            List(..) => "a list".to_owned(),
            Pairs { .. } | Object(_) => "an object".to_owned(),
        }
    }
}

/// Parses an RFC 3339 timestamp with its offset; the year has four digits and no sign.
pub(super) fn moment(text: &str) -> Option<jiff::Timestamp> {
    let year = text.split('-').next().unwrap_or_default();
    let is_one = text.contains('T') && year.len() == 4;
    is_one.then(|| text.parse().ok()).flatten()
}

fn text_problem(value: &Value, most: usize) -> Option<String> {
    let Some(text) = value.as_str() else {
        return Some(format!("is {value}, not text"));
    };
    if text.trim().is_empty() {
        return Some("is empty".to_owned());
    }
    let length = text.chars().count();
    (length > most).then(|| format!("has {length} characters, {most} are allowed"))
}

fn is_finding_type(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() <= 3
        && NAMESPACES.contains(&parts[0])
        && parts.iter().all(|part| !part.trim().is_empty())
}

fn check_list(
    path: &str,
    value: &Value,
    (least, most): (usize, usize),
    item: &Rule,
    problems: &mut Vec<String>,
) {
    let Some(items) = value.as_array() else {
        return problems.push(format!("{path} is {value}, not a list"));
    };
    if items.len() < least || items.len() > most {
        problems.push(format!(
            "{path} has {} items, {least} to {most} are allowed",
            items.len()
        ));
    }
    for (index, member) in items.iter().enumerate() {
        item.check(&format!("{path}[{index}]"), member, problems);
    }
}

fn check_pairs(
    path: &str,
    value: &Value,
    most: usize,
    (key, longest): (usize, usize),
    problems: &mut Vec<String>,
) {
    let Some(members) = value.as_object() else {
        return problems.push(format!("{path} is {value}, not a map"));
    };
    if members.len() > most {
        problems.push(format!(
            "{path} has {} pairs, {most} are allowed",
            members.len()
        ));
    }
    for (name, member) in members {
        let name_problem = text_problem(&name.as_str().into(), key);
        problems.extend(
            name_problem.map(|problem| format!("{path} has a key that {problem}: {name:?}")),
        );
        problems.extend(
            text_problem(member, longest).map(|problem| format!("{path}.{name} {problem}")),
        );
    }
}

fn check_object(
    path: &str,
    value: &Value,
    known: &[(&str, Presence, Rule)],
    problems: &mut Vec<String>,
) {
    let Some(members) = value.as_object() else {
        return problems.push(format!("{path} is {value}, not an object"));
    };
    for (name, need, _) in known {
        if *need == Required && !members.contains_key(*name) {
            problems.push(format!("{path}.{name} is missing"));
        }
    }
    for (name, member) in members {
        match known.iter().find(|(own, ..)| own == name) {
            Some((_, _, rule)) => rule.check(&format!("{path}.{name}"), member, problems),
            None => problems.push(format!("{path}.{name} is no member of the format")),
        }
    }
}

/// Returns the Id of a finding, even if the rest of the finding is invalid.
pub(super) fn id(finding: &Record) -> &str {
    finding
        .get("Id")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
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
    fn the_sample_finding_is_taken() {
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
                "is no member",
            ),
            (
                "/Resources/0/Details/AwsKmsKey",
                json!({"CreationDate": "2025-01-01T00:00:00Z"}),
                "not a number",
            ),
            ("/Unknown", json!("x"), "finding.Unknown is no member"),
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
                "is no member",
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
}
