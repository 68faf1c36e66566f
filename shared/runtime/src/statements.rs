//! The statements of policies that allow reading: permissions that may share a statement, without allowing more than
//! each of them needs.

use std::collections::BTreeMap;

use eksentry_collectors::{Arns, Permission, Switch};

use crate::place::LIST_REGIONS;

/// A statement: actions, and the ARNs of all of them together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The actions.
    pub actions: Vec<&'static str>,
    /// The ARNs, each with the service that they belong to.
    pub arns: Vec<(&'static str, Arns)>,
}

/// The key that groups permissions into one statement, so that no statement allows more than its actions need.
/// Statements on `*` come first: IAM defines no resource for their actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The permissions on everything.
    Any,
    /// The permissions on the account's own resources in a Region.
    InRegion,
    /// The permissions on the resources of any account in a Region.
    OfAnyAccount,
    /// The permissions on resources in any account and Region.
    Anywhere,
    /// The account's own resources without a Region, or AWS's own, by the end of their ARNs.
    Global(&'static str),
    /// The permission to list the Regions, which is needed only if all of them are evaluated.
    ListRegions,
    /// The permissions that a parameter of the stack grants, on everything.
    GrantedOnAny(Switch),
    /// The permissions that a parameter of the stack grants, on the account's own resources.
    GrantedInRegion(Switch),
}

impl Group {
    /// Returns the group of a permission.
    pub fn of(permission: &Permission) -> Self {
        match (permission.granted_by, permission.on) {
            _ if *permission == LIST_REGIONS => Self::ListRegions,
            (Some(switch), [Arns::InRegion(_), ..]) => Self::GrantedInRegion(switch),
            (Some(switch), _) => Self::GrantedOnAny(switch),
            (None, [Arns::InRegion(_), ..]) => Self::InRegion,
            (None, [Arns::OfAnyAccount(_), ..]) => Self::OfAnyAccount,
            (None, [Arns::Anywhere(_), ..]) => Self::Anywhere,
            (None, [Arns::Global(end) | Arns::OfAws(end), ..]) => Self::Global(end),
            (None, [Arns::Any, ..] | []) => Self::Any,
        }
    }
}

/// Returns the statements with these permissions. `key` may divide a group further, for statements with different
/// conditions.
pub fn statements<K: Ord>(
    permissions: &[Permission],
    key: impl Fn(Group, &Permission) -> K,
) -> BTreeMap<(Group, K), Statement> {
    let mut statements: BTreeMap<_, Statement> = BTreeMap::new();
    for permission in permissions {
        let group = Group::of(permission);
        let statement = statements.entry((group, key(group, permission)));
        let statement = statement.or_default();
        if !statement.actions.contains(&permission.action) {
            statement.actions.push(permission.action);
        }
        for arns in permission.on {
            let arns = (permission.service(), *arns);
            if !statement.arns.contains(&arns) {
                statement.arns.push(arns);
            }
        }
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_only_its_resources() {
        let clusters = &[Arns::InRegion("cluster/*")];
        let permissions = [
            Permission::new("eks:Get", clusters),
            Permission::new("eks:Read", clusters),
            Permission::new("eks:List", &[Arns::Any]),
            Permission::new("kms:Read", &[Arns::OfAnyAccount("key/*")]),
            Permission::new("ecr:Get", clusters).granted_by(Switch::ImageConfigurations),
        ];
        let statements = statements(&permissions, |_, _| ());
        let found = statements.into_iter().map(|((group, ()), statement)| {
            let arns = statement.arns.len();
            (group, statement.actions, arns)
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (Group::Any, vec!["eks:List"], 1),
                (Group::InRegion, vec!["eks:Get", "eks:Read"], 1),
                (Group::OfAnyAccount, vec!["kms:Read"], 1),
                (
                    Group::GrantedInRegion(Switch::ImageConfigurations),
                    vec!["ecr:Get"],
                    1
                ),
            ]
        );
    }
}
