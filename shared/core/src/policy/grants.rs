//! The grants of a resource-based policy: which principals are allowed which actions.

use std::collections::{BTreeMap, BTreeSet};

use super::audience::{Audience, Group, Reach};
use super::context_key::Context;
use super::document::{Effect, Element, NotUnderstood, ResourcePolicy, Statement, StatementId};
use super::limit::{allowed, exempt};
use super::pattern::{contains_arn, matches_all, overlap};
use super::principal::{Named, is_certainly_everyone, named};
use super::service::{Action, Service};

/// The resources for which grants are determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The one resource that has the policy, such as a repository or a key. Statements need not name it.
    Attached,
    /// Resources that statements must name: an ARN, or a pattern of ARNs, such as
    /// `arn:aws:ecr:eu-central-1:111122223333:repository/*` for all repositories under a registry's policy.
    Named(&'a str),
}

/// The grants of a resource-based policy.
#[expect(
    clippy::struct_field_names,
    reason = "the grants are one of several members"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    grants: Vec<Grant>,
    uncertain: Vec<UncertainStatement>,
    deleted_principals: BTreeSet<DeletedPrincipal>,
}

/// The actions that a statement grants an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The statement that allows the actions.
    pub statement: StatementId,
    /// The principals to which the statement grants access, without those that denials exclude.
    pub audience: Audience,
    /// The actions.
    pub actions: BTreeSet<Action>,
    /// The resources, or patterns of resources, to which the grant applies. `*` stands for the resource that has the
    /// policy.
    pub resources: BTreeSet<String>,
}

/// A deleted principal that a statement names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeletedPrincipal {
    /// The statement that names the principal.
    pub statement: StatementId,
    /// The unique id with which IAM replaced the principal's ARN.
    pub id: String,
}

/// The principals that are granted actions of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted<'a> {
    /// The reach of the widest grant.
    pub reach: Reach,
    /// The grants, the widest first; empty if no principal is certainly granted such an action.
    pub grants: Vec<&'a Grant>,
    /// The parts of the policy that are not understood and may grant such actions to any principal.
    pub not_understood: Vec<&'a NotUnderstood>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct UncertainStatement {
    problem: NotUnderstood,
    /// The actions that may be granted; `None` stands for any action.
    actions: Option<BTreeSet<Action>>,
}

/// Returns the grants of a policy of the owner on resources of a service.
///
/// Service and resource control policies are not known here. They may deny actions that this policy allows.
pub fn grants(policy: &ResourcePolicy, owner: &str, service: &Service, scope: Scope<'_>) -> Grants {
    grants_despite(&[], policy, owner, service, scope)
}

/// Returns the grants of a policy that remain after the denials of other policies, which also apply to the resources,
/// each with the scope in which its statements name them. A denial that is not understood denies nothing.
pub fn grants_despite<'a>(
    others: &[(&'a ResourcePolicy, Scope<'a>)],
    policy: &'a ResourcePolicy,
    owner: &'a str,
    service: &'a Service,
    scope: Scope<'a>,
) -> Grants {
    let context = Context { owner, service };
    let mut reader = Reader {
        context,
        scope,
        actions: service.actions_of(&policy.statements),
        denials: denials_of(others, context),
        found: Grants {
            grants: Vec::new(),
            uncertain: Vec::new(),
            deleted_principals: BTreeSet::new(),
        },
    };
    for problem in &policy.not_understood {
        reader.found.uncertain.push(UncertainStatement {
            problem: problem.clone(),
            actions: None,
        });
    }
    let (allowing, denying): (Vec<&Statement>, Vec<&Statement>) = policy
        .statements
        .iter()
        .partition(|statement| statement.effect == Effect::Allow);
    for statement in denying {
        reader.deny(statement);
    }
    for statement in allowing {
        reader.allow(statement);
    }
    reader.found
}

