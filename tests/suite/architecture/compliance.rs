//! The rules of the templates that linters are set to ignore, or do not check: encryption with AWS owned keys, the
//! retention of logs, and the principals that are allowed to call.

use eksentry_tests::template::{Template, members, scalar};
use serde_json::Value;

/// Returns both templates.
fn templates() -> [Value; 2] {
    [Template::of_eksentry(), Template::of_members()]
        .map(|template| template.expect("the template is valid").body().clone())
}

/// Lists the properties of each resource of a type, by its logical ID.
fn resources<'a>(
    template: &'a Value,
    of_type: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    members(&template["Resources"])
        .filter(move |(_, resource)| resource["Type"] == of_type)
        .map(|(name, resource)| (name, &resource["Properties"]))
}

/// Collects the statements with the effect `Allow` that name a principal, at any depth.
fn allow_statements<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    if value["Effect"] == "Allow" && !value["Principal"].is_null() {
        found.push(value);
    }
    let items = value.as_array().into_iter().flatten();
    let members = value
        .as_object()
        .into_iter()
        .flat_map(|object| object.values());
    for child in items.chain(members) {
        allow_statements(child, found);
    }
}

#[test]
fn queues_are_encrypted() {
    for template in templates() {
        for (name, queue) in resources(&template, "AWS::SQS::Queue") {
            assert_eq!(queue["SqsManagedSseEnabled"], true, "{name}");
        }
    }
}

#[test]
fn log_groups_use_the_retention_parameter() {
    let [template, _] = templates();
    for (name, logs) in resources(&template, "AWS::Logs::LogGroup") {
        assert_eq!(
            logs["RetentionInDays"]["Ref"], "LogRetentionDays",
            "{name} must use the retention in LogRetentionDays"
        );
    }
    for (name, function) in resources(&template, "AWS::Serverless::Function") {
        assert!(
            !function["LoggingConfig"]["LogGroup"].is_null(),
            "{name} must name a log group; Lambda would create one without retention"
        );
    }
}

/// IAM has no principal for an organization, so a statement for one allows any principal on a condition.
#[test]
fn no_principal_is_a_wildcard_unless_an_organization_limits_it() {
    for template in templates() {
        let mut found = Vec::new();
        allow_statements(&template, &mut found);
        assert!(!found.is_empty());
        for statement in found {
            let principal = &statement["Principal"];
            let mut named = members(principal).map(|(_, who)| scalar(who));
            let is_named = principal.is_object() && named.all(|who| who != "*");
            let organization = &statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"];
            assert!(
                is_named || organization["Ref"] == "EventsFromOrganization",
                "{statement} allows any principal"
            );
        }
    }
}

/// A service acts for any caller; without the condition, also for callers in other accounts.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>.
#[test]
fn services_may_act_for_this_account_only() {
    let this_account = |value: &Value| value["Ref"] == "AWS::AccountId";
    for template in templates() {
        let mut found = Vec::new();
        allow_statements(&template, &mut found);
        found.retain(|statement| !statement["Principal"]["Service"].is_null());
        for statement in found {
            let equals = &statement["Condition"]["StringEquals"];
            assert!(
                this_account(&equals["aws:SourceAccount"]),
                "{statement} lacks a condition on aws:SourceAccount"
            );
        }
        for (name, permission) in resources(&template, "AWS::Lambda::Permission") {
            assert!(this_account(&permission["SourceAccount"]), "{name}");
        }
    }
}
