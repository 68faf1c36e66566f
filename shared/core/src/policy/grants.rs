//! Who is granted what by a resource-based policy.

use std::collections::{BTreeMap, BTreeSet};

use super::audience::{Audience, Group, Reach};
use super::context_key::Context;
use super::document::{Effect, Element, NotUnderstood, ResourcePolicy, Statement, StatementId};
use super::limit::{allowed, left_in};
use super::pattern::{contains_arn, matches_all, overlap};
use super::principal::{Named, is_surely_everyone, named};
use super::service::{Action, Service};

/// The resources on which grants are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The one resource that has the policy, whose statements need not name it: a repository or a key.
    Attached,
    /// Resources that statements must name: an ARN, or a pattern of ARNs. That is
    /// `arn:aws:ecr:eu-central-1:111122223333:repository/*` for all repositories under a registry's policy.
    Named(&'a str),
}

/// What a resource-based policy grants, and to whom.
#[expect(
    clippy::struct_field_names,
    reason = "IAM grants; there is no better word for the parts of what is granted"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    grants: Vec<Grant>,
    doubts: Vec<Doubt>,
    dead_principals: BTreeSet<DeadPrincipal>,
}

/// Actions that a statement grants an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The statement that allows them.
    pub statement: StatementId,
    /// The principals that are let in, as far as denials leave them in.
    pub audience: Audience,
    /// The actions.
    pub actions: BTreeSet<Action>,
    /// The resources, or the patterns of them, that the statement opens. `*` stands for the one that has the policy.
    pub resources: BTreeSet<String>,
}

/// A principal that a statement names and that was deleted since.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeadPrincipal {
    /// The statement that names it.
    pub statement: StatementId,
    /// The unique id that IAM has put in the place of its ARN.
    pub id: String,
}

