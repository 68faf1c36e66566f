//! The policies of repositories, registries and keys.

use eksentry_core::checks;
use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, key_arn, repository_arn, text};

const REPOSITORY: &str = "ecr-repository-policy-restricted";
const REGISTRY: &str = "ecr-registry-policy-restricted";
const KEY: &str = "kms-key-policy-restricted";
const GET: &str = "ecr.GetRepositoryPolicy";
const GET_OF_REGISTRY: &str = "ecr.GetRegistryPolicy";
const GET_SCOPE: &str = "ecr.GetAccountSetting";
const LIST_TEMPLATES: &str = "ecr.DescribeRepositoryCreationTemplates";
const GET_OF_KEY: &str = "kms.GetKeyPolicy";
const GET_ORGANIZATION: &str = "organizations.DescribeOrganization";
const PASSED: &str = "PASSED INFORMATIONAL";
const UNKNOWN: &str = "NOT_AVAILABLE INFORMATIONAL";
const OTHER: &str = "444455556666";
const EVERYONE: &str = "*";

fn only(check: &str) -> Value {
    json!({"checks": [check]})
}

fn account_id() -> String {
    format!("AWS::::Account:{ACCOUNT}/{REGION}")
}

fn allow(principal: Value, actions: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"})
}

fn root(account: &str) -> Value {
    json!({"AWS": format!("arn:aws:iam::{account}:root")})
}

fn of_organization(mut statement: Value, id: &str) -> Value {
    statement["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": id}});
    statement
}

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn repository(name: &str, statements: Value) -> Value {
    json!({"repositoryName": name, "policy": policy(statements)})
}

fn error(code: &str) -> FaultKind {
    FaultKind::Error {
        code: code.to_owned(),
        status: 400,
        message: String::new(),
    }
}

