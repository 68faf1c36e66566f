//! Tests of callers and of the permissions that they need.

use serde_json::json;

use super::*;

#[test]
fn an_assumed_role_leads_to_another_account_which_is_empty_until_it_is_served() {
    let aws = start();
    let home = client(&aws);
    let assume = "Action=AssumeRole&RoleArn=arn:aws:iam::210987654321:role/audit/reader&RoleSessionName=eksentry";
    let access_key = home.query("sts", assume).element("AccessKeyId").to_owned();
    let other = Client {
        access_key,
        ..client(&aws)
    };

    assert_eq!(
        other
            .query("sts", "Action=GetCallerIdentity")
            .element("Account"),
        "210987654321"
    );
    assert_eq!(
        home.query("sts", "Action=GetCallerIdentity")
            .element("Account"),
        "123456789012"
    );
    assert_eq!(other.eks("/clusters").json()["clusters"], json!([]));
    let mut account = Account::empty("210987654321", "eu-central-1");
    account
        .add(json!({"clusters": [{"name": "theirs"}]}))
        .expect("it is an account");
    aws.also(account).expect("it can be served");
    assert_eq!(other.eks("/clusters").json()["clusters"], json!(["theirs"]));
    assert_eq!(
        Client {
            region: "us-east-1",
            ..client(&aws)
        }
        .eks("/clusters")
        .json()["clusters"],
        json!([])
    );
    assert_eq!(
        home.query(
            "sts",
            "Action=AssumeRole&RoleArn=audit&RoleSessionName=eksentry"
        )
        .status,
        400
    );
}

#[test]
fn a_member_role_is_the_only_one_that_may_be_assumed() {
    let aws = start();
    let text = "{account: '210987654321', region: eu-central-1, member_role: {name: audit, external_id: bank}}";
    aws.also(Account::parse("the member", text).expect("it is an account"))
        .expect("it can be served");
    for (query, status) in [
        ("210987654321:role/audit&ExternalId=bank", 200),
        ("210987654321:role/audit", 403),
        ("210987654321:role/audit&ExternalId=other", 403),
        ("210987654321:role/other&ExternalId=bank", 403),
        ("310987654321:role/other", 200),
    ] {
        let form =
            format!("Action=AssumeRole&RoleSessionName=eksentry&RoleArn=arn:aws:iam::{query}");
        assert_eq!(client(&aws).query("sts", &form).status, status, "{query}");
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
}

/// Returns a client in a session of a function's role.
fn signed_in<'a>(aws: &'a StandIn, variables: &[(&str, &str)], function: &str) -> Client<'a> {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let deployment = aws.deployment(&variables).expect("it can be deployed");
    let environment = aws.sign_in(&deployment, function).expect("it has a role");
    let access_key = environment
        .into_iter()
        .find_map(|(name, value)| (name == "AWS_ACCESS_KEY_ID").then_some(value));
    Client {
        access_key: access_key.expect("there is one"),
        ..client(aws)
    }
}

#[test]
fn calls_that_a_role_does_not_allow_are_denied_and_recorded() {
    let aws = start();
    let describe = |client: &Client<'_>| client.ecr("DescribeRepositories", json!({})).status;
    let event = signed_in(&aws, &[], "ecr-event");
    assert_eq!(describe(&event), 200);
    let used = aws.uses();
    assert!(
        used.iter()
            .any(|one| one.role == "EcrEventRole" && one.action == "ecr:DescribeRepositories"),
        "{used:?}"
    );
    assert_eq!(event.eks("/clusters").status, 403);
    let [denial] = &aws.denials()[..] else {
        panic!("it is recorded once: {:?}", aws.denials());
    };
    for part in [
        "EcrEventRole",
        r#""Action":"eks:ListClusters""#,
        r#""Resource":"*""#,
    ] {
        assert!(denial.contains(part), "{denial}");
    }
    assert_eq!(aws.violations().len(), 1);

    // A function may call in another Region only if the stack names that Region.
    for (regions, status) in [("", 400), ("eu-west-1,us-east-1", 400), ("us-west-2", 200)] {
        let away = Client {
            region: "us-west-2",
            ..signed_in(&aws, &[("EKSENTRY_REGIONS", regions)], "sweep")
        };
        assert_eq!(describe(&away), status, "{regions}");
    }
}

#[test]
fn a_member_role_allows_sweeps_with_its_external_id() {
    let aws = start();
    let variables = [
        ("EKSENTRY_ACCOUNTS", "210987654321"),
        ("EKSENTRY_EXTERNAL_ID", "bank"),
    ];
    let assume = |client: &Client<'_>, role: &str, id: &str| {
        let arn = format!("arn:aws:iam::210987654321:role/{role}");
        let form =
            format!("Action=AssumeRole&RoleSessionName=eksentry&RoleArn={arn}&ExternalId={id}");
        client.query("sts", &form)
    };
    let sweep = signed_in(&aws, &variables, "sweep");
    assert_eq!(assume(&sweep, "eksentry-member", "ledger").status, 403);
    assert_eq!(aws.violations(), Vec::<String>::new());

    let entered = assume(&sweep, "eksentry-member", "bank");
    let member = Client {
        access_key: entered.element("AccessKeyId").to_owned(),
        ..client(&aws)
    };
    assert_eq!(member.eks("/clusters").status, 200);
    let get = json!({"Name": "/a"});
    assert_eq!(
        member.json("ssm", "AmazonSSM.GetParameter", get).status,
        400
    );
    assert_eq!(assume(&sweep, "other", "bank").status, 403);
    let event = signed_in(&aws, &variables, "ecr-event");
    assert_eq!(assume(&event, "eksentry-member", "bank").status, 200);
    let rule = signed_in(&aws, &variables, "config-rule");
    assert_eq!(assume(&rule, "eksentry-member", "bank").status, 403);
    let denied = ["MemberRole", "SweepRole", "ConfigRuleRole"];
    let denials = aws.denials();
    assert_eq!(denials.len(), denied.len(), "{denials:?}");
    for (denial, role) in denials.iter().zip(denied) {
        assert!(denial.starts_with(role), "{denial}");
    }
}
