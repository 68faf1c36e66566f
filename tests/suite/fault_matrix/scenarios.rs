//! The scenarios: invocations of functions with few resources, but one of each kind.

use std::collections::BTreeMap;

use eksentry_core::checks::CHECKS;
use eksentry_core::facts::{EksCluster, KmsKey, KubernetesCluster};
use eksentry_core::{Check, FactsOf, Need};
use eksentry_tests::account::{Account, Parameter};
use eksentry_tests::kubernetes::Cluster;
use eksentry_tests::stand_in::{Message, Snapshot, sqs_event};
use serde_json::{Value, json};

use super::contents;
use super::policies::OTHER;
use super::resources::{DIGEST, before, now};
use super::undisturbed::Checks;
use crate::any_faults::{BUCKET, EMPTY, ledger};
use crate::world::{ACCOUNT, CLUSTER, REGION, World, change_event, schedule_event};

/// The prefix of the requests to the Kubernetes API of clusters.
const CONTENTS: &str = "kubernetes.";
const MUTE_LIST: &str = "/eksentry/mute-list";
const PARAMETERS: &str = "/eksentry/checks";
const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";

/// One way of invoking a function.
pub(super) struct Scenario {
    /// The name for display.
    pub(super) name: &'static str,
    pub(super) function: &'static str,
    /// The variables besides the mute list and the checks' parameters, which all scenarios have.
    environment: &'static [(&'static str, &'static str)],
    pub(super) event: fn(&World) -> Value,
    /// The prefixes of the calls that this scenario covers; other scenarios cover the other calls.
    pub(super) calls: &'static [&'static str],
    /// The collections that the account does not have, since nothing in the scenario reads them.
    without: &'static [&'static str],
    /// `true` if answers with missing members and unknown values are tried in this scenario.
    pub(super) alters_responses: bool,
}

