//! The network policies and the IAM roles of the pods in clusters.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, CLUSTER, World, change_event, cluster_arn, private_cluster};

const POLICY: &str = "eks-network-policy-enabled";
const ROLES: &str = "eks-pod-iam-roles";
const PROVIDERS: &str = "iam.ListOpenIDConnectProviders";
const ASSOCIATIONS: &str = "eks.ListPodIdentityAssociations";
const AWAY: &str = "us-east-1";

/// Returns a cluster with a node group, without Pod Identity associations, and with these members.
fn cluster(name: &str, members: Value) -> Value {
    let mut cluster = private_cluster(name);
    cluster["identity"] = json!({"oidc": {"issuer": format!("https://{}", issuer(name))}});
    cluster["podIdentityAssociations"] = json!([]);
    let Value::Object(members) = members else {
        panic!("{members} is not an object");
    };
    cluster.as_object_mut().unwrap().extend(members);
    cluster
}

fn issuer(cluster: &str) -> String {
    format!("oidc.eks.eu-central-1.amazonaws.com/id/{cluster}")
}

fn provider(cluster: &str) -> Value {
    json!({"Arn": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{}", issuer(cluster))})
}

fn associations() -> Value {
    json!([
        {"associationId": "a-1", "namespace": "web", "serviceAccount": "api"},
        {"associationId": "a-2", "namespace": "web", "serviceAccount": "worker"},
    ])
}

fn only(check: &str) -> Value {
    json!({"checks": [check]})
}

#[test]
fn associations_are_listed_only_where_they_decide() {
    let auto_mode = json!({
        "nodegroups": [],
        "computeConfig": {"enabled": true, "nodeRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/nodes")},
    });
    let mut world = World::with(json!({
        "clusters": [
            cluster("provider", json!({"podIdentityAssociations": associations()})),
            cluster("association", json!({"podIdentityAssociations": associations()})),
            cluster("neither", json!({})),
            cluster("auto", auto_mode),
            cluster("fargate", json!({"nodegroups": []})),
            cluster("leaving", json!({"status": "DELETING"})),
        ],
        "identity_providers": [provider("other"), provider("provider"), provider("neither-2")],
    }));
    world.ok("sweep", &only(ROLES));
    assert_eq!(
        world.statuses(),
        [
            "FAILED LOW eks-pod-iam-roles cluster/auto",
            "FAILED LOW eks-pod-iam-roles cluster/neither",
            "PASSED INFORMATIONAL eks-pod-iam-roles cluster/association",
            "PASSED INFORMATIONAL eks-pod-iam-roles cluster/provider",
        ]
    );
    assert_eq!((world.calls(PROVIDERS), world.calls(ASSOCIATIONS)), (1, 3));
    world.end();
}

#[test]
fn providers_are_listed_once_for_all_regions() {
    let mut away = cluster("away", json!({}));
    away["roleArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:role/away"));
    let mut world = World::with(json!({
        "clusters": [cluster("here", json!({}))],
        "identity_providers": [provider("here"), provider("away")],
    }))
    .and_at(ACCOUNT, AWAY, json!({"clusters": [away]}))
    .and("EKSENTRY_REGIONS", "all");
    world.ok("sweep", &only(ROLES));
    assert_eq!(
        world.statuses(),
        [
            "PASSED INFORMATIONAL eks-pod-iam-roles cluster/away",
            "PASSED INFORMATIONAL eks-pod-iam-roles cluster/here",
        ]
    );
    assert_eq!((world.calls(PROVIDERS), world.calls(ASSOCIATIONS)), (1, 0));
    world.end();
}

#[test]
fn an_empty_page_of_associations_is_followed_by_others() {
    let mut world = World::with(json!({
        "clusters": [cluster("c", json!({"podIdentityAssociations": associations()}))],
    }));
    let fault = Fault::new(ASSOCIATIONS, FaultKind::EmptyPage);
    world.aws.fail(fault.times(1));
    world.ok("sweep", &only(ROLES));
    let arn = cluster_arn("c");
    assert_eq!(world.status(ROLES, &arn), "PASSED INFORMATIONAL");
    assert_eq!(world.calls(ASSOCIATIONS), 2);
    world.end();
}