impl Grants {
    /// Returns the principals that are granted at least one of the wanted actions.
    pub fn granted(&self, wanted: impl Fn(&Action) -> bool) -> Granted<'_> {
        let mut grants: Vec<&Grant> = self
            .grants
            .iter()
            .filter(|grant| grant.actions.iter().any(&wanted))
            .collect();
        grants.sort_by_key(|grant| std::cmp::Reverse(grant.audience.reach()));
        let reach = grants
            .first()
            .map_or(Reach::Nobody, |grant| grant.audience.reach());
        let not_understood = self
            .uncertain
            .iter()
            .filter(|uncertain| {
                let actions = uncertain.actions.as_ref();
                actions.is_none_or(|actions| actions.iter().any(&wanted))
            })
            .map(|uncertain| &uncertain.problem)
            .collect();
        Granted {
            reach,
            grants,
            not_understood,
        }
    }

    /// Returns the deleted principals that statements name.
    pub fn deleted_principals(&self) -> impl Iterator<Item = &DeletedPrincipal> {
        self.deleted_principals.iter()
    }
}

/// A denial to every principal, except those that it exempts.
struct Denial<'a> {
    statement: &'a Statement,
    exempt: Group,
    /// The scope in which the statement names resources.
    scope: Scope<'a>,
}

struct Reader<'a> {
    context: Context<'a>,
    scope: Scope<'a>,
    /// The actions that the statements cover, by the texts that patterns match.
    actions: BTreeMap<String, Action>,
    denials: Vec<Denial<'a>>,
    found: Grants,
}

/// Returns the denials of other policies.
fn denials_of<'a>(
    others: &[(&'a ResourcePolicy, Scope<'a>)],
    context: Context<'_>,
) -> Vec<Denial<'a>> {
    let statements = others.iter().flat_map(|(policy, scope)| {
        let statements = policy.statements.iter();
        statements.map(|statement| (statement, *scope))
    });
    statements
        .filter(|(statement, _)| statement.effect == Effect::Deny)
        .filter_map(|(statement, scope)| denial(statement, scope, context).ok().flatten())
        .collect()
}

/// Returns the denial of a statement, or `None` if it does not certainly deny anything to every principal.
///
/// # Errors
///
/// Returns the reason why the statement is not understood.
fn denial<'a>(
    statement: &'a Statement,
    scope: Scope<'a>,
    context: Context<'_>,
) -> Result<Option<Denial<'a>>, String> {
    if targets(statement, scope).is_empty() {
        return Ok(None);
    }
    let conditions = statement.conditions.as_ref();
    let conditions = conditions.map_err(|problem| problem.reason.clone())?;
    let named = match &statement.principal {
        Element::Only(principal) if is_certainly_everyone(principal) => Named::default(),
        // A denial for some principals does not affect the others.
        Element::Only(_) => return Ok(None),
        Element::AllBut(principal) => named(principal, context.owner),
        Element::Absent => return Err(NO_PRINCIPAL.to_owned()),
    };
    if let Some(unknown) = named.unknown.first() {
        return Err(unknown_principal(unknown));
    }
    let exempt = exempt(conditions, context);
    Ok(exempt.map(|exempt| Denial {
        statement,
        exempt: exempt.or(named.group),
        scope,
    }))
}

/// Returns the resources in scope that the statement may cover.
fn targets(statement: &Statement, scope: Scope<'_>) -> BTreeSet<String> {
    let Scope::Named(scope) = scope else {
        return BTreeSet::from(["*".to_owned()]);
    };
    match &statement.resource {
        Element::Only(patterns) => patterns
            .iter()
            .filter_map(|pattern| overlap(pattern, scope))
            .collect(),
        Element::AllBut(patterns) => {
            let is_there = !patterns.iter().any(|pattern| contains_arn(pattern, scope));
            is_there.then(|| scope.to_owned()).into_iter().collect()
        }
        Element::Absent => BTreeSet::from([scope.to_owned()]),
    }
}

impl<'a> Reader<'a> {
    fn deny(&mut self, statement: &'a Statement) {
        match denial(statement, self.scope, self.context) {
            Ok(denial) => self.denials.extend(denial),
            Err(reason) => self.add_uncertain(statement, &reason),
        }
    }

