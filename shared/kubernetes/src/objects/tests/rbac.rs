use eksentry_core::facts::kubernetes::{Binding, RbacName, Role, RoleSubject, Rule};

use super::*;

/// The lists, with their paths, in the order in which they are requested.
const PATHS: [(&str, &str); 4] = [
    (
        "ClusterRoleBinding",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    ),
    (
        "RoleBinding",
        "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    ),
    (
        "ClusterRole",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    ),
    ("Role", "/apis/rbac.authorization.k8s.io/v1/roles"),
];

fn script(objects: &[Value], delay: Duration) -> Script {
    let others = PATHS.map(|(kind, path)| {
        let items = objects.iter().filter(|object| object["kind"] == kind);
        let items: Vec<_> = items.cloned().collect();
        (path, vec![list(kind, &items).after(delay)])
    });
    server(&[], others.to_vec())
}

async fn read_rbac(objects: &[Value]) -> Objects {
    let script = script(objects, Duration::ZERO);
    read_objects(&script.client(), Need::Rbac.into()).await
}

fn named(namespace: Option<&str>, name: &str) -> RbacName {
    RbacName {
        namespace: namespace.map(str::to_owned),
        name: name.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn bindings_are_read_before_roles() {
    let script = script(&[], Duration::from_secs(1));
    let read = read_objects(&script.client(), Need::Rbac.into()).await;
    let received = script.received();
    let seconds: Vec<_> = received.iter().map(|one| one.at.as_secs()).collect();
    assert_eq!(seconds, [0, 0, 0, 1, 1]);
    let mut expected = vec!["/api/v1/namespaces"];
    expected.extend(PATHS.map(|(_, path)| path));
    assert_eq!(requested(&script), expected);
    assert_eq!(read.lists.len(), 5);
    assert!(read.lists.values().all(Result::is_ok), "{:?}", read.lists);
}

#[tokio::test(start_paused = true)]
async fn roles_and_bindings_are_read() {
    let subject = |kind: &str, name: &str| json!({"kind": kind, "name": name});
    let read = read_rbac(&[
        json!({
            "kind": "ClusterRole",
            "metadata": {"name": "a b", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "rules": [
                {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"]},
                {"verbs": ["get"], "nonResourceURLs": ["/metrics"]},
            ],
        }),
        json!({"kind": "Role", "metadata": {"name": "none", "namespace": "shop"}, "rules": null}),
        json!({
            "kind": "RoleBinding",
            "metadata": {"name": "b", "namespace": "shop"},
            "roleRef": {"kind": "Role", "name": "none"},
            "subjects": [
                subject("User", "alice"),
                subject("Group", "team"),
                subject("ServiceAccount", "web"),
                {"kind": "ServiceAccount", "namespace": "other", "name": "web"},
            ],
        }),
        json!({
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "b"},
            "roleRef": {"kind": "ClusterRole", "name": "a b"},
        }),
    ])
    .await;
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let rules = vec![
        Rule {
            verbs: texts(&["get"]),
            api_groups: texts(&[""]),
            resources: texts(&["pods"]),
            resource_names: texts(&["x"]),
            ..Rule::default()
        },
        Rule {
            verbs: texts(&["get"]),
            non_resource_urls: texts(&["/metrics"]),
            ..Rule::default()
        },
    ];
    let role = Role {
        rules,
        is_labelled_default: true,
        ..Role::default()
    };
    assert_eq!(
        read.rbac.roles,
        BTreeMap::from([
            (named(None, "a b"), role),
            (named(Some("shop"), "none"), Role::default()),
        ])
    );
    let account = |namespace: &str| RoleSubject::ServiceAccount {
        namespace: namespace.into(),
        name: "web".into(),
    };
    let of_shop = Binding {
        role: Some(named(Some("shop"), "none")),
        subjects: vec![
            RoleSubject::User("alice".into()),
            RoleSubject::Group("team".into()),
            account("shop"),
            account("other"),
        ],
        has_unread_subjects: false,
    };
    let of_cluster = Binding {
        role: Some(named(None, "a b")),
        ..Binding::default()
    };
    assert_eq!(
        read.rbac.bindings,
        BTreeMap::from([
            (named(None, "b"), of_cluster),
            (named(Some("shop"), "b"), of_shop),
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn members_of_another_type_are_unread_and_hide_no_others() {
    let readable = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
    for (rules, expected, has_unread) in [
        (json!(7), 0, true),
        (json!([7, readable]), 1, true),
        (json!([readable, {"verbs": "get"}]), 1, true),
        (
            json!([readable, {"verbs": ["get"], "resourceNames": [1]}]),
            1,
            true,
        ),
        (json!([readable, readable]), 2, false),
        (json!([]), 0, false),
    ] {
        let role = json!({"kind": "ClusterRole", "metadata": {"name": "a"}, "rules": rules});
        let read = read_rbac(&[role]).await;
        let role = &read.rbac.roles[&named(None, "a")];
        assert_eq!(role.rules.len(), expected, "{rules}");
        assert_eq!(role.has_unread_rules, has_unread, "{rules}");
    }
    let user = json!({"kind": "User", "name": "a"});
    let role = json!({"kind": "ClusterRole", "name": "a"});
    let found = Some(named(None, "a"));
    for (reference, subjects, expected, subjects_expected, has_unread) in [
        (&role, json!([user, 7]), &found, 1, true),
        (
            &role,
            json!([user, {"kind": "Robot", "name": "a"}]),
            &found,
            1,
            true,
        ),
        (&role, json!([user, {"kind": "User"}]), &found, 1, true),
        // A binding in the whole cluster has no namespace for its service accounts.
        (
            &role,
            json!([{"kind": "ServiceAccount", "name": "a"}]),
            &found,
            0,
            true,
        ),
        (&role, json!("x"), &found, 0, true),
        (&role, json!(null), &found, 0, false),
        (
            &json!({"kind": "Role", "name": "a"}),
            json!([user]),
            &None,
            1,
            false,
        ),
        (&json!("a"), json!([user]), &None, 1, false),
        (&json!(null), json!([user]), &None, 1, false),
    ] {
        let binding = json!({
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "b"},
            "roleRef": reference,
            "subjects": subjects,
        });
        let read = read_rbac(&[binding]).await;
        let binding = &read.rbac.bindings[&named(None, "b")];
        assert_eq!(&binding.role, expected, "{reference}");
        assert_eq!(binding.subjects.len(), subjects_expected, "{subjects}");
        assert_eq!(binding.has_unread_subjects, has_unread, "{subjects}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_without_a_name_makes_its_list_incomplete() {
    let read = read_rbac(&[json!({"kind": "Role", "metadata": {"name": "a"}})]).await;
    assert!(read.lists[&ApiList::Roles].is_err());
    assert!(read.lists[&ApiList::ClusterRoles].is_ok());
}
