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
//! creation template is evaluated as that of a repository. Conditions and `Deny` statements, also those with
//! `ForAllValues`, are evaluated as by `ecr-repository-policy-restricted`. The check does not apply to a Region without
//! repositories, registry policy and templates.
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

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::access::{
    Access, Evaluated, RULES_OF_REPOSITORY, Right, Rules, TRUSTED_ACCOUNTS, TRUSTED_ORGANIZATIONS,
    actions, is_for_new_repositories,
};
use crate::facts::registry::{CreationTemplate, RegistryPolicy, RegistryPolicyScope};
use crate::facts::{Account, AttachedPolicy, Unread};
use crate::need::Need;
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

/// The right to fill the registry at the expense of its account.
const RIGHT_TO_IMPORT: Right = Right {
    severity: Severity::High,
    code: ReasonCode::EveryoneMayImport,
    phrase: "import images or create repositories",
    includes: is_for_new_repositories,
};

static RULES: Rules = Rules {
    of_everyone: &[
        RIGHT_TO_IMPORT,
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
        RIGHT_TO_IMPORT,
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
mod tests;
