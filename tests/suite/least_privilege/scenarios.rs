//! Plays in which functions do everything that they ever do, in each of the settings that change what roles may do.

use eksentry_core::checks::CHECKS;
use eksentry_tests::account::{Account, Parameter};
use eksentry_tests::demo::Sample;
use eksentry_tests::stand_in::Message;
use serde_json::{Value, json};

use crate::any_faults::{BUCKET, EMPTY, ledger};
use crate::world::{ACCOUNT, REGION, World, closed, key, schedule_event, workspace};

/// The account that is entered from the first.
pub(super) const OTHER: &str = "444455556666";
const AWAY: &str = "us-east-1";
const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";
const MUTE_LIST: &str = "/eksentry/mute-list";
const ACCOUNTS: &str = "EKSENTRY_ACCOUNTS";
const PATHS: &str = "EKSENTRY_PARAMETERS_PATHS";

/// Settings with which roles have all statements that they ever have, and some that leave out what they can.
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

/// Each plays in other settings.
pub(super) const ALL: [fn() -> World; 5] = [home, regions, everywhere, organization, units];

/// A world with these settings. Every stack has a queue and a bucket.
pub(super) fn with(world: World, settings: &[(&str, &str)]) -> World {
    let world = world
        .and("EKSENTRY_DISABLED_CHECKS", "")
        .and("EKSENTRY_QUEUE_URL", QUEUE)
        .and("EKSENTRY_LEDGER_BUCKET", BUCKET);
    // The first of these paths is the one to which the stack itself writes.
    let writes = settings.iter().any(|(name, _)| *name == PATHS);
    let world = if writes {
        world.deployed_with("CheckParameters", "{}")
    } else {
        world
    };
    let settings = settings.iter();
    settings.fold(world, |world, (name, value)| world.and(name, value))
}

/// Makes functions post anew what they posted before.
fn forget(world: &World) {
    world.aws.edit_findings(|finding| {
        finding.remove("ProductFields");
    });
}

/// A message to a worker.
fn work(world: &mut World, body: &Value) {
    forget(world);
    let message = Message {
        queue_url: QUEUE.to_owned(),
        body: body.to_string(),
        id: "message".to_owned(),
    };
    assert_eq!(world.work(&[message]), [""; 0], "{body}");
}

/// The demo's account: every sample event, every Config rule's own schedule, sweeps with a mute list, with and without
/// a ledger, and a registry that is too large for one of them.
fn home() -> World {
    let mut world = with(World::of_the_demo(), HOME);
    world.heal();
    world.change(|account| {
        account.buckets.extend([BUCKET, "lake"].map(str::to_owned));
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
    });
    for sample in Sample::load_all(&workspace().join("events")).unwrap() {
        let mut event = sample.payload.clone();
        if let Some(rule) = event["configRuleName"].as_str() {
            event["resultToken"] = json!(world.aws.result_token(rule));
        }
        forget(&world);
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

/// What the policy of a cluster's role may say.
fn document() -> Value {
    let statement = json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// A cluster whose role has a policy of the account's own.
fn own_policy() -> Value {
    let mut cluster = closed("own");
    cluster["roleArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:role/own"));
    let attached = json!([{"name": "own", "document": document()}]);
    let inline = json!({"one": document()});
    json!({
        "clusters": [cluster],
        "roles": [{"RoleName": "own", "attached": attached, "inline": inline}],
    })
}

/// One of everything, in whatever account and Region.
fn one_of_everything(account: &str, region: &str) -> Value {
    let mut cluster = closed("one");
    cluster["roleArn"] = json!(format!("arn:aws:iam::{account}:role/one-{region}"));
    cluster["nodegroups"] = json!([{"nodegroupName": "general"}]);
    cluster["version"] = json!("1.27");
    cluster["encryptionConfig"] = json!([{
        "resources": ["secrets"],
        "provider": {"keyArn": format!("arn:aws:kms:{region}:{account}:key/of-cluster")},
    }]);
    let attached = json!(["AmazonEKSClusterPolicy", {"name": "own", "document": document()}]);
    let inline = json!({"one": document()});
    json!({
        "clusters": [cluster],
        "roles": [{
            "RoleName": format!("one-{region}"), "attached": attached, "inline": inline,
        }],
        "keys": [key("one", true), key("of-cluster", true)],
        "repositories": [{"repositoryName": "one", "images": [{"imageTags": ["v1"], "scan": {}}, {}]}],
    })
}

/// Another Region that is named.
fn regions() -> World {
    let world = World::with(one_of_everything(ACCOUNT, REGION));
    let mut world = with(world, REGIONS).and_at(ACCOUNT, AWAY, one_of_everything(ACCOUNT, AWAY));
    look_around(&mut world);
    world
}

/// What is looked at where: by a sweep, by a worker, and by the rule to which other Regions matter.
fn look_around(world: &mut World) {
    let id = "eks-dedicated-cluster-role";
    let token = world.aws.result_token(&format!("eksentry-{id}"));
    world.ok("config-rule", &schedule_event(&token, id));
    world.ok("sweep", &json!({"account": ACCOUNT}));
    work(world, &json!({"account": ACCOUNT}));
}

/// All Regions of two accounts, in which scans are enhanced.
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
    look_around(&mut world);
    world.sweep();
    let key = format!("arn:aws:kms:{AWAY}:{OTHER}:key/one");
    world.ok("sweep", &json!({"resources": [key]}));
    let messages = world.aws.take_messages();
    assert_eq!(world.work(&messages), [""; 0]);
    world
}

/// An organization.
fn organization() -> World {
    organized(ORGANIZATION)
}

/// A unit of an organization, with another in it.
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
