//! The resource of a finding, with its tags and its details.

use std::collections::HashMap;

use aws_sdk_securityhub::types::{
    AwsEcrContainerImageDetails, AwsEcrRepositoryDetails,
    AwsEcrRepositoryImageScanningConfigurationDetails, AwsEksClusterDetails,
    AwsEksClusterLoggingClusterLoggingDetails, AwsEksClusterLoggingDetails,
    AwsEksClusterResourcesVpcConfigDetails, AwsKmsKeyDetails, Partition, Resource as SdkResource,
    ResourceDetails,
};
use eksentry_core::facts::KubernetesCluster;
use eksentry_core::{Detail, Details, FactsOf as _, Finding, Location, Resource};
use jiff::Timestamp;

use super::limits::{OTHER, OTHER_VALUE, POLICY_TEXT, TAGS};
use super::{time, time_or_none};
use crate::text::cut_or_none;

/// Returns the resource of a finding; for an object in a cluster, followed by the cluster.
pub(super) fn resources(finding: &Finding, location: &Location) -> Vec<SdkResource> {
    let mut resources = vec![named(&finding.resource, location)];
    resources[0].tags = finding.tags.as_deref().and_then(render_tags);
    add_details(&mut resources[0], finding.details.clone());
    let cluster = finding.resource.parent();
    if let Some(cluster) = cluster.filter(|parent| parent.kind() == KubernetesCluster::KIND) {
        let details = Details::default()
            .text("arn", Some(cluster.id()))
            .text("name", Some(cluster.name()));
        let mut cluster = named(&cluster, location);
        add_details(&mut cluster, details);
        resources.push(cluster);
    }
    resources
}

/// Returns a resource without details. It takes tens of kilobytes, since there is room for the details of each type, so
/// the details are added in place: each method of the builder would move it.
fn named(resource: &Resource, location: &Location) -> SdkResource {
    SdkResource::builder()
        .r#type(resource.kind().asff_type)
        .id(resource.asff_id())
        .set_partition(partition(&location.partition))
        .region(&location.region)
        .build()
}

/// Returns the value that ASFF defines for a partition; `None` for partitions that are newer than the format.
/// Sources: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Resource.html> and
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
fn partition(of_arn: &str) -> Option<Partition> {
    match of_arn {
        "aws" => Some(Partition::Aws),
        "aws-cn" => Some(Partition::AwsCn),
        "aws-us-gov" => Some(Partition::AwsUsGov),
        "aws-iso" => Some(Partition::AwsUsIso),
        "aws-iso-b" => Some(Partition::AwsUsIsoB),
        _ => None,
    }
}

pub(super) fn render_tags(tags: &[(String, String)]) -> Option<HashMap<String, String>> {
    let tags = tags
        .iter()
        .filter_map(|(key, value)| Some((cut_or_none(key, 128)?, cut_or_none(value, 256)?)));
    let tags: HashMap<String, String> = tags.take(TAGS).collect();
    Some(tags).filter(|tags| !tags.is_empty())
}

/// A function that moves the properties that ASFF defines to the member of ASFF's details for a resource type.
type Fill = fn(&mut ResourceDetails, &mut Details);

/// The resource types that have a member of their own in ASFF's details.
static MEMBERS: [(&str, Fill); 4] = [
    ("AwsEksCluster", |details, remaining| {
        details.aws_eks_cluster = Some(cluster(remaining));
    }),
    ("AwsEcrRepository", |details, remaining| {
        details.aws_ecr_repository = Some(repository(remaining));
    }),
    ("AwsEcrContainerImage", |details, remaining| {
        details.aws_ecr_container_image = Some(image(remaining));
    }),
    ("AwsKmsKey", |details, remaining| {
        details.aws_kms_key = Some(key(remaining));
    }),
];

/// Adds the details of a resource. Properties that ASFF defines are moved to their members, the others to `Other`.
fn add_details(resource: &mut SdkResource, mut remaining: Details) {
    if remaining.is_empty() {
        return;
    }
    let asff_type = resource.r#type.as_deref().unwrap_or_default();
    let fill = MEMBERS.iter().find(|(name, _)| *name == asff_type);
    let details = resource.details.insert(ResourceDetails::builder().build());
    if let Some((_, fill)) = fill {
        fill(details, &mut remaining);
    }
    let other = remaining.iter().filter_map(|(name, detail)| {
        Some((name.to_owned(), cut_or_none(&to_text(detail), OTHER_VALUE)?))
    });
    let other: HashMap<String, String> = other.take(OTHER).collect();
    details.other = Some(other).filter(|other| !other.is_empty());
}

