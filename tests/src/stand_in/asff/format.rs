//! The AWS Security Finding Format, as far as the functions use it. Members that they never send are unknown here.

use super::rule::{
    Presence::{Optional, Required},
    Rule::{
        self, AccountId, FindingType, Flag, List, Moment, Number, Object, OneOf, Pairs, Percent,
        Text,
    },
};

/// The limit where the format states none. Only the size of the finding limits such a value.
const ANY: usize = usize::MAX;

const LABELS: Rule = OneOf(&["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]);
const TYPES: Rule = List(0, 50, &FindingType);
const TEXTS: Rule = List(0, ANY, &Text(ANY));

pub(super) static FINDING: Rule = Object(&[
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
