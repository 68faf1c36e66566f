//! The table of operations: a row for each operation that the functions call.
//!
//! To add an operation, add its name to `.ci/models.py`, write the models again, and add a row here. The model states
//! the operation's form on the wire, its members and its pages. Resources that no collection lists or describes yet
//! need one in the table of collections as well.
//!
//! Sources of the resources of IAM actions: the tables of
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>, and those named in comments.

use serde_json::json;

use super::{
    cloudtrail, cloudwatch,
    collections::{
        ADDONS, CLUSTERS, CREATION_TEMPLATES, IDENTITY_PROVIDERS, INSIGHTS, LISTENERS,
        LOAD_BALANCERS, NODEGROUPS, POD_IDENTITY_ASSOCIATIONS, PULL_THROUGH_CACHE_RULES,
        PULL_TIME_UPDATE_EXCLUSIONS, REGISTRY_SCANNING, SIGNING_CONFIGURATION,
        ec2::{
            FLOW_LOGS, IMAGES, INSTANCE_TYPES, INSTANCES, PREFIX_LIST_ENTRIES, PREFIX_LISTS,
            SECURITY_GROUPS, SUBNETS, VOLUME_ENCRYPTION, VOLUMES, VPC_ENDPOINTS,
        },
    },
    config, ecr, efs, eks, elb, guardduty, iam, inspector, kms, lambda, logs,
    operation::{
        Permissions::{Nothing, Of, OfState, OnResource},
        Response::{Account, Describe, List, Object, State},
        Row,
    },
    organizations, regions, s3, security_hub, sqs, ssm, sts, tagging,
};