fn cluster(remaining: &mut Details) -> AwsEksClusterDetails {
    let logs = texts(remaining, "enabledLogTypes").map(|types| {
        AwsEksClusterLoggingDetails::builder()
            .cluster_logging(
                AwsEksClusterLoggingClusterLoggingDetails::builder()
                    .enabled(true)
                    .set_types(Some(types))
                    .build(),
            )
            .build()
    });
    let network = AwsEksClusterResourcesVpcConfigDetails::builder()
        .set_subnet_ids(texts(remaining, "subnetIds"))
        .set_security_group_ids(texts(remaining, "securityGroupIds"))
        .set_endpoint_public_access(flag(remaining, "endpointPublicAccess"))
        .build();
    AwsEksClusterDetails::builder()
        .set_arn(text(remaining, "arn"))
        .set_name(text(remaining, "name"))
        .set_cluster_status(text(remaining, "status"))
        .set_version(text(remaining, "version"))
        .set_endpoint(text(remaining, "endpoint"))
        .set_role_arn(text(remaining, "roleArn"))
        .resources_vpc_config(network)
        .set_logging(logs)
        .build()
}

fn repository(remaining: &mut Details) -> AwsEcrRepositoryDetails {
    let scanning = flag(remaining, "scanOnPush").map(|on| {
        AwsEcrRepositoryImageScanningConfigurationDetails::builder()
            .scan_on_push(on)
            .build()
    });
    AwsEcrRepositoryDetails::builder()
        .set_arn(text(remaining, "arn"))
        .set_repository_name(text(remaining, "repositoryName"))
        .set_image_tag_mutability(text(remaining, "imageTagMutability"))
        .set_image_scanning_configuration(scanning)
        .set_repository_policy_text(text_of(remaining, "policyText", POLICY_TEXT))
        .build()
}

fn image(remaining: &mut Details) -> AwsEcrContainerImageDetails {
    AwsEcrContainerImageDetails::builder()
        .set_registry_id(text(remaining, "registryId"))
        .set_repository_name(text(remaining, "repositoryName"))
        .set_image_digest(text(remaining, "imageDigest"))
        .set_image_tags(texts(remaining, "imageTags"))
        .set_image_published_at(timestamp(remaining, "imagePushedAt").and_then(time_or_none))
        .build()
}

fn key(remaining: &mut Details) -> AwsKmsKeyDetails {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 are far below 2^53"
    )]
    let created = timestamp(remaining, "CreationDate").map(|at| at.as_second() as f64);
    AwsKmsKeyDetails::builder()
        .set_key_id(text(remaining, "KeyId"))
        .set_aws_account_id(text(remaining, "AWSAccountId"))
        .set_key_manager(text(remaining, "KeyManager"))
        .set_key_state(text(remaining, "KeyState"))
        .set_origin(text(remaining, "Origin"))
        .set_description(text(remaining, "Description"))
        .set_key_rotation_status(flag(remaining, "KeyRotationEnabled"))
        .set_creation_date(created)
        .build()
}

fn text(remaining: &mut Details, name: &str) -> Option<String> {
    text_of(remaining, name, OTHER_VALUE)
}

fn text_of(remaining: &mut Details, name: &str, most: usize) -> Option<String> {
    match remaining.take(name)? {
        Detail::Text(text) => cut_or_none(&text, most),
        other => Some(to_text(&other)),
    }
}

fn texts(remaining: &mut Details, name: &str) -> Option<Vec<String>> {
    match remaining.take(name)? {
        Detail::Texts(texts) => Some(
            texts
                .iter()
                .take(TAGS)
                .filter_map(|text| cut_or_none(text, 512))
                .collect(),
        ),
        other => Some(vec![to_text(&other)]),
    }
}

fn flag(remaining: &mut Details, name: &str) -> Option<bool> {
    match remaining.take(name)? {
        Detail::Flag(flag) => Some(flag),
        _ => None,
    }
}

fn timestamp(remaining: &mut Details, name: &str) -> Option<Timestamp> {
    match remaining.take(name)? {
        Detail::Time(time) => Some(time),
        _ => None,
    }
}

fn to_text(detail: &Detail) -> String {
    match detail {
        Detail::Text(text) => text.clone(),
        Detail::Texts(texts) => texts.join(", "),
        Detail::Flag(flag) => flag.to_string(),
        Detail::Time(at) => time(*at),
    }
}
