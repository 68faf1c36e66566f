//! Events that other accounts and Regions forward: the rules of template-member.yaml, and the event bus of template.yaml.

mod events;

use std::collections::BTreeSet;

use eksentry_tests::demo::Sample;
use eksentry_tests::template::{Stack, Template, scalar};
use serde_json::{Value, json};

use crate::architecture::read;
use crate::event_patterns::{Bus, Rule, rules};
use crate::world::{ACCOUNT, REGION, workspace};

const OTHER: &str = "444455556666";
const AWAY: &str = "us-east-1";
const BUS: &str = "arn:aws:events:eu-central-1:111122223333:event-bus/eksentry-events";
const ORGANIZATION: &str = "o-ab12cd34ef";

/// The places whose events are forwarded.
const PLACES: [(&str, &str); 3] = [(OTHER, REGION), (ACCOUNT, AWAY), (OTHER, AWAY)];

/// The largest template that CloudFormation accepts in a request.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.
const TEMPLATE_IN_REQUEST: usize = 51_200;

fn with(stack: Stack, parameters: &[(&str, &str)]) -> Stack {
    let parameters = parameters.iter();
    parameters.fold(stack, |stack, (name, value)| {
        stack.with(name, value).unwrap()
    })
}

/// Returns a stack of template.yaml.
fn stack(parameters: &[(&str, &str)]) -> Stack {
    let template = Template::of_eksentry().unwrap();
    with(Stack::new(template, ACCOUNT, REGION), parameters)
}

/// Returns a stack of template-member.yaml.
fn member(account: &str, region: &str, parameters: &[(&str, &str)]) -> Stack {
    let template = Template::of_members().unwrap();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/eksentry-SweepRole-*");
    let stack = with(
        Stack::new(template, account, region),
        &[("EksentryAccount", ACCOUNT), ("EksentryRoleArns", &role)],
    );
    with(stack, parameters)
}

/// Returns the event as it would be in another place.
fn moved(event: &Value, account: &str, region: &str) -> Value {
    let text = event.to_string();
    let text = text.replace(ACCOUNT, account).replace(REGION, region);
    serde_json::from_str(&text).unwrap()
}

fn made<'s>(stack: &'s Stack, of_type: &str) -> Vec<&'s str> {
    let made = stack.made(of_type).unwrap().into_iter();
    made.map(|(name, _)| name.as_str()).collect()
}

/// Returns the targets of the rules that match an event.
fn targets(rules: &[Rule], event: &Value) -> BTreeSet<String> {
    let matching = rules.iter().filter(|rule| rule.matches(event));
    matching.map(|rule| rule.target.clone()).collect()
}

#[test]
fn a_forwarded_sample_leads_to_the_same_function_as_an_own_one() {
    let stack = stack(&[("EventsFromAccounts", OTHER)]);
    let (own, forwarded) = (rules(&stack, Bus::Default), rules(&stack, Bus::Own));
    let samples = Sample::load_all(&workspace().join("events")).unwrap();
    let mut sent = 0;
    for sample in &samples {
        let expected = targets(&own, &sample.payload);
        sent += expected.len();
        for (account, region) in PLACES {
            let title = format!("{} in {account}, {region}", sample.title());
            let event = moved(&sample.payload, account, region);
            let member = member(account, region, &[("EventBusArn", BUS)]);
            let member = rules(&member, Bus::Default);
            let is_forwarded = !targets(&member, &event).is_empty();
            assert_eq!(is_forwarded, !expected.is_empty(), "{title}");
            assert_eq!(targets(&forwarded, &event), expected, "{title}");
            // A rule sends only events of its own place.
            assert!(targets(&own, &event).is_empty(), "{title}");
            assert!(targets(&member, &sample.payload).is_empty(), "{title}");
        }
    }
    assert!(sent > 15, "{sent}");
}

/// Apart from the place, the patterns of the rules on all event buses are equal.
#[test]
fn the_rules_on_all_event_buses_have_the_same_patterns() {
    let stack = stack(&[("EventsFromAccounts", OTHER)]);
    let patterns = |rules: Vec<Rule>| -> BTreeSet<String> {
        let patterns = rules.into_iter().map(|mut rule| {
            let members = rule.pattern.as_object_mut().unwrap();
            members.remove("account");
            members.remove("region");
            let text = rule.pattern.to_string();
            [OTHER, ACCOUNT].iter().fold(text, |text, account| {
                text.replace(&format!("{REGION}:{account}:repository/"), "")
            })
        });
        patterns.collect()
    };
    let own = patterns(rules(&stack, Bus::Default));
    assert_eq!(own, patterns(rules(&stack, Bus::Own)));
    let member = member(OTHER, REGION, &[("EventBusArn", BUS)]);
    assert_eq!(own, patterns(rules(&member, Bus::Default)));
}

