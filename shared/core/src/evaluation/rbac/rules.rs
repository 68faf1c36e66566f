//! The actions that rules of roles grant, as the authorizer of the API server decides it.
//!
//! Source: <https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/apis/rbac/v1/evaluation_helpers.go>.

use std::collections::BTreeSet;

use crate::facts::kubernetes::Rule;

/// The text in a rule that stands for all verbs, groups, resources or paths.
pub(crate) const ALL: &str = "*";

/// An action on resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Action<'a> {
    /// The verb.
    pub(crate) verb: &'a str,
    /// The API group; empty for the core group.
    pub(crate) group: &'a str,
    /// The resource, which may be a subresource: `pods/exec`.
    pub(crate) resource: &'a str,
}

/// The objects on which rules grant an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grant<'a> {
    /// The objects with these names.
    Named(BTreeSet<&'a str>),
    /// All objects.
    All,
}

impl Action<'_> {
    /// Returns `true` if requests for the action name no object, so that a rule that names objects does not grant it.
    fn names_no_object(&self) -> bool {
        match self.verb {
            "create" => !self.resource.contains('/'),
            "deletecollection" => true,
            _ => false,
        }
    }
}

/// Returns the objects on which rules grant an action; `None` if they do not grant it. A list of objects that is limited
/// to one of the names counts as an action on this object.
pub(crate) fn granted<'a>(rules: &'a [Rule], action: &Action<'_>) -> Option<Grant<'a>> {
    let mut named = BTreeSet::new();
    for rule in rules.iter().filter(|rule| matches(rule, action)) {
        if rule.resource_names.is_empty() {
            return Some(Grant::All);
        }
        if !action.names_no_object() {
            named.extend(rule.resource_names.iter().map(String::as_str));
        }
    }
    (!named.is_empty()).then_some(Grant::Named(named))
}

/// Returns `true` if a rule grants all verbs on all resources.
pub(crate) fn grants_everything(rule: &Rule) -> bool {
    has(&rule.verbs, ALL)
        && has(&rule.api_groups, ALL)
        && has(&rule.resources, ALL)
        && rule.resource_names.is_empty()
}

/// Returns `true` if one of the texts is this one.
pub(crate) fn has(texts: &[String], text: &str) -> bool {
    texts.iter().any(|one| one == text)
}

/// Returns `true` if a rule is about an action, on some objects at least.
fn matches(rule: &Rule, action: &Action<'_>) -> bool {
    let is_one = |texts: &[String], text: &str| has(texts, ALL) || has(texts, text);
    is_one(&rule.verbs, action.verb)
        && is_one(&rule.api_groups, action.group)
        && (is_one(&rule.resources, action.resource)
            || any_subresource(action.resource)
                .is_some_and(|pattern| has(&rule.resources, &pattern)))
}

