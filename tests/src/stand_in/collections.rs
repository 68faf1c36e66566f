//! The table of collections: the kinds of resources in an account file that the operations list and describe, with the
//! members that a resource has unless the file states others.

use serde_json::{Value, json};

use super::{
    collection::{Collection, Missing},
    ecr, eks, elb,
};

pub(super) mod ec2;
mod monitoring;

pub(super) use self::monitoring::{
    COMPOSITE_ALARMS, COVERAGE, DETECTORS, LOG_ACCOUNT_POLICIES, LOG_GROUPS, METRIC_ALARMS,
    METRIC_FILTERS, SUBSCRIPTION_FILTERS,
};

/// The collections that [`Response::List`](super::operation::Response) and `Describe` may have.
pub(crate) static COLLECTIONS: &[&Collection] = &[
    &ACCESS_ENTRIES,
    &ACCESS_POINTS,
    &ACCOUNT_SETTINGS,
    &ADDONS,
    &CLUSTERS,
    &CLUSTER_VERSIONS,
    &COMPOSITE_ALARMS,
    &COVERAGE,
    &CREATION_TEMPLATES,
    &DETECTORS,
    &ec2::FLOW_LOGS,
    &ec2::IMAGES,
    &ec2::INSTANCES,
    &ec2::INSTANCE_TYPES,
    &ec2::PREFIX_LISTS,
    &ec2::PREFIX_LIST_ENTRIES,
    &ec2::SECURITY_GROUPS,
    &ec2::SUBNETS,
    &ec2::VOLUME_ENCRYPTION,
    &ec2::VOLUMES,
    &ec2::VPC_ENDPOINTS,
    &FILE_SYSTEMS,
    &IDENTITY_PROVIDERS,
    &INSIGHTS,
    &INSPECTOR,
    &KEYS,
    &LISTENERS,
    &LOAD_BALANCERS,
    &LOG_ACCOUNT_POLICIES,
    &LOG_GROUPS,
    &METRIC_ALARMS,
    &METRIC_FILTERS,
    &NODEGROUPS,
    &POD_IDENTITY_ASSOCIATIONS,
    &PULL_THROUGH_CACHE_RULES,
    &PULL_TIME_UPDATE_EXCLUSIONS,
    &REGISTRY_POLICY,
    &REGISTRY_SCANNING,
    &REPOSITORIES,
    &SIGNING_CONFIGURATION,
    &SUBSCRIPTION_FILTERS,
    &TRAILS,
];

/// The error of EKS for what a cluster does not have.
const NO_RESOURCE: Missing = Missing {
    code: "ResourceNotFoundException",
    message: "No resource found for: {key}.",
};

/// EKS clusters. One that is only registered has no endpoint, logs, key or role, and is listed only by requests with
/// `include`.
pub(super) static CLUSTERS: Collection = Collection {
    reference: "clusterName",
    is_listed: |cluster| !eks::is_connected(cluster),
    defaults: |cluster| {
        if eks::is_connected(cluster) {
            return json!({
                "arn": "arn:{partition}:eks:{region}:{account}:cluster/{name}",
                "createdAt": "2024-05-06T07:08:09Z",
                "status": "ACTIVE",
                "tags": {},
            });
        }
        json!({
            "arn": "arn:{partition}:eks:{region}:{account}:cluster/{name}",
            "createdAt": "2024-05-06T07:08:09Z",
            "version": "1.33",
            "endpoint": "https://{name:DIGEST32}.gr7.{region}.eks.amazonaws.com",
            "roleArn": "arn:{partition}:iam::{account}:role/eks-{name}",
            "resourcesVpcConfig": {
                "endpointPublicAccess": true,
                "endpointPrivateAccess": false,
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv4"},
            "logging": {"clusterLogging": [{
                "types": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
                "enabled": false,
            }]},
            "identity": {"oidc": {"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{name:digest32}"}},
            "status": "ACTIVE",
            "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"},
            "platformVersion": "eks.1",
            "tags": {},
            "health": {"issues": []},
            "accessConfig": {"authenticationMode": "CONFIG_MAP"},
            "deletionProtection": false,
        })
    },
    nested_defaults: || {
        json!({"resourcesVpcConfig": {
            "subnetIds": ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"],
            "securityGroupIds": [],
            "clusterSecurityGroupId": "sg-0a1b2c3d4e5f60001",
            "vpcId": "vpc-0a1b2c3d4e5f60001",
        }})
    },
    ..Collection::new(
        "clusters",
        "name",
        Missing {
            code: "ResourceNotFoundException",
            message: "No cluster found for name: {key}.",
        },
    )
};

