//! Tests of the operations that read resources.

use serde_json::{Value, json};

use super::*;

#[test]
fn eks_describes_clusters_by_their_entries_over_defaults() {
    let aws = start();
    let client = client(&aws);

    assert_eq!(
        client.eks("/clusters").json()["clusters"],
        json!(["a", "b"])
    );
    let cluster = &client.eks("/clusters/a").json()["cluster"];
    assert_eq!(
        cluster["arn"],
        "arn:aws:eks:eu-central-1:123456789012:cluster/a"
    );
    assert_eq!(
        (&cluster["createdAt"], &cluster["tags"]["team"]),
        (&json!(5.0), &json!("payments"))
    );
    assert_eq!(cluster["resourcesVpcConfig"]["endpointPublicAccess"], true);
    assert_eq!(
        client.eks("/clusters/b").json()["cluster"]["logging"],
        Value::Null
    );
    assert_eq!(
        client.eks("/clusters/a/node-groups").json()["nodegroups"],
        json!(["general"])
    );
    let group = client.eks("/clusters/a/node-groups/general").json();
    assert_eq!(
        group["nodegroup"]["nodeRole"],
        "arn:aws:iam::123456789012:role/eks-a-nodes"
    );
    assert_eq!(
        (
            client.eks("/clusters/none").status,
            client.eks("/clusters/a/node-groups/none").status
        ),
        (404, 404)
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn lists_have_pages() {
    let aws = start();
    aws.change(|account| account.page_size = Some(1))
        .expect("it is still an account");
    let client = client(&aws);

    let first = client.eks("/clusters?maxResults=100").json();
    assert_eq!(first["clusters"], json!(["a"]));
    let token = first["nextToken"].as_str().expect("there is more");
    let second = client
        .eks(&format!("/clusters?maxResults=100&nextToken={token}"))
        .json();
    assert_eq!(
        (&second["clusters"], &second["nextToken"]),
        (&json!(["b"]), &Value::Null)
    );
    assert_eq!(aws.violations(), Vec::<String>::new());

    assert_eq!(client.eks("/clusters?maxResults=101").status, 400);
    assert_eq!(aws.violations().len(), 1);
}

#[test]
fn ecr_lists_active_images_and_finds_all_by_id() {
    let aws = start();
    let client = client(&aws);
    let tags = |members: Value| -> Vec<Value> {
        let response = client.ecr("DescribeImages", members).json();
        response["imageDetails"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|image| image["imageTags"][0].clone())
            .collect()
    };
    let filtered =
        |filter: Value| tags(json!({"repositoryName": "team/app", "filter": filter})).len();

    assert_eq!(
        tags(json!({"repositoryName": "team/app"})),
        [json!("v1"), json!("v2"), json!("v3")]
    );
    assert_eq!(filtered(json!({"imageStatus": "ANY"})), 4);
    assert_eq!(filtered(json!({"imageStatus": "ARCHIVED"})), 1);
    assert_eq!(
        filtered(json!({"imageStatus": "ANY", "tagStatus": "UNTAGGED"})),
        1
    );
    assert_eq!(
        tags(json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v2"}]})),
        [json!("v2")]
    );
    assert_eq!(
        tags(json!({"repositoryName": "team/app", "imageIds": [{"imageDigest": "sha256:a"}]}))
            .len(),
        1
    );

    for (members, code) in [
        (
            json!({"repositoryName": "none"}),
            "RepositoryNotFoundException",
        ),
        (
            json!({"repositoryName": "team/app", "registryId": "210987654321"}),
            "RepositoryNotFoundException",
        ),
        (
            json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v9"}]}),
            "ImageNotFoundException",
        ),
        (
            json!({"repositoryName": "team/app", "imageIds": [{}]}),
            "InvalidParameterException",
        ),
        (
            json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}], "maxResults": 5}),
            "InvalidParameterException",
        ),
        (
            json!({"repositoryName": "team/app", "filter": {"imageStatus": "OLD"}}),
            "InvalidParameterException",
        ),
        (
            json!({"repositoryName": "team/app", "maxResults": 1001}),
            "InvalidParameterException",
        ),
        (json!({}), "InvalidParameterException"),
    ] {
        assert_eq!(client.ecr("DescribeImages", members).error(), code);
    }
}