pub(super) static SCENARIOS: [Scenario; 16] = [
    Scenario {
        name: "`sweep` of an account",
        function: "sweep",
        environment: &[("EKSENTRY_LEDGER_BUCKET", BUCKET)],
        event: |_| json!({}),
        calls: &["s3."],
        without: &[],
        alters_responses: true,
    },
    // A sweep of everything takes too long for each fault in the calls about resources.
    Scenario {
        name: "`sweep` of clusters",
        function: "sweep",
        environment: &[],
        event: |_| json!({"checks": checks_where(|check| check.kind() == EksCluster::KIND)}),
        calls: &[
            "eks.",
            "ec2.",
            "iam.",
            "elasticloadbalancing.",
            "guardduty.",
            "kms.",
            "logs.",
            "monitoring.",
        ],
        without: &["repositories"],
        alters_responses: true,
    },
    Scenario {
        name: "`sweep` of registries and keys",
        function: "sweep",
        environment: &[],
        event: |_| json!({"checks": checks_where(|check| check.kind() != EksCluster::KIND)}),
        calls: &[
            "ecr.",
            "kms.",
            "cloudtrail.",
            "config.",
            "ec2.GetEbsEncryptionByDefault",
            "elasticfilesystem.",
            "inspector2.",
            "organizations.",
            "securityhub.",
            "ssm.",
            "tagging.",
        ],
        without: &["clusters", "instances", "load_balancers"],
        alters_responses: true,
    },
    // In a sweep of everything, the first search for resources by their tags is not the first call of its operation.
    Scenario {
        name: "`sweep` of load balancers",
        function: "sweep",
        environment: &[],
        event: |_| json!({"checks": [check_that_needs(Need::LoadBalancers).id]}),
        calls: &["tagging."],
        without: &[],
        alters_responses: true,
    },
    Scenario {
        name: "`sweep` of the contents of clusters",
        function: "sweep",
        environment: &[],
        event: |_| {
            let checks = CHECKS.iter().filter(|check| is_of_contents(check));
            json!({"checks": checks.map(|check| check.id).collect::<Vec<_>>()})
        },
        calls: &[CONTENTS, "lambda."],
        without: &[
            "clusters",
            "file_systems",
            "instances",
            "keys",
            "load_balancers",
            "repositories",
            "roles",
            "volumes",
        ],
        alters_responses: false,
    },
    Scenario {
        name: "`sweep` of an organization",
        function: "sweep",
        environment: &[
            ("EKSENTRY_ACCOUNTS", "organization"),
            ("EKSENTRY_REGIONS", "all"),
        ],
        event: |_| json!({"checks": [check_of_keys().id]}),
        calls: &["organizations.", "account.", "sts."],
        without: &[],
        alters_responses: true,
    },
    Scenario {
        name: "`sweep` of a unit",
        function: "sweep",
        environment: &[("EKSENTRY_ACCOUNTS", "ou-ab12-payments,111122223333")],
        event: |_| json!({"checks": [check_of_keys().id]}),
        calls: &["organizations."],
        without: &[],
        alters_responses: true,
    },
    Scenario {
        name: "`sweep` that enqueues slices",
        function: "sweep",
        environment: &[
            ("EKSENTRY_ACCOUNTS", "111122223333,444455556666"),
            ("EKSENTRY_QUEUE_URL", QUEUE),
        ],
        event: |_| json!({}),
        calls: &["sqs."],
        without: &[],
        alters_responses: true,
    },
    Scenario {
        name: "`sweep` that writes OCSF",
        function: "sweep",
        environment: &[("EKSENTRY_OCSF", "s3://eksentry-ledgers/ocsf")],
        event: |_| json!({}),
        calls: &["s3."],
        without: &[],
        alters_responses: false,
    },
    Scenario {
        name: "`sweep-worker`",
        function: "sweep-worker",
        environment: &[],
        event: |_| sqs_event(&messages()),
        calls: &["eks.ListClusters", "kms.", "securityhub.", "ssm."],
        without: &[],
        alters_responses: false,
    },
    Scenario {
        name: "`cloudtrail-event`, a change of the registry",
        function: "cloudtrail-event",
        environment: &[("EKSENTRY_QUEUE_URL", QUEUE)],
        event: |_| {
            json!({
                "source": "aws.ecr", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT,
                "region": REGION, "detail": {
                    "eventSource": "ecr.amazonaws.com", "eventName": "PutRegistryPolicy", "readOnly": false,
                },
            })
        },
        calls: &["sqs."],
        without: &[],
        alters_responses: false,
    },
    Scenario {
        name: "`config-rule`, a change",
        function: "config-rule",
        environment: &[],
        event: |world| {
            let check = check_that_needs(Need::ClusterRole).id;
            let token = world.aws.result_token(&format!("eksentry-{check}"));
            change_event(&token, check, CLUSTER, "beta", "OK")
        },
        calls: &[""],
        without: &[],
        alters_responses: false,
    },
    Scenario {
        name: "`config-rule`, a schedule",
        function: "config-rule",
        environment: &[],
        event: |world| {
            let check = check_of_keys().id;
            let token = world.aws.result_token(&format!("eksentry-{check}"));
            schedule_event(&token, check)
        },
        calls: &["kms.", "config.", "securityhub.", "tagging."],
        without: &[],
        alters_responses: false,
    },
    Scenario {
        name: "`ecr-event`, a push",
        function: "ecr-event",
        environment: &[],
        event: |_| {
            ecr_event(
                "ECR Image Action",
                json!({
                    "result": "SUCCESS", "action-type": "PUSH", "repository-name": "team/b", "image-digest": DIGEST,
                    "image-tag": "one",
                }),
            )
        },
        calls: &[""],
        without: &[],
        alters_responses: false,
    },
    Scenario {
        name: "`ecr-event`, a delete",
        function: "ecr-event",
        environment: &[],
        event: |_| {
            ecr_event(
                "ECR Image Action",
                json!({
                    "result": "SUCCESS", "action-type": "DELETE", "repository-name": "team/a", "image-digest": DIGEST,
                }),
            )
        },
        calls: &["ecr."],
        without: &[],
        alters_responses: false,
    },
    Scenario {
        name: "`report`",
        function: "report",
        environment: &[
            ("EKSENTRY_REPORT", "s3://eksentry-ledgers/reports"),
            ("EKSENTRY_REPORT_FORMAT", "json"),
        ],
        event: |_| json!({}),
        calls: &[""],
        without: &[],
        alters_responses: false,
    },
];

/// Returns the ids of the checks that a function selects, without those of the contents of clusters, which are off.
fn checks_where(is_selected: impl Fn(&Check) -> bool) -> Vec<&'static str> {
    let checks = CHECKS.iter();
    let checks = checks.filter(|check| !is_of_contents(check));
    let checks = checks.filter(|check| is_selected(check));
    checks.map(|check| check.id).collect()
}

fn is_of_contents(check: &Check) -> bool {
    check.kind() == KubernetesCluster::KIND
}

/// Returns the first check of KMS keys.
fn check_of_keys() -> &'static Check {
    let mut checks = CHECKS.iter();
    let check = checks.find(|check| check.kind() == KmsKey::KIND);
    check.unwrap()
}

/// Returns the first check with this need.
fn check_that_needs(need: Need) -> &'static Check {
    let mut checks = CHECKS.iter();
    checks.find(|check| check.needs.contains(&need)).unwrap()
}

/// Returns a document with the default of each parameter of a check that has one.
fn defaults_of(check: &Check) -> String {
    let parameters = check.parameters.iter();
    let defaults = parameters.filter_map(|parameter| {
        let texts = parameter.default_texts();
        Some((parameter.name(), texts.into_iter().next()?))
    });
    let defaults: BTreeMap<_, _> = defaults.collect();
    json!({check.id: defaults}).to_string()
}

/// Returns a document that allows keys by an alias, so that aliases are listed.
fn allowed_keys() -> String {
    let checks = CHECKS.iter().filter(|check| {
        let needs = [Need::SecretsKey, Need::RepositoryKey];
        let mut parameters = check.parameters.iter().map(|parameter| parameter.name());
        needs.iter().any(|need| check.needs.contains(need))
            && parameters.any(|name| name == "allowedKeyArns")
    });
    let alias = format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/named");
    let allowed = checks.map(|check| (check.id, json!({"allowedKeyArns": [alias]})));
    let allowed: BTreeMap<_, _> = allowed.collect();
    json!(allowed).to_string()
}

