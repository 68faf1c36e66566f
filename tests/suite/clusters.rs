//! The data of EKS about its clusters: their health, their keys and roles, and clusters that are registered, not
//! created.

use eksentry_tests::account::Account;
use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{
    CLUSTER, World, change_event, cluster_arn, key, key_arn, private_cluster, text,
};

const ENVELOPE: &str = "eks-secrets-envelope-encryption";
const OWN_KEY: &str = "eks-secrets-customer-managed-key";
const ROLE: &str = "eks-dedicated-cluster-role";
const ADMINS: &str = "eks-access-cluster-admins";
const ENTRIES: &str = "eks-access-entries-roles";
const OF_ANOTHER_ACCOUNT: &str = "arn:aws:kms:eu-central-1:444455556666:key/central";

/// Returns a private cluster with these members.
fn with(name: &str, members: Value) -> Value {
    let mut cluster = private_cluster(name);
    let Value::Object(members) = members else {
        panic!("{members} is not an object");
    };
    cluster.as_object_mut().unwrap().extend(members);
    cluster
}

fn encryption(arn: &str) -> Value {
    json!([{"resources": ["secrets"], "provider": {"keyArn": arn}}])
}

fn issues(codes: &[&str]) -> Value {
    let issue =
        |code: &&str| json!({"code": code, "message": "A health issue.", "resourceIds": []});
    json!({"issues": codes.iter().map(issue).collect::<Vec<_>>()})
}

fn only(checks: &[&str]) -> Value {
    json!({ "checks": checks })
}

/// Lists the status of each cluster.
fn statuses(world: &World, check: &str, names: &[&str]) -> Vec<String> {
    let status = |name: &&str| format!("{name} {}", world.status(check, &cluster_arn(name)));
    names.iter().map(status).collect()
}

#[test]
fn health_issues_about_a_key_decide_the_verdict() {
    let own = key_arn("k");
    let mut world = World::with(json!({
        "keys": [key("k", true)],
        "clusters": [
            with("fine", json!({"encryptionConfig": encryption(&own)})),
            with("revoked", json!({"encryptionConfig": encryption(&own), "health": issues(&["KmsGrantRevoked"])})),
            with("subnets", json!({"encryptionConfig": encryption(&own), "health": issues(&["Ec2SubnetNotFound"])})),
            with("away", json!({"encryptionConfig": encryption(OF_ANOTHER_ACCOUNT)})),
            with("leaving", json!({"encryptionConfig": encryption(OF_ANOTHER_ACCOUNT), "health": issues(&["KmsKeyMarkedForDeletion"])})),
            with("silent", json!({"encryptionConfig": encryption(OF_ANOTHER_ACCOUNT), "health": null})),
            with("listless", json!({"encryptionConfig": encryption(OF_ANOTHER_ACCOUNT), "health": {}})),
        ],
    }));
    world.ok("sweep", &only(&[ENVELOPE]));
    let names = [
        "fine", "revoked", "subnets", "away", "leaving", "silent", "listless",
    ];
    assert_eq!(
        statuses(&world, ENVELOPE, &names),
        [
            "fine PASSED INFORMATIONAL",
            "revoked FAILED HIGH",
            "subnets PASSED INFORMATIONAL",
            "away PASSED INFORMATIONAL",
            "leaving FAILED HIGH",
            "silent NOT_AVAILABLE INFORMATIONAL",
            "listless NOT_AVAILABLE INFORMATIONAL",
        ]
    );
    let away = world.finding(ENVELOPE, &cluster_arn("away")).unwrap();
    let description = text(&away, "Description");
    assert!(
        description.contains("EKS reports no issue"),
        "{description}"
    );
    world.end();
}

#[test]
fn health_is_not_used_for_keys_of_the_same_account() {
    let mut world = World::with(json!({
        "keys": [key("k", true)],
        "clusters": [with("c", json!({"encryptionConfig": encryption(&key_arn("k"))}))],
    }));
    for kind in [FaultKind::AccessDenied, FaultKind::Throttle] {
        world.aws.fail(Fault::new("kms.DescribeKey", kind));
        world.ok("sweep", &only(&[ENVELOPE]));
        assert_eq!(
            world.status(ENVELOPE, &cluster_arn("c")),
            "NOT_AVAILABLE INFORMATIONAL"
        );
        world.clear_faults();
    }
    world.end();
}

