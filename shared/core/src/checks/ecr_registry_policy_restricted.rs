//! ## What it checks
//!
//! The policy of the ECR registry in an account and Region, and the policies in its repository creation templates,
//! should grant access only to the account itself and to principals that you trust. The check fails with:
//!
//! - CRITICAL if everyone, which means any AWS account, can change repositories: `ecr:ReplicateImage` is a push into
//!   the registry.
//! - HIGH if everyone can read repositories, import images (`ecr:BatchImportUpstreamImage`) or create repositories
//!   (`ecr:CreateRepository`).
//! - MEDIUM if another account or organization that is not trusted has more than `ecr:ReplicateImage` and
//!   `ecr:CreateRepository`, which replication from another account needs. If `trustedAccounts` or
//!   `trustedOrganizations` is set, it must not have these either.
//!
//! The scope of the policy counts: under V1, only the three named actions have an effect. The policy in a repository
//! creation template is evaluated as that of a repository. Conditions and `Deny` statements are evaluated as by
//! `ecr-repository-policy-restricted`. The check does not apply to a Region without repositories, registry policy and
//! templates.
//!
//! ## Why it matters
//!
//! The registry's policy applies to all repositories that it names, including future ones, and is easily overlooked in
//! a review of repositories. A repository that ECR creates from a template with an open policy is open from its first
//! minute.
//!
//! ## How to fix it
//!
//! Name the accounts that replicate images in the `Principal` of the registry's policy, with `ecr:ReplicateImage` and
//! `ecr:CreateRepository` only. Grant access to repositories in the policies of the repositories.

use std::borrow::Cow;

use crate::check::{Check, Evaluate, Need, Remediation};
use crate::checks::ecr_repository_policy_restricted::{
    RULES as RULES_OF_REPOSITORY, is_for_new_repositories,
};
use crate::evaluation::access::{
    Access, Evaluated, Right, Rules, TRUSTED_ACCOUNTS, TRUSTED_ORGANIZATIONS, actions,
};
use crate::facts::registry::{CreationTemplate, RegistryPolicy, RegistryPolicyScope};
use crate::facts::{Account, AttachedPolicy, Unread};
use crate::parameters::ParameterValues;
use crate::policy::{Action, ActionClass, Reach, Scope};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, cut};
use crate::verdict::{Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "ecr-registry-policy-restricted",
    enabled: true,
    title: "ECR registries should grant access only to trusted principals",
    requirement: "The registry's policy and its repository creation templates should grant access only to the account \
                  itself and to trusted accounts and organizations.",
    severities: &[
        (
            Severity::Critical,
            "any AWS account can push images into the registry",
        ),
        (
            Severity::High,
            "any AWS account can read images, or fill the registry at your expense",
        ),
        (
            Severity::Medium,
            "an account that is not trusted has more access than replication needs",
        ),
    ],
    remediation: Remediation {
        text: "Name the accounts that replicate images in the registry's policy, with ecr:ReplicateImage and \
               ecr:CreateRepository only, and limit the policies of repository creation templates in the same way.",
        command: "aws ecr put-registry-policy --region {region} --policy-text file://<policy>.json",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html",
    },
    parameters: &[&TRUSTED_ACCOUNTS, &TRUSTED_ORGANIZATIONS],
    needs: &[Need::RegistryPolicy, Need::CreationTemplates],
    evaluate: &Evaluate(evaluate),
};

static RULES: Rules = Rules {
    of_everyone: &[
        Right {
            severity: Severity::High,
            code: ReasonCode::EveryoneMayImport,
            phrase: "import images or create repositories",
            includes: is_for_new_repositories,
        },
        Right {
            severity: Severity::Critical,
            code: ReasonCode::EveryoneMayChange,
            phrase: "change repositories",
            includes: |action| action.class == ActionClass::Change,
        },
        Right {
            severity: Severity::High,
            code: ReasonCode::EveryoneMayRead,
            phrase: "read repositories",
            includes: |action| action.class == ActionClass::Read,
        },
    ],
    class: |action| Some(class_for_outsiders(action)),
    of_outsiders: Severity::Medium,
};

/// The rules under scope V1, in which other actions have no effect.
static RULES_UNDER_V1: Rules = Rules {
    of_everyone: &[
        Right {
            severity: Severity::High,
            code: ReasonCode::EveryoneMayImport,
            phrase: "import images or create repositories",
            includes: is_for_new_repositories,
        },
        Right {
            severity: Severity::Critical,
            code: ReasonCode::EveryoneMayChange,
            phrase: "change repositories",
            includes: |action| action.name == REPLICATE,
        },
    ],
    class: |action| has_effect_under_v1(action).then(|| class_for_outsiders(action)),
    of_outsiders: Severity::Medium,
};