/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>.
#[test]
fn rules_and_the_template_of_members_are_within_the_limits_of_aws() {
    let member = member(OTHER, "ap-southeast-1", &[("EventBusArn", BUS)]);
    let stack = stack(&[("EventsFromAccounts", OTHER)]);
    for rule in [
        rules(&member, Bus::Default),
        rules(&stack, Bus::Default),
        rules(&stack, Bus::Own),
    ]
    .concat()
    {
        let length = rule.pattern.to_string().len();
        assert!(length <= 2_048, "{}: {length}", rule.id);
    }
    // docs/multi-account.md passes the template in the request.
    let length = read("template-member.yaml").len();
    assert!(length <= TEMPLATE_IN_REQUEST, "{length}");
}

#[test]
fn there_is_an_event_bus_only_if_a_parameter_names_senders() {
    let stack = stack(&[("Accounts", OTHER), ("Regions", "all")]);
    for of_type in ["AWS::Events::EventBus", "AWS::Events::EventBusPolicy"] {
        assert_eq!(made(&stack, of_type), [""; 0]);
    }
    assert!(rules(&stack, Bus::Own).is_empty());
    assert_eq!(
        made(&stack, "AWS::Lambda::Permission"),
        ["ConfigRulePermission"]
    );
}

#[test]
fn only_aws_in_the_named_accounts_or_the_organization_can_send_events() {
    for (parameters, statements, principal, condition) in [
        (
            &[("EventsFromAccounts", "444455556666,777788889999")][..],
            1,
            json!({"AWS": [OTHER, "777788889999"]}),
            Value::Null,
        ),
        (
            &[("EventsFromOrganization", ORGANIZATION)],
            1,
            json!("*"),
            json!({"aws:PrincipalOrgID": ORGANIZATION}),
        ),
        (
            &[
                ("EventsFromOrganization", ORGANIZATION),
                ("EventsFromAccounts", OTHER),
            ],
            2,
            json!("*"),
            json!({"aws:PrincipalOrgID": ORGANIZATION}),
        ),
    ] {
        let stack = stack(parameters);
        let policies = stack.made("AWS::Events::EventBusPolicy").unwrap();
        assert_eq!(policies.len(), statements);
        let (_, policy) = policies.last().unwrap();
        let policy = stack.resolve(&policy["Properties"]).unwrap().unwrap();
        assert_eq!(policy["EventBusName"], "eksentry-events");
        let statement = &policy["Statement"];
        assert_eq!(statement["Effect"], "Allow");
        assert_eq!(statement["Principal"], principal);
        assert_eq!(statement["Action"], "events:PutEvents");
        assert_eq!(statement["Resource"], BUS);
        assert_eq!(statement["Condition"]["StringEquals"], condition);
        let sources = &statement["Condition"]["ForAllValues:StringEquals"]["events:source"];
        let sources: BTreeSet<String> = sources.as_array().unwrap().iter().map(scalar).collect();
        let of_rules = rules(&stack, Bus::Own).into_iter();
        let of_rules = of_rules.map(|rule| scalar(&rule.pattern["source"][0]));
        assert_eq!(sources, of_rules.collect());
    }
}

/// Returns `true` if one of the patterns, each of which ends with an asterisk, matches an ARN.
fn is_like(patterns: &Value, arn: &str) -> bool {
    let one = [patterns.clone()];
    let patterns = patterns.as_array().map_or(&one[..], Vec::as_slice).iter();
    patterns
        .map(scalar)
        .any(|pattern| arn.starts_with(pattern.strip_suffix('*').unwrap()))
}

