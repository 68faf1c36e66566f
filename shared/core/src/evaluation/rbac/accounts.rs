//! The service accounts to which bindings grant rights.

use super::built_in::is_built_in_subject;
use super::{is_left_alone, lists_all_roles};
use crate::facts::kubernetes::{ApiList, Binding, KubernetesCluster, RoleSubject};
use crate::facts::{Fact, Unread};
use crate::reason_code::ReasonCode;

/// The group of all service accounts. With a colon and a namespace, it is that of the accounts in the namespace.
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/>.
const ALL_ACCOUNTS: &str = "system:serviceaccounts";

/// Returns `true` if a binding grants a role to a service account, by its name or by a group of service accounts. The
/// bindings that Kubernetes creates for such groups do not count, since they exist in each cluster.
pub(crate) fn is_bound(facts: &KubernetesCluster, namespace: &str, name: &str) -> Fact<bool> {
    let in_namespace = format!("{ALL_ACCOUNTS}:{namespace}");
    let mut has_unread_subjects = false;
    for (binding_name, binding) in &facts.rbac.bindings {
        if is_left_alone(facts, binding_name) || is_dangling(facts, binding) {
            continue;
        }
        has_unread_subjects |= binding.has_unread_subjects;
        let is_meant = |subject: &RoleSubject| match subject {
            RoleSubject::Group(group) => {
                [ALL_ACCOUNTS, &in_namespace].contains(&group.as_str())
                    && !is_built_in_subject(binding_name, binding, subject)
            }
            RoleSubject::User(_) | RoleSubject::ServiceAccount { .. } => {
                subject.service_account() == Some((namespace, name))
            }
        };
        if binding.subjects.iter().any(is_meant) {
            return Ok(true);
        }
    }
    let lists = [ApiList::ClusterRoleBindings, ApiList::RoleBindings];
    if let Some(unread) = lists.into_iter().find_map(|list| facts.unread(list)) {
        return Err(unread);
    }
    if has_unread_subjects {
        return Err(Unread {
            code: ReasonCode::ReadFailed,
            text: "A subject of a binding has an unknown type or value.".to_owned(),
        });
    }
    Ok(false)
}

/// Returns `true` if the role of a binding certainly does not exist, so that the binding grants nothing.
fn is_dangling(facts: &KubernetesCluster, binding: &Binding) -> bool {
    binding
        .role
        .as_ref()
        .is_some_and(|role| !facts.rbac.roles.contains_key(role) && lists_all_roles(facts, role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::unread;
    use crate::evaluation::rbac::tests::{add_role, bind, empty, name, rule};
    use crate::facts::kubernetes::Namespace;

    /// Returns a cluster in which these subjects have a role.
    fn bound(subjects: &[&str]) -> KubernetesCluster {
        let mut facts = empty();
        add_role(
            &mut facts,
            ("shop", "reader"),
            &[rule("get", "", "pods", "")],
        );
        bind(&mut facts, ("shop", "reader"), ("shop", "reader"), subjects);
        facts
    }

    #[test]
    fn a_binding_names_an_account_or_a_group_of_accounts() {
        for (subject, expected) in [
            ("ServiceAccount:shop/web", true),
            ("User:system:serviceaccount:shop:web", true),
            ("Group:system:serviceaccounts", true),
            ("Group:system:serviceaccounts:shop", true),
            ("ServiceAccount:bank/web", false),
            ("ServiceAccount:shop/webs", false),
            ("Group:system:serviceaccounts:bank", false),
            ("Group:system:authenticated", false),
            ("Group:system:serviceaccount:shop:web", false),
            ("User:web", false),
        ] {
            let found = is_bound(&bound(&[subject]), "shop", "web");
            assert_eq!(found, Ok(expected), "{subject}");
        }
    }

    #[test]
    fn bindings_that_grant_nothing_do_not_count() {
        let account = &["ServiceAccount:shop/web"];
        let mut dangling = empty();
        bind(&mut dangling, ("shop", "b"), ("shop", "gone"), account);
        assert_eq!(is_bound(&dangling, "shop", "web"), Ok(false));
        // The role may be one that was not read.
        dangling.lists.insert(ApiList::Roles, Err(unread()));
        assert_eq!(is_bound(&dangling, "shop", "web"), Ok(true));

        let mut ending = bound(account);
        let namespace = Namespace {
            is_terminating: true,
            ..Namespace::default()
        };
        ending.namespaces.insert("shop".into(), namespace);
        assert_eq!(is_bound(&ending, "shop", "web"), Ok(false));
    }

    #[test]
    fn the_binding_that_kubernetes_creates_for_all_accounts_does_not_count() {
        let role = "system:service-account-issuer-discovery";
        let group = &["Group:system:serviceaccounts"];
        for (binding, expected) in [(role, false), ("mine", true)] {
            let mut facts = empty();
            add_role(&mut facts, ("", role), &[]);
            bind(&mut facts, ("", binding), ("", role), group);
            assert_eq!(is_bound(&facts, "shop", "web"), Ok(expected), "{binding}");
        }
    }

    #[test]
    fn nothing_is_certain_while_subjects_are_unknown() {
        for list in [ApiList::ClusterRoleBindings, ApiList::RoleBindings] {
            for (subject, expected) in [
                ("ServiceAccount:shop/web", Ok(true)),
                ("User:ann", Err(unread())),
            ] {
                let mut facts = bound(&[subject]);
                facts.lists.insert(list, Err(unread()));
                assert_eq!(is_bound(&facts, "shop", "web"), expected, "{list}");
            }
        }
        let mut facts = bound(&["User:ann"]);
        let binding = facts
            .rbac
            .bindings
            .get_mut(&name("shop", "reader"))
            .unwrap();
        binding.has_unread_subjects = true;
        let found = is_bound(&facts, "shop", "web");
        assert_eq!(found.unwrap_err().code, ReasonCode::ReadFailed);
    }
}