const REPLICATE: &str = "ecr:ReplicateImage";

fn has_effect_under_v1(action: &Action) -> bool {
    action.name == REPLICATE || is_for_new_repositories(action)
}

/// Returns the class of an action that decides whether named principals may perform it. What replication needs is
/// accepted like read access to a repository, and nothing else is.
fn class_for_outsiders(action: &Action) -> ActionClass {
    let is_needed_to_replicate =
        [REPLICATE, "ecr:CreateRepository"].contains(&action.name.as_str());
    if is_needed_to_replicate {
        ActionClass::Read
    } else {
        ActionClass::Change
    }
}

fn evaluate(account: &Account, settings: &ParameterValues) -> Verdict {
    if account.has_no_registry() {
        let text = "The Region has no ECR repositories, no registry policy and no repository creation templates.";
        return Verdict::not_applicable(ReasonCode::NoRegistry, text);
    }
    let mut unread: Vec<&Unread> = Vec::new();
    let mut policies = Vec::new();
    let mut passed = Vec::new();
    match &account.registry_policy {
        Ok(Some(policy)) => {
            let evaluated = account.evaluated(policy);
            match policy.scope {
                Ok(RegistryPolicyScope::V1) => passed.extend(without_effect(&evaluated)),
                Ok(RegistryPolicyScope::V2) => {}
                Err(ref reason) => unread.push(reason),
            }
            policies.push(evaluated);
        }
        Ok(None) => {}
        Err(reason) => unread.push(reason),
    }
    for template in &account.creation_templates.items {
        match &template.policy {
            Ok(Some(policy)) => policies.push(evaluated_template(template, policy)),
            Ok(None) => {}
            Err(reason) => unread.push(reason),
        }
    }
    unread.extend(&account.creation_templates.missing);
    if policies.is_empty() {
        let text = "Neither a registry policy nor a repository creation template grants access to other accounts.";
        passed.push(Reason::new(ReasonCode::NoPolicy, text));
    }
    let access = Access {
        policies,
        unread,
        organization: &account.organization,
    };
    access.verdict(settings, passed)
}

/// Returns a reason that names the actions that the policy grants others without effect under scope V1.
fn without_effect(policy: &Evaluated<'_>) -> Option<Reason> {
    let granted = policy.grants.granted(|_| true).grants.into_iter();
    let to_others = granted.filter(|grant| grant.audience.reach() > Reach::OwnAccount);
    let all = to_others.flat_map(|grant| &grant.actions);
    Reason::naming(
        ReasonCode::ActionsWithoutEffect,
        "These actions in the registry's policy have no effect, since its scope is V1",
        &actions(all.filter(|action| !has_effect_under_v1(action))),
    )
}

impl Account {
    /// Returns `true` if the Region certainly has neither repositories nor anything that grants access to them.
    fn has_no_registry(&self) -> bool {
        let templates = &self.creation_templates;
        self.has_repositories == Ok(false)
            && self.registry_policy == Ok(None)
            && templates.items.is_empty()
            && templates.missing.is_none()
    }

    /// Evaluates the registry's policy. If its scope is unknown, only the actions that have an effect in both scopes
    /// count.
    fn evaluated(&self, policy: &RegistryPolicy) -> Evaluated<'static> {
        let is_v2 = policy.scope == Ok(RegistryPolicyScope::V2);
        Evaluated {
            name: "the registry's policy".to_owned(),
            grants: Cow::Owned(
                policy
                    .policy
                    .grants_in(Scope::Named(&self.repositories), None),
            ),
            rules: if is_v2 { &RULES } else { &RULES_UNDER_V1 },
            names_resources: true,
        }
    }
}

fn evaluated_template<'a>(
    template: &CreationTemplate,
    policy: &'a AttachedPolicy,
) -> Evaluated<'a> {
    let prefix = cut(&template.prefix, LONGEST_TEXT);
    Evaluated {
        name: format!("the policy in the repository creation template for {prefix}"),
        grants: Cow::Borrowed(policy.grants()),
        rules: &RULES_OF_REPOSITORY,
        names_resources: false,
    }
}

#[cfg(test)]
mod tests {
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
        let open = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}"#;
        let template = with_templates(vec![template("prod", Ok(Some(open)))]);
        assert_eq!(
            verdict(&template, "{}").explanation(),
            "The policy in the repository creation template for prod lets everyone read the repository: statement 1 \
             allows ecr:BatchGetImage."
        );
    }
}