fn ecr_event(detail_type: &str, detail: Value) -> Value {
    json!({
        "source": "aws.ecr", "detail-type": detail_type, "account": ACCOUNT, "region": REGION, "resources": [],
        "detail": detail,
    })
}

fn messages() -> Vec<Message> {
    let parts = ["clusters", "keys"].map(|part| json!({"part": part}).to_string());
    let numbered = parts.into_iter().enumerate();
    let messages = numbered.map(|(number, body)| Message {
        queue_url: QUEUE.to_owned(),
        id: number.to_string(),
        body,
    });
    messages.collect()
}

/// Returns the call that an IAM action allows.
pub(super) fn call_of(action: &str) -> String {
    match action {
        "sqs:SendMessage" => "sqs.SendMessageBatch".to_owned(),
        "tag:GetResources" => "tagging.GetResources".to_owned(),
        "lambda:InvokeFunction" => "lambda.Invoke".to_owned(),
        "cloudwatch:DescribeAlarms" => "monitoring.DescribeAlarms".to_owned(),
        // Without this permission, GetObject does not report that there is no such object.
        "s3:ListBucket" => "s3.GetObject".to_owned(),
        other => other.replacen(':', ".", 1),
    }
}

impl Scenario {
    /// Returns `true` if the scenario covers the call with this name.
    pub(super) fn covers(&self, call: &str) -> bool {
        self.calls.iter().any(|start| call.starts_with(start))
    }

    pub(super) fn is_push(&self) -> bool {
        self.name.ends_with("a push")
    }

    /// Returns the world in its current state, which no function has read yet.
    pub(super) fn world(&self) -> World {
        self.world_of(&now(), contents::now)
    }

    /// Returns the snapshot that an earlier sweep left.
    pub(super) fn earlier(&self, checks: &Checks) -> Snapshot {
        let mut world = self.world_of(&before(), contents::before);
        world.aws.put_object(&ledger(), EMPTY.into());
        world.ok("sweep", &checks.select(&json!({})));
        let messages = world.aws.take_messages();
        if !messages.is_empty() {
            assert_eq!(world.work(&messages), [""; 0]);
        }
        if self.function == "config-rule" {
            let event = (self.event)(&world);
            world.ok("config-rule", &event);
        }
        let earlier = world.aws.snapshot();
        world.end();
        earlier
    }

    fn world_of(&self, entries: &Value, contents: fn() -> Vec<Cluster>) -> World {
        let keys = json!({"keys": entries["keys"]});
        let mut own = entries.clone();
        for collection in self.without {
            own.as_object_mut().unwrap().remove(*collection);
        }
        let world = World::of(account(&own)).and_at(OTHER, REGION, keys);
        let world = self
            .environment
            .iter()
            .fold(world, |world, (name, value)| world.and(name, value));
        let world = world
            .with_all_checks()
            .and("EKSENTRY_MUTE_LIST", MUTE_LIST)
            .and("EKSENTRY_PARAMETERS_PATHS", PARAMETERS);
        if self.calls.contains(&CONTENTS) {
            contents::in_world(world, contents())
        } else {
            world
        }
    }
}

/// Returns the home account with these resources and short pages.
fn account(entries: &Value) -> Account {
    let mut account = Account::empty(ACCOUNT, REGION);
    account.page_size = Some(2);
    account.buckets.push(BUCKET.to_owned());
    account.parameters.push(Parameter {
        name: MUTE_LIST.to_owned(),
        value: json!([{
            "check": check_of_keys().id, "resource": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/muted"),
            "reason": "Will be deleted", "until": "2999-12-31",
        }])
        .to_string(),
        kind: None,
    });
    let mut of_clusters = CHECKS
        .iter()
        .filter(|check| check.kind() == EksCluster::KIND && check.needs.is_empty())
        .map(|check| check.id);
    let (first, last) = (
        of_clusters.next().unwrap(),
        of_clusters.next_back().unwrap(),
    );
    // A function that skips the first or the last page evaluates a disabled check.
    for (name, text) in [
        ("a", format!("disabledChecks: [{first}]")),
        ("b", defaults_of(check_of_keys())),
        ("c", format!("disabledChecks: [{last}]")),
        ("d", allowed_keys()),
    ] {
        account.parameters.push(Parameter {
            name: format!("{PARAMETERS}/{name}"),
            value: text,
            kind: None,
        });
    }
    account.organization = serde_json::from_value(json!({
        "units": [
            {"Id": "ou-ab12-payments", "ParentId": "r-ab12"},
            {"Id": "ou-ab12-cards000", "ParentId": "ou-ab12-payments"},
        ],
        "accounts": [
            {"Id": ACCOUNT, "ParentId": "r-ab12"},
            {"Id": OTHER, "ParentId": "ou-ab12-cards000"},
        ],
    }))
    .unwrap();
    account.add(entries.clone()).unwrap();
    account
}