#[test]
fn from_1_28_on_a_key_encrypts_secrets_regardless_of_resources() {
    let entry =
        |resources: Value| json!([{"resources": resources, "provider": {"keyArn": key_arn("k")}}]);
    let of = |name: &str, version: &str, entry: Value| {
        with(name, json!({"version": version, "encryptionConfig": entry}))
    };
    let mut world = World::with(json!({
        "keys": [key("k", true)],
        "clusters": [
            of("empty", "1.34", entry(json!([]))),
            of("null", "1.28", entry(Value::Null)),
            of("old", "1.27", entry(json!([]))),
            of("oldest", "1.9", entry(json!([]))),
            of("unreadable", "newest", entry(json!([]))),
            of("keyless", "1.34", json!([{"resources": null, "provider": null}])),
        ],
    }));
    world.ok("sweep", &only(&[OWN_KEY, ENVELOPE]));
    let names = ["empty", "null", "old", "oldest", "unreadable", "keyless"];
    assert_eq!(
        statuses(&world, OWN_KEY, &names),
        [
            "empty PASSED INFORMATIONAL",
            "null PASSED INFORMATIONAL",
            "old FAILED LOW",
            "oldest FAILED LOW",
            "unreadable NOT_AVAILABLE INFORMATIONAL",
            "keyless FAILED LOW",
        ]
    );
    assert_eq!(
        statuses(&world, ENVELOPE, &names),
        [
            "empty PASSED INFORMATIONAL",
            "null PASSED INFORMATIONAL",
            "old FAILED HIGH",
            "oldest FAILED HIGH",
            "unreadable NOT_AVAILABLE INFORMATIONAL",
            "keyless PASSED INFORMATIONAL",
        ]
    );
    world.end();
}

#[test]
fn paths_of_roles_are_ignored() {
    let role = |path: &str| format!("arn:aws:iam::111122223333:role/{path}");
    let mut world = World::with(json!({
        "clusters": [
            with("path", json!({"roleArn": role("eks/shared")})),
            with("none", json!({"roleArn": role("shared")})),
            with("nodes", json!({"roleArn": role("team/nodes"), "nodegroups": [
                {"nodegroupName": "n", "nodeRole": role("nodes")},
            ]})),
            with("auto", json!({"roleArn": role("team/auto"), "computeConfig": {
                "enabled": true, "nodeRoleArn": role("auto"),
            }})),
            with("own", json!({"roleArn": role("eks/shared/own")})),
        ],
        "roles": [{"RoleName": "shared"}, {"RoleName": "nodes"}, {"RoleName": "auto"}, {"RoleName": "own"}],
    }));
    world.ok("sweep", &only(&[ROLE]));
    assert_eq!(
        statuses(&world, ROLE, &["path", "none", "nodes", "auto", "own"]),
        [
            "path FAILED MEDIUM",
            "none FAILED MEDIUM",
            "nodes FAILED MEDIUM",
            "auto FAILED MEDIUM",
            "own PASSED INFORMATIONAL",
        ]
    );
    world.end();
}

#[test]
fn a_role_that_eks_reports_as_missing_fails() {
    let mut world = World::with(json!({
        "clusters": [
            with("gone", json!({"health": issues(&["IamRoleNotFound"])})),
            with("unread", json!({"health": issues(&["IamRoleNotFound"])})),
            with("fine", json!({"health": issues(&["VpcNotFound"])})),
            with("silent", json!({"health": null})),
        ],
    }));
    world.aws.fail(
        Fault::new("iam.GetRole", FaultKind::AccessDenied)
            .matching(json!({"RoleName": "eks-unread"})),
    );
    world.ok("sweep", &only(&[ROLE]));
    assert_eq!(
        statuses(&world, ROLE, &["gone", "unread", "fine", "silent"]),
        [
            "gone FAILED MEDIUM",
            "unread FAILED MEDIUM",
            "fine PASSED INFORMATIONAL",
            "silent PASSED INFORMATIONAL",
        ]
    );
    world.end();
}

