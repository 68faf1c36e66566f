//! Scenarios in which functions make every call that they can make, with each of the settings that change the
//! permissions of roles.

use std::time::Duration;

use eksentry_core::checks::CHECKS;
use eksentry_tests::account::{Account, Parameter};
use eksentry_tests::demo::Sample;
use eksentry_tests::deployment::Deployment;
use eksentry_tests::kubernetes::{Cluster, KubernetesApi};
use eksentry_tests::lambda::Invocation;
use eksentry_tests::stand_in::Message;
use serde_json::{Value, json};

use crate::any_faults::{BUCKET, EMPTY, ledger};
use crate::network::with_network;
use crate::world::{
    ACCOUNT, REGION, World, cluster_arn, exclusions, key, load_balancer_at, private_cluster,
    schedule_event, workspace,
};

/// The account that the functions enter from their own.
pub(super) const OTHER: &str = "444455556666";
const AWAY: &str = "us-east-1";
const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";
const READER: &str = "eksentry-cluster-reader-vpc-0a1b2c3d4e5f60001";
const MUTE_LIST: &str = "/eksentry/mute-list";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const ACCOUNTS: &str = "EKSENTRY_ACCOUNTS";
const PATHS: &str = "EKSENTRY_PARAMETERS_PATHS";

/// Settings with which roles have every possible statement, and some with which roles have as few as possible.
pub(super) const SETTINGS: [&[(&str, &str)]; 8] = [
    HOME,
    REGIONS,
    EVERYWHERE,
    ORGANIZATION,
    UNITS,
    &[],
    &[
        ("EKSENTRY_SECURITY_HUB", "off"),
        ("EKSENTRY_REGIONS", "all"),
    ],
    &[("EKSENTRY_AWS_CONFIG", "off")],
];

const HOME: &[(&str, &str)] = &[
    ("EKSENTRY_MUTE_LIST", MUTE_LIST),
    ("EKSENTRY_OCSF", "s3://lake/eksentry"),
    (PATHS, "/eksentry/eksentry,/bank/checks"),
];
const REGIONS: &[(&str, &str)] = &[("EKSENTRY_REGIONS", "eu-central-1,us-east-1")];
const EVERYWHERE: &[(&str, &str)] = &[
    ("EKSENTRY_REGIONS", "all"),
    (ACCOUNTS, "111122223333,444455556666"),
];
const ORGANIZATION: &[(&str, &str)] = &[(ACCOUNTS, "organization")];
const UNITS: &[(&str, &str)] = &[(ACCOUNTS, "ou-ab12-payments")];

/// The scenarios, each with other settings.
pub(super) const ALL: [fn() -> World; 5] = [home, regions, everywhere, organization, units];

/// Returns the world with these settings. Every stack has a queue, a bucket, and a bucket for reports.
pub(super) fn with(world: World, settings: &[(&str, &str)]) -> World {
    let world = world
        .and("EKSENTRY_DISABLED_CHECKS", "")
        .and("EKSENTRY_QUEUE_URL", QUEUE)
        .and("EKSENTRY_LEDGER_BUCKET", BUCKET)
        .and("EKSENTRY_REPORT", "s3://reports/eksentry/report");
    // The stack itself writes documents below the first of these paths.
    let writes = settings.iter().any(|(name, _)| *name == PATHS);
    let world = if writes {
        world.deployed_with("CheckParameters", "{}")
    } else {
        world
    };
    world.aws.add_function(READER, |_| Invocation {
        outcome: Ok(json!({"Err": {"notReached": "there is no network"}})),
        duration: Duration::ZERO,
    });
    let settings = settings.iter();
    let world = world
        .with_all_checks()
        .and("EKSENTRY_KUBERNETES", "on")
        .and("EKSENTRY_CLUSTER_READER", "eksentry-cluster-reader-{vpcId}")
        .deployed_with("ClusterReaders", "on")
        .and("EKSENTRY_PARAMETERS", &allowed_keys());
    settings.fold(world, |world, (name, value)| world.and(name, value))
}

