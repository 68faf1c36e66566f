//! The permissions of a role's policies, and the principals that may assume the role. Conditions and denials are not
//! evaluated, since they limit grants but grant nothing.

use super::document::{Element, PolicyDocument, Principal, Statement};
use super::pattern::{is_every_action, is_every_resource};

const ASSUME_ACTIONS: [&str; 3] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
];

impl PolicyDocument {
    /// Returns the principals that may assume a role with this trust policy, in forms such as `Service
    /// eks.amazonaws.com`, `AWS arn:…` and `*`. Conditions and denials are not evaluated.
    pub fn trusted_principals(&self) -> Vec<String> {
        let mut trusted: Vec<String> = self
            .allowing()
            .filter(|statement| ASSUME_ACTIONS.iter().any(|action| statement.covers(action)))
            .flat_map(principals)
            .collect();
        trusted.sort();
        trusted.dedup();
        trusted
    }

    /// Returns `true` if a statement allows every action on every resource of a partition. Conditions and denials are
    /// not evaluated.
    pub fn allows_everything(&self) -> bool {
        self.allowing().any(|statement| {
            lists_all(&statement.action, is_every_action)
                && lists_all(&statement.resource, is_every_resource)
        })
    }
}

fn principals(statement: &Statement) -> Vec<String> {
    match &statement.principal {
        Element::Only(Principal::Text(everyone)) => vec![everyone.clone()],
        Element::Only(Principal::Kinds(kinds)) => kinds
            .iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind} {name}")))
            .collect(),
        Element::AllBut(_) => vec!["everyone except NotPrincipal".to_owned()],
        Element::Absent => vec!["everyone, since the statement has no Principal".to_owned()],
    }
}

/// Returns `true` if the list covers everything.
fn lists_all(list: &Element<Vec<String>>, is_every: fn(&str) -> bool) -> bool {
    match list {
        Element::Only(patterns) => patterns.iter().any(|pattern| is_every(pattern)),
        Element::AllBut(patterns) => patterns.is_empty(),
        Element::Absent => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::PolicyDocument;

    fn document(statement: &str) -> PolicyDocument {
        serde_json::from_str(&format!(
            r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn trusted_principals_are_read_in_every_valid_form() {
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
                vec!["everyone except NotPrincipal"],
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
    fn documents_that_are_not_policies_are_rejected() {
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
