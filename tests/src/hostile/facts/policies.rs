//! Resource-based policies with hostile names in their statements.

use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use eksentry_core::{
    Fact, Unread,
    facts::{
        AttachedPolicy, List,
        registry::{CreationTemplate, RegistryPolicy, RegistryPolicyScope},
    },
    policy::{ECR, OrganizationPath, Service},
};
use serde_json::{Value, json};

use super::{
    super::texts::{text, text_of},
    fact,
};

/// The most characters of a name in a policy, of which services accept at most 32 KB.
const NAME: usize = 3_000;

pub(super) fn attached(
    service: &'static Service,
    bytes: &mut Unstructured<'_>,
) -> Result<Arc<AttachedPolicy>> {
    let count = *bytes.choose(&[0, 1, 1, 2, 3, 30])?;
    let statements = (0..count).map(|_| statement(bytes));
    let statements = statements.collect::<Result<Vec<Value>>>()?;
    let written = json!({"Statement": statements}).to_string();
    let parse = |text: &str| serde_json::from_str(text);
    let policy = AttachedPolicy::read(written, "111122223333", service, parse);
    Ok(Arc::new(policy.expect("it is an object")))
}

pub(super) fn of_registry(
    bytes: &mut Unstructured<'_>,
) -> Result<Fact<Option<Arc<RegistryPolicy>>>> {
    let policy = RegistryPolicy {
        policy: attached(&ECR, bytes)?,
        scope: fact(
            *bytes.choose(&[RegistryPolicyScope::V1, RegistryPolicyScope::V2])?,
            bytes,
        )?,
    };
    let is_there: bool = bytes.arbitrary()?;
    fact(is_there.then(|| Arc::new(policy)), bytes)
}

pub(super) fn templates(bytes: &mut Unstructured<'_>) -> Result<List<CreationTemplate>> {
    let count = *bytes.choose(&[0, 1, 30])?;
    let template = |bytes: &mut Unstructured<'_>| {
        let is_there: bool = bytes.arbitrary()?;
        let policy = is_there.then(|| attached(&ECR, bytes)).transpose()?;
        Ok(CreationTemplate {
            prefix: text(bytes)?,
            policy: fact(policy, bytes)?,
        })
    };
    let items = (0..count).map(|_| template(bytes)).collect::<Result<_>>()?;
    let missing: Option<Unread> = fact((), bytes)?.err();
    Ok(List { items, missing })
}

pub(super) fn organization(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<OrganizationPath>>> {
    let known: bool = bytes.arbitrary()?;
    let own = known.then(|| "o-own".parse().expect("it is an id"));
    fact(own, bytes)
}

fn statement(bytes: &mut Unstructured<'_>) -> Result<Value> {
    let hostile = text_of(bytes, NAME)?;
    let principal = match bytes.int_in_range(0..=6)? {
        0 | 1 => json!("*"),
        2 => json!({"AWS": ["444455556666", "111122223333"]}),
        3 => json!({"AWS": (0..200).map(|n| format!("{n:012}")).collect::<Vec<_>>()}),
        4 => json!({"AWS": format!("AROA{}", "X".repeat(NAME))}),
        5 => json!({"Service": hostile}),
        _ => json!({"AWS": hostile}),
    };
    let action = match bytes.int_in_range(0..=4)? {
        0 => json!("*"),
        1 => json!(["ecr:BatchGetImage", "kms:DescribeKey"]),
        2 => json!(["ecr:Put*", "kms:Decrypt", "ecr:ReplicateImage"]),
        3 => json!(format!("ecr:{}", text_of(bytes, NAME)?)),
        _ => json!([text_of(bytes, NAME)?]),
    };
    let condition = match bytes.int_in_range(0..=3)? {
        0 | 1 => json!({}),
        2 => json!({"StringEquals": {"aws:PrincipalOrgID": format!("o-{}", "a".repeat(NAME))}}),
        _ => json!({text_of(bytes, NAME)?: {"aws:PrincipalOrgID": "o-own"}}),
    };
    Ok(json!({
        "Sid": text_of(bytes, NAME)?,
        "Effect": bytes.choose(&["Allow", "Allow", "Deny"])?,
        "Principal": principal,
        "Action": action,
        "Resource": bytes.choose(&["*", "arn:aws:ecr:*:*:repository/*", "\u{202e}*"])?,
        "Condition": condition,
    }))
}
