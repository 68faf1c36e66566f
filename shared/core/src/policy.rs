//! IAM policy documents, as far as checks must understand them.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. Every element that
//! may be one value or a list is read either way.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PolicyDocument {
    #[serde(rename = "Statement")]
    statements: Several<Statement>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
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
    Of(BTreeMap<String, Several<String>>),
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

    /// Whether a statement allows every action on every resource.
    pub fn allows_everything(&self) -> bool {
        self.allowing().any(|statement| {
            let every = |list: &Option<Several<String>>, all: fn(&str) -> bool| {
                list.as_ref()
                    .is_some_and(|list| list.iter().any(|pattern| all(pattern)))
            };
            let all_but_none = statement
                .not_action
                .as_ref()
                .is_some_and(|none| none.iter().next().is_none());
            (every(&statement.action, is_every_action) || all_but_none)
                && every(&statement.resource, is_every_resource)
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
            (None, None) => false,
        }
    }

    fn principals(&self) -> Vec<String> {
        match (&self.principal, &self.not_principal) {
            (Some(Principal::Everyone(everyone)), _) => vec![everyone.clone()],
            (Some(Principal::Of(kinds)), _) => kinds
                .iter()
                .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind} {name}")))
                .collect(),
            (None, Some(_)) => vec!["everyone but NotPrincipal".to_owned()],
            (None, None) => Vec::new(),
        }
    }
}

fn is_every_action(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c == '*' || c == ':') && pattern.contains('*')
}

fn is_every_resource(pattern: &str) -> bool {
    let pattern = pattern.strip_prefix("arn:").unwrap_or(pattern);
    is_every_action(pattern)
}

fn action_matches(pattern: &str, action: &str) -> bool {
    wildmatch::WildMatch::new_case_insensitive(pattern).matches(action)
}

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