#[test]
fn the_queue_and_the_function_accept_events_of_each_rule() {
    let stack = stack(&[("EventsFromAccounts", OTHER)]);
    let property = |resource: &str, pointer: &str| {
        let value = &stack.template().body()["Resources"][resource]["Properties"];
        stack.resolve(value.pointer(pointer).unwrap()).unwrap()
    };
    let statement = "/PolicyDocument/Statement/0/Condition/ArnLike/aws:SourceArn";
    let queue = property("ChangesPolicy", statement).unwrap();
    let function = property("ForwardedEventsPermission", "/SourceArn").unwrap();
    let dead_letters = &stack.template().body()["Resources"]["EcrEventDeadLettersPolicy"];
    for rule in rules(&stack, Bus::Own) {
        let name = property(&rule.id, "/Name").unwrap();
        let name = name.as_str().unwrap();
        let arn = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/eksentry-events/{name}");
        if rule.target == "changes" {
            assert!(is_like(&queue, &arn), "{arn}");
        } else {
            assert!(is_like(&function, &arn), "{arn}");
            let reference = format!("\"{}.Arn\"", rule.id);
            assert!(dead_letters.to_string().contains(&reference), "{arn}");
        }
    }
}

#[test]
fn roles_and_rules_are_created_where_they_are_needed() {
    let bus = ("EventBusArn", BUS);
    let here = ("RoleRegion", REGION);
    let none = ("RoleRegion", "none");
    let (member_role, forward_role) = ("MemberRole", "ForwardRole");
    for (account, region, parameters, roles) in [
        (OTHER, REGION, &[][..], &[member_role][..]),
        (OTHER, REGION, &[bus], &[forward_role, member_role]),
        (OTHER, REGION, &[bus, here], &[forward_role, member_role]),
        (OTHER, AWAY, &[bus, here], &[forward_role]),
        (OTHER, AWAY, &[here], &[]),
        (ACCOUNT, AWAY, &[bus, none], &[forward_role]),
        // The stack of eksentry has rules for this place.
        (ACCOUNT, REGION, &[bus, none], &[]),
    ] {
        let stack = member(account, region, parameters);
        let mut made_roles = made(&stack, "AWS::IAM::Role");
        made_roles.sort_unstable();
        assert_eq!(made_roles, roles, "{account} {region} {parameters:?}");
        let are_there_rules = !rules(&stack, Bus::Default).is_empty();
        assert_eq!(are_there_rules, roles.contains(&forward_role));
    }
}

#[test]
fn rules_of_members_can_only_send_events_to_the_event_bus() {
    let stack = member(OTHER, AWAY, &[("EventBusArn", BUS)]);
    let role = stack.role("ForwardRole").unwrap();
    let [statement] = &role.statements[..] else {
        panic!("{:?}", role.statements);
    };
    assert_eq!(
        statement.actions().collect::<Vec<_>>(),
        ["events:PutEvents"]
    );
    assert_eq!(statement.resources().collect::<Vec<_>>(), [BUS]);
    let resource = &stack.template().body()["Resources"]["ForwardRole"];
    let trust = &resource["Properties"]["AssumeRolePolicyDocument"]["Statement"];
    assert_eq!(trust.as_array().unwrap().len(), 1);
    let trust = stack.resolve(&trust[0]).unwrap().unwrap();
    let expected = json!({
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": OTHER},
            "ArnLike": {"aws:SourceArn": format!("arn:aws:events:{AWAY}:{OTHER}:rule/*")},
        },
    });
    assert_eq!(trust, expected);
    for (name, rule) in stack.made("AWS::Events::Rule").unwrap() {
        let targets = stack.resolve(&rule["Properties"]["Targets"]);
        let expected = json!([{"Id": "eksentry", "Arn": BUS, "RoleArn": role.arn}]);
        assert_eq!(targets.unwrap().unwrap(), expected, "{name}");
    }
}

#[test]
fn the_documentation_names_the_outputs_and_parameters() {
    let page = read("docs/multi-account.md");
    let (outputs, parameters) = (stack(&[]), member(OTHER, REGION, &[]));
    let outputs = &outputs.template().body()["Outputs"];
    for output in [
        "SweepRoleArn",
        "SweepWorkerRoleArn",
        "CloudTrailEventRoleArn",
        "EcrEventRoleArn",
        "EventBusArn",
    ] {
        assert!(outputs.get(output).is_some(), "{output}");
        assert!(page.contains(output), "{output}");
    }
    let parameters = &parameters.template().body()["Parameters"];
    for name in ["RoleRegion", "EventBusArn", "EksentryRoleArns"] {
        assert!(
            parameters.get(name).is_some() && page.contains(name),
            "{name}"
        );
    }
}
