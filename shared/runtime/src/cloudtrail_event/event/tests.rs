use serde_json::json;

use super::*;

fn home() -> Location {
    Location {
        partition: "aws".into(),
        region: "eu-central-1".into(),
        account: "111122223333".into(),
    }
}

fn call(source: &str, name: &str, request: Value) -> Value {
    json!({
        "source": format!("aws.{source}"), "detail-type": "AWS API Call via CloudTrail",
        "account": "111122223333", "region": "eu-central-1", "resources": [],
        "detail": {
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "readOnly": false,
            "managementEvent": true, "eventCategory": "Management", "requestParameters": request,
            "responseElements": null,
        },
    })
}

/// Returns the end of the ID of the resource that an event leads to; `none` if it leads to none.
fn target(event: &Value) -> String {
    match Change::read(event).unwrap() {
        Some(change) => {
            let resource = change.resource(&home()).unwrap();
            let id = resource.id();
            id.splitn(6, ':').last().unwrap_or(id).to_owned()
        }
        None => "none".to_owned(),
    }
}

#[test]
fn a_call_leads_to_the_resource_that_it_names() {
    let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{key}");
    let of_key = format!("key/{key}");
    let group = "/aws/eks/pay/cluster";
    for (source, name, request, expected) in [
        (
            "eks",
            "UpdateClusterConfig",
            json!({"name": "pay"}),
            "cluster/pay",
        ),
        (
            "eks",
            "CreateNodegroup",
            json!({"clusterName": "pay", "name": "x"}),
            "cluster/pay",
        ),
        (
            "eks",
            "DeleteAddon",
            json!({"name": "pay", "addonName": "coredns"}),
            "cluster/pay",
        ),
        ("eks", "NewOperation", json!({"name": "pay"}), "cluster/pay"),
        ("eks", "TagResource", json!({"resourceArn": "arn"}), "none"),
        (
            "ecr",
            "PutLifecyclePolicy",
            json!({"repositoryName": "a/b"}),
            "repository/a/b",
        ),
        (
            "ecr",
            "PutRegistryPolicy",
            json!({}),
            "111122223333/eu-central-1",
        ),
        ("kms", "DisableKeyRotation", json!({"keyId": key}), &of_key),
        ("kms", "DisableKeyRotation", json!({"keyId": arn}), &of_key),
        (
            "kms",
            "UpdateAlias",
            json!({"aliasName": "alias/a", "targetKeyId": key}),
            &of_key,
        ),
        (
            "kms",
            "DeleteAlias",
            json!({"aliasName": "alias/a"}),
            "none",
        ),
        ("kms", "EnableKey", json!({"keyId": "alias/a"}), "none"),
        (
            "logs",
            "AssociateKmsKey",
            json!({"resourceIdentifier": "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/eks/pay/cluster:*"}),
            "cluster/pay",
        ),
        (
            "logs",
            "PutRetentionPolicy",
            json!({"logGroupName": group}),
            "cluster/pay",
        ),
        (
            "logs",
            "PutRetentionPolicy",
            json!({"logGroupName": "/aws/lambda/pay"}),
            "none",
        ),
        (
            "ec2",
            "DisableEbsEncryptionByDefault",
            json!(null),
            "111122223333/eu-central-1",
        ),
        ("ec2", "RunInstances", json!({"name": "pay"}), "none"),
        ("cloudhsm", "CreateCluster", json!({"name": "pay"}), "none"),
        ("eks", "UpdateClusterConfig", json!({"name": 7}), "none"),
        ("eks", "UpdateClusterConfig", json!({"name": ""}), "none"),
        ("eks", "UpdateClusterConfig", json!("pay"), "none"),
        ("eks", "UpdateClusterConfig", json!(null), "none"),
    ] {
        assert_eq!(
            target(&call(source, name, request.clone())),
            expected,
            "{name} {request}"
        );
    }
}

#[test]
fn a_change_of_tags_leads_to_the_resource_of_the_arn() {
    for (source, resource, expected) in [
        ("eks", "cluster/pay", "cluster/pay"),
        ("eks", "nodegroup/pay/general/1a2b", "cluster/pay"),
        ("eks", "eks-anywhere-subscription/1a2b", "none"),
        ("ecr", "repository/a/b", "repository/a/b"),
        ("ecr", "registry", "none"),
    ] {
        let arn = format!("arn:aws:{source}:eu-central-1:111122223333:{resource}");
        for name in ["TagResource", "UntagResource"] {
            let event = call(source, name, json!({"resourceArn": arn}));
            assert_eq!(target(&event), expected, "{name} {arn}");
        }
    }
}

