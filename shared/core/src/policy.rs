//! IAM policy documents, as far as checks must understand them.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. Every element that
//! may be one value or a list is read either way. What is not understood is an error, never passed over: it might
//! grant something.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};

/// A policy document.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    #[serde(rename = "Version", default)]
    _version: Ignored,
    #[serde(rename = "Id", default)]
    _id: Ignored,
    #[serde(rename = "Statement")]
    statements: Several<Statement>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid", default)]
    _sid: Ignored,
    effect: Effect,
    #[serde(default)]
    principal: Option<Principal>,
    #[serde(default)]
    not_principal: Option<Principal>,
    #[serde(default)]
    action: Option<Several<String>>,
    #[serde(default)]
    not_action: Option<Several<String>>,
    #[serde(default)]
    resource: Option<Several<String>>,
    #[serde(default)]
    not_resource: Option<Several<String>>,
    #[serde(rename = "Condition", default)]
    _condition: Ignored,
}

/// A member that is known, and of no matter.
#[derive(Debug, Clone, Default, PartialEq)]
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Principal {
    Everyone(String),
    Of(Kinds),
}

/// Names by the kind of who they name. A kind that is written twice is there twice.
#[derive(Debug, Clone, PartialEq)]
struct Kinds(Vec<(String, Several<String>)>);

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Kinds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("principals by kind")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kinds, A::Error> {
                let mut kinds = Vec::new();
                while let Some(kind) = map.next_entry()? {
                    kinds.push(kind);
                }
                if kinds.is_empty() {
                    return Err(de::Error::custom("no principal is named"));
                }
                Ok(Kinds(kinds))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Several<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> Several<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::Many(many) => many.iter(),
            Self::One(one) => std::slice::from_ref(one).iter(),
        }
    }
}

const ASSUMING: [&str; 3] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
];

impl PolicyDocument {
    /// Who may assume a role with this trust policy, each as `Service eks.amazonaws.com`, `AWS arn:…`, `*`.
    /// Conditions and denials are not weighed: they narrow what is granted, but grant nothing.
    pub fn trusted_principals(&self) -> Vec<String> {
        let mut trusted: Vec<String> = self
            .allowing()
            .filter(|statement| ASSUMING.iter().any(|action| statement.covers(action)))
            .flat_map(Statement::principals)
            .collect();
        trusted.sort();
        trusted.dedup();
        trusted
    }

    /// Whether a statement allows every action on every resource of a partition. Conditions and denials are not weighed.
    pub fn allows_everything(&self) -> bool {
        self.allowing().any(|statement| {
            all(
                statement.action.as_ref(),
                statement.not_action.as_ref(),
                is_every_action,
            ) && all(
                statement.resource.as_ref(),
                statement.not_resource.as_ref(),
                is_every_resource,
            )
        })
    }

    fn allowing(&self) -> impl Iterator<Item = &Statement> {
        self.statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow)
    }
}

impl Statement {
    fn covers(&self, action: &str) -> bool {
        let matches = |pattern: &String| action_matches(pattern, action);
        match (&self.action, &self.not_action) {
            (Some(actions), _) => actions.iter().any(matches),
            (None, Some(others)) => !others.iter().any(matches),
            // What does not say which may mean any.
            (None, None) => true,
        }
    }

    fn principals(&self) -> Vec<String> {
        match (&self.principal, &self.not_principal) {
            (Some(Principal::Everyone(everyone)), _) => vec![everyone.clone()],
            (Some(Principal::Of(Kinds(kinds))), _) => kinds
                .iter()
                .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind} {name}")))
                .collect(),
            (None, Some(_)) => vec!["everyone but NotPrincipal".to_owned()],
            (None, None) => vec!["whoever, since there is no Principal".to_owned()],
        }
    }
}

/// Whether a list, or the list of what is not meant, comes to everything.
fn all(
    these: Option<&Several<String>>,
    others: Option<&Several<String>>,
    is_every: fn(&str) -> bool,
) -> bool {
    let any_is_every = |list: &Several<String>| list.iter().any(|pattern| is_every(pattern));
    let excepts_nothing = |list: &Several<String>| list.iter().next().is_none();
    these.is_some_and(any_is_every) || others.is_some_and(excepts_nothing)
}

/// A pattern that two actions fit which have nothing in common is one that all fit: no letter can be in it.
fn is_every_action(pattern: &str) -> bool {
    ["zz:zzz", "qqq-qq:qqqqqqq"]
        .iter()
        .all(|action| action_matches(pattern, action))
}

/// The same of two resources of the partition that the pattern names, or else of any.
fn is_every_resource(pattern: &str) -> bool {
    let named = pattern.split(':').nth(1);
    let partition = named
        .filter(|name| !name.contains(['*', '?']))
        .unwrap_or("aws");
    ["zz:::zz", "qqq-qq:us-east-1:111122223333:qqq/qq"]
        .iter()
        .all(|rest| wildmatch::WildMatch::new(pattern).matches(&format!("arn:{partition}:{rest}")))
}

fn action_matches(pattern: &str, action: &str) -> bool {
    wildmatch::WildMatch::new_case_insensitive(pattern).matches(action)
}

#[cfg(test)]
mod shapes;

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statement: &str) -> PolicyDocument {
        serde_json::from_str(&format!(
            r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn principals_in_every_legal_shape() {
        for (statement, trusted) in [
            (
                r#"{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
                vec!["Service eks.amazonaws.com"],
            ),
            (
                r#"[{"Effect":"Allow","Principal":{"Service":["eks.amazonaws.com","ec2.amazonaws.com"]},"Action":["sts:TagSession","sts:AssumeRole"]}]"#,
                vec!["Service ec2.amazonaws.com", "Service eks.amazonaws.com"],
            ),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"sts:*"}"#,
                vec!["*"],
            ),
            (
                r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"STS:assumerole"}"#,
                vec!["AWS arn:aws:iam::1:root"],
            ),
            (
                r#"{"Effect":"Allow","Principal":{"Federated":"idp"},"Action":"sts:AssumeRoleWithWebIdentity"}"#,
                vec!["Federated idp"],
            ),
            (
                r#"{"Effect":"Allow","NotPrincipal":{"AWS":"x"},"Action":"*"}"#,
                vec!["everyone but NotPrincipal"],
            ),
            (
                r#"{"Effect":"Allow","Principal":{"AWS":"x"},"NotAction":"iam:*"}"#,
                vec!["AWS x"],
            ),
            (
                r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#,
                vec![],
            ),
            (
                r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:TagSession"}"#,
                vec![],
            ),
            ("[]", vec![]),
        ] {
            assert_eq!(
                document(statement).trusted_principals(),
                trusted,
                "{statement}"
            );
        }
    }

    #[test]
    fn everything_is_every_action_on_every_resource() {
        for (statement, everything) in [
            (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, true),
            (
                r#"[{"Effect":"Allow","Action":["s3:Get*","*:*"],"Resource":["*"]}]"#,
                true,
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"arn:*:*:*:*:*"}"#,
                true,
            ),
            (r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, false),
            (
                r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#,
                false,
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/*"}"#,
                false,
            ),
            (
                r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#,
                false,
            ),
            (r#"{"Effect":"Allow","NotAction":[],"Resource":"*"}"#, true),
        ] {
            assert_eq!(
                document(statement).allows_everything(),
                everything,
                "{statement}"
            );
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"Statement": {"Effect": "Perhaps"}}"#,
            r#"{"Statement": "all"}"#,
        ] {
            assert!(
                serde_json::from_str::<PolicyDocument>(text).is_err(),
                "{text}"
            );
        }
    }
}
