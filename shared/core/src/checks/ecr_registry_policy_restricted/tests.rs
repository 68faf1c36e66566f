//! The policies that the check accepts, and the reasons that it gives.

use std::sync::Arc;

use super::*;
use crate::checks::samples::{account, attached_policy, settings, unread};
use crate::facts::{Fact, List};
use crate::policy::ECR;
use crate::verdict::Outcome;

const CRITICAL: Outcome = Outcome::Failed(Severity::Critical);
const HIGH: Outcome = Outcome::Failed(Severity::High);
const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
const V1: Fact<RegistryPolicyScope> = Ok(RegistryPolicyScope::V1);
const V2: Fact<RegistryPolicyScope> = Ok(RegistryPolicyScope::V2);
const PARTNER: &str = r#"{"AWS": "arn:aws:iam::444455556666:root"}"#;
const REPLICATION: &str = r#"["ecr:ReplicateImage", "ecr:CreateRepository"]"#;

fn allow(principal: &str, actions: &str) -> String {
    format!(
        r#"{{"Effect": "Allow", "Principal": {principal}, "Action": {actions},
            "Resource": "arn:aws:ecr:eu-central-1:111122223333:repository/*"}}"#
    )
}

fn everyone(actions: &str) -> String {
    allow(r#""*""#, actions)
}

fn with_policy(statement: &str, scope: Fact<RegistryPolicyScope>) -> Account {
    let policy = attached_policy(&ECR, statement);
    Account {
        registry_policy: Ok(Some(Arc::new(RegistryPolicy { policy, scope }))),
        ..account()
    }
}

fn template(prefix: &str, policy: Fact<Option<&str>>) -> CreationTemplate {
    CreationTemplate {
        prefix: prefix.into(),
        policy: policy.map(|policy| policy.map(|policy| attached_policy(&ECR, policy))),
    }
}

fn with_templates(templates: Vec<CreationTemplate>) -> Account {
    Account {
        creation_templates: List::complete(templates),
        ..account()
    }
}

fn verdict(account: &Account, parameters: &str) -> Verdict {
    evaluate(account, &settings(CHECK.parameters, parameters))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn the_policy_of_the_registry_decides() {
    let other = r#"{"trustedAccounts": "333333333333"}"#;
    let partner = r#"{"trustedAccounts": ["444455556666"]}"#;
    let of_organization = everyone(r#""ecr:ReplicateImage""#).replace(
        r#""Resource""#,
        r#""Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}, "Resource""#,
    );
    let of_partner = |actions| allow(PARTNER, actions);
    for (statement, scope, parameters, expected) in [
        (of_partner(REPLICATION), V2, "{}", Outcome::Passed),
        (of_partner(REPLICATION), V2, other, MEDIUM),
        (of_partner(REPLICATION), V1, other, MEDIUM),
        (of_partner(REPLICATION), V2, partner, Outcome::Passed),
        (of_partner(r#""ecr:*""#), V2, "{}", MEDIUM),
        (of_partner(r#""ecr:*""#), V1, "{}", MEDIUM),
        (of_partner(r#""ecr:*""#), V2, partner, Outcome::Passed),
        (
            of_partner(r#""ecr:BatchImportUpstreamImage""#),
            V1,
            "{}",
            MEDIUM,
        ),
        (of_partner(r#""ecr:BatchGetImage""#), V2, "{}", MEDIUM),
        (
            of_partner(r#""ecr:BatchGetImage""#),
            V1,
            "{}",
            Outcome::Passed,
        ),
        (everyone(r#""ecr:ReplicateImage""#), V2, "{}", CRITICAL),
        (everyone(r#""ecr:ReplicateImage""#), V1, "{}", CRITICAL),
        (everyone(r#""ecr:*""#), V1, "{}", CRITICAL),
        (everyone(r#""ecr:PutImage""#), V2, "{}", CRITICAL),
        (everyone(r#""ecr:PutImage""#), V1, "{}", Outcome::Passed),
        (everyone(r#""ecr:BatchGetImage""#), V2, "{}", HIGH),
        (
            everyone(r#""ecr:BatchGetImage""#),
            V1,
            "{}",
            Outcome::Passed,
        ),
        (everyone(r#""ecr:CreateRepository""#), V2, "{}", HIGH),
        (
            everyone(r#""ecr:BatchImportUpstreamImage""#),
            V1,
            "{}",
            HIGH,
        ),
        (
            everyone(r#""ecr:GetAuthorizationToken""#),
            V2,
            "{}",
            Outcome::Passed,
        ),
        (of_organization.clone(), V2, "{}", Outcome::Passed),
        (of_organization, V2, other, MEDIUM),
        (
            allow(r#"{"AWS": "111122223333"}"#, r#""ecr:*""#),
            V2,
            other,
            Outcome::Passed,
        ),
        (
            allow(r#"{"Nobody": "x"}"#, REPLICATION),
            V1,
            "{}",
            Outcome::NotAvailable,
        ),
        (
            allow(r#"{"Nobody": "x"}"#, r#""ecr:BatchGetImage""#),
            V2,
            "{}",
            Outcome::NotAvailable,
        ),
        (
            allow(r#"{"Nobody": "x"}"#, r#""ecr:BatchGetImage""#),
            V1,
            "{}",
            Outcome::Passed,
        ),
        // Without the scope, only the actions that count in both are certain.
        (
            everyone(r#""ecr:ReplicateImage""#),
            Err(unread()),
            "{}",
            CRITICAL,
        ),
        (
            everyone(r#""ecr:BatchGetImage""#),
            Err(unread()),
            "{}",
            Outcome::NotAvailable,
        ),
        (
            of_partner(REPLICATION),
            Err(unread()),
            "{}",
            Outcome::NotAvailable,
        ),
    ] {
        let verdict = verdict(&with_policy(&statement, scope.clone()), parameters);
        assert_eq!(
            verdict.outcome, expected,
            "{statement} {scope:?} {parameters}"
        );
    }
    assert_eq!(verdict(&account(), "{}").codes(), ["NO_POLICY"]);
}

#[test]
fn the_policy_in_a_template_is_evaluated_as_that_of_a_repository() {
    let pull = r#"{"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}"#;
    let all = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}"#;
    let partner = r#"{"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:BatchGetImage"}"#;
    let other = r#"{"trustedAccounts": "333333333333"}"#;
    for (templates, parameters, expected) in [
        (vec![template("ROOT", Ok(None))], "{}", Outcome::Passed),
        (vec![template("ROOT", Ok(Some(pull)))], "{}", HIGH),
        (vec![template("ROOT", Ok(Some(all)))], "{}", CRITICAL),
        (
            vec![template("a", Ok(Some(pull))), template("b", Ok(Some(all)))],
            "{}",
            CRITICAL,
        ),
        (
            vec![template("ROOT", Ok(Some(partner)))],
            "{}",
            Outcome::Passed,
        ),
        (vec![template("ROOT", Ok(Some(partner)))], other, MEDIUM),
        (
            vec![template("ROOT", Err(unread()))],
            "{}",
            Outcome::NotAvailable,
        ),
        (
            vec![template("a", Err(unread())), template("b", Ok(Some(pull)))],
            "{}",
            HIGH,
        ),
    ] {
        let verdict = verdict(&with_templates(templates.clone()), parameters);
        assert_eq!(verdict.outcome, expected, "{templates:?} {parameters}");
    }
}

#[test]
fn unread_facts_prevent_a_pass_but_not_a_certain_failure() {
    let open = || with_policy(&everyone(r#""ecr:BatchGetImage""#), V2);
    let unread_templates = || List {
        items: Vec::new(),
        missing: Some(unread()),
    };
    for (account, expected) in [
        (
            Account {
                registry_policy: Err(unread()),
                ..account()
            },
            Outcome::NotAvailable,
        ),
        (
            Account {
                creation_templates: unread_templates(),
                ..account()
            },
            Outcome::NotAvailable,
        ),
        (
            Account {
                creation_templates: unread_templates(),
                ..open()
            },
            HIGH,
        ),
    ] {
        assert_eq!(verdict(&account, "{}").outcome, expected, "{account:?}");
    }
}

#[test]
fn the_check_applies_where_anything_of_the_registry_exists() {
    let empty = || Account {
        has_repositories: Ok(false),
        ..account()
    };
    let pull = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}"#;
    for (account, expected) in [
        (empty(), Outcome::NotApplicable),
        (account(), Outcome::Passed),
        (
            Account {
                has_repositories: Err(unread()),
                ..empty()
            },
            Outcome::Passed,
        ),
        (
            Account {
                has_repositories: Ok(false),
                ..with_policy("[]", V2)
            },
            Outcome::Passed,
        ),
        (
            Account {
                has_repositories: Ok(false),
                ..with_templates(vec![template("ROOT", Ok(Some(pull)))])
            },
            HIGH,
        ),
        (
            Account {
                registry_policy: Err(unread()),
                ..empty()
            },
            Outcome::NotAvailable,
        ),
        (
            Account {
                creation_templates: List::unread(unread()),
                ..empty()
            },
            Outcome::NotAvailable,
        ),
    ] {
        assert_eq!(verdict(&account, "{}").outcome, expected, "{account:?}");
    }
}

#[test]
fn reasons_name_policies_actions_and_resources() {
    let policy = with_policy(
        &everyone(r#"["ecr:ReplicateImage", "ecr:BatchGetImage"]"#),
        V1,
    );
    assert_eq!(
        verdict(&policy, "{}").explanation(),
        "The registry's policy lets everyone change repositories: statement 1 allows ecr:ReplicateImage on \
         arn:aws:ecr:eu-central-1:111122223333:repository/*."
    );
    let policy = with_policy(
        &allow(PARTNER, r#"["ecr:ReplicateImage", "ecr:BatchGetImage"]"#),
        V1,
    );
    assert_eq!(
        verdict(&policy, "{}").explanation(),
        "The registry's policy grants access only to the account itself and these principals: account 444455556666. \
         These actions in the registry's policy have no effect, since its scope is V1: ecr:BatchGetImage."
    );
    let own = r#"{"AWS": "111122223333"}"#;
    let policy = with_policy(&allow(own, r#""ecr:BatchGetImage""#), V1);
    assert_eq!(
        verdict(&policy, "{}").explanation(),
        "The registry's policy grants access only to the account itself."
    );
    let open = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}"#;
    let template = with_templates(vec![template("prod", Ok(Some(open)))]);
    assert_eq!(
        verdict(&template, "{}").explanation(),
        "The policy in the repository creation template for prod lets everyone read the repository: statement 1 \
         allows ecr:BatchGetImage."
    );
}