/// Returns the pattern for a subresource of all resources: `*/exec` for `pods/exec`.
fn any_subresource(resource: &str) -> Option<String> {
    let (_, subresource) = resource.split_once('/')?;
    Some(format!("*/{subresource}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::rbac::tests::rule;

    fn action<'a>(verb: &'a str, group: &'a str, resource: &'a str) -> Action<'a> {
        Action {
            verb,
            group,
            resource,
        }
    }

    #[test]
    fn rules_grant_actions_as_the_authorizer_decides() {
        for (verbs, groups, resources, names, action, expected) in [
            ("get", "", "pods", "", action("get", "", "pods"), Some("*")),
            ("*", "", "pods", "", action("get", "", "pods"), Some("*")),
            ("list", "", "pods", "", action("get", "", "pods"), None),
            ("GET", "", "pods", "", action("get", "", "pods"), None),
            ("get", "*", "pods", "", action("get", "", "pods"), Some("*")),
            ("get", "apps", "pods", "", action("get", "", "pods"), None),
            ("get", "", "*", "", action("get", "", "pods"), Some("*")),
            (
                "get",
                "",
                "*",
                "",
                action("get", "", "pods/exec"),
                Some("*"),
            ),
            ("get", "", "pods", "", action("get", "", "pods/exec"), None),
            ("get", "", "pods/exec", "", action("get", "", "pods"), None),
            (
                "get",
                "",
                "*/exec",
                "",
                action("get", "", "pods/exec"),
                Some("*"),
            ),
            ("get", "", "*/exec", "", action("get", "", "pods/log"), None),
            ("get", "", "*/exec", "", action("get", "", "exec"), None),
            (
                "get",
                "",
                "pods/*",
                "",
                action("get", "", "pods/exec"),
                None,
            ),
            ("get", "", "pods/*", "", action("get", "", "pods"), None),
            ("get", "", "po*", "", action("get", "", "pods"), None),
            (
                "get",
                "",
                "pods",
                "a,b",
                action("get", "", "pods"),
                Some("a,b"),
            ),
            (
                "list",
                "",
                "pods",
                "a",
                action("list", "", "pods"),
                Some("a"),
            ),
            (
                "create",
                "",
                "pods",
                "a",
                action("create", "", "pods"),
                None,
            ),
            ("*", "*", "*", "a", action("create", "", "pods"), None),
            (
                "*",
                "",
                "pods",
                "a",
                action("deletecollection", "", "pods"),
                None,
            ),
            (
                "create",
                "",
                "pods/exec",
                "a",
                action("create", "", "pods/exec"),
                Some("a"),
            ),
            (
                "create",
                "",
                "pods",
                "",
                action("create", "", "pods"),
                Some("*"),
            ),
        ] {
            let rules = [rule(verbs, groups, resources, names)];
            let found = granted(&rules, &action).map(|grant| match grant {
                Grant::All => ALL.to_owned(),
                Grant::Named(names) => names.into_iter().collect::<Vec<_>>().join(","),
            });
            assert_eq!(found.as_deref(), expected, "{rules:?} {action:?}");
        }
    }

    #[test]
    fn the_objects_of_several_rules_add_up() {
        let get = action("get", "", "secrets");
        let by_name = |names| rule("get", "", "secrets", names);
        let rules = [by_name("b"), by_name("a")];
        assert_eq!(granted(&rules, &get), Some(Grant::Named(["a", "b"].into())));
        let rules = [by_name("b"), rule("*", "*", "*", "")];
        assert_eq!(granted(&rules, &get), Some(Grant::All));
        assert_eq!(granted(&[], &get), None);
        let path = Rule {
            verbs: vec!["*".into()],
            non_resource_urls: vec!["*".into()],
            ..Rule::default()
        };
        assert_eq!(granted(&[path], &get), None);
    }

    #[test]
    fn only_one_rule_with_all_of_everything_grants_everything() {
        for (verbs, groups, resources, names, expected) in [
            ("*", "*", "*", "", true),
            ("get,*", "apps,*", "pods,*", "", true),
            ("*", "*", "*", "a", false),
            ("*", "*", "pods", "", false),
            ("*", "", "*", "", false),
            ("get", "*", "*", "", false),
        ] {
            let rule = rule(verbs, groups, resources, names);
            assert_eq!(grants_everything(&rule), expected, "{rule:?}");
        }
    }

    /// Access reviews of kube-apiserver 1.36 about a user with a role of these rules, and about an administrator.
    #[test]
    fn the_api_server_decides_alike() {
        let reader = [
            rule(
                "get,list",
                "",
                "namespaces,pods,nodes,services,serviceaccounts,resourcequotas,limitranges,persistentvolumes,\
                 persistentvolumeclaims,replicationcontrollers,endpoints",
                "",
            ),
            rule(
                "get,list",
                "apps",
                "deployments,daemonsets,statefulsets,replicasets",
                "",
            ),
            rule(
                "get,list",
                "rbac.authorization.k8s.io",
                "roles,rolebindings,clusterroles,clusterrolebindings",
                "",
            ),
            rule("get", "", "configmaps", "aws-auth"),
        ];
        let admin = [rule("*", "*", "*", "")];
        for (rules, action, expected) in [
            (&reader[..], action("list", "", "pods"), true),
            (&reader, action("list", "", "secrets"), false),
            (&reader, action("create", "", "pods/exec"), false),
            (&reader, action("list", "not.there.io", "things"), false),
            (&reader, action("get", "", "configmaps"), true),
            (&reader, action("*", "*", "*"), false),
            (&admin, action("*", "*", "*"), true),
        ] {
            assert_eq!(granted(rules, &action).is_some(), expected, "{action:?}");
        }
    }
}
