//! The accounts to whose ECR repositories images can be pushed through a VPC endpoint.
//!
//! The policy of an endpoint limits who can send requests through it, and to which resources. Only the second protects
//! against the theft of data: someone inside the VPC can bring the credentials of another account.
//! Source: <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>.

mod accounts;
mod conditions;

use std::collections::BTreeSet;

use self::accounts::Accounts;
use self::conditions::{Limit, allowed_by, exempt_from};
use super::condition::{Comparison, Condition};
use super::context_key::Context;
use super::document::{Effect, Element, NotUnderstood, ResourcePolicy, Statement};
use super::limit::{allowed, exempt};
use super::pattern::{contains_arn, has_variable, overlap};
use super::principal::{is_account, is_certainly_everyone, named};
use super::service::ECR;

/// The actions that push an image.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html>.
const PUSH_ACTIONS: [&str; 4] = [
    "ecr:PutImage",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
];

/// The ECR repositories that a VPC endpoint reaches.
#[derive(Debug, Clone, Copy)]
pub struct Registries<'a> {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The Region of the service.
    pub region: &'a str,
    /// The ids of the accounts to whose repositories images may be pushed.
    pub known: &'a BTreeSet<String>,
}

/// The accounts to whose repositories a policy allows images to be pushed, from few to many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destinations {
    /// Only known accounts, only accounts of named organizations, or none.
    Known,
    /// Accounts that are not known, but only for some principals.
    ForSomePrincipals,
    /// It is not certain whether there are other accounts, since they depend on this part of the policy.
    Unclear(NotUnderstood),
    /// At least these accounts, which are not known.
    Others(BTreeSet<String>),
    /// Any account.
    Any,
}

/// A reason why it is not certain that images can be pushed.
#[derive(Debug, Clone)]
enum Doubt {
    Principals,
    Unclear(NotUnderstood),
}

/// The accounts that are not known and to which a statement allows images to be pushed.
#[derive(Debug, Clone)]
struct Allowed {
    accounts: Accounts,
    doubt: Option<Doubt>,
}

/// The repositories that a statement covers.
struct Target {
    /// The pattern of their ARNs.
    pattern: String,
    accounts: Accounts,
    /// `true` if the accounts depend on the value of a policy variable.
    is_variable: bool,
}

/// A denial to every principal, with the exceptions that its conditions and its principals make.
struct Denial<'a> {
    statement: &'a Statement,
    accounts: Accounts,
    exempts_principals: bool,
    unclear: Option<NotUnderstood>,
}

impl Destinations {
    /// Returns the accounts to whose repositories images can be pushed under the policy of an endpoint. Without a
    /// policy, or with an empty one, the default policy of AWS applies, which allows everything.
    pub fn of(policy: Option<&ResourcePolicy>, registries: Registries<'_>) -> Self {
        let Some(policy) = policy.filter(|policy| **policy != ResourcePolicy::default()) else {
            return Self::Any;
        };
        let reader = Reader {
            registries,
            repositories: registries.repositories(),
        };
        let of_effect = |effect| {
            let statements = policy.statements.iter();
            statements.filter(move |statement| statement.effect == effect)
        };
        let denials: Vec<Denial<'_>> = of_effect(Effect::Deny)
            .filter_map(|statement| reader.denial(statement))
            .collect();
        let found = of_effect(Effect::Allow)
            .flat_map(|statement| reader.reached(statement, &denials))
            .collect();
        conclude(found, policy)
    }
}

impl Registries<'_> {
    /// Returns the pattern of the ARNs of all repositories.
    fn repositories(&self) -> String {
        let Self {
            partition, region, ..
        } = self;
        format!("arn:{partition}:ecr:{region}:????????????:repository/*")
    }
}

/// Returns the widest of the results.
fn conclude(found: Vec<Allowed>, policy: &ResourcePolicy) -> Destinations {
    let mut accounts = Accounts::none();
    let mut for_some_principals = false;
    let mut unclear = None;
    for one in found {
        match one.doubt {
            None => accounts = accounts.or(one.accounts),
            Some(Doubt::Principals) => for_some_principals = true,
            Some(Doubt::Unclear(problem)) => unclear = unclear.or(Some(problem)),
        }
    }
    let unclear = unclear.or_else(|| policy.not_understood.first().cloned());
    match (accounts, unclear) {
        (Accounts::Any, _) => Destinations::Any,
        (Accounts::Listed(others), _) if !others.is_empty() => Destinations::Others(others),
        (_, Some(problem)) => Destinations::Unclear(problem),
        (_, None) if for_some_principals => Destinations::ForSomePrincipals,
        (_, None) => Destinations::Known,
    }
}

struct Reader<'a> {
    registries: Registries<'a>,
    /// The pattern of the ARNs of all repositories.
    repositories: String,
}

