//! The `Principal` and `NotPrincipal` elements.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::audience::{Account, Group};
use super::document::Principal;
use super::pattern::has_wildcard;

/// Identity providers with which anyone can have an identity.
const PUBLIC_PROVIDERS: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// The beginnings of unique ids, which IAM writes in place of a deleted principal.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
const UNIQUE_IDS: [&str; 3] = ["AIDA", "ANPA", "AROA"];

/// The principals that a `Principal` element names.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Named {
    pub(super) group: Group,
    /// The unique ids of deleted principals.
    pub(super) deleted: Vec<String>,
    /// The names that are not understood.
    pub(super) unknown: Vec<String>,
}

enum Name {
    Of(Group),
    Deleted,
    Unknown,
}

/// Returns the principals that the element names, in a policy of the owner.
pub(super) fn named(principal: &Principal, owner: &str) -> Named {
    let mut named = Named::default();
    let mut add = |kind: &str, name: &str| match one(kind, name, owner) {
        Name::Of(group) => named.group = std::mem::take(&mut named.group).or(group),
        Name::Deleted => named.deleted.push(name.to_owned()),
        Name::Unknown => named.unknown.push(format!("{kind} {name}")),
    };
    match principal {
        Principal::Text(text) => add("AWS", text),
        Principal::Kinds(kinds) => {
            for (kind, names) in kinds {
                for name in names {
                    add(kind, name);
                }
            }
        }
    }
    named
}

/// Returns `true` if the element certainly names every principal. If a kind is written twice, one of the two may not
/// count.
pub(super) fn is_certainly_everyone(principal: &Principal) -> bool {
    match principal {
        Principal::Text(text) => text == "*",
        Principal::Kinds(kinds) => {
            let mut aws = kinds.iter().filter(|(kind, _)| kind == "AWS");
            let names = aws.next().map(|(_, names)| names);
            aws.next().is_none() && names.is_some_and(|names| names.iter().any(|name| name == "*"))
        }
    }
}

fn one(kind: &str, name: &str, owner: &str) -> Name {
    if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind) || name.is_empty() {
        return Name::Unknown;
    }
    if has_wildcard(name) {
        return Name::Of(Group::everyone());
    }
    match kind {
        "AWS" => aws(name, owner),
        "Service" => Name::Of(Group::services()),
        "Federated" => federated(name, owner),
        _ => Name::Of(Group::account(Account::Unknown)),
    }
}

fn aws(name: &str, owner: &str) -> Name {
    if is_account(name) {
        return Name::Of(account(name, owner));
    }
    if is_unique_id(name) {
        return Name::Deleted;
    }
    match arn(name) {
        Some(("iam" | "sts", id, _)) => Name::Of(account(id, owner)),
        _ => Name::Unknown,
    }
}

fn federated(name: &str, owner: &str) -> Name {
    if PUBLIC_PROVIDERS.contains(&name) {
        return Name::Of(Group::everyone());
    }
    match arn(name) {
        Some(("iam", id, resource))
            if resource.starts_with("oidc-provider/") || resource.starts_with("saml-provider/") =>
        {
            Name::Of(account(id, owner))
        }
        _ => Name::Unknown,
    }
}

/// Returns `true` if the text is the id of an account.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the principals of the account with this id.
pub(super) fn account(id: &str, owner: &str) -> Group {
    Group::account(if id == owner {
        Account::Own
    } else {
        Account::Id(id.to_owned())
    })
}