/// Returns a parameter that names keys by an alias, so that aliases are listed.
fn allowed_keys() -> String {
    let alias = format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/images");
    json!({"ecr-customer-managed-key": {"allowedKeyArns": [alias]}}).to_string()
}

/// Makes functions send findings again that they have sent before.
fn forget_digests(world: &World) {
    world.aws.edit_findings(|finding| {
        finding.remove("ProductFields");
    });
}

/// Invokes a worker with one message.
fn work(world: &mut World, body: &Value) {
    forget_digests(world);
    let message = Message {
        queue_url: QUEUE.to_owned(),
        body: body.to_string(),
        id: "message".to_owned(),
    };
    assert_eq!(world.work(&[message]), [""; 0], "{body}");
}

/// Runs everything in the demo's account: every sample event, the schedule of every AWS Config rule, sweeps with a mute
/// list, with and without a ledger, and a sweep of a registry that is too large for one invocation.
fn home() -> World {
    let mut world = with(World::demo(), HOME);
    world.clear_faults();
    world.change(|account| {
        let buckets = [BUCKET, "lake", "reports"];
        account.buckets.extend(buckets.map(str::to_owned));
        for (name, text) in [
            (MUTE_LIST, "[]"),
            ("/eksentry/eksentry/parameters", "{}"),
            ("/bank/checks/all", "{}"),
        ] {
            account.parameters.push(Parameter {
                name: name.to_owned(),
                value: text.to_owned(),
                kind: None,
            });
        }
        account.add(own_policy()).unwrap();
        let mut pushed = repository("pushed", ACCOUNT, REGION);
        pushed["images"][0]["imageDigest"] = DIGEST.into();
        let excluded = exclusions(&Deployment::new(ACCOUNT, REGION, &[]).unwrap(), ACCOUNT);
        account
            .add(json!({
                "keys": [key("one", true)],
                "repositories": [pushed],
                "pull_time_update_exclusions": excluded,
            }))
            .unwrap();
    });
    world.ok(
        "ecr-event",
        &json!({
            "source": "aws.ecr", "detail-type": "ECR Image Action", "account": ACCOUNT, "region": REGION,
            "resources": [], "detail": {
                "result": "SUCCESS", "action-type": "PUSH", "repository-name": "pushed", "image-digest": DIGEST,
                "image-tag": "v1",
            },
        }),
    );
    for sample in Sample::load_all(&workspace().join("events")).unwrap() {
        let mut event = sample.payload.clone();
        if let Some(rule) = event["configRuleName"].as_str() {
            event["resultToken"] = json!(world.aws.result_token(rule));
        }
        forget_digests(&world);
        world.ok(&sample.function, &event);
    }
    for check in CHECKS
        .iter()
        .filter(|check| check.kind().config_type().is_some())
    {
        let token = world.aws.result_token(&format!("eksentry-{}", check.id));
        world.ok("config-rule", &schedule_event(&token, check.id));
    }
    for found in [false, true] {
        if found {
            world.aws.put_object(&ledger(), EMPTY.into());
        }
        world.sweep();
    }
    for part in ["clusters", "keys"] {
        work(&mut world, &json!({"part": part}));
    }
    for found in [false, true] {
        world.aws.remove_objects();
        if found {
            world.aws.put_object(&ledger(), EMPTY.into());
        }
        work(&mut world, &json!({"part": {"registry": {"prefix": ""}}}));
    }
    let repositories = (0..2_100).map(|n| json!({"repositoryName": format!("team-{}/{n}", n % 9)}));
    let repositories = json!({"repositories": repositories.collect::<Vec<_>>()});
    world.change(|account| account.add(repositories).unwrap());
    work(
        &mut world,
        &json!({"account": ACCOUNT, "checks": ["ecr-immutable-tags"]}),
    );
    world
}

/// Returns a policy document for the role of a cluster.
fn document() -> Value {
    let statement = json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Returns a cluster whose role has a customer managed policy.
fn own_policy() -> Value {
    let mut cluster = private_cluster("own");
    cluster["roleArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:role/own"));
    let attached = json!([{"name": "own", "document": document()}]);
    let inline = json!({"one": document()});
    json!({
        "clusters": [cluster],
        "roles": [{"RoleName": "own", "attached": attached, "inline": inline}],
    })
}