impl Reader<'_> {
    /// Returns the accounts to which a statement that allows something lets images be pushed, after denials.
    fn reached(&self, statement: &Statement, denials: &[Denial<'_>]) -> Vec<Allowed> {
        let Some(allowed) = self.allowed(statement) else {
            return Vec::new();
        };
        let targets = self.targets(&statement.resource);
        let actions = PUSH_ACTIONS
            .into_iter()
            .filter(|action| statement.covers(action));
        actions
            .flat_map(|action| targets.iter().map(move |target| (action, target)))
            .filter_map(|(action, target)| {
                let mut left = allowed.clone();
                left.accounts = left.accounts.within(&target.accounts);
                if target.is_variable {
                    left.add_doubt(Doubt::Unclear(variable(statement)));
                }
                let left = (!left.accounts.is_none()).then_some(left)?;
                denials
                    .iter()
                    .filter(|denial| denial.statement.covers(action))
                    .try_fold(left, |left, denial| self.after(denial, left, target))
            })
            .collect()
    }

    /// Returns the accounts to which the conditions and the principals of a statement limit it; `None` if these are
    /// known.
    fn allowed(&self, statement: &Statement) -> Option<Allowed> {
        let unclear = |reason: String| Some(Doubt::Unclear(problem(statement, reason)));
        let conditions = match &statement.conditions {
            Ok(conditions) => conditions,
            Err(problem) => {
                return Some(Allowed {
                    accounts: Accounts::Any,
                    doubt: Some(Doubt::Unclear(problem.clone())),
                });
            }
        };
        let mut accounts = Accounts::Any;
        let mut not_evaluated = None;
        for condition in conditions {
            match allowed_by(condition, conditions, self.registries.known) {
                Some(Limit::To(limit)) => accounts = accounts.within(&limit),
                None if requires_tls(condition, "true") => {}
                Some(Limit::Unclear) | None => not_evaluated = not_evaluated.or(Some(condition)),
            }
        }
        if accounts.is_none() {
            return None;
        }
        let names_everyone = match &statement.principal {
            Element::Only(principal) => named(principal, "").group.everyone,
            Element::AllBut(_) => true,
            Element::Absent => {
                return Some(Allowed {
                    accounts,
                    doubt: unclear("has no Principal".to_owned()),
                });
            }
        };
        // Everyone inside the VPC is in its network, so networks limit nobody.
        let audience = allowed(conditions, CONTEXT);
        let is_limited = audience
            .groups()
            .any(|group| !group.everyone && !group.networks);
        let doubt = if !names_everyone || is_limited {
            Some(Doubt::Principals)
        } else {
            not_evaluated.and_then(|condition| unclear(not_evaluated_reason(condition)))
        };
        Some(Allowed { accounts, doubt })
    }

    /// Returns the denial that a statement makes, or `None` if it may leave any principal able to push to any account.
    fn denial<'a>(&self, statement: &'a Statement) -> Option<Denial<'a>> {
        let mut denial = Denial {
            statement,
            accounts: Accounts::none(),
            exempts_principals: false,
            unclear: None,
        };
        match &statement.principal {
            Element::Only(principal) if is_certainly_everyone(principal) => {}
            Element::AllBut(principal) if !named(principal, "").group.everyone => {
                denial.exempts_principals = true;
            }
            // A denial for some principals does not affect the others.
            Element::Only(_) | Element::AllBut(_) => return None,
            Element::Absent => {
                denial.unclear = Some(problem(statement, "has no Principal".to_owned()));
            }
        }
        if statement.action == Element::Absent {
            return None;
        }
        let conditions = match &statement.conditions {
            Ok(conditions) => conditions.as_slice(),
            Err(problem) => {
                denial.unclear = Some(problem.clone());
                &[]
            }
        };
        for condition in conditions {
            match exempt_from(condition, self.registries.known) {
                Some(Limit::To(Accounts::Any)) => return None,
                Some(Limit::To(accounts)) => denial.accounts = denial.accounts.or(accounts),
                Some(Limit::Unclear) => denial.add_unclear(condition),
                None => denial.add_exempt_principals(condition)?,
            }
        }
        Some(denial)
    }

    /// Returns what a denial leaves of the allowed accounts; `None` if it leaves none.
    fn after(&self, denial: &Denial<'_>, mut left: Allowed, target: &Target) -> Option<Allowed> {
        let exempt = match &denial.statement.resource {
            Element::Only(patterns) => {
                let mut patterns = patterns.iter();
                if !patterns.any(|pattern| contains_arn(pattern, &target.pattern)) {
                    return Some(left);
                }
                Vec::new()
            }
            Element::AllBut(patterns) => {
                let patterns = patterns.iter();
                let exempt = patterns.filter_map(|pattern| self.target(pattern, &target.pattern));
                exempt.collect()
            }
            Element::Absent => return Some(left),
        };
        if exempt.iter().any(|target| target.is_variable) {
            left.add_doubt(Doubt::Unclear(variable(denial.statement)));
            return Some(left);
        }
        let accounts = exempt
            .into_iter()
            .fold(denial.accounts.clone(), |all, one| all.or(one.accounts));
        if let Some(problem) = &denial.unclear
            && accounts != Accounts::Any
        {
            left.add_doubt(Doubt::Unclear(problem.clone()));
            return Some(left);
        }
        let exempt = left.accounts.clone().within(&accounts);
        match (exempt.is_none(), denial.exempts_principals) {
            (true, false) => return None,
            (true, true) => left.add_doubt(Doubt::Principals),
            (false, false) => left.accounts = exempt,
            // The exempt principals can push to more accounts than the others.
            (false, true) => {}
        }
        Some(left)
    }

    /// Returns the repositories that an element covers, without those of known accounts.
    fn targets(&self, resource: &Element<Vec<String>>) -> Vec<Target> {
        let all = || Target {
            pattern: self.repositories.clone(),
            accounts: Accounts::Any,
            is_variable: false,
        };
        match resource {
            Element::Only(patterns) => patterns
                .iter()
                .filter_map(|pattern| self.target(pattern, &self.repositories))
                .collect(),
            Element::AllBut(patterns) => {
                let mut patterns = patterns.iter();
                let is_none = patterns.any(|pattern| contains_arn(pattern, &self.repositories));
                (!is_none).then(all).into_iter().collect()
            }
            Element::Absent => vec![all()],
        }
    }

    /// Returns the repositories that a pattern and a scope have in common; `None` if there are none, or if all of them
    /// are of known accounts.
    fn target(&self, pattern: &str, scope: &str) -> Option<Target> {
        let common = overlap(pattern, scope)?;
        let account = common.split(':').nth(4).unwrap_or_default();
        if is_account(account) {
            let is_known = self.registries.known.contains(account);
            let accounts = Accounts::one(account);
            return (!is_known).then_some(Target {
                pattern: common,
                accounts,
                is_variable: false,
            });
        }
        // The account is the fifth part of an ARN.
        let is_variable = has_variable(pattern)
            && pattern
                .split_once("${")
                .is_some_and(|(before, _)| before.matches(':').count() < 5);
        Some(Target {
            pattern: common,
            accounts: Accounts::Any,
            is_variable,
        })
    }
}

