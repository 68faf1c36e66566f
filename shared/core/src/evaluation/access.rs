//! The access that resource-based policies grant to principals that are not trusted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::facts::{Fact, Unread};
use crate::parameters::{AccountIds, Organizations, Parameter, ParameterValues};
use crate::policy::{
    Action, ActionClass, Grant, Grants, OrganizationPath, Outsiders, OwnOrganization, Reach, Trust,
    action_matches,
};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, capitalized, cut, names};
use crate::verdict::{Reason, Verdict};

pub(crate) static TRUSTED_ACCOUNTS: Parameter<AccountIds> = Parameter {
    name: "trustedAccounts",
    description: "The ids of other accounts that are trusted. If trusted accounts or organizations are set, all others \
                  are not trusted.",
    default: AccountIds(BTreeSet::new()),
};

pub(crate) static TRUSTED_ORGANIZATIONS: Parameter<Organizations> = Parameter {
    name: "trustedOrganizations",
    description: "The trusted organizations, or parts of them. The account's own organization is always trusted.",
    default: Organizations(BTreeSet::new()),
};

/// The rules for the grants of a policy.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The rights that everyone should not have. The first one that includes an action counts.
    pub(crate) of_everyone: &'static [Right],
    /// Returns the class of an action that decides whether named principals may perform it, or `None` if the action has
    /// no effect on the resource.
    pub(crate) class: fn(&Action) -> Option<ActionClass>,
    /// The severity if named principals that are not trusted have too much access.
    pub(crate) of_outsiders: Severity,
}

/// A right that everyone should not have.
#[derive(Debug)]
pub(crate) struct Right {
    pub(crate) severity: Severity,
    pub(crate) code: ReasonCode,
    /// The right, as a phrase that follows "lets everyone".
    pub(crate) phrase: &'static str,
    /// Returns `true` if the right includes an action.
    pub(crate) includes: fn(&Action) -> bool,
}

/// A policy that is evaluated.
#[derive(Debug)]
pub(crate) struct Evaluated<'a> {
    /// The policy, as a part of a sentence, such as "the repository's policy".
    pub(crate) name: String,
    pub(crate) grants: Cow<'a, Grants>,
    pub(crate) rules: &'static Rules,
    /// `true` if the statements of the policy name resources.
    pub(crate) names_resources: bool,
}

/// The facts that a verdict about policies is based on.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    pub(crate) policies: Vec<Evaluated<'a>>,
    /// The reasons why there may be more policies.
    pub(crate) unread: Vec<&'a Unread>,
    /// The organization of the account that owns the policies.
    pub(crate) organization: &'a Fact<Option<OrganizationPath>>,
}