#[test]
fn a_registered_cluster_is_not_applicable_and_affects_no_other() {
    let connector = json!({
        "activationId": "0a1b2c3d-0000-4000-8000-000000000000", "provider": "EKS_ANYWHERE",
        "roleArn": "arn:aws:iam::111122223333:role/connector",
    });
    let mut world = World::with(json!({
        "clusters": [
            {"name": "registered", "connectorConfig": connector},
            private_cluster("c"),
        ],
    }));
    for check in eksentry_core::checks::CHECKS {
        if !check.id.starts_with("eks-") {
            continue;
        }
        let token = world.aws.result_token(&format!("eksentry-{}", check.id));
        let event = change_event(&token, check.id, CLUSTER, "registered", "OK");
        world.ok("config-rule", &event);
        assert_eq!(
            world.evaluations().last().unwrap(),
            "NOT_APPLICABLE AWS::EKS::Cluster registered"
        );
    }
    assert_eq!(world.statuses(), [""; 0]);
    world.ok("sweep", &only(&[ROLE]));
    assert_eq!(
        world.statuses(),
        ["PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/c"]
    );
    world.end();
}

#[test]
fn missing_settings_are_off_and_unread_settings_are_not_available() {
    let (mode, protection) = ("eks-authentication-mode", "eks-deletion-protection");
    let outpost = json!({"outpostArns": ["arn:aws:outposts:eu-central-1:111122223333:outpost/op-0a1b2c3d4e5f60718"],
        "controlPlaneInstanceType": "m5.large"});
    let access = |mode: &str| json!({"authenticationMode": mode});
    let mut world = World::with(json!({
        "clusters": [
            with("good", json!({"accessConfig": access("API"), "deletionProtection": true})),
            with("half", json!({"accessConfig": access("API_AND_CONFIG_MAP"), "deletionProtection": false})),
            with("null", json!({"accessConfig": null, "deletionProtection": null})),
            with("empty", json!({"accessConfig": {}})),
            with("new", json!({"accessConfig": access("API_ONLY")})),
            with("local", json!({"accessConfig": null, "deletionProtection": null, "outpostConfig": outpost})),
            with("unread", json!({"accessConfig": access("API"), "deletionProtection": true})),
        ],
    }));
    world.aws.fail(
        Fault::new("eks.DescribeCluster", FaultKind::AccessDenied)
            .matching(json!({"name": "unread"})),
    );
    world.ok("sweep", &only(&[mode, protection]));
    let names = ["good", "half", "null", "empty", "new", "local", "unread"];
    assert_eq!(
        statuses(&world, mode, &names),
        [
            "good PASSED INFORMATIONAL",
            "half FAILED LOW",
            "null FAILED MEDIUM",
            "empty FAILED MEDIUM",
            "new WARNING LOW",
            "local none",
            "unread NOT_AVAILABLE INFORMATIONAL",
        ]
    );
    assert_eq!(
        statuses(&world, protection, &names),
        [
            "good PASSED INFORMATIONAL",
            "half FAILED LOW",
            "null FAILED LOW",
            "empty FAILED LOW",
            "new FAILED LOW",
            "local none",
            "unread NOT_AVAILABLE INFORMATIONAL",
        ]
    );
    world = world.and(
        "EKSENTRY_PARAMETERS",
        r#"{"eks-authentication-mode": {"allowConfigMap": "true"}}"#,
    );
    world.ok("sweep", &only(&[mode]));
    assert_eq!(
        world.status(mode, &cluster_arn("half")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn a_cluster_lacks_access_entries_only_if_eks_says_so() {
    let mut world = World::with(json!({"clusters": [private_cluster("c")]}));
    let of_mode = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this \
                   operation.";
    for (message, expected) in [
        (of_mode, "none"),
        ("The request is not valid.", "NOT_AVAILABLE INFORMATIONAL"),
    ] {
        let error = FaultKind::Error {
            code: "InvalidRequestException".into(),
            status: 400,
            message: message.into(),
        };
        world.aws.fail(Fault::new("eks.ListAccessEntries", error));
        world.ok("sweep", &only(&[ADMINS, ENTRIES]));
        for check in [ADMINS, ENTRIES] {
            let status = world.status(check, &cluster_arn("c"));
            assert_eq!(status, expected, "{check}: {message}");
        }
        world.clear_faults();
    }
    world.end();
}

#[test]
fn the_key_and_the_role_of_a_deleting_cluster_are_not_read() {
    let mut world = World::with(json!({
        "keys": [key("k", true)],
        "clusters": [with("leaving", json!({"status": "DELETING", "encryptionConfig": encryption(&key_arn("k"))}))],
    }));
    world.ok("sweep", &only(&[ENVELOPE, OWN_KEY, ROLE]));
    assert_eq!(world.statuses(), [""; 0]);
    for operation in ["kms.DescribeKey", "iam.GetRole", "eks.ListNodegroups"] {
        assert_eq!(world.calls(operation), 0, "{operation}");
    }
    world.end();
}

#[test]
fn reordered_lists_are_not_a_change() {
    let role = "arn:aws:iam::111122223333:role/admin";
    let mut world = World::with(json!({
        "clusters": [{
            "name": "c", "roleArn": role,
            "resourcesVpcConfig": {
                "endpointPublicAccess": true, "endpointPrivateAccess": true,
                "publicAccessCidrs": ["203.0.113.0/24", "198.51.100.0/24"],
                "subnetIds": ["subnet-b", "subnet-a"], "securityGroupIds": ["sg-2", "sg-1"],
            },
            "logging": {"clusterLogging": [
                {"types": ["audit", "api"], "enabled": true}, {"types": ["scheduler"], "enabled": true},
            ]},
            "health": issues(&["KmsKeyDisabled", "KmsGrantRevoked"]),
            "tags": {"team": "payments", "env": "prod"},
        }],
        "roles": [{"RoleName": "admin", "attached": ["AdministratorAccess", {"name": "all", "document":
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}],
    }));
    let first = world.sweep();
    assert_eq!(first["posted"], first["evaluated"]);
    world.change(in_another_order);
    let second = world.sweep();
    assert_eq!(
        (&second["posted"], &second["unchanged"]),
        (&json!(0), &first["evaluated"])
    );
    world.end();
}

/// Reverses every list of the account's only cluster, and the policies of its role.
fn in_another_order(account: &mut Account) {
    fn reverse(value: &mut Value) {
        match value {
            Value::Array(items) => {
                items.reverse();
                items.iter_mut().for_each(reverse);
            }
            Value::Object(members) => members.values_mut().for_each(reverse),
            _ => {}
        }
    }
    account.clusters[0].members.values_mut().for_each(reverse);
    account
        .role("admin")
        .unwrap()
        .attached
        .as_mut()
        .unwrap()
        .reverse();
}

#[test]
fn other_instances_and_another_day_change_no_finding() {
    let nodes = |instances: [&str; 2]| {
        let group = |instance: &str| {
            json!({
                "InstanceId": instance,
                "Tags": [
                    {"Key": "aws:eks:cluster-name", "Value": "c"},
                    {"Key": "eks:nodegroup-name", "Value": "general"},
                ],
                "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"},
            })
        };
        Value::from(instances.map(group).to_vec())
    };
    let day = jiff::SignedDuration::from_hours(24);
    let end = jiff::Timestamp::now() + 30 * day;
    let mut world = World::with(json!({
        "clusters": [private_cluster("c")],
        "cluster_versions": [{
            "clusterVersion": "1.33", "versionStatus": "STANDARD_SUPPORT", "endOfStandardSupportDate": end.to_string(),
        }],
        "instances": nodes(["i-1", "i-2"]),
    }));
    world.sweep();
    let arn = cluster_arn("c");
    assert_eq!(world.status("eks-nodes-imds", &arn), "FAILED MEDIUM");
    assert_eq!(world.status("eks-supported-version", &arn), "WARNING LOW");
    world.change(|account| {
        account
            .collections
            .insert("instances".to_owned(), nodes(["i-3", "i-4"]));
    });
    world.aws.advance_time(day);
    let summary = world.sweep();
    assert_eq!(
        (&summary["posted"], &summary["archived"]),
        (&json!(0), &json!(0))
    );
    world.end();
}
