//! ## What it checks
//!
//! An ECR repository should grant access only to its own account and to principals that you trust. Two policies are
//! evaluated together: that of the repository, and that of the registry, as far as it names the repository and its
//! scope is V2. A denial in one of them also limits the other. The check fails with:
//!
//! - CRITICAL if everyone, which means any AWS account, can change the repository: push or delete images, move tags, or
//!   change settings.
//! - HIGH if everyone can read it.
//! - MEDIUM if another account or organization that is not trusted can change it. If `trustedAccounts` or
//!   `trustedOrganizations` is set, it must not be able to read it either.
//!
//! Conditions and `Deny` statements count if they are certain to limit access, as IAM evaluates them: a condition on
//! `aws:PrincipalOrgID` does, but not with `ForAllValues`, with `IfExists`, or with a wildcard in place of the id. In a
//! `Deny` statement, `ForAllValues` counts on condition keys with several values, such as `aws:PrincipalOrgPaths`,
//! since IAM then also denies requests without the key. AWS services, principals in named networks, and deleted
//! principals don't cause a failure. An account or organization that the policy names is evaluated as such, even if it
//! is limited to a network. The account's own organization is trusted if the account may read it. Service
//! control policies and resource control policies are not evaluated.
//!
//! ## Why it matters
//!
//! Whoever can push to a repository can replace an image that clusters run. Whoever can pull from it can read the code
//! and the credentials that images contain.
//!
//! ## How to fix it
//!
//! Name the accounts that need access in the `Principal` of each statement, or add a condition on `aws:PrincipalOrgID`.
//! Grant other accounts only the permissions to pull.

use std::borrow::Cow;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::access::{
    Access, Evaluated, RULES_OF_REPOSITORY, Right, Rules, TRUSTED_ACCOUNTS, TRUSTED_ORGANIZATIONS,
    is_for_new_repositories,
};
use crate::facts::EcrRepository;
use crate::facts::registry::RegistryPolicyScope;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::policy::{ActionClass, Scope};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "ecr-repository-policy-restricted",
    enabled: true,
    title: "ECR repositories should grant access only to trusted principals",
    requirement: "The policies of the repository and of its registry should grant access only to the repository's account \
                  and to trusted accounts and organizations.",
    severities: &[
        (
            Severity::Critical,
            "any AWS account can push images behind the tags that clusters run",
        ),
        (
            Severity::High,
            "any AWS account can read the images and what they contain",
        ),
        (
            Severity::Medium,
            "an account that is not trusted has access to the repository",
        ),
    ],
    remediation: Remediation {
        text: "Name the accounts that need access in the policy's principals, or add a condition on aws:PrincipalOrgID, \
               and grant other accounts only the permissions to pull.",
        command: "aws ecr set-repository-policy --region {region} --repository-name {name} --policy-text file://<policy>.json",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html",
    },
    parameters: &[&TRUSTED_ACCOUNTS, &TRUSTED_ORGANIZATIONS],
    needs: &[Need::RepositoryPolicy, Need::RegistryPolicy],
    evaluate: &Evaluate(evaluate),
};

/// The rules for the policy of a registry, as far as it concerns a repository that exists. Another account needs
/// permission to replicate images, which the check of the registry evaluates.
static RULES_OF_REGISTRY: Rules = Rules {
    of_everyone: &[
        Right {
            severity: Severity::Critical,
            code: ReasonCode::EveryoneMayChange,
            phrase: "change the repository",
            includes: |action| {
                action.class == ActionClass::Change && !is_for_new_repositories(action)
            },
        },
        Right {
            severity: Severity::High,
            code: ReasonCode::EveryoneMayRead,
            phrase: "read the repository",
            includes: |action| action.class == ActionClass::Read,
        },
    ],
    class: |action| {
        let is_exempt = is_for_new_repositories(action) || action.name == "ecr:ReplicateImage";
        (!is_exempt).then_some(action.class)
    },
    of_outsiders: Severity::Medium,
};

fn evaluate(repository: &EcrRepository, settings: &ParameterValues) -> Verdict {
    let mut unread = Vec::new();
    let own = repository.policy.as_ref().unwrap_or_else(|reason| {
        unread.push(reason);
        &None
    });
    let registry = match &repository.registry_policy {
        Ok(Some(registry)) => match &registry.scope {
            Ok(RegistryPolicyScope::V2) => Some(&registry.policy),
            Ok(RegistryPolicyScope::V1) => None,
            Err(reason) => {
                unread.push(reason);
                None
            }
        },
        Ok(None) => None,
        Err(reason) => {
            unread.push(reason);
            None
        }
    };
    // The scope in which the statements of the registry's policy name the repository.
    let in_registry = Scope::Named(&repository.arn);
    let passed = (own.is_none() && registry.is_none()).then(|| {
        let text = "No policy grants other accounts access to the repository.";
        Reason::new(ReasonCode::NoPolicy, text)
    });
    let of_own = own.as_ref().map(|own| Evaluated {
        name: "the repository's policy".to_owned(),
        grants: match registry {
            Some(registry) if registry.denies() => {
                let other = Some((registry.as_ref(), in_registry));
                Cow::Owned(own.grants_in(Scope::Attached, other))
            }
            _ => Cow::Borrowed(own.grants()),
        },
        rules: &RULES_OF_REPOSITORY,
        names_resources: false,
    });
    let of_registry = registry.map(|registry| {
        let other = own.as_ref().map(|own| (own.as_ref(), Scope::Attached));
        Evaluated {
            name: "the registry's policy".to_owned(),
            grants: Cow::Owned(registry.grants_in(in_registry, other)),
            rules: &RULES_OF_REGISTRY,
            names_resources: false,
        }
    });
    let access = Access {
        policies: of_own.into_iter().chain(of_registry).collect(),
        unread,
        organization: &repository.organization,
    };
    access.verdict(settings, passed.into_iter().collect())
}

#[cfg(test)]
mod tests;