/// The managed node groups of EKS clusters.
pub(super) static NODEGROUPS: Collection = Collection {
    parent: Some(&CLUSTERS),
    defaults: |_| {
        json!({
            "clusterName": "{parent.name}",
            "nodegroupArn":
                "arn:{partition}:eks:{region}:{account}:nodegroup/{parent.name}/{nodegroupName}/{nodegroupName:digest8}",
            "version": "{parent.version}",
            "createdAt": "2024-05-06T07:18:09Z",
            "modifiedAt": "2024-05-06T07:28:09Z",
            "status": "ACTIVE",
            "capacityType": "ON_DEMAND",
            "scalingConfig": {"minSize": 2, "maxSize": 6, "desiredSize": 3},
            "instanceTypes": ["m7g.large"],
            "subnets": ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"],
            "amiType": "AL2023_ARM_64_STANDARD",
            "releaseVersion": "{parent.version}.1-20990101",
            "nodeRole": "arn:{partition}:iam::{account}:role/eks-{parent.name}-nodes",
            "diskSize": 20,
            "health": {"issues": []},
            "tags": {},
        })
    },
    ..Collection::new(
        "nodegroups",
        "nodegroupName",
        Missing {
            code: "ResourceNotFoundException",
            message: "No node group found for name: {key}.",
        },
    )
};

/// The access entries of EKS clusters, with the members of their associated policies.
pub(super) static ACCESS_ENTRIES: Collection = Collection {
    parent: Some(&CLUSTERS),
    ..Collection::new("accessEntries", "principalArn", NO_RESOURCE)
};

/// The add-ons of EKS clusters.
pub(super) static ADDONS: Collection = Collection {
    parent: Some(&CLUSTERS),
    defaults: |_| {
        json!({
            "clusterName": "{parent.name}",
            "status": "ACTIVE",
            "addonVersion": "v1.20.4-eksbuild.1",
            "health": {"issues": []},
            "addonArn":
                "arn:{partition}:eks:{region}:{account}:addon/{parent.name}/{addonName}/{addonName:digest8}",
            "createdAt": "2024-05-06T07:28:09Z",
            "modifiedAt": "2024-05-06T07:38:09Z",
            "tags": {},
        })
    },
    ..Collection::new("addons", "addonName", NO_RESOURCE)
};

/// The Kubernetes versions that EKS offers, with those that [`eks::describe_cluster_versions`] lists by default.
pub(super) static CLUSTER_VERSIONS: Collection =
    Collection::new("cluster_versions", "clusterVersion", NO_RESOURCE);

/// The access points of EFS file systems.
pub(super) static ACCESS_POINTS: Collection = Collection {
    defaults: |_| {
        json!({
            "AccessPointArn":
                "arn:{partition}:elasticfilesystem:{region}:{account}:access-point/{AccessPointId}",
            "ClientToken": "{AccessPointId}",
            "LifeCycleState": "available",
            "OwnerId": "{account}",
            "RootDirectory": {"Path": "/"},
            "Tags": [],
        })
    },
    ..Collection::new(
        "access_points",
        "AccessPointId",
        Missing {
            code: "AccessPointNotFound",
            message: "Access point '{key}' does not exist.",
        },
    )
};

/// EFS file systems.
pub(super) static FILE_SYSTEMS: Collection = Collection {
    defaults: |file_system| {
        let is_encrypted = file_system
            .get("Encrypted")
            .is_none_or(|value| value == true);
        let key = "arn:{partition}:kms:{region}:{account}:key/aws-elasticfilesystem";
        json!({
            "OwnerId": "{account}",
            "CreationToken": "{FileSystemId}",
            "FileSystemArn":
                "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{FileSystemId}",
            "CreationTime": "2024-05-06T07:08:09Z",
            "LifeCycleState": "available",
            "NumberOfMountTargets": 2,
            "SizeInBytes": {"Value": 6144},
            "PerformanceMode": "generalPurpose",
            "ThroughputMode": "elastic",
            "Encrypted": true,
            "KmsKeyId": is_encrypted.then_some(key),
            "Tags": [],
        })
    },
    ..Collection::new(
        "file_systems",
        "FileSystemId",
        Missing {
            code: "FileSystemNotFound",
            message: "File system '{key}' does not exist.",
        },
    )
};

/// The OIDC identity providers in IAM.
pub(super) static IDENTITY_PROVIDERS: Collection = Collection::new(
    "identity_providers",
    "Arn",
    Missing {
        code: "NoSuchEntity",
        message: "OpenIDConnect Provider not found for arn {key}",
    },
);