/// Returns one resource of each kind, for any account and Region.
fn one_of_everything(account: &str, region: &str) -> Value {
    let mut cluster = private_cluster("one");
    cluster["roleArn"] = json!(format!("arn:aws:iam::{account}:role/one-{region}"));
    cluster["nodegroups"] = json!([{"nodegroupName": "general"}]);
    cluster["version"] = json!("1.27");
    let api = KubernetesApi::for_functions(Cluster::new("one", region)).unwrap();
    cluster["endpoint"] = api.url().into();
    cluster["certificateAuthority"] = json!({"data": api.authority_data()});
    cluster["encryptionConfig"] = json!([{
        "resources": ["secrets"],
        "provider": {"keyArn": format!("arn:aws:kms:{region}:{account}:key/of-cluster")},
    }]);
    let attached = json!(["AmazonEKSClusterPolicy", {"name": "own", "document": document()}]);
    let inline = json!({"one": document()});
    let entries = json!({
        "clusters": [cluster],
        "instances": [{"InstanceId": "i-1", "Tags": [{"Key": "aws:eks:cluster-name", "Value": "one"}]}],
        "roles": [{
            "RoleName": format!("one-{region}"), "attached": attached, "inline": inline,
        }],
        "keys": [
            key("one", true), key("of-cluster", true), {"KeyId": "pending", "KeyState": "PendingDeletion"},
        ],
        "load_balancers": [load_balancer_at(account, region, "one")],
        "file_systems": [{"FileSystemId": "fs-00000001"}],
        "trails": [{
            "TrailARN": format!("arn:aws:cloudtrail:{region}:{account}:trail/one"),
            "selectors": {"EventSelectors": [{"ReadWriteType": "All"}]},
        }],
        "repositories": [repository("one", account, region)],
        "registry_policy": {"policyText": {"Statement": [for_organization()]}},
        "signing_configuration": {"rules": [{"signingProfileArn": signing_profile(account, region)}]},
        "pull_time_update_exclusions": exclusions(
            &Deployment::new(ACCOUNT, REGION, &[]).unwrap(), account,
        ),
        // GuardDuty does not monitor audit logs, so other calls search for what watches them.
        "detectors": [{
            "DetectorId": "12abc34d567e8fa901bc2d34e56789f0",
            "Features": [{"Name": "EKS_AUDIT_LOGS", "Status": "DISABLED"}],
        }],
        "log_groups": [{
            "logGroupName": "/aws/eks/one/cluster",
            "metricFilters": [{"filterName": "one", "metricTransformations": [
                {"metricName": "one", "metricNamespace": "one", "metricValue": "1"},
            ]}],
        }],
    });
    with_network(account, region, entries)
}

/// Returns a repository whose evaluation takes every call, with an image that should be signed.
fn repository(name: &str, account: &str, region: &str) -> Value {
    let configuration = json!({"os": "linux", "config": {"User": "65532"}});
    json!({
        "repositoryName": name,
        "images": [{"imageTags": ["v1"], "scan": {}, "configuration": configuration}, {}],
        "encryptionConfiguration": {
            "encryptionType": "KMS", "kmsKey": format!("arn:aws:kms:{region}:{account}:key/one"),
        },
        "policy": {"Statement": [for_organization()]},
    })
}

/// Returns a statement for an organization, so that the account's own organization is needed.
fn for_organization() -> Value {
    json!({
        "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-ab12cd34ef"}},
    })
}

fn signing_profile(account: &str, region: &str) -> String {
    format!("arn:aws:signer:{region}:{account}:/signing-profiles/one")
}

/// Runs functions with another Region in the settings.
fn regions() -> World {
    let world = World::with(one_of_everything(ACCOUNT, REGION));
    let mut world = with(world, REGIONS).and_at(ACCOUNT, AWAY, one_of_everything(ACCOUNT, AWAY));
    run_in_all_regions(&mut world);
    world
}