impl Allowed {
    fn add_doubt(&mut self, doubt: Doubt) {
        self.doubt.get_or_insert(doubt);
    }
}

impl Denial<'_> {
    fn add_unclear(&mut self, condition: &Condition) {
        let reason = not_evaluated_reason(condition);
        let problem = || problem(self.statement, reason);
        self.unclear = self.unclear.take().or_else(|| Some(problem()));
    }

    /// Adds the principals that a condition exempts. Returns `None` if it exempts any principal.
    fn add_exempt_principals(&mut self, condition: &Condition) -> Option<()> {
        match exempt(std::slice::from_ref(condition), CONTEXT) {
            Some(group) if group.networks => self.add_unclear(condition),
            Some(group) => {
                self.exempts_principals |=
                    !group.accounts.is_empty() || !group.organizations.is_empty();
            }
            // A principal can meet or fail other conditions about itself and about the transport.
            None if is_about_principals(condition) || requires_tls(condition, "false") => {
                return None;
            }
            None => self.add_unclear(condition),
        }
        Some(())
    }
}

/// The context in which conditions on principals are read. There is no owner that they could name.
const CONTEXT: Context<'_> = Context {
    owner: "",
    service: &ECR,
};

/// Returns `true` for a condition on the use of TLS, without which ECR answers no request.
fn requires_tls(condition: &Condition, value: &str) -> bool {
    condition.is_on("aws:SecureTransport")
        && condition.operator.comparison == Comparison::Bool
        && condition
            .values
            .iter()
            .all(|one| one.eq_ignore_ascii_case(value))
}

fn is_about_principals(condition: &Condition) -> bool {
    const PREFIX: &str = "aws:principal";
    let key = condition.key.to_ascii_lowercase();
    key.starts_with(PREFIX)
}

fn problem(statement: &Statement, reason: String) -> NotUnderstood {
    NotUnderstood {
        statement: Some(statement.id.clone()),
        reason,
    }
}

fn not_evaluated_reason(condition: &Condition) -> String {
    format!("has a condition on {} that is not evaluated", condition.key)
}

fn variable(statement: &Statement) -> NotUnderstood {
    let reason = "names an account by a policy variable".to_owned();
    problem(statement, reason)
}