/// The insights of EKS clusters.
pub(super) static INSIGHTS: Collection = Collection {
    parent: Some(&CLUSTERS),
    defaults: |_| {
        json!({
            "category": "UPGRADE_READINESS",
            "kubernetesVersion": "1.34",
            "lastRefreshTime": "2099-01-01T00:00:00Z",
            "lastTransitionTime": "2024-05-06T07:08:09Z",
            "insightStatus": {"status": "PASSING"},
        })
    },
    ..Collection::new("insights", "id", NO_RESOURCE)
};

/// The status of Amazon Inspector for the account, which is off.
pub(super) static INSPECTOR: Collection = Collection {
    key: None,
    defaults: |_| {
        let off = json!({
            "status": "DISABLED",
            "errorCode": "RESOURCE_NOT_FOUND",
            "errorMessage": "Amazon Inspector is not enabled.",
        });
        json!({
            "accountId": "{account}",
            "state": off,
            "resourceState": {"ec2": off, "ecr": off, "lambda": off},
        })
    },
    missing: None,
    ..Collection::new(
        "inspector",
        "",
        Missing {
            code: "",
            message: "",
        },
    )
};

/// KMS keys. One without options is symmetric and enabled.
pub(super) static KEYS: Collection = Collection {
    defaults: |key| {
        let state = key.get("KeyState").and_then(Value::as_str);
        let spec = key.get("KeySpec").and_then(Value::as_str);
        let (state, spec) = (
            state.unwrap_or("Enabled"),
            spec.unwrap_or("SYMMETRIC_DEFAULT"),
        );
        json!({
            "AWSAccountId": "{account}",
            "Arn": "arn:{partition}:kms:{region}:{account}:key/{KeyId}",
            "CreationDate": "2024-03-04T05:06:07Z",
            "Enabled": state == "Enabled",
            "Description": "",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": state,
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": spec,
            "KeySpec": spec,
            "MultiRegion": false,
        })
    },
    ..Collection::new(
        "keys",
        "KeyId",
        Missing {
            code: "NotFoundException",
            message: "Key '{key}' does not exist",
        },
    )
};

/// The Pod Identity associations of EKS clusters.
pub(super) static POD_IDENTITY_ASSOCIATIONS: Collection = Collection {
    parent: Some(&CLUSTERS),
    defaults: |_| {
        json!({
            "clusterName": "{parent.name}",
            "namespace": "default",
            "serviceAccount": "default",
            "associationArn":
                "arn:{partition}:eks:{region}:{account}:podidentityassociation/{parent.name}/{associationId}",
        })
    },
    ..Collection::new("podIdentityAssociations", "associationId", NO_RESOURCE)
};

/// The listeners of load balancers. Their rules, apart from the default rule, are in the member `Rules`.
pub(super) static LISTENERS: Collection = Collection {
    parent: Some(&LOAD_BALANCERS),
    defaults: elb::listener_defaults,
    item: |mut listener| {
        listener.remove("Rules");
        listener.into()
    },
    ..Collection::new(
        "Listeners",
        "ListenerArn",
        Missing {
            code: "ListenerNotFound",
            message: "One or more listeners not found",
        },
    )
};

/// Load balancers. Classic ones have tags, but the operations do not describe them.
pub(super) static LOAD_BALANCERS: Collection = Collection {
    is_listed: |balancer| !elb::is_classic(balancer),
    defaults: |balancer| {
        let (name, kind) = elb::name_and_type(balancer);
        json!({
            "LoadBalancerName": name,
            "Type": kind,
            "Scheme": "internet-facing",
            "IpAddressType": "ipv4",
            "State": {"Code": "active"},
            "DNSName": format!("{name}-0123456789.elb.{{region}}.amazonaws.com"),
            "VpcId": "vpc-0a1b2c3d4e5f60001",
        })
    },
    item: |mut balancer| {
        balancer.remove("Tags");
        balancer.into()
    },
    ..Collection::new(
        "load_balancers",
        "LoadBalancerArn",
        Missing {
            code: "LoadBalancerNotFound",
            message: "Load balancers '[{key}]' not found",
        },
    )
};

/// The scanning configuration of the ECR registry.
pub(super) static REGISTRY_SCANNING: Collection = Collection {
    key: None,
    defaults: |_| json!({"scanType": "BASIC", "rules": []}),
    missing: None,
    ..Collection::new(
        "registry_scanning",
        "",
        Missing {
            code: "",
            message: "",
        },
    )
};