/// Who is granted actions of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted<'a> {
    /// A part of the policy is not understood that may grant such actions to anybody.
    NotUnderstood(Vec<&'a NotUnderstood>),
    /// The grants that there are, the widest first.
    To {
        /// How far the widest of them reaches.
        reach: Reach,
        /// The grants; none if nobody is granted anything.
        grants: Vec<&'a Grant>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Doubt {
    problem: NotUnderstood,
    /// The actions that may be granted; `None` stands for any.
    actions: Option<BTreeSet<Action>>,
}

/// Returns what a policy of the owner's grants on resources of a service.
///
/// Service and resource control policies are not known here: they may deny what this policy allows.
pub fn grants(policy: &ResourcePolicy, owner: &str, service: &Service, scope: Scope<'_>) -> Grants {
    let context = Context { owner, service };
    let mut reader = Reader {
        context,
        scope,
        actions: service.actions_of(&policy.statements),
        denials: Vec::new(),
        found: Grants {
            grants: Vec::new(),
            doubts: Vec::new(),
            dead_principals: BTreeSet::new(),
        },
    };
    for problem in &policy.not_understood {
        reader.found.doubts.push(Doubt {
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
    /// Returns who is granted an action that is one of those wanted.
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
        let doubts: Vec<&NotUnderstood> = self
            .doubts
            .iter()
            .filter(|doubt| {
                let actions = doubt.actions.as_ref();
                actions.is_none_or(|actions| actions.iter().any(&wanted))
            })
            .map(|doubt| &doubt.problem)
            .collect();
        if doubts.is_empty() || reach == Reach::Everyone {
            Granted::To { reach, grants }
        } else {
            Granted::NotUnderstood(doubts)
        }
    }

    /// Returns the principals that statements name and that were deleted.
    pub fn dead_principals(&self) -> impl Iterator<Item = &DeadPrincipal> {
        self.dead_principals.iter()
    }
}

/// A denial, with whom it leaves in.
struct Denial<'a> {
    statement: &'a Statement,
    left_in: Group,
}

struct Reader<'a> {
    context: Context<'a>,
    scope: Scope<'a>,
    /// The actions that statements are about, by the texts that patterns match.
    actions: BTreeMap<String, Action>,
    denials: Vec<Denial<'a>>,
    found: Grants,
}

impl<'a> Reader<'a> {
    fn deny(&mut self, statement: &'a Statement) {
        if self.targets(statement).is_empty() {
            return;
        }
        let conditions = match &statement.conditions {
            Ok(conditions) => conditions,
            Err(problem) => return self.doubt(statement, &problem.reason),
        };
        let named = match &statement.principal {
            Element::Only(principal) if is_surely_everyone(principal) => Named::default(),
            // A denial for some leaves the others as they are.
            Element::Only(_) => return,
            Element::AllBut(principal) => named(principal, self.context.owner),
            Element::Absent => return self.doubt(statement, NO_PRINCIPAL),
        };
        if let Some(unknown) = named.unknown.first() {
            return self.doubt(statement, &unknown_principal(unknown));
        }
        if let Some(left_in) = left_in(conditions, self.context) {
            self.denials.push(Denial {
                statement,
                left_in: left_in.or(named.group),
            });
        }
    }

    fn allow(&mut self, statement: &Statement) {
        let targets = self.targets(statement);
        if targets.is_empty() {
            return;
        }
        let conditions = match &statement.conditions {
            Ok(conditions) => conditions,
            Err(problem) => return self.doubt(statement, &problem.reason),
        };
        let group = match &statement.principal {
            Element::Only(principal) => self.named(statement, named(principal, self.context.owner)),
            Element::AllBut(_) => Group::everyone(),
            Element::Absent => return self.doubt(statement, NO_PRINCIPAL),
        };
        let audience = allowed(conditions, self.context).within(group);
        let mut grants: BTreeMap<(Audience, BTreeSet<Action>), BTreeSet<String>> = BTreeMap::new();
        for target in targets {
            for (audience, actions) in self.left_to(statement, &audience, &target) {
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

    /// Returns the group that is named, and keeps in mind what is told besides.
    fn named(&mut self, statement: &Statement, named: Named) -> Group {
        if let Some(unknown) = named.unknown.first() {
            self.doubt(statement, &unknown_principal(unknown));
        }
        let dead = named.dead.into_iter().map(|id| DeadPrincipal {
            statement: statement.id.clone(),
            id,
        });
        self.found.dead_principals.extend(dead);
        named.group
    }

    /// Returns what denials leave of an allowed audience, and of which actions.
    fn left_to(
        &self,
        statement: &Statement,
        audience: &Audience,
        target: &str,
    ) -> BTreeMap<Audience, BTreeSet<Action>> {
        let mut left: BTreeMap<Audience, BTreeSet<Action>> = BTreeMap::new();
        let allowed = self
            .actions
            .iter()
            .filter(|(text, _)| statement.covers(text));
        for (text, action) in allowed {
            let denials = self
                .denials
                .iter()
                .filter(|denial| self.denies(denial.statement, text, target));
            let audience = denials.fold(audience.clone(), |audience, denial| {
                audience.within(denial.left_in.clone())
            });
            if audience.reach() > Reach::Nobody {
                left.entry(audience).or_default().insert(action.clone());
            }
        }
        left
    }

    /// Returns `true` if the statement, a denial, surely is about the action on all of the target.
    fn denies(&self, statement: &Statement, action: &str, target: &str) -> bool {
        if statement.action == Element::Absent || !statement.covers(action) {
            return false;
        }
        let is_whole = |pattern: &String| match self.scope {
            Scope::Attached => matches_all(pattern),
            // A policy variable is no text of an ARN, so what it may come to is not denied.
            Scope::Named(_) => contains_arn(pattern, target),
        };
        match &statement.resource {
            Element::Only(patterns) => patterns.iter().any(is_whole),
            Element::AllBut(patterns) => patterns.is_empty(),
            Element::Absent => self.scope == Scope::Attached,
        }
    }

    /// Returns the resources in scope that the statement may be about.
    fn targets(&self, statement: &Statement) -> BTreeSet<String> {
        let Scope::Named(scope) = self.scope else {
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

    fn doubt(&mut self, statement: &Statement, reason: &str) {
        let actions = self
            .actions
            .iter()
            .filter(|(text, _)| statement.covers(text))
            .map(|(_, action)| action.clone());
        let doubt = Doubt {
            problem: NotUnderstood {
                statement: Some(statement.id.clone()),
                reason: reason.to_owned(),
            },
            actions: Some(actions.collect()),
        };
        self.found.doubts.push(doubt);
    }
}

const NO_PRINCIPAL: &str = "has no Principal";

fn unknown_principal(name: &str) -> String {
    format!("names the unknown principal {name}")
}