#[test]
fn without_one_list_the_other_can_still_pass_a_cluster() {
    for (denied, association, expected) in [
        (&[PROVIDERS][..], true, "PASSED INFORMATIONAL"),
        (&[PROVIDERS], false, "NOT_AVAILABLE INFORMATIONAL"),
        (&[ASSOCIATIONS], true, "NOT_AVAILABLE INFORMATIONAL"),
        (
            &[PROVIDERS, ASSOCIATIONS],
            true,
            "NOT_AVAILABLE INFORMATIONAL",
        ),
        (&["ec2.DescribeInstances"], true, "PASSED INFORMATIONAL"),
        (&["ec2.DescribeInstances"], false, "FAILED LOW"),
        (
            &["eks.ListNodegroups"],
            false,
            "NOT_AVAILABLE INFORMATIONAL",
        ),
    ] {
        let members = if association {
            json!({"podIdentityAssociations": associations()})
        } else {
            json!({})
        };
        let mut world = World::with(json!({"clusters": [cluster("c", members)]}));
        for operation in denied {
            world.deny(operation);
        }
        world.ok("sweep", &only(ROLES));
        let status = world.status(ROLES, &cluster_arn("c"));
        assert_eq!(status, expected, "{denied:?} {association}");
        world.end();
    }
}

#[test]
fn the_configuration_of_the_network_plugin_decides() {
    let add_on = |values: Value| json!({"addons": [{"addonName": "vpc-cni", "configurationValues": values}]});
    let clusters = [
        (
            "text",
            add_on(json!(r#"{"enableNetworkPolicy": "true"}"#)),
            "PASSED INFORMATIONAL",
        ),
        (
            "boolean",
            add_on(json!(r#"{"enableNetworkPolicy": true}"#)),
            "PASSED INFORMATIONAL",
        ),
        (
            "yaml",
            add_on(json!("enableNetworkPolicy: true\n")),
            "PASSED INFORMATIONAL",
        ),
        (
            "off",
            add_on(json!(r#"{"enableNetworkPolicy": "false"}"#)),
            "FAILED MEDIUM",
        ),
        ("other", add_on(json!(r#"{"env": {}}"#)), "FAILED MEDIUM"),
        ("unset", add_on(Value::Null), "FAILED MEDIUM"),
        ("broken", add_on(json!("{broken")), "WARNING LOW"),
        ("none", json!({"addons": []}), "WARNING LOW"),
        ("fargate", json!({"nodegroups": [], "addons": []}), "none"),
    ];
    let entries = clusters.iter();
    let entries = entries.map(|(name, members, _)| cluster(name, members.clone()));
    let entries: Vec<Value> = entries.collect();
    let mut world = World::with(json!({"clusters": entries}));
    world.ok("sweep", &only(POLICY));
    for (name, _, expected) in &clusters {
        assert_eq!(
            world.status(POLICY, &cluster_arn(name)),
            *expected,
            "{name}"
        );
    }
    world.end();
}

#[test]
fn another_engine_is_named_in_a_parameter_of_a_rule() {
    let mut world = World::with(json!({"clusters": [cluster("c", json!({"addons": []}))]}));
    for (engine, expected) in [
        ("", "NON_COMPLIANT AWS::EKS::Cluster c"),
        ("cilium", "NOT_APPLICABLE AWS::EKS::Cluster c"),
    ] {
        let token = world.aws.result_token(&format!("eksentry-{POLICY}"));
        let mut event = change_event(&token, POLICY, CLUSTER, "c", "OK");
        let parameters = json!({"checkId": POLICY, "otherEngine": engine});
        event["ruleParameters"] = parameters.to_string().into();
        world.ok("config-rule", &event);
        assert_eq!(world.evaluations().last().unwrap(), expected);
    }
    world.end();
}
