//! Tests of lists and descriptions.

use super::*;
use crate::stand_in::{operation::CallContext, state::State};

const ACCOUNT: &str = r#"
account: "123456789012"
region: eu-central-1
page_size: 2
clusters:
  - name: a
    version: "1.32"
    nodegroups: [{nodegroupName: n, odd: 1}, {nodegroupName: m, version: null}]
  - {name: b, nodegroups: [{nodegroupName: n}]}
  - {name: registered, connectorConfig: {provider: OTHER}}
  - {name: c}
subnets:
  - {SubnetId: subnet-1, VpcId: vpc-1, Tags: [{Key: team, Value: payments}]}
  - {SubnetId: subnet-2, VpcId: vpc-2}
  - {SubnetId: subnet-3, VpcId: vpc-1, AvailabilityZone: eu-central-1b}
"#;

fn response(name: &str, members: Value) -> Result<Value, AwsError> {
    let account = Account::parse("the test's account", ACCOUNT).unwrap();
    let request = Request::of(name, members);
    State::new(account).response(&CallContext {
        caller: "123456789012",
        request: &request,
        fault: None,
    })
}

#[test]
fn names_are_listed_in_pages() {
    let first = response("eks.ListClusters", json!({})).unwrap();
    assert_eq!(first["clusters"], json!(["a", "b"]));
    let rest = json!({"nextToken": first["nextToken"]});
    let rest = response("eks.ListClusters", rest).unwrap();
    assert_eq!(rest, json!({"clusters": ["c"], "nextToken": null}));
    let groups = response("eks.ListNodegroups", json!({"clusterName": "a"})).unwrap();
    assert_eq!(groups["nodegroups"], json!(["n", "m"]));
    let none = response("eks.ListNodegroups", json!({"clusterName": "c"})).unwrap();
    assert_eq!(none["nodegroups"], json!([]));
}

#[test]
fn an_entry_has_its_own_members_over_the_defaults() {
    let cluster = &response("eks.DescribeCluster", json!({"name": "a"})).unwrap()["cluster"];
    assert_eq!(
        (&cluster["version"], &cluster["roleArn"]),
        (
            &json!("1.32"),
            &json!("arn:aws:iam::123456789012:role/eks-a")
        )
    );
    assert_eq!(cluster.get("nodegroups"), None);
    let registered = json!({"name": "registered"});
    let registered = response("eks.DescribeCluster", registered).unwrap();
    assert_eq!(registered["cluster"].get("endpoint"), None);
}

#[test]
fn an_entry_inside_another_has_defaults_from_it() {
    let group = |cluster: &str, name: &str| {
        let members = json!({"clusterName": cluster, "nodegroupName": name});
        let mut response = response("eks.DescribeNodegroup", members).unwrap();
        response["nodegroup"].take()
    };
    let first = group("a", "n");
    assert_eq!(
        (&first["clusterName"], &first["version"], &first["odd"]),
        (&json!("a"), &json!("1.32"), &json!(1))
    );
    assert_eq!(group("a", "m")["version"], Value::Null);
    assert_eq!(group("b", "n")["version"], "1.33");
    assert_eq!(
        group("b", "n")["nodeRole"],
        "arn:aws:iam::123456789012:role/eks-b-nodes"
    );
}

#[test]
fn a_missing_entry_is_an_error_with_the_status_in_the_model() {
    for (name, members, code, status, message) in [
        (
            "eks.DescribeCluster",
            json!({"name": "z"}),
            "ResourceNotFoundException",
            404,
            "No cluster found for name: z.",
        ),
        (
            "eks.ListNodegroups",
            json!({"clusterName": "z"}),
            "ResourceNotFoundException",
            404,
            "No cluster found for name: z.",
        ),
        (
            "eks.DescribeNodegroup",
            json!({"clusterName": "b", "nodegroupName": "m"}),
            "ResourceNotFoundException",
            404,
            "No node group found for name: m.",
        ),
        (
            "ec2.DescribeSubnets",
            json!({"SubnetIds": ["subnet-1", "subnet-9"]}),
            "InvalidSubnetID.NotFound",
            400,
            "The subnet ID 'subnet-9' does not exist",
        ),
    ] {
        let error = response(name, members).expect_err(code);
        assert_eq!(
            (error.code.as_str(), error.status, error.message.as_str()),
            (code, status, message)
        );
        assert!(!error.violation);
    }
}

#[test]
fn records_are_described_by_keys_by_filters_and_in_pages() {
    let ids = |members: Value| -> Vec<String> {
        let response = response("ec2.DescribeSubnets", members).unwrap();
        let subnets = response["Subnets"].as_array().unwrap().iter();
        subnets
            .map(|subnet| subnet["SubnetId"].as_str().unwrap().to_owned())
            .collect()
    };
    let filter = |name: &str, value: &str| json!([{"Name": name, "Values": [value]}]);
    assert_eq!(
        ids(json!({"SubnetIds": ["subnet-3", "subnet-2"]})),
        ["subnet-3", "subnet-2"]
    );
    for (filters, wanted) in [
        (filter("vpc-id", "vpc-1"), &["subnet-1", "subnet-3"][..]),
        (filter("tag:team", "payments"), &["subnet-1"]),
        (
            filter("availability-zone", "eu-central-1a"),
            &["subnet-1", "subnet-2"],
        ),
    ] {
        assert_eq!(ids(json!({"Filters": filters})), wanted);
    }
    let first = response("ec2.DescribeSubnets", json!({})).unwrap();
    assert_eq!(first["Subnets"].as_array().unwrap().len(), 2);
    let usual = "subnet-0a1b2c3d4e5f60001";
    assert_eq!(
        ids(json!({"NextToken": first["NextToken"]})),
        ["subnet-3", usual]
    );
}

#[test]
fn every_account_has_some_entries_unless_its_file_states_them() {
    let types = |members: Value| -> Value {
        let response = response("ec2.DescribeSecurityGroups", members).unwrap();
        response["SecurityGroups"][0]["GroupName"].clone()
    };
    let usual = "sg-0a1b2c3d4e5f60001";
    assert_eq!(types(json!({})), usual);
    assert_eq!(types(json!({"GroupIds": [usual]})), usual);
    let lists = response("ec2.DescribeManagedPrefixLists", json!({})).unwrap();
    assert_eq!(lists["PrefixLists"][0]["OwnerId"], "AWS");
}

#[test]
fn requests_with_members_that_have_no_effect_are_violations() {
    for (name, members) in [
        ("eks.ListClusters", json!({"include": ["all"]})),
        ("ec2.DescribeSubnets", json!({"DryRun": true})),
        (
            "ec2.DescribeSubnets",
            json!({"SubnetIds": ["subnet-1"], "MaxResults": 5}),
        ),
        (
            "ec2.DescribeSubnets",
            json!({"Filters": [{"Name": "odd", "Values": ["a"]}]}),
        ),
    ] {
        assert!(response(name, members).is_err_and(|error| error.violation));
    }
}

#[test]
fn an_only_entry_is_described_with_more_members() {
    let name = "ecr.GetRegistryScanningConfiguration";
    assert_eq!(
        response(name, json!({})).unwrap(),
        json!({
            "registryId": "123456789012",
            "scanningConfiguration": {"scanType": "BASIC", "rules": []},
        })
    );
}