/// Returns statements that are easily misread, each with the number of principals that it lets use the action.
fn misread(action: &str, service: &str) -> Vec<(Value, &'static str)> {
    let everyone = |condition: Value| json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition});
    let principal = |name: &str, principal: Value| json!({"Effect": "Allow", name: principal, "Action": action, "Resource": "*"});
    let with_denial = |condition: Value| {
        let actions = format!("{service}:*");
        json!([
            everyone(json!({})),
            {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": "*", "Condition": condition},
        ])
    };
    let via = json!({"kms:ViaService": "ec2.eu-central-1.amazonaws.com"});
    let via_and_caller =
        json!({"kms:ViaService": "ec2.eu-central-1.amazonaws.com", "kms:CallerAccount": ACCOUNT});
    vec![
        (
            everyone(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-abc/*"]}})),
            "few",
        ),
        (
            everyone(json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc"}})),
            "all",
        ),
        (
            everyone(json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}})),
            "all",
        ),
        (
            everyone(json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}})),
            "all",
        ),
        (
            everyone(json!({"StringLike": {"aws:PrincipalArn": ["*"]}})),
            "all",
        ),
        (
            everyone(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}})),
            "all",
        ),
        (
            everyone(json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}})),
            "all",
        ),
        (
            everyone(json!({"StringLike": {"aws:SourceVpc": "vpc-*"}})),
            "all",
        ),
        (everyone(json!({"StringEquals": via})), "all"),
        (
            everyone(json!({"StringEquals": via_and_caller})),
            if service == "kms" { "few" } else { "all" },
        ),
        (
            everyone(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})),
            "all",
        ),
        (
            everyone(json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})),
            "all",
        ),
        (
            everyone(json!({"Bool": {"aws:SecureTransport": "true"}})),
            "all",
        ),
        (principal("NotPrincipal", root(ACCOUNT)), "all"),
        (
            principal("Principal", json!({"Federated": "graph.facebook.com"})),
            "all",
        ),
        (
            with_denial(json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}})),
            "few",
        ),
        (
            with_denial(json!({"Bool": {"aws:SecureTransport": "false"}})),
            "all",
        ),
        (
            principal("Principal", json!({"AWS": ["AROADBQP57FF2AEXAMPLE"]})),
            "few",
        ),
        (
            principal("Principal", json!({"Service": "lambda.amazonaws.com"})),
            "few",
        ),
        (json!([everyone(json!({}))]), "all"),
        (everyone(json!({})), "all"),
    ]
}

#[test]
fn statements_that_are_easily_misread_are_evaluated_as_iam_does() {
    let of_repositories = [
        misread("ecr:BatchGetImage", "ecr"),
        vec![(
            allow(json!({"AWS": "*"}), json!("ecr:DescribeImages")),
            "all",
        )],
    ]
    .concat();
    let of_keys = [
        misread("kms:Decrypt", "kms"),
        vec![(allow(json!({"AWS": "*"}), json!("kms:DescribeKey")), "look")],
    ]
    .concat();
    let key_id = |index: usize| format!("00000000-0000-0000-0000-{index:012}");
    let repositories = of_repositories.iter().enumerate();
    let repositories = repositories
        .map(|(index, (statements, _))| repository(&format!("r{index}"), statements.clone()));
    let keys = of_keys.iter().enumerate();
    let keys = keys.map(|(index, (statements, _))| json!({"KeyId": key_id(index), "policy": policy(statements.clone())}));
    let mut world = World::with(json!({
        "repositories": repositories.collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(),
    }));
    world.ok("sweep", &json!({"checks": [REPOSITORY, KEY]}));
    for (index, (statements, audience)) in of_repositories.iter().enumerate() {
        let expected = if *audience == "all" {
            "FAILED HIGH"
        } else {
            PASSED
        };
        let arn = repository_arn(&format!("r{index}"));
        assert_eq!(world.status(REPOSITORY, &arn), expected, "{statements}");
    }
    for (index, (statements, audience)) in of_keys.iter().enumerate() {
        let expected = match *audience {
            "all" => "FAILED CRITICAL",
            "look" => "FAILED MEDIUM",
            _ => PASSED,
        };
        assert_eq!(
            world.status(KEY, &key_arn(&key_id(index))),
            expected,
            "{statements}"
        );
    }
    assert_eq!(world.calls(GET), of_repositories.len());
    assert_eq!(world.calls(GET_OF_KEY), of_keys.len());
    assert_eq!(
        (world.calls(GET_OF_REGISTRY), world.calls(GET_SCOPE)),
        (1, 0)
    );
    assert_eq!(world.calls(GET_ORGANIZATION), 1);
    world.end();
}

#[test]
fn the_policy_of_the_registry_reaches_the_repositories_that_it_names() {
    let mut open = allow(json!(EVERYONE), json!("ecr:BatchGetImage"));
    open["Resource"] = json!(repository_arn("pub-*"));
    let mut world = World::with(json!({
        "repositories": [{"repositoryName": "pub-x"}, {"repositoryName": "xy"}],
        "registry_policy": {"policyText": policy(open)},
    }));
    let event = json!({"checks": [REPOSITORY, REGISTRY]});
    world.ok("sweep", &event);
    assert_eq!(
        world.statuses(),
        [
            format!("FAILED HIGH {REGISTRY} {ACCOUNT}/{REGION}"),
            format!("FAILED HIGH {REPOSITORY} repository/pub-x"),
            format!("{PASSED} {REPOSITORY} repository/xy"),
        ]
    );
    assert_eq!(
        (world.calls(GET_OF_REGISTRY), world.calls(GET_SCOPE)),
        (1, 1)
    );
    let finding = world.finding(REPOSITORY, &repository_arn("pub-x")).unwrap();
    let details = &finding["Resources"][0]["Details"]["AwsEcrRepository"];
    assert_eq!(details.get("RepositoryPolicyText"), None);

    let scope = |world: &World, scope: &str| {
        let settings = json!({"REGISTRY_POLICY_SCOPE": scope});
        world.change(|account| {
            account
                .collections
                .insert("account_settings".to_owned(), settings);
        });
    };
    scope(&world, "V1");
    world.ok("sweep", &event);
    assert_eq!(world.status(REPOSITORY, &repository_arn("pub-x")), PASSED);
    assert_eq!(world.status(REGISTRY, &account_id()), PASSED);

    // A scope that is not known yet may let the policy reach repositories.
    scope(&world, "V3");
    world.ok("sweep", &event);
    assert_eq!(world.status(REPOSITORY, &repository_arn("pub-x")), UNKNOWN);
    assert_eq!(world.status(REGISTRY, &account_id()), UNKNOWN);

    // Without the setting, or in a partition that does not know it, the scope is the first one.
    for kind in [
        FaultKind::Missing("/value".to_owned()),
        error("ValidationException"),
    ] {
        world.clear_faults();
        world.aws.fail(Fault::new(GET_SCOPE, kind.clone()));
        world.ok("sweep", &event);
        let status = world.status(REPOSITORY, &repository_arn("pub-x"));
        assert_eq!(status, PASSED, "{kind:?}");
        let status = world.status(REGISTRY, &account_id());
        assert_eq!(status, PASSED, "{kind:?}");
    }
    world.end();
}

#[test]
fn the_registry_is_evaluated_where_anything_of_it_exists() {
    let mut world = World::with(json!({}));
    world.ok("sweep", &only(REGISTRY));
    assert_eq!(world.statuses(), [""; 0]);

    let template = json!([{
        "prefix": "ROOT",
        "repositoryPolicy": policy(allow(json!(EVERYONE), json!("ecr:BatchGetImage"))),
    }]);
    world.change(|account| {
        account
            .collections
            .insert("creation_templates".to_owned(), template);
    });
    world.ok("sweep", &only(REGISTRY));
    assert_eq!(world.status(REGISTRY, &account_id()), "FAILED HIGH");

    world.deny(LIST_TEMPLATES);
    world.ok("sweep", &only(REGISTRY));
    assert_eq!(world.status(REGISTRY, &account_id()), UNKNOWN);
    world.end();
}

#[test]
fn templates_on_later_pages_count() {
    let own = policy(allow(root(ACCOUNT), json!("ecr:*")));
    let open = policy(allow(json!(EVERYONE), json!("ecr:PutImage")));
    let names = ["a", "b", "c", "d", "e"];
    let templates = names.map(|prefix| {
        json!({"prefix": prefix, "repositoryPolicy": if prefix == "e" { &open } else { &own }})
    });
    let mut world = World::with(json!({"creation_templates": templates}));
    world.change(|account| account.page_size = Some(2));
    world.ok("sweep", &only(REGISTRY));
    assert_eq!(world.status(REGISTRY, &account_id()), "FAILED CRITICAL");
    assert_eq!(world.calls(LIST_TEMPLATES), 3);
    world.end();
}

#[test]
fn a_policy_that_cannot_be_read_is_not_a_pass() {
    let mut world = World::with(json!({
        "repositories": [
            repository("own", allow(root(ACCOUNT), json!("ecr:*"))),
            {"repositoryName": "text", "policy": "Allow everything"},
            {"repositoryName": "none"},
        ],
        "keys": [{"KeyId": "00000000-0000-0000-0000-000000000001", "policy": "kms:*"}],
    }));
    let event = json!({"checks": [REPOSITORY, KEY]});
    world.ok("sweep", &event);
    let key = "00000000-0000-0000-0000-000000000001";
    assert_eq!(
        world.statuses(),
        [
            format!("{UNKNOWN} {REPOSITORY} repository/text"),
            format!("{UNKNOWN} {KEY} key/{key}"),
            format!("{PASSED} {REPOSITORY} repository/none"),
            format!("{PASSED} {REPOSITORY} repository/own"),
        ]
    );
    world.deny(GET);
    world.deny(GET_OF_KEY);
    world.ok("sweep", &event);
    for name in ["own", "none"] {
        assert_eq!(world.status(REPOSITORY, &repository_arn(name)), UNKNOWN);
    }
    assert_eq!(world.status(KEY, &key_arn(key)), UNKNOWN);

    // The registry's policy is enough to fail.
    let open = policy(allow(json!(EVERYONE), json!("ecr:PutImage")));
    world.change(|account| {
        account
            .collections
            .insert("registry_policy".to_owned(), json!({"policyText": open}));
    });
    world.ok("sweep", &event);
    assert_eq!(
        world.status(REPOSITORY, &repository_arn("own")),
        "FAILED CRITICAL"
    );
    world.end();
}

#[test]
fn a_repository_that_was_deleted_in_the_meantime_is_gone() {
    let mut world = World::with(json!({
        "repositories": [repository("app", allow(root(ACCOUNT), json!("ecr:*")))],
    }));
    for (code, expected) in [
        ("RepositoryPolicyNotFoundException", PASSED),
        (
            "RepositoryNotFoundException",
            "ARCHIVED PASSED INFORMATIONAL",
        ),
    ] {
        world.clear_faults();
        world.aws.fail(Fault::new(GET, error(code)));
        world.ok("sweep", &only(REPOSITORY));
        let status = world.status(REPOSITORY, &repository_arn("app"));
        assert_eq!(status, expected, "{code}");
    }
    world.end();
}

#[test]
fn an_outsider_that_is_limited_to_a_network_is_not_trusted() {
    let limited = |principal: Value, mut condition: Value| {
        condition["IpAddress"] = json!({"aws:SourceIp": "203.0.113.0/24"});
        let mut statement = allow(principal, json!("ecr:PutImage"));
        statement["Condition"] = condition;
        statement
    };
    let of = |id: &str| json!({"StringEquals": {"aws:PrincipalOrgID": id}});
    let mut world = World::with(json!({"repositories": [
        repository("network", limited(json!(EVERYONE), json!({}))),
        repository("own", limited(root(ACCOUNT), json!({}))),
        repository("other", limited(root(OTHER), json!({}))),
        repository("organization", limited(json!(EVERYONE), of("o-other"))),
        repository("variable", limited(json!(EVERYONE), of("${aws:ResourceOrgID}"))),
    ]}));
    world.ok("sweep", &only(REPOSITORY));
    for (name, expected) in [
        ("network", PASSED),
        ("own", PASSED),
        ("other", "FAILED MEDIUM"),
        ("organization", "FAILED MEDIUM"),
        ("variable", PASSED),
    ] {
        let status = world.status(REPOSITORY, &repository_arn(name));
        assert_eq!(status, expected, "{name}");
    }
    world.end();
}

#[test]
fn the_organization_is_read_once_if_a_policy_names_one() {
    let of = |id: &str| of_organization(allow(json!(EVERYONE), json!("ecr:*")), id);
    let entries = || {
        json!({
            "repositories": [repository("own", of("o-ab12cd34ef")), repository("other", of("o-other"))],
            "keys": [{
                "KeyId": "00000000-0000-0000-0000-000000000001",
                "policy": policy(of_organization(allow(json!(EVERYONE), json!("kms:*")), "o-ab12cd34ef")),
            }],
        })
    };
    let event = json!({"checks": [REPOSITORY, REGISTRY, KEY]});
    let statuses = |world: &World| {
        ["own", "other"].map(|name| world.status(REPOSITORY, &repository_arn(name)))
    };
    let organization = json!({"units": [], "accounts": [{"Id": ACCOUNT, "ParentId": "r-ab12"}]});
    let world = World::with(entries()).and_at(ACCOUNT, "us-east-1", entries());
    world.change(|account| account.organization = serde_json::from_value(organization).unwrap());
    let mut world = world.and("EKSENTRY_REGIONS", "all");
    world.ok("sweep", &event);
    assert_eq!(statuses(&world), [PASSED, "FAILED MEDIUM"]);
    assert_eq!(world.calls(GET_ORGANIZATION), 1);

    // That the account may not read its organization is no error.
    world.deny(GET_ORGANIZATION);
    world.ok("sweep", &event);
    assert_eq!(statuses(&world), ["FAILED MEDIUM", "FAILED MEDIUM"]);

    // If the organization can't be read for another reason, it may be the one that the policy names.
    world.clear_faults();
    let broken = FaultKind::Error {
        code: "ServiceException".to_owned(),
        status: 500,
        message: String::new(),
    };
    world.aws.fail(Fault::new(GET_ORGANIZATION, broken));
    world.ok("sweep", &event);
    assert_eq!(statuses(&world), [UNKNOWN, UNKNOWN]);
    world.end();

    let mut world =
        World::with(json!({"repositories": [repository("variable", of("${aws:ResourceOrgID}"))]}));
    world.ok("sweep", &only(REPOSITORY));
    assert_eq!(
        world.status(REPOSITORY, &repository_arn("variable")),
        PASSED
    );
    assert_eq!(world.calls(GET_ORGANIZATION), 0);
    world.end();
}

#[test]
fn other_accounts_can_be_trusted() {
    let pull = json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    let world = World::with(json!({
        "repositories": [
            repository("pulls", allow(root(OTHER), pull)),
            repository("pushes", allow(root(OTHER), json!("ecr:PutImage"))),
        ],
    }));
    let trusting = |accounts: &str| json!({REPOSITORY: {"trustedAccounts": accounts}}).to_string();
    let mut world = world;
    for (parameters, expected) in [
        ("{}".to_owned(), [PASSED, "FAILED MEDIUM"]),
        (trusting("555566667777"), ["FAILED MEDIUM", "FAILED MEDIUM"]),
        (trusting(OTHER), [PASSED, PASSED]),
    ] {
        world = world.and("EKSENTRY_PARAMETERS", &parameters);
        world.ok("sweep", &only(REPOSITORY));
        let found = ["pulls", "pushes"].map(|name| world.status(REPOSITORY, &repository_arn(name)));
        assert_eq!(found, expected, "{parameters}");
    }
    let mut world = world.and("EKSENTRY_PARAMETERS", &trusting("4444-5555-6666"));
    let error = world.error("sweep", &only(REPOSITORY));
    assert_eq!(error.error_type, "InvalidSettings");
    assert!(
        error
            .error_message
            .contains("\"4444-5555-6666\" is not an account id"),
        "{error:?}"
    );
    world.end();
}

#[test]
fn only_policies_of_customer_managed_keys_are_read() {
    let open = policy(allow(json!(EVERYONE), json!("kms:*")));
    let mut world = World::with(json!({"keys": [
        {"KeyId": "00000000-0000-0000-0000-000000000001", "KeyManager": "AWS", "policy": open},
        {"KeyId": "00000000-0000-0000-0000-000000000002", "KeyState": "PendingDeletion", "policy": open},
        {"KeyId": "00000000-0000-0000-0000-000000000003", "KeyState": "Disabled", "policy": open},
        {"KeyId": "00000000-0000-0000-0000-000000000004"},
    ]}));
    world.ok("sweep", &only(KEY));
    assert_eq!(
        world.statuses(),
        [
            format!("FAILED CRITICAL {KEY} key/00000000-0000-0000-0000-000000000003"),
            format!("{PASSED} {KEY} key/00000000-0000-0000-0000-000000000004"),
        ]
    );
    assert_eq!(world.calls(GET_OF_KEY), 2);
    world.end();
}

#[test]
fn a_push_evaluates_the_policy_of_the_repository() {
    let mut open = repository("app", allow(json!(EVERYONE), json!("ecr:PutImage")));
    let digest = format!("sha256:{}", "1".repeat(64));
    open["images"] = json!([{"imageDigest": digest, "imageTags": ["1.0"]}]);
    let mut world = World::with_all_enabled(json!({"repositories": [open]}));
    let event = json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action", "account": ACCOUNT, "region": REGION, "resources": [],
        "detail": {
            "result": "SUCCESS", "action-type": "PUSH", "repository-name": "app", "image-digest": digest,
            "image-tag": "1.0",
        },
    });
    world.ok("ecr-event", &event);
    let arn = repository_arn("app");
    assert_eq!(world.status(REPOSITORY, &arn), "FAILED CRITICAL");
    assert_eq!(world.calls(GET), 1);
    let finding = world.finding(REPOSITORY, &arn).unwrap();
    let details = &finding["Resources"][0]["Details"]["AwsEcrRepository"];
    assert!(
        details["RepositoryPolicyText"]
            .as_str()
            .unwrap()
            .contains("ecr:PutImage")
    );
    assert!(text(&finding, "Description").contains("statement 1 allows ecr:PutImage"));

    // The findings of checks that do not read the policy are the same, whether another check reads it or not.
    let others = checks::CHECKS
        .iter()
        .filter(|check| check.id == "ecr-immutable-tags");
    for check in others {
        let finding = world.finding(check.id, &arn).unwrap();
        let details = &finding["Resources"][0]["Details"]["AwsEcrRepository"];
        assert_eq!(details.get("RepositoryPolicyText"), None);
    }
    world.end();
}