/// The operations.
pub(super) static OPERATIONS: &[Row] = &[
    Row::new("account.ListRegions", State(regions::list_regions))
        .on("arn:{partition}:account::{account}:account"),
    Row::new(
        "cloudtrail.DescribeTrails",
        Account(cloudtrail::describe_trails),
    ),
    Row::new(
        "cloudtrail.GetEventSelectors",
        Account(cloudtrail::get_event_selectors),
    )
    .needs(OnResource(cloudtrail::trail_resource)),
    Row::new(
        "cloudtrail.GetTrailStatus",
        Account(cloudtrail::get_trail_status),
    )
    .needs(OnResource(cloudtrail::trail_resource)),
    Row::new(
        "config.DescribeConfigurationRecorderStatus",
        Account(config::describe_recorder_status),
    ),
    Row::new(
        "config.DescribeConfigurationRecorders",
        Account(config::describe_recorders),
    ),
    // The ARN contains the rule's id, which differs from its name.
    Row::new(
        "config.GetComplianceDetailsByConfigRule",
        State(config::get_compliance_details_by_config_rule),
    )
    .page_sizes(10, 100)
    .on("config-rule/config-rule-{ConfigRuleName:digest6}"),
    Row::new("config.PutEvaluations", State(config::put_evaluations)),
    Row::new("ec2.DescribeFlowLogs", Describe(&FLOW_LOGS)).page_sizes(1000, 1000),
    Row::new("ec2.DescribeImages", Describe(&IMAGES))
        .page_sizes(1000, 1000)
        .ignores(&["IncludeDeprecated", "IncludeDisabled"]),
    Row::new("ec2.DescribeInstanceTypes", Describe(&INSTANCE_TYPES)),
    Row::new("ec2.DescribeInstances", Describe(&INSTANCES))
        .page_sizes(1000, 1000)
        .ignores(&["IncludeManagedResources"]),
    Row::new("ec2.DescribeManagedPrefixLists", Describe(&PREFIX_LISTS)),
    Row::new("ec2.DescribeSecurityGroups", Describe(&SECURITY_GROUPS)),
    Row::new("ec2.DescribeSubnets", Describe(&SUBNETS)),
    Row::new("ec2.DescribeVolumes", Describe(&VOLUMES))
        .page_sizes(1000, 1000)
        .ignores(&["IncludeManagedResources"]),
    Row::new("ec2.DescribeVpcEndpoints", Describe(&VPC_ENDPOINTS)).page_sizes(1000, 1000),
    Row::new(
        "ec2.GetEbsEncryptionByDefault",
        Describe(&VOLUME_ENCRYPTION),
    ),
    Row::new(
        "ec2.GetManagedPrefixListEntries",
        Describe(&PREFIX_LIST_ENTRIES),
    )
    .on("prefix-list/{PrefixListId}"),
    Row::new("ecr.BatchGetImage", Account(ecr::batch_get_image)).on("repository/{repositoryName}"),
    Row::new(
        "ecr.DescribeImageScanFindings",
        Account(ecr::describe_image_scan_findings),
    )
    .needs(Of(ecr::permissions_on_scan_findings)),
    Row::new(
        "ecr.DescribeImageSigningStatus",
        Account(ecr::describe_image_signing_status),
    )
    .on("repository/{repositoryName}"),
    Row::new("ecr.DescribeImages", Account(ecr::describe_images))
        .by_ids(&["imageIds"])
        .on("repository/{repositoryName}"),
    Row::new(
        "ecr.DescribePullThroughCacheRules",
        Describe(&PULL_THROUGH_CACHE_RULES),
    ),
    Row::new(
        "ecr.DescribeRepositories",
        Account(ecr::describe_repositories),
    )
    .by_ids(&["repositoryNames"])
    .needs(Of(ecr::permissions_on_repositories)),
    Row::new("ecr.GetLifecyclePolicy", Account(ecr::get_lifecycle_policy))
        .on("repository/{repositoryName}"),
    Row::new(
        "ecr.DescribeRepositoryCreationTemplates",
        Describe(&CREATION_TEMPLATES),
    )
    .also(|| json!({"registryId": "{account}"})),
    Row::new("ecr.GetAccountSetting", Account(ecr::get_account_setting)),
    Row::new("ecr.GetRegistryPolicy", Account(ecr::get_registry_policy)),
    Row::new(
        "ecr.GetDownloadUrlForLayer",
        Account(ecr::get_download_url_for_layer),
    )
    .on("repository/{repositoryName}"),
    Row::new(
        "ecr.GetRegistryScanningConfiguration",
        Describe(&REGISTRY_SCANNING),
    )
    .also(|| json!({"registryId": "{account}"})),
    Row::new(
        "ecr.GetRepositoryPolicy",
        Account(ecr::get_repository_policy),
    )
    .on("repository/{repositoryName}"),
    Row::new(
        "ecr.GetSigningConfiguration",
        Describe(&SIGNING_CONFIGURATION),
    )
    .also(|| json!({"registryId": "{account}"})),
    Row::new(
        "ecr.ListPullTimeUpdateExclusions",
        List(&PULL_TIME_UPDATE_EXCLUSIONS),
    )
    // The model has the members of pages, but no paginator. One page is enough: ECR allows few exclusions.
    .ignores(&["maxResults", "nextToken"]),
    Row::new("eks.DescribeAddon", Describe(&ADDONS))
        .on("addon/{clusterName}/{addonName}/{addonName:digest8}"),
    Row::new("eks.DescribeCluster", Describe(&CLUSTERS)).on("cluster/{name}"),
    Row::new(
        "eks.DescribeClusterVersions",
        Account(eks::describe_cluster_versions),
    ),
    Row::new("eks.DescribeNodegroup", Describe(&NODEGROUPS))
        .on("nodegroup/{clusterName}/{nodegroupName}/{nodegroupName:digest8}"),
    Row::new("eks.ListAccessEntries", Account(eks::list_access_entries))
        .on("cluster/{clusterName}"),
    Row::new("eks.ListAddons", List(&ADDONS)).on("cluster/{clusterName}"),
    Row::new(
        "eks.ListAssociatedAccessPolicies",
        Account(eks::list_associated_access_policies),
    )
    .on("access-entry/{clusterName}/{principalArn:digest8}"),
    Row::new("eks.ListClusters", List(&CLUSTERS)),
    Row::new("eks.ListInsights", Describe(&INSIGHTS)).on("cluster/{clusterName}"),
    Row::new("eks.ListNodegroups", List(&NODEGROUPS)).on("cluster/{clusterName}"),
    Row::new(
        "eks.ListPodIdentityAssociations",
        List(&POD_IDENTITY_ASSOCIATIONS),
    )
    .on("cluster/{clusterName}"),
    Row::new(
        "elasticfilesystem.DescribeAccessPoints",
        Account(efs::describe_access_points),
    )
    .needs(Of(efs::permissions_on_access_points)),
    Row::new(
        "elasticfilesystem.DescribeFileSystems",
        Account(efs::describe_file_systems),
    )
    .needs(OnResource(efs::file_system_resource)),
    Row::new(
        "elasticloadbalancing.DescribeListeners",
        Describe(&LISTENERS),
    ),
    Row::new(
        "elasticloadbalancing.DescribeLoadBalancers",
        Describe(&LOAD_BALANCERS),
    ),
    Row::new(
        "elasticloadbalancing.DescribeRules",
        Account(elb::describe_rules),
    ),
    Row::new(
        "elasticloadbalancing.DescribeSSLPolicies",
        Account(elb::describe_ssl_policies),
    ),
    Row::new("guardduty.GetDetector", Account(guardduty::get_detector)).on("detector/{DetectorId}"),
    Row::new("guardduty.ListCoverage", Account(guardduty::list_coverage))
        .on("detector/{DetectorId}"),
    Row::new(
        "guardduty.ListDetectors",
        Account(guardduty::list_detectors),
    ),
    Row::new("iam.GetInstanceProfile", Account(iam::get_instance_profile))
        .needs(OnResource(iam::instance_profile_resource)),
    Row::new("iam.GetPolicy", Account(iam::get_policy)).needs(OnResource(iam::policy_resource)),
    Row::new("iam.GetPolicyVersion", Account(iam::get_policy_version))
        .needs(OnResource(iam::policy_resource)),
    Row::new("iam.GetRole", Account(iam::get_role)).needs(OnResource(iam::role_resource)),
    Row::new("iam.GetRolePolicy", Account(iam::get_role_policy))
        .needs(OnResource(iam::role_resource)),
    Row::new(
        "iam.ListAttachedRolePolicies",
        Account(iam::list_attached_role_policies),
    )
    .needs(OnResource(iam::role_resource)),
    Row::new("iam.ListOpenIDConnectProviders", List(&IDENTITY_PROVIDERS)),
    Row::new("iam.ListRolePolicies", Account(iam::list_role_policies))
        .needs(OnResource(iam::role_resource)),
    Row::new("iam.ListRoles", Account(iam::list_roles)),
    Row::new(
        "inspector2.BatchGetAccountStatus",
        Account(inspector::batch_get_account_status),
    ),
    Row::new("kms.DescribeKey", Account(kms::describe_key)).needs(Of(kms::permissions_on_key)),
    Row::new("kms.GetKeyLastUsage", Account(kms::get_key_last_usage))
        .needs(Of(kms::permissions_on_key)),
    Row::new("kms.GetKeyPolicy", Account(kms::get_key_policy)).needs(Of(kms::permissions_on_key)),
    Row::new(
        "kms.GetKeyRotationStatus",
        Account(kms::get_key_rotation_status),
    )
    .needs(Of(kms::permissions_on_key)),
    Row::new("kms.ListAliases", Account(kms::list_aliases)).page_sizes(50, 100),
    Row::new("kms.ListKeys", Account(kms::list_keys)),
    Row::new("lambda.Invoke", Object(lambda::invoke))
        .action("lambda:InvokeFunction")
        .needs(OnResource(lambda::function_resource)),
    Row::new(
        "logs.DescribeAccountPolicies",
        Account(logs::describe_account_policies),
    )
    .needs(Of(logs::permissions_on_policies)),
    Row::new("logs.DescribeLogGroups", Account(logs::describe_log_groups))
        .by_ids(&["logGroupIdentifiers"]),
    Row::new(
        "logs.DescribeMetricFilters",
        Account(logs::describe_metric_filters),
    )
    .on("log-group:{logGroupName}:*"),
    Row::new(
        "logs.DescribeSubscriptionFilters",
        Account(logs::describe_subscription_filters),
    )
    .on("log-group:{logGroupName}:*"),
    // Composite alarms are listed only with the permission for all resources.
    // Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>.
    Row::new(
        "monitoring.DescribeAlarms",
        Account(cloudwatch::describe_alarms),
    )
    .page_sizes(50, 100)
    .action("cloudwatch:DescribeAlarms"),
    Row::new(
        "organizations.DescribeOrganization",
        State(organizations::describe_organization),
    ),
    Row::new(
        "organizations.ListAccounts",
        State(organizations::list_accounts),
    ),
    Row::new(
        "organizations.ListAccountsForParent",
        State(organizations::list_accounts_for_parent),
    )
    .needs(OnResource(organizations::parent_resource)),
    Row::new(
        "organizations.ListOrganizationalUnitsForParent",
        State(organizations::list_units_for_parent),
    )
    .needs(OnResource(organizations::parent_resource)),
    Row::new("s3.GetObject", Object(s3::get_object))
        .needs(OfState(s3::permissions_on_object))
        .not_found(&[("NoSuchBucket", 404)]),
    Row::new("s3.PutObject", Object(s3::put_object))
        .needs(OnResource(s3::object_resource))
        .not_found(&[("NoSuchBucket", 404)]),
    Row::new(
        "securityhub.BatchImportFindings",
        State(security_hub::batch_import_findings),
    )
    .needs(Of(security_hub::permissions_on_products)),
    Row::new("securityhub.GetFindings", State(security_hub::get_findings)).on("hub/default"),
    Row::new("sqs.SendMessage", State(sqs::send_message)).needs(OnResource(sqs::queue_resource)),
    Row::new("sqs.SendMessageBatch", State(sqs::send_message_batch))
        .action("sqs:SendMessage")
        .needs(OnResource(sqs::queue_resource)),
    Row::new("ssm.GetParameter", Account(ssm::get_parameter))
        .needs(OnResource(ssm::parameter_resource)),
    // IAM checks the path itself, not the parameters below it.
    Row::new(
        "ssm.GetParametersByPath",
        Account(ssm::get_parameters_by_path),
    )
    .needs(OnResource(ssm::path_resource)),
    Row::new("sts.AssumeRole", State(sts::assume_role)).on("{RoleArn}"),
    // Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
    Row::new("sts.GetCallerIdentity", State(sts::get_caller_identity)).needs(Nothing),
    Row::new("tagging.GetResources", Account(tagging::get_resources))
        .by_ids(&["ResourceARNList"])
        .page_sizes(50, 100)
        .action("tag:GetResources"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{model::Model, stand_in::service::Service};

    #[test]
    fn every_operation_with_a_model_has_a_row_and_every_row_has_a_model() {
        let rows: BTreeSet<String> = OPERATIONS.iter().map(|row| row.name.to_owned()).collect();
        assert_eq!(rows.len(), OPERATIONS.len(), "a name is there twice");
        let modeled: BTreeSet<String> = Model::all()
            .flat_map(|(service, model)| {
                let operations = model.operations.keys();
                operations.map(move |operation| format!("{service}.{operation}"))
            })
            .collect();
        assert_eq!(rows, modeled);
    }

    #[test]
    fn every_row_is_found_by_its_service() {
        for row in OPERATIONS {
            let (service, operation) = row.name.split_once('.').unwrap();
            let service = Service::of_signing_name(service).unwrap();
            assert_eq!(service.operation(operation).unwrap().row.name, row.name);
        }
    }
}