impl Access<'_> {
    /// Returns the verdict about the policies. If they grant nothing to principals that are not trusted, `passed` is
    /// added to its reasons; it is the whole reason if there is no policy.
    pub(crate) fn verdict(&self, settings: &ParameterValues, passed: Vec<Reason>) -> Verdict {
        let own = match self.organization {
            Ok(Some(organization)) => OwnOrganization::Known(organization.clone()),
            Ok(None) => OwnOrganization::Unknown,
            Err(_) => OwnOrganization::Any,
        };
        let trust = |own_organization| Trust {
            accounts: settings.get(&TRUSTED_ACCOUNTS).0,
            organizations: settings.get(&TRUSTED_ORGANIZATIONS).0,
            own_organization,
        };
        if let Some(failed) = Verdict::failed_by(self.failures(&trust(own))) {
            return failed;
        }
        if let Some(problem) = self.policies.iter().find_map(Evaluated::not_understood) {
            return Verdict::not_available(&problem);
        }
        if let Some(unread) = self.unread.first() {
            return Verdict::not_available(unread);
        }
        if let Err(unread) = self.organization {
            let failures = self.failures(&trust(OwnOrganization::Unknown));
            if failures.into_iter().any(|(_, reason)| reason.is_some()) {
                return Verdict::not_available(unread);
            }
        }
        let mut reasons: Vec<Reason> = self.granted().into_iter().collect();
        reasons.extend(self.deleted_principals());
        reasons.extend(passed);
        Verdict::passed_for(reasons)
    }

    fn failures(&self, trust: &Trust) -> Vec<(Severity, Option<Reason>)> {
        let failures = self.policies.iter().map(|policy| policy.failures(trust));
        failures.flatten().collect()
    }

    /// Returns a reason that names the principals to which access is granted, or `None` if there is no policy.
    fn granted(&self) -> Option<Reason> {
        let policies: Vec<&str> = self
            .policies
            .iter()
            .map(|policy| policy.name.as_str())
            .collect();
        let others: Vec<String> = self
            .policies
            .iter()
            .flat_map(|policy| policy.grants.granted(|_| true).grants)
            .filter(|grant| grant.audience.reach() > Reach::OwnAccount)
            .map(audience)
            .collect();
        let others = names(others.iter().map(String::as_str));
        let only = if others.is_empty() {
            "the account itself".to_owned()
        } else {
            format!("the account itself and these principals: {others}")
        };
        let grant = match policies.len() {
            0 => return None,
            1 => "grants",
            _ => "grant",
        };
        let policies = capitalized(&names(policies));
        let text = format!("{policies} {grant} access only to {only}.");
        Some(Reason::new(ReasonCode::AccessRestricted, text))
    }

    fn deleted_principals(&self) -> Option<Reason> {
        let deleted = self.policies.iter().flat_map(|policy| {
            let deleted = policy.grants.deleted_principals();
            deleted.map(|one| format!("{} in {}", cut(&one.id, LONGEST_TEXT), one.statement))
        });
        let deleted: Vec<String> = deleted.collect();
        Reason::naming(
            ReasonCode::DeletedPrincipals,
            "These principals were deleted and have no access",
            &names(deleted.iter().map(String::as_str)),
        )
    }
}

impl Evaluated<'_> {
    fn failures(&self, trust: &Trust) -> Vec<(Severity, Option<Reason>)> {
        let Rules {
            of_everyone, class, ..
        } = self.rules;
        let granted = self.grants.granted(|_| true).grants;
        let rights = of_everyone.iter().enumerate();
        let mut failures: Vec<(Severity, Option<Reason>)> = rights
            .map(|(index, right)| {
                let counts = |action: &Action| {
                    let first = of_everyone.iter().position(|one| (one.includes)(action));
                    first == Some(index)
                };
                let pieces = granted.iter().filter_map(|grant| {
                    let is_open = trust.outsiders(&grant.audience) == Outsiders::Everyone;
                    is_open.then(|| self.piece(grant, counts, None)).flatten()
                });
                let pieces: Vec<String> = pieces.collect();
                let text = format!("{} lets everyone {}", capitalized(&self.name), right.phrase);
                let pieces = names(pieces.iter().map(String::as_str));
                (right.severity, Reason::naming(right.code, &text, &pieces))
            })
            .collect();
        let pieces = granted.iter().filter_map(|grant| {
            let Outsiders::Named(_) = trust.outsiders(&grant.audience) else {
                return None;
            };
            let counts = |action: &Action| {
                class(action).is_some_and(|class| !trust.accepts(&grant.audience, class))
            };
            self.piece(grant, counts, Some(&audience(grant)))
        });
        let pieces: Vec<String> = pieces.collect();
        let text = format!(
            "{} gives principals that are not trusted too much access",
            capitalized(&self.name)
        );
        let pieces = names(pieces.iter().map(String::as_str));
        failures.push((
            self.rules.of_outsiders,
            Reason::naming(ReasonCode::OutsidersAllowed, &text, &pieces),
        ));
        failures
    }

    /// Returns the actions of a grant that count, in words, or `None` if none of them counts.
    fn piece(
        &self,
        grant: &Grant,
        counts: impl Fn(&Action) -> bool,
        audience: Option<&str>,
    ) -> Option<String> {
        let actions = actions(grant.actions.iter().filter(|action| counts(action)));
        if actions.is_empty() {
            return None;
        }
        let mut text = format!("{} allows", grant.statement);
        for part in audience.into_iter().chain([actions.as_str()]) {
            text.push(' ');
            text.push_str(part);
        }
        if self.names_resources {
            let resources = grant.resources.iter();
            let resources = names(resources.map(|resource| cut(resource, LONGEST_TEXT)));
            text.push_str(" on ");
            text.push_str(&resources);
        }
        Some(text)
    }

    /// Returns the reason why it is not certain that the policy grants no more, if there is one.
    fn not_understood(&self) -> Option<Unread> {
        let Rules {
            of_everyone, class, ..
        } = self.rules;
        let counts = |action: &Action| {
            class(action).is_some() || of_everyone.iter().any(|right| (right.includes)(action))
        };
        let granted = self.grants.granted(counts);
        granted.not_understood.first().map(|problem| Unread {
            code: ReasonCode::PolicyNotUnderstood,
            text: format!("{} is not understood: {problem}.", capitalized(&self.name)),
        })
    }
}

