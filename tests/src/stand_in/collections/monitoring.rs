//! The collections of Amazon GuardDuty, Amazon CloudWatch Logs and Amazon CloudWatch.

use serde_json::{Value, json};

use super::super::collection::{Collection, Missing};

/// The detectors of GuardDuty. One without features monitors everything.
pub(in crate::stand_in) static DETECTORS: Collection = Collection {
    defaults: |_| {
        let feature = |name: &str| json!({"Name": name, "Status": "ENABLED", "UpdatedAt": "2024-05-06T07:08:09Z"});
        let mut runtime = feature("RUNTIME_MONITORING");
        runtime["AdditionalConfiguration"] = json!([feature("EKS_ADDON_MANAGEMENT")]);
        json!({
            "CreatedAt": "2024-05-06T07:08:09.123Z",
            "UpdatedAt": "2024-05-06T07:08:09.123Z",
            "FindingPublishingFrequency": "SIX_HOURS",
            "ServiceRole":
                "arn:{partition}:iam::{account}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
            "Status": "ENABLED",
            "Tags": {},
            "Features": [feature("CLOUD_TRAIL"), feature("EKS_AUDIT_LOGS"), runtime],
        })
    },
    ..Collection::new(
        "detectors",
        "DetectorId",
        Missing {
            code: "BadRequestException",
            message: "The request is rejected because the input detectorId is not owned by the current account.",
        },
    )
};

/// The coverage of clusters by a detector. The ID of an entry is `eks-` and the name of the cluster.
pub(in crate::stand_in) static COVERAGE: Collection = Collection {
    parent: Some(&DETECTORS),
    defaults: |entry| {
        let id = entry.get("ResourceId").and_then(Value::as_str);
        let cluster = id.and_then(|id| id.strip_prefix("eks-"));
        json!({
            "AccountId": "{account}",
            "CoverageStatus": "HEALTHY",
            "UpdatedAt": "2024-05-06T07:08:09Z",
            "ResourceDetails": {
                "ResourceType": "EKS",
                "EksClusterDetails": {
                    "ClusterName": cluster,
                    "CoveredNodes": 3,
                    "CompatibleNodes": 3,
                    "ManagementType": "AUTO_MANAGED",
                },
            },
        })
    },
    ..Collection::new(
        "coverage",
        "ResourceId",
        Missing {
            code: "BadRequestException",
            message: "The request is rejected because {key} is not covered.",
        },
    )
};

/// The error of CloudWatch Logs for what does not exist.
const NO_RESOURCE: Missing = Missing {
    code: "ResourceNotFoundException",
    message: "The specified log group does not exist.",
};

/// Log groups. One without a retention period never expires log events.
pub(in crate::stand_in) static LOG_GROUPS: Collection = Collection {
    defaults: |_| {
        json!({
            "creationTime": 1_714_979_289_000_u64,
            "arn": "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:*",
            "logGroupArn": "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}",
            "storedBytes": 4711,
            "logGroupClass": "STANDARD",
        })
    },
    ..Collection::new("log_groups", "logGroupName", NO_RESOURCE)
};

/// The subscription filters of log groups.
pub(in crate::stand_in) static SUBSCRIPTION_FILTERS: Collection = Collection {
    parent: Some(&LOG_GROUPS),
    defaults: |_| {
        json!({
            "filterPattern": "",
            "destinationArn": "arn:{partition}:firehose:{region}:{account}:deliverystream/logs",
            "distribution": "ByLogStream",
            "creationTime": 1_714_979_289_000_u64,
        })
    },
    ..Collection::new("subscriptionFilters", "filterName", NO_RESOURCE)
};

/// The metric filters of log groups.
pub(in crate::stand_in) static METRIC_FILTERS: Collection = Collection {
    parent: Some(&LOG_GROUPS),
    defaults: |_| {
        json!({
            "filterPattern": "{ $.responseStatus.code = 403 }",
            "creationTime": 1_714_979_289_000_u64,
        })
    },
    ..Collection::new("metricFilters", "filterName", NO_RESOURCE)
};

/// The account-level policies of CloudWatch Logs.
pub(in crate::stand_in) static LOG_ACCOUNT_POLICIES: Collection = Collection {
    defaults: |_| {
        json!({
            "accountId": "{account}",
            "policyType": "SUBSCRIPTION_FILTER_POLICY",
            "policyDocument": "{}",
            "scope": "ALL",
            "lastUpdatedTime": 1_714_979_289_000_u64,
        })
    },
    ..Collection::new("log_account_policies", "policyName", NO_RESOURCE)
};

/// The error of CloudWatch for an alarm that does not exist.
const NO_ALARM: Missing = Missing {
    code: "ResourceNotFound",
    message: "The alarm {key} does not exist",
};

/// Metric alarms. One without actions performs none.
pub(in crate::stand_in) static METRIC_ALARMS: Collection = Collection {
    defaults: |_| {
        json!({
            "AlarmArn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}",
            "ActionsEnabled": true,
            "OKActions": [],
            "AlarmActions": [],
            "InsufficientDataActions": [],
            "StateValue": "OK",
        })
    },
    ..Collection::new("metric_alarms", "AlarmName", NO_ALARM)
};

/// Composite alarms. One without actions performs none.
pub(in crate::stand_in) static COMPOSITE_ALARMS: Collection = Collection {
    defaults: METRIC_ALARMS.defaults,
    ..Collection::new("composite_alarms", "AlarmName", NO_ALARM)
};