fn is_unique_id(name: &str) -> bool {
    UNIQUE_IDS.iter().any(|prefix| name.starts_with(prefix))
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Returns the service, account and resource of an ARN in any partition, or `None` if the ARN has no account.
fn arn(text: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, _, account, resource]
            if !partition.is_empty() && is_account(account) && !resource.is_empty() =>
        {
            Some((service, account, resource))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "111122223333";

    fn read(principal: &str) -> Principal {
        let document =
            format!(r#"{{"Statement": {{"Effect": "Allow", "Principal": {principal}}}}}"#);
        let document: crate::policy::PolicyDocument = serde_json::from_str(&document).unwrap();
        match document.statements()[0].principal.clone() {
            crate::policy::Element::Only(principal) => principal,
            other => panic!("{other:?} is not a Principal"),
        }
    }

    fn own() -> Group {
        Group::account(Account::Own)
    }

    fn other() -> Group {
        Group::account(Account::Id("444455556666".to_owned()))
    }

    #[test]
    fn each_form_of_a_principal_names_a_group() {
        for (principal, group) in [
            (r#""*""#, Group::everyone()),
            (r#"{"AWS": "*"}"#, Group::everyone()),
            (r#"{"AWS": ["111122223333", "*"]}"#, Group::everyone()),
            (r#"{"Service": "*"}"#, Group::everyone()),
            (r#"{"Federated": "*"}"#, Group::everyone()),
            (r#"{"AWS": "111122223333"}"#, own()),
            (r#""444455556666""#, other()),
            (r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, own()),
            (r#"{"AWS": "arn:aws-cn:iam::111122223333:root"}"#, own()),
            (
                r#"{"AWS": "arn:aws-us-gov:iam::444455556666:user/a/b"}"#,
                other(),
            ),
            (
                r#"{"AWS": "arn:aws-iso-b:iam::444455556666:role/r"}"#,
                other(),
            ),
            (
                r#"{"AWS": "arn:aws:sts::444455556666:assumed-role/r/s"}"#,
                other(),
            ),
            (
                r#"{"AWS": "arn:aws:sts::111122223333:federated-user/f"}"#,
                own(),
            ),
            (
                r#"{"AWS": ["111122223333", "444455556666"]}"#,
                own().or(other()),
            ),
            (r#"{"AWS": "arn:aws:iam::*:root"}"#, Group::everyone()),
            (
                r#"{"AWS": "arn:aws:iam::44445555666?:root"}"#,
                Group::everyone(),
            ),
            (r#"{"Service": "lambda.amazonaws.com"}"#, Group::services()),
            (
                r#"{"Service": ["a.amazonaws.com.cn", "b.amazonaws.com"]}"#,
                Group::services(),
            ),
            (r#"{"Service": "*.amazonaws.com"}"#, Group::everyone()),
            (
                r#"{"Federated": "arn:aws:iam::444455556666:oidc-provider/oidc.eks/id/A"}"#,
                other(),
            ),
            (
                r#"{"Federated": "arn:aws:iam::111122223333:saml-provider/corp"}"#,
                own(),
            ),
            (
                r#"{"Federated": "cognito-identity.amazonaws.com"}"#,
                Group::everyone(),
            ),
            (r#"{"Federated": "accounts.google.com"}"#, Group::everyone()),
            (r#"{"Federated": "graph.facebook.com"}"#, Group::everyone()),
            (r#"{"Federated": "www.amazon.com"}"#, Group::everyone()),
            (
                r#"{"CanonicalUser": "79a59d"}"#,
                Group::account(Account::Unknown),
            ),
            (r#"{"AWS": [], "Service": []}"#, Group::nobody()),
            (
                r#"{"AWS": "444455556666", "Service": "b.amazonaws.com"}"#,
                other().or(Group::services()),
            ),
        ] {
            let expected = Named {
                group,
                ..Named::default()
            };
            assert_eq!(named(&read(principal), OWNER), expected, "{principal}");
        }
    }

    #[test]
    fn a_unique_id_names_a_deleted_principal() {
        for id in [
            "AIDACKCEVSQ6C2EXAMPLE",
            "AROADBQP57FF2AEXAMPLE",
            "ANPADBQP57FF2AEXAMPLE",
        ] {
            let found = named(
                &read(&format!(r#"{{"AWS": ["{id}", "444455556666"]}}"#)),
                OWNER,
            );
            assert_eq!(found.deleted, [id]);
            assert_eq!(found.group, other());
            assert_eq!(found.unknown, [""; 0]);
        }
    }

    #[test]
    fn unknown_principals_are_returned() {
        for (principal, unknown) in [
            (r#"{"AWS": "1111"}"#, "AWS 1111"),
            (r#"{"AWS": "1111222233334"}"#, "AWS 1111222233334"),
            (r#"{"AWS": "AROAlowercase"}"#, "AWS AROAlowercase"),
            (
                r#"{"AWS": "ASIAIOSFODNN7EXAMPLE"}"#,
                "AWS ASIAIOSFODNN7EXAMPLE",
            ),
            (
                r#"{"AWS": "arn:aws:iam::aws:policy/p"}"#,
                "AWS arn:aws:iam::aws:policy/p",
            ),
            (
                r#"{"AWS": "arn:aws:s3::111122223333:b"}"#,
                "AWS arn:aws:s3::111122223333:b",
            ),
            (
                r#"{"AWS": "arn:aws:iam::111122223333:"}"#,
                "AWS arn:aws:iam::111122223333:",
            ),
            (r#"{"AWS": ""}"#, "AWS "),
            (r#""nobody""#, "AWS nobody"),
            (
                r#"{"Federated": "idp.example.com"}"#,
                "Federated idp.example.com",
            ),
            (
                r#"{"Federated": "arn:aws:iam::111122223333:role/r"}"#,
                "Federated arn:aws:iam::111122223333:role/r",
            ),
            (r#"{"aws": "111122223333"}"#, "aws 111122223333"),
            (r#"{"Robot": "*"}"#, "Robot *"),
        ] {
            let found = named(&read(principal), OWNER);
            assert_eq!(found.unknown, [unknown]);
            assert_eq!(found.group, Group::nobody(), "{principal}");
        }
    }

    #[test]
    fn only_a_single_aws_wildcard_is_certainly_everyone() {
        for (principal, everyone) in [
            (r#""*""#, true),
            (r#"{"AWS": "*"}"#, true),
            (
                r#"{"AWS": ["111122223333", "*"], "Service": "a.amazonaws.com"}"#,
                true,
            ),
            (r#"{"AWS": "*", "AWS": "111122223333"}"#, false),
            (r#"{"AWS": "arn:aws:iam::*:root"}"#, false),
            (r#"{"Service": "*"}"#, false),
            (r#"{"Federated": "*"}"#, false),
            (r#""**""#, false),
        ] {
            assert_eq!(
                is_certainly_everyone(&read(principal)),
                everyone,
                "{principal}"
            );
        }
    }
}