    fn allow(&mut self, statement: &Statement) {
        let targets = targets(statement, self.scope);
        if targets.is_empty() {
            return;
        }
        let conditions = match &statement.conditions {
            Ok(conditions) => conditions,
            Err(problem) => return self.add_uncertain(statement, &problem.reason),
        };
        let group = match &statement.principal {
            Element::Only(principal) => self.named(statement, named(principal, self.context.owner)),
            Element::AllBut(_) => Group::everyone(),
            Element::Absent => return self.add_uncertain(statement, NO_PRINCIPAL),
        };
        let audience = allowed(conditions, self.context).within(group);
        let mut grants: BTreeMap<(Audience, BTreeSet<Action>), BTreeSet<String>> = BTreeMap::new();
        for target in targets {
            for (audience, actions) in self.remaining(statement, &audience, &target) {
                let resources = grants.entry((audience, actions)).or_default();
                resources.insert(target.clone());
            }
        }
        for ((audience, actions), resources) in grants {
            self.found.grants.push(Grant {
                statement: statement.id.clone(),
                audience,
                actions,
                resources,
            });
        }
    }

    /// Returns the named group, and records deleted and unknown principals.
    fn named(&mut self, statement: &Statement, named: Named) -> Group {
        if let Some(unknown) = named.unknown.first() {
            self.add_uncertain(statement, &unknown_principal(unknown));
        }
        let deleted = named.deleted.into_iter().map(|id| DeletedPrincipal {
            statement: statement.id.clone(),
            id,
        });
        self.found.deleted_principals.extend(deleted);
        named.group
    }

    /// Returns the audiences that remain of an allowed audience after denials, each with its actions.
    fn remaining(
        &self,
        statement: &Statement,
        audience: &Audience,
        target: &str,
    ) -> BTreeMap<Audience, BTreeSet<Action>> {
        // Most actions are covered by the same denials, whose effect is the same.
        let mut by_denials: BTreeMap<Vec<usize>, BTreeSet<Action>> = BTreeMap::new();
        let allowed = self
            .actions
            .iter()
            .filter(|(text, _)| statement.covers(text));
        for (text, action) in allowed {
            let denials = self.denials.iter().enumerate();
            let denials = denials.filter(|(_, denial)| self.denies(denial, text, target));
            let denials = denials.map(|(index, _)| index).collect();
            by_denials
                .entry(denials)
                .or_default()
                .insert(action.clone());
        }
        let mut left: BTreeMap<Audience, BTreeSet<Action>> = BTreeMap::new();
        for (denials, actions) in by_denials {
            let exempt = denials.iter().map(|index| &self.denials[*index].exempt);
            let audience = exempt.fold(audience.clone(), |audience, exempt| {
                audience.within(exempt.clone())
            });
            if audience.reach() > Reach::Nobody {
                left.entry(audience).or_default().extend(actions);
            }
        }
        left
    }

    /// Returns `true` if the denial certainly covers the action on the whole target.
    fn denies(&self, denial: &Denial<'_>, action: &str, target: &str) -> bool {
        let statement = denial.statement;
        if statement.action == Element::Absent || !statement.covers(action) {
            return false;
        }
        let is_whole = |pattern: &String| match (denial.scope, self.scope) {
            (Scope::Attached, _) => matches_all(pattern),
            // A policy variable does not match the text of an ARN, so resources that only its value names do not count
            // as denied.
            (Scope::Named(_), Scope::Named(_)) => contains_arn(pattern, target),
            (Scope::Named(resource), Scope::Attached) => contains_arn(pattern, resource),
        };
        match &statement.resource {
            Element::Only(patterns) => patterns.iter().any(is_whole),
            Element::AllBut(patterns) => patterns.is_empty(),
            Element::Absent => denial.scope == Scope::Attached,
        }
    }

    fn add_uncertain(&mut self, statement: &Statement, reason: &str) {
        let actions = self
            .actions
            .iter()
            .filter(|(text, _)| statement.covers(text))
            .map(|(_, action)| action.clone());
        let uncertain = UncertainStatement {
            problem: NotUnderstood {
                statement: Some(statement.id.clone()),
                reason: reason.to_owned(),
            },
            actions: Some(actions.collect()),
        };
        self.found.uncertain.push(uncertain);
    }
}

const NO_PRINCIPAL: &str = "has no Principal";

fn unknown_principal(name: &str) -> String {
    format!("names the unknown principal {name}")
}
