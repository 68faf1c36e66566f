//! The resources of findings, with their tags and details.

use std::collections::HashMap;

use super::*;

#[test]
fn details_are_moved_to_the_members_of_asff() {
    let finding = rotation_off().finding;
    let details = finding.resources()[0].details().unwrap();
    let key = details.aws_kms_key().unwrap();
    assert_eq!(
        (key.description(), key.key_rotation_status()),
        (Some("signs nothing"), Some(false))
    );
    let other = details.other().unwrap();
    assert_eq!(
        other.get("KeySpec").map(String::as_str),
        Some("SYMMETRIC_DEFAULT")
    );
    assert!(!other.contains_key("Description"));
}

#[test]
fn empty_texts_are_left_out() {
    let rendered = render(&finding("kms-cmk-rotation", KEY, key("  ", Rotation::Off))).unwrap();
    assert_eq!(
        rendered.finding.resources()[0]
            .details()
            .unwrap()
            .aws_kms_key()
            .unwrap()
            .description(),
        None
    );
    let tags = [
        ("team".to_owned(), String::new()),
        (String::new(), "x".to_owned()),
    ];
    assert_eq!(
        rendered.with_tags(&tags).finding.resources()[0].tags(),
        None
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn resources_have_the_details_that_asff_defines() {
    let image = image(Vec::new());
    let key = key("signs nothing", Rotation::Every { days: 90 });
    for (check, arn, state, kind, details) in [
        (
            "eks-endpoint-private",
            CLUSTER,
            cluster(),
            "AwsEksCluster",
            json!({
                "AwsEksCluster": {
                    "Arn": CLUSTER,
                    "Name": "payments",
                    "ClusterStatus": "ACTIVE",
                    "Version": "1.33",
                    "Endpoint": "https://example.com",
                    "RoleArn": "arn:aws:iam::111122223333:role/payments",
                    "ResourcesVpcConfig": {
                        "SubnetIds": ["subnet-1"],
                        "SecurityGroupIds": ["sg-1"],
                        "EndpointPublicAccess": true,
                    },
                    "Logging": {"ClusterLogging": [{"Enabled": true, "Types": ["audit"]}]},
                },
                "Other": {
                    "endpointPrivateAccess": "true",
                    "publicAccessCidrs": "198.51.100.0/24, 203.0.113.0/24",
                    "secretsKeyArn": KEY,
                },
            }),
        ),
        (
            "ecr-immutable-tags",
            REPOSITORY,
            repository("cards/api"),
            "AwsEcrRepository",
            json!({
                "AwsEcrRepository": {
                    "Arn": REPOSITORY,
                    "RepositoryName": "cards/api",
                    "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                    "ImageScanningConfiguration": {"ScanOnPush": false},
                },
                "Other": {
                    "imageTagMutabilityExclusionFilters": "dev-*, test-*",
                    "encryptionType": "AES256",
                },
            }),
        ),
        // Only the check that reads the policy shows it.
        (
            "ecr-repository-policy-restricted",
            REPOSITORY,
            repository("cards/api"),
            "AwsEcrRepository",
            json!({
                "AwsEcrRepository": {
                    "Arn": REPOSITORY,
                    "RepositoryName": "cards/api",
                    "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                    "ImageScanningConfiguration": {"ScanOnPush": false},
                    "RepositoryPolicyText": POLICY,
                },
                "Other": {"imageTagMutabilityExclusionFilters": "dev-*, test-*", "encryptionType": "AES256"},
            }),
        ),
        (
            "ecr-image-scan-findings",
            IMAGE,
            image,
            "AwsEcrContainerImage",
            json!({
                "AwsEcrContainerImage": {
                    "RegistryId": "111122223333",
                    "RepositoryName": "cards/api",
                    "ImageDigest": "sha256:0a1b",
                    "ImageTags": ["1.4.2"],
                    "ImagePublishedAt": "2026-02-01T00:00:00.000Z",
                },
            }),
        ),
        (
            "kms-cmk-rotation",
            KEY,
            key,
            "AwsKmsKey",
            json!({
                "AwsKmsKey": {
                    "KeyId": "1234abcd",
                    "AWSAccountId": "111122223333",
                    "KeyManager": "CUSTOMER",
                    "KeyState": "Enabled",
                    "Origin": "AWS_KMS",
                    "Description": "signs nothing",
                    "KeyRotationStatus": true,
                    "CreationDate": 1_714_979_289.0,
                },
                "Other": {
                    "KeySpec": "SYMMETRIC_DEFAULT",
                    "KeyUsage": "ENCRYPT_DECRYPT",
                    "RotationPeriodInDays": "90",
                },
            }),
        ),
    ] {
        let rendered = render(&finding(check, arn, state)).unwrap();
        let sent: Value = serde_json::from_str(&sent(&rendered.finding)).unwrap();
        let resource = &sent["Resources"][0];
        assert_eq!(
            json!([
                resource["Type"],
                resource["Id"],
                resource["Partition"],
                resource["Region"]
            ]),
            json!([kind, arn, "aws", "eu-central-1"])
        );
        assert_eq!(resource["Details"], details);
    }
}

#[test]
fn only_partitions_that_asff_defines_are_sent() {
    for (of_arn, partition) in [
        ("aws", Some("aws")),
        ("aws-cn", Some("aws-cn")),
        ("aws-us-gov", Some("aws-us-gov")),
        ("aws-iso", Some("aws-us-iso")),
        ("aws-iso-b", Some("aws-us-iso-b")),
        ("aws-iso-e", None),
        ("aws-iso-f", None),
        ("aws-eusc", None),
    ] {
        let arn = KEY.replacen("aws", of_arn, 1);
        let state = key("", Rotation::Off);
        let rendered = render(&finding("kms-cmk-rotation", &arn, state)).unwrap();
        let sent: Value = serde_json::from_str(&sent(&rendered.finding)).unwrap();
        let resource = sent["Resources"][0].as_object().unwrap();
        assert_eq!(
            resource.get("Partition"),
            partition.map(Value::from).as_ref()
        );
        assert_eq!(resource["Id"], arn);
    }
}

#[test]
fn the_order_of_tags_is_ignored() {
    let tagged = |tags: [(&str, &str); 2]| {
        let mut tagged = finding("eks-endpoint-private", CLUSTER, cluster());
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        tagged.tags = Some(tags.to_vec());
        tagged
    };
    let (env, team) = (("env", "prod"), ("team", "cards"));
    let (one, other) = (tagged([env, team]), tagged([team, env]));
    assert_eq!(outline(&one), outline(&other));
    assert_eq!(render(&one), render(&other));
}

#[test]
fn unread_resources_have_no_details_and_only_clusters_have_tags() {
    let unread = State::Unread(Unread {
        code: ReasonCode::AccessDenied,
        text: "Denied.".into(),
    });
    let tags = |finding: &Finding| {
        let rendered = render(finding).unwrap().finding;
        rendered.resources()[0].tags().cloned()
    };
    let unread = finding("kms-cmk-rotation", KEY, unread);
    assert_eq!(
        render(&unread).unwrap().finding.resources()[0].details(),
        None
    );
    assert_eq!(tags(&unread), None);
    let team = HashMap::from([("team".to_owned(), "cards".to_owned())]);
    assert_eq!(
        tags(&finding("eks-endpoint-private", CLUSTER, cluster())),
        Some(team)
    );
}