#[test]
fn keys_are_found_in_the_resources_and_the_response() {
    let arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
    let mut by_alias = call("kms", "DeleteAlias", json!({"aliasName": "alias/a"}));
    let alias = "arn:aws:kms:eu-central-1:111122223333:alias/a";
    by_alias["detail"]["resources"] = json!([{"ARN": alias}, {"ARN": arn}, {}, null]);
    assert_eq!(target(&by_alias), "key/1234abcd");
    let mut created = call("kms", "CreateKey", json!({}));
    created["detail"]["responseElements"] = json!({"keyMetadata": {"arn": arn}});
    assert_eq!(target(&created), "key/1234abcd");
}

#[test]
fn only_calls_that_changed_something_count() {
    for (name, value) in [
        ("errorCode", json!("AccessDenied")),
        ("readOnly", json!(true)),
        ("readOnly", json!("true")),
        ("managementEvent", json!(false)),
        ("eventCategory", json!("Data")),
        ("eventSource", json!(null)),
        ("eventName", json!(["UpdateClusterConfig"])),
    ] {
        let mut event = call("eks", "UpdateClusterConfig", json!({"name": "pay"}));
        event["detail"][name] = value.clone();
        assert_eq!(target(&event), "none", "{name} {value}");
    }
    let mut event = call("eks", "UpdateClusterConfig", json!({"name": "pay"}));
    event["detail-type"] = json!("AWS Service Event via CloudTrail");
    assert_eq!(target(&event), "none");
    for detail in [json!(null), json!("{}"), json!([1])] {
        event["detail-type"] = json!("AWS API Call via CloudTrail");
        event["detail"] = detail;
        assert_eq!(target(&event), "none");
    }
}

#[test]
fn events_of_services_lead_to_the_cluster() {
    let event = |source: &str, name: &str, resources: Value, detail: Value| {
        json!({
            "source": source, "detail-type": name, "account": "111122223333", "region": "eu-central-1",
            "resources": resources, "detail": detail,
        })
    };
    let coverage = json!({
        "resourceAccountId": "111122223333",
        "resourceDetails": {"resourceType": "EKS", "eksClusterDetails": {"clusterName": "pay"}},
    });
    let mut of_member = coverage.clone();
    of_member["resourceAccountId"] = json!("444455556666");
    let instance = json!({"resourceDetails": {"resourceType": "EC2", "ec2InstanceDetails": {}}});
    let addon = "arn:aws:eks:eu-central-1:111122223333:addon/pay/coredns/12ab";
    for (event, expected) in [
        (
            event(
                "aws.guardduty",
                "GuardDuty Runtime Protection Unhealthy",
                json!([]),
                coverage,
            ),
            "cluster/pay",
        ),
        (
            event(
                "aws.guardduty",
                "GuardDuty Runtime Protection Unhealthy",
                json!([]),
                of_member,
            ),
            "none",
        ),
        (
            event(
                "aws.guardduty",
                "GuardDuty Runtime Protection Healthy",
                json!([]),
                instance,
            ),
            "none",
        ),
        (
            event(
                "aws.eks",
                "EKS Addon Health Degraded",
                json!([addon]),
                json!({}),
            ),
            "cluster/pay",
        ),
        (
            event(
                "aws.eks",
                "EKS Addon Update Failed",
                json!([]),
                json!({"clusterName": "pay"}),
            ),
            "cluster/pay",
        ),
        (
            event(
                "aws.eks",
                "EKS Fargate Pod Scheduled Termination",
                json!([]),
                json!({}),
            ),
            "none",
        ),
        (
            event(
                "aws.other",
                "EKS Addon Health Degraded",
                json!([addon]),
                json!({}),
            ),
            "none",
        ),
    ] {
        assert_eq!(target(&event), expected, "{event}");
    }
}

#[test]
fn an_event_that_names_no_place_is_of_the_function_s_own() {
    let mut event = call("eks", "UpdateClusterConfig", json!({"name": "pay"}));
    event["account"] = Value::Null;
    event["region"] = Value::Null;
    let change = Change::read(&event).unwrap().unwrap();
    assert_eq!(change.place(&home()), home());
}

#[test]
fn a_name_that_no_resource_can_have_is_an_error() {
    for name in ["a/b", "<script>", &"x".repeat(300)] {
        let event = call("eks", "UpdateClusterConfig", json!({"name": name}));
        let change = Change::read(&event).unwrap().unwrap();
        assert!(change.resource(&home()).is_err(), "{name}");
    }
}