/// The policy of the ECR registry.
pub(super) static REGISTRY_POLICY: Collection = Collection {
    key: None,
    ..Collection::new(
        "registry_policy",
        "",
        Missing {
            code: "RegistryPolicyNotFoundException",
            message: "Registry policy does not exist in the registry with id '{account}'",
        },
    )
};

/// The settings of the account in ECR.
pub(super) static ACCOUNT_SETTINGS: Collection = Collection {
    key: None,
    defaults: |_| json!({"REGISTRY_POLICY_SCOPE": "V2"}),
    missing: None,
    ..Collection::new(
        "account_settings",
        "",
        Missing {
            code: "",
            message: "",
        },
    )
};

/// The repository creation templates of the ECR registry.
pub(super) static CREATION_TEMPLATES: Collection = Collection {
    defaults: |_| {
        json!({
            "imageTagMutability": "MUTABLE",
            "encryptionConfiguration": {"encryptionType": "AES256"},
            "appliedFor": ["PULL_THROUGH_CACHE"],
            "createdAt": "2024-02-03T04:05:06Z",
            "updatedAt": "2024-02-03T04:05:06Z",
        })
    },
    item: ecr::listed_template,
    ..Collection::new(
        "creation_templates",
        "prefix",
        Missing {
            code: "TemplateNotFoundException",
            message: "The repository creation template for '{key}' does not exist",
        },
    )
};

/// The pull through cache rules of the ECR registry.
pub(super) static PULL_THROUGH_CACHE_RULES: Collection = Collection {
    defaults: |_| {
        json!({
            "upstreamRegistryUrl": "public.ecr.aws",
            "upstreamRegistry": "ecr-public",
            "upstreamRepositoryPrefix": "ROOT",
            "registryId": "{account}",
            "createdAt": "2024-02-03T04:05:06Z",
        })
    },
    ..Collection::new(
        "pull_through_cache_rules",
        "ecrRepositoryPrefix",
        Missing {
            code: "PullThroughCacheRuleNotFoundException",
            message: "The pull through cache rule with prefix '{key}' does not exist.",
        },
    )
};

/// The principals whose pulls ECR does not record.
pub(super) static PULL_TIME_UPDATE_EXCLUSIONS: Collection = Collection::new(
    "pull_time_update_exclusions",
    "principalArn",
    Missing {
        code: "ExclusionNotFoundException",
        message: "There is no exclusion for {key}.",
    },
);

/// The signing configuration of the ECR registry.
pub(super) static SIGNING_CONFIGURATION: Collection = Collection {
    key: None,
    defaults: |_| json!({"rules": []}),
    ..Collection::new(
        "signing_configuration",
        "",
        Missing {
            code: "SigningConfigurationNotFoundException",
            message: "Signing configuration does not exist in the registry with id '{account}'",
        },
    )
};

/// ECR repositories.
pub(super) static REPOSITORIES: Collection = Collection {
    defaults: |_| {
        json!({
            "repositoryArn": "arn:{partition}:ecr:{region}:{account}:repository/{repositoryName}",
            "registryId": "{account}",
            "repositoryUri": "{account}.dkr.ecr.{region}.amazonaws.com/{repositoryName}",
            "createdAt": "2024-02-03T04:05:06Z",
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        })
    },
    ..Collection::new(
        "repositories",
        "repositoryName",
        Missing {
            code: "RepositoryNotFoundException",
            message: "The repository with name '{key}' does not exist in the registry with id '{account}'",
        },
    )
};

/// CloudTrail trails, with the members `status` and `selectors`. One without options logs all management events of all
/// Regions.
pub(super) static TRAILS: Collection = Collection {
    defaults: |trail| {
        let arn = trail.get("TrailARN").and_then(Value::as_str);
        let arn = arn.unwrap_or_default();
        json!({
            "Name": arn.rsplit('/').next(),
            "S3BucketName": "trails",
            "IncludeGlobalServiceEvents": true,
            "IsMultiRegionTrail": true,
            "HomeRegion": arn.split(':').nth(3),
            "LogFileValidationEnabled": true,
            "HasCustomEventSelectors": trail.contains_key("selectors"),
            "HasInsightSelectors": false,
            "IsOrganizationTrail": false,
        })
    },
    ..Collection::new(
        "trails",
        "TrailARN",
        Missing {
            code: "TrailNotFoundException",
            message: "Unknown trail: {key} for the user: {account}",
        },
    )
};