fn audience(grant: &Grant) -> String {
    cut(&grant.audience.to_string(), 2 * LONGEST_TEXT).to_owned()
}

/// Returns the actions as one text, without those that another one includes.
pub(crate) fn actions<'a>(actions: impl Iterator<Item = &'a Action>) -> String {
    let all: Vec<&str> = actions.map(|action| action.name.as_str()).collect();
    let is_included = |name: &str| {
        all.iter().any(|other| {
            // Of two patterns that differ only in case, the first one stays.
            action_matches(other, name) && (!action_matches(name, other) || *other < name)
        })
    };
    let separate = all.iter().filter(|name| !is_included(name));
    names(separate.map(|name| cut(name, LONGEST_TEXT)))
}

/// The rules for the policy of a repository.
pub(crate) static RULES_OF_REPOSITORY: Rules = Rules {
    of_everyone: &[
        Right {
            severity: Severity::Critical,
            code: ReasonCode::EveryoneMayChange,
            phrase: "change the repository",
            includes: |action| action.class == ActionClass::Change,
        },
        Right {
            severity: Severity::High,
            code: ReasonCode::EveryoneMayRead,
            phrase: "read the repository",
            includes: |action| action.class == ActionClass::Read,
        },
    ],
    class: |action| Some(action.class),
    of_outsiders: Severity::Medium,
};

/// Returns `true` if an action brings new repositories and images of an upstream registry into the registry, so that it
/// is no access to a repository that exists.
pub(crate) fn is_for_new_repositories(action: &Action) -> bool {
    ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"].contains(&action.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::attached_policy;
    use crate::policy::ECR;

    #[test]
    fn the_text_of_an_audience_has_room_for_ten_accounts() {
        let accounts: Vec<String> = (0..10).map(|n| format!("44445555666{n}")).collect();
        let statement = format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": {accounts:?}}}, "Action": "ecr:*"}}"#
        );
        let policy = attached_policy(&ECR, &statement);
        let granted = policy.grants().granted(|_| true).grants;
        let text = audience(granted[0]);
        for account in accounts {
            assert!(text.contains(&account), "{text}");
        }
    }

    #[test]
    fn actions_that_a_pattern_includes_are_not_repeated() {
        for (all, expected) in [
            (&[] as &[&str], ""),
            (
                &["ecr:PutImage", "ecr:BatchGetImage"],
                "ecr:BatchGetImage, ecr:PutImage",
            ),
            (
                &["ecr:PutImage", "ecr:Put*", "ecr:TagResource"],
                "ecr:Put*, ecr:TagResource",
            ),
            (&["ecr:Put*", "ecr:*", "ecr:TagResource"], "ecr:*"),
            (&["ecr:put*", "ecr:Put*", "ecr:PutImage"], "ecr:Put*"),
        ] {
            let all = all.iter().map(|name| Action {
                name: (*name).to_owned(),
                class: ActionClass::Change,
            });
            assert_eq!(actions(all.collect::<Vec<_>>().iter()), expected);
        }
    }
}