/// Passes events about changes of one of everything, if functions evaluate the place.
fn change(world: &mut World, account: &str, region: &str) {
    let names = json!({
        "name": "one", "repositoryName": "one", "keyId": "pending",
    });
    for (source, name) in [
        ("eks", "UpdateClusterConfig"),
        ("ecr", "SetRepositoryPolicy"),
        ("kms", "CancelKeyDeletion"),
        ("cloudtrail", "StopLogging"),
    ] {
        forget_digests(world);
        let event = json!({
            "source": format!("aws.{source}"), "detail-type": "AWS API Call via CloudTrail",
            "account": account, "region": region, "detail": {
                "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "readOnly": false,
                "requestParameters": names,
            },
        });
        invoke_if_evaluated(world, "cloudtrail-event", &event);
    }
    forget_digests(world);
    let pushed = json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action", "account": account, "region": region,
        "detail": {"action-type": "PUSH", "repository-name": "one"},
    });
    invoke_if_evaluated(world, "ecr-event", &pushed);
}

/// Invokes a function with an event, which may be rejected only if it is of the other account.
fn invoke_if_evaluated(world: &mut World, function: &str, event: &Value) {
    let invocation = world.invoke(function, event);
    let is_evaluated = invocation.outcome.is_ok();
    assert!(
        is_evaluated || event["account"] == OTHER,
        "{:?}",
        invocation.outcome
    );
}

/// Runs the functions that read other Regions: a sweep, a worker, and the rule whose check depends on other Regions.
fn run_in_all_regions(world: &mut World) {
    for (account, region) in [(ACCOUNT, REGION), (ACCOUNT, AWAY), (OTHER, AWAY)] {
        change(world, account, region);
    }
    let cluster = cluster_arn("one");
    world.ok("sweep", &json!({"resources": [cluster]}));
    let id = "eks-dedicated-cluster-role";
    let token = world.aws.result_token(&format!("eksentry-{id}"));
    world.ok("config-rule", &schedule_event(&token, id));
    world.ok("sweep", &json!({"account": ACCOUNT}));
    work(world, &json!({"account": ACCOUNT}));
}

/// Runs functions in all Regions of two accounts. The other account uses enhanced scanning.
fn everywhere() -> World {
    let world = World::with(one_of_everything(ACCOUNT, REGION));
    let mut world = with(world, EVERYWHERE).and_at(ACCOUNT, AWAY, one_of_everything(ACCOUNT, AWAY));
    for region in [REGION, AWAY] {
        let mut other = Account::empty(OTHER, region);
        other.add(one_of_everything(OTHER, region)).unwrap();
        other.registry_scanning = json!({"scanType": "ENHANCED", "rules": []})
            .as_object()
            .cloned();
        world.aws.also(other).unwrap();
    }
    run_in_all_regions(&mut world);
    world.sweep();
    let key = format!("arn:aws:kms:{AWAY}:{OTHER}:key/one");
    world.ok("sweep", &json!({"resources": [key]}));
    // A worker divides accounts into slices, one of them for the contents of each cluster.
    loop {
        let messages = world.aws.take_messages();
        if messages.is_empty() {
            return world;
        }
        assert_eq!(world.work(&messages), [""; 0]);
    }
}

/// Runs functions in an organization.
fn organization() -> World {
    organized(ORGANIZATION)
}

/// Runs functions in an organizational unit that contains another one.
fn units() -> World {
    organized(UNITS)
}

fn organized(settings: &[(&str, &str)]) -> World {
    let mut home = Account::empty(ACCOUNT, REGION);
    home.organization = serde_json::from_value(json!({
        "units": [
            {"Id": "ou-ab12-payments", "ParentId": "r-ab12"},
            {"Id": "ou-ab12-cards000", "ParentId": "ou-ab12-payments"},
        ],
        "accounts": [
            {"Id": ACCOUNT, "ParentId": "ou-ab12-payments"},
            {"Id": OTHER, "ParentId": "ou-ab12-cards000"},
        ],
    }))
    .unwrap();
    let mut world =
        with(World::of(home), settings).and_at(OTHER, REGION, json!({"keys": [key("one", true)]}));
    world.sweep();
    let messages = world.aws.take_messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(world.work(&messages), [""; 0]);
    world
}
