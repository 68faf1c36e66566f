//! The service accounts to which bindings grant rights.

use std::collections::{BTreeMap, BTreeSet};

use super::built_in::is_built_in_subject;
use super::{is_left_alone, lists_all_roles};
use crate::facts::kubernetes::{ApiList, Binding, KubernetesCluster, RoleSubject};
use crate::facts::{Fact, Unread};
use crate::reason_code::ReasonCode;

/// The group of all service accounts. With a colon and a namespace, it is that of the accounts in the namespace.
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/>.
const ALL_ACCOUNTS: &str = "system:serviceaccounts";

/// The service accounts to which bindings grant a role, by their names or by a group of service accounts. The bindings
/// that Kubernetes creates for such groups do not count, since they exist in each cluster.
#[derive(Debug)]
pub(crate) struct BoundAccounts {
    /// The names of accounts, by namespace.
    names: BTreeMap<String, BTreeSet<String>>,
    /// The namespaces all of whose accounts have a role.
    namespaces: BTreeSet<String>,
    /// `true` if all accounts of the cluster have a role.
    all: bool,
    /// The reason why other accounts may have a role; `None` if it is certain that they have none.
    unread: Option<Unread>,
}

impl BoundAccounts {
    /// Returns the accounts of a cluster.
    pub(crate) fn new(facts: &KubernetesCluster) -> Self {
        let mut accounts = Self {
            names: BTreeMap::new(),
            namespaces: BTreeSet::new(),
            all: false,
            unread: None,
        };
        let mut has_unread_subjects = false;
        for (name, binding) in &facts.rbac.bindings {
            if is_left_alone(facts, name) || is_dangling(facts, binding) {
                continue;
            }
            has_unread_subjects |= binding.has_unread_subjects;
            for subject in &binding.subjects {
                match subject {
                    RoleSubject::Group(group) => {
                        if !is_built_in_subject(name, binding, subject) {
                            accounts.add_group(group);
                        }
                    }
                    RoleSubject::User(_) | RoleSubject::ServiceAccount { .. } => {
                        accounts.add(subject.service_account());
                    }
                }
            }
        }
        let lists = [ApiList::ClusterRoleBindings, ApiList::RoleBindings];
        let unread = lists.into_iter().find_map(|list| facts.unread(list));
        accounts.unread = unread.or_else(|| {
            has_unread_subjects.then(|| Unread {
                code: ReasonCode::ReadFailed,
                text: "A subject of a binding has an unknown type or value.".to_owned(),
            })
        });
        accounts
    }

    /// Adds an account, by its namespace and name, if there is one.
    fn add(&mut self, account: Option<(&str, &str)>) {
        if let Some((namespace, name)) = account {
            let names = self.names.entry(namespace.to_owned()).or_default();
            names.insert(name.to_owned());
        }
    }

    /// Adds the accounts of a group, if it is one of accounts.
    fn add_group(&mut self, group: &str) {
        match group.strip_prefix(ALL_ACCOUNTS) {
            Some("") => self.all = true,
            Some(rest) => {
                let namespace = rest.strip_prefix(':').map(str::to_owned);
                self.namespaces.extend(namespace);
            }
            None => {}
        }
    }

    /// Returns `true` if a binding grants a role to this account.
    pub(crate) fn contains(&self, namespace: &str, name: &str) -> Fact<bool> {
        let names = self.names.get(namespace);
        let is_bound = self.all
            || self.namespaces.contains(namespace)
            || names.is_some_and(|names| names.contains(name));
        match &self.unread {
            Some(unread) if !is_bound => Err(unread.clone()),
            _ => Ok(is_bound),
        }
    }
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

    /// Returns `true` if the account `web` in `shop` has a role.
    fn is_bound(facts: &KubernetesCluster) -> Fact<bool> {
        BoundAccounts::new(facts).contains("shop", "web")
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
            ("Group:system:serviceaccounts:", false),
            ("Group:system:serviceaccountsshop", false),
            ("Group:system:authenticated", false),
            ("Group:system:serviceaccount:shop:web", false),
            ("User:web", false),
        ] {
            let found = is_bound(&bound(&[subject]));
            assert_eq!(found, Ok(expected), "{subject}");
        }
    }

    #[test]
    fn each_account_is_found_among_those_of_all_bindings() {
        let mut facts = bound(&["ServiceAccount:shop/web", "ServiceAccount:bank/api"]);
        let group = &["Group:system:serviceaccounts:office"];
        bind(&mut facts, ("shop", "office"), ("shop", "reader"), group);
        let accounts = BoundAccounts::new(&facts);
        for (namespace, name, expected) in [
            ("shop", "web", true),
            ("bank", "api", true),
            ("office", "any", true),
            ("shop", "api", false),
            ("bank", "web", false),
        ] {
            let found = accounts.contains(namespace, name);
            assert_eq!(found, Ok(expected), "{namespace}/{name}");
        }
    }

    #[test]
    fn bindings_that_grant_nothing_do_not_count() {
        let account = &["ServiceAccount:shop/web"];
        let mut dangling = empty();
        bind(&mut dangling, ("shop", "b"), ("shop", "gone"), account);
        assert_eq!(is_bound(&dangling), Ok(false));
        // The role may be one that was not read.
        dangling.lists.insert(ApiList::Roles, Err(unread()));
        assert_eq!(is_bound(&dangling), Ok(true));

        let mut ending = bound(account);
        let namespace = Namespace {
            is_terminating: true,
            ..Namespace::default()
        };
        ending.namespaces.insert("shop".into(), namespace);
        assert_eq!(is_bound(&ending), Ok(false));
    }

    #[test]
    fn the_binding_that_kubernetes_creates_for_all_accounts_does_not_count() {
        let role = "system:service-account-issuer-discovery";
        let group = &["Group:system:serviceaccounts"];
        for (binding, expected) in [(role, false), ("mine", true)] {
            let mut facts = empty();
            add_role(&mut facts, ("", role), &[]);
            bind(&mut facts, ("", binding), ("", role), group);
            assert_eq!(is_bound(&facts), Ok(expected), "{binding}");
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
                assert_eq!(is_bound(&facts), expected, "{list}");
            }
        }
        let mut facts = bound(&["User:ann"]);
        let binding = facts
            .rbac
            .bindings
            .get_mut(&name("shop", "reader"))
            .unwrap();
        binding.has_unread_subjects = true;
        let found = is_bound(&facts);
        assert_eq!(found.unwrap_err().code, ReasonCode::ReadFailed);
    }
}