#[test]
fn ecr_counts_the_findings_of_a_scan() {
    let aws = start();
    let client = client(&aws);
    let scan = |tag: &str, more: Value| {
        let mut members = json!({"repositoryName": "team/app", "imageId": {"imageTag": tag}});
        members
            .as_object_mut()
            .expect("it is one")
            .extend(wire::record(more));
        client.ecr("DescribeImageScanFindings", members)
    };

    assert_eq!(scan("v1", json!({})).error(), "ScanNotFoundException");
    let first = scan("v2", json!({"maxResults": 1})).json();
    assert_eq!(first["imageScanStatus"]["status"], "COMPLETE");
    assert_eq!(
        first["imageScanFindings"]["findingSeverityCounts"],
        json!({"HIGH": 2})
    );
    assert_eq!(first["imageScanFindings"]["findings"][0]["name"], "CVE-1");
    let second = scan(
        "v2",
        json!({"maxResults": 1, "nextToken": first["nextToken"]}),
    )
    .json();
    assert_eq!(
        (
            &second["imageScanFindings"]["findings"][0]["name"],
            &second["nextToken"]
        ),
        (&json!("CVE-2"), &Value::Null)
    );
    assert_eq!(scan("v3", json!({})).json().get("imageScanFindings"), None);

    let images = client
        .ecr("DescribeImages", json!({"repositoryName": "team/app"}))
        .json();
    assert_eq!(images["imageDetails"][0].get("imageScanStatus"), None);
    assert_eq!(
        images["imageDetails"][1]["imageScanFindingsSummary"]["findingSeverityCounts"],
        json!({"HIGH": 2})
    );
}

#[test]
fn ecr_returns_manifests_and_reports_missing_images() {
    let aws = start();
    let client = client(&aws);
    let get = |ids: Value| {
        let members = json!({"repositoryName": "team/app", "imageIds": ids});
        client.ecr("BatchGetImage", members)
    };
    let response = get(json!([{"imageTag": "v1"}, {"imageTag": "v9"}])).json();
    assert_eq!(response["images"].as_array().map(Vec::len), Some(1));
    let manifest = response["images"][0]["imageManifest"].as_str();
    let manifest: Value = serde_json::from_str(manifest.expect("a text")).expect("it is JSON");
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (
            &response["failures"][0]["imageId"],
            &response["failures"][0]["failureCode"]
        ),
        (&json!({"imageTag": "v9"}), &json!("ImageNotFound"))
    );
    let many: Vec<Value> = (0..101)
        .map(|n| json!({"imageTag": n.to_string()}))
        .collect();
    for ids in [json!([]), json!(many), json!([{}])] {
        assert_eq!(get(ids).error(), "InvalidParameterException");
    }
}

#[test]
fn ecr_describes_repositories_and_the_registry() {
    let aws = start();
    let client = client(&aws);
    let named = client
        .ecr(
            "DescribeRepositories",
            json!({"repositoryNames": ["team/app"]}),
        )
        .json();
    let repository = &named["repositories"][0];

    assert_eq!(
        repository["repositoryUri"],
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app"
    );
    assert_eq!(repository["imageTagMutability"], "MUTABLE");
    let scanning = client
        .ecr("GetRegistryScanningConfiguration", json!({}))
        .json();
    assert_eq!(
        scanning["scanningConfiguration"],
        json!({"scanType": "BASIC", "rules": []})
    );
    let both = json!({"repositoryNames": ["team/app"], "maxResults": 5});
    assert_eq!(
        client.ecr("DescribeRepositories", both).error(),
        "InvalidParameterException"
    );
}

#[test]
fn kms_finds_keys_by_every_name() {
    let aws = start();
    let client = client(&aws);
    let key = client
        .kms("DescribeKey", json!({"KeyId": "alias/one"}))
        .json()["KeyMetadata"]
        .clone();
    let alias_arn = "arn:aws:kms:eu-central-1:123456789012:alias/one";

    for id in [key["KeyId"].clone(), key["Arn"].clone(), json!(alias_arn)] {
        assert_eq!(
            client.kms("DescribeKey", json!({"KeyId": id})).json()["KeyMetadata"],
            key
        );
    }
    for id in [
        "none",
        "alias/none",
        "arn:aws:kms:us-east-1:123456789012:key/imported",
    ] {
        assert_eq!(
            client.kms("DescribeKey", json!({"KeyId": id})).error(),
            "NotFoundException"
        );
    }
    assert_eq!(
        client.kms("ListKeys", json!({"Limit": 1000})).json()["Truncated"],
        false
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn kms_returns_the_rotation_of_keys_that_can_rotate() {
    let aws = start();
    let client = client(&aws);
    let first = client
        .kms("DescribeKey", json!({"KeyId": "alias/one"}))
        .json()["KeyMetadata"]["KeyId"]
        .clone();
    let status = |id: &Value| client.kms("GetKeyRotationStatus", json!({"KeyId": id}));

    assert_eq!(status(&first).json()["RotationPeriodInDays"], 365);
    assert_eq!(status(&json!("by-aws")).json()["KeyRotationEnabled"], true);
    assert_eq!(
        status(&json!("imported")).error(),
        "UnsupportedOperationException"
    );
    assert_eq!(
        status(&json!("updating")).error(),
        "KMSInvalidStateException"
    );
    assert_eq!(status(&json!("alias/one")).error(), "NotFoundException");
}

#[test]
fn iam_has_listed_roles_and_the_default_roles_of_clusters() {
    let aws = start();
    let client = Client {
        region: "us-east-1",
        ..client(&aws)
    };

    let role = client.query("iam", "Action=GetRole&Version=2010-05-08&RoleName=eks-a");
    let trust = percent_encoding::percent_decode_str(role.element("AssumeRolePolicyDocument"))
        .decode_utf8_lossy();
    assert!(trust.contains("eks.amazonaws.com"), "{trust}");
    assert!(
        client
            .query("iam", "Action=GetRole&RoleName=eks-a-nodes")
            .body
            .contains("ec2.amazonaws.com")
    );
    for unknown in ["gone", "eks-b"] {
        let response = client.query("iam", &format!("Action=GetRole&RoleName={unknown}"));
        assert_eq!(
            (response.status, response.element("Code")),
            (404, "NoSuchEntity")
        );
    }

    let attached = client
        .query("iam", "Action=ListAttachedRolePolicies&RoleName=admin")
        .body;
    assert!(attached.contains("arn:aws:iam::aws:policy/AdministratorAccess"));
    assert!(attached.contains("arn:aws:iam::123456789012:policy/own"));
    let names = client.query("iam", "Action=ListRolePolicies&RoleName=admin");
    assert_eq!(names.element("member"), "logs");
    let inline = client.query("iam", "Action=GetRolePolicy&RoleName=admin&PolicyName=logs");
    assert!(
        inline
            .element("PolicyDocument")
            .contains("%22Effect%22%3A%22Allow%22")
    );
    let policy = client.query(
        "iam",
        "Action=GetPolicy&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess",
    );
    assert_eq!(policy.element("DefaultVersionId"), "v1");
    let version = "Action=GetPolicyVersion&VersionId=v1&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess";
    assert!(
        client
            .query("iam", version)
            .element("Document")
            .contains("%22Action%22%3A%22%2A%22")
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn tags_are_returned_for_tagged_resources() {
    let aws = start();
    let client = client(&aws);
    let arn = |name: &str| format!("arn:aws:eks:eu-central-1:123456789012:cluster/{name}");

    let response = client
        .tagging(json!({"ResourceARNList": [arn("a"), arn("b"), arn("none")]}))
        .json();
    let tagged = json!([{"ResourceARN": arn("a"), "Tags": [{"Key": "team", "Value": "payments"}]}]);
    assert_eq!(
        (
            &response["ResourceTagMappingList"],
            &response["PaginationToken"]
        ),
        (&tagged, &json!(""))
    );
    let count = |members: Value| {
        client.tagging(members).json()["ResourceTagMappingList"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(count(json!({})), Some(3));
    assert_eq!(
        count(json!({"ResourceTypeFilters": ["kms:key", "ecr"]})),
        Some(2)
    );
    assert_eq!(count(json!({"ResourcesPerPage": 2})), Some(2));
    for (filters, expected) in [
        (json!([]), 3),
        (json!([{"Key": "team"}]), 3),
        (json!([{"Key": "team", "Values": []}]), 3),
        (
            json!([{"Key": "team", "Values": ["ledger", "payments"]}]),
            3,
        ),
        (json!([{"Key": "team", "Values": ["ledger"]}]), 0),
        (json!([{"Key": "team"}, {"Key": "env"}]), 0),
        (json!([{"Key": "Team"}]), 0),
    ] {
        let found = count(json!({"TagFilters": filters}));
        assert_eq!(found, Some(expected), "{filters}");
    }

    for members in [
        json!({"ResourceARNList": vec![arn("a"); 101]}),
        json!({"ResourceARNList": []}),
        json!({"ResourceARNList": ["a"]}),
        json!({"ResourceARNList": [arn("a")], "ResourcesPerPage": 50}),
        json!({"ResourceARNList": [arn("a")], "ResourceTypeFilters": ["eks"]}),
        json!({"ResourceARNList": [arn("a")], "TagFilters": [{"Key": "team"}]}),
        json!({"TagsPerPage": 100}),
    ] {
        assert_eq!(client.tagging(members).error(), "InvalidParameterException");
    }
}
