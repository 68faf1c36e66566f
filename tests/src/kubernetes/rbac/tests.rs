use serde_json::json;

use super::*;

fn policy(rules: Value) -> Policy {
    let role = json!({"kind": "ClusterRole", "metadata": {"name": "a"}, "rules": rules});
    let binding = json!({
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "a"},
        "roleRef": {"kind": "ClusterRole", "name": "a"},
        "subjects": [{"kind": "Group", "name": "readers"}],
    });
    Policy::of([&role, &binding])
}

fn caller() -> Caller {
    Caller {
        user: "arn:role".to_owned(),
        groups: vec!["readers".to_owned(), "system:authenticated".to_owned()],
    }
}

fn is_allowed(policy: &Policy, path: &str) -> bool {
    !policy
        .rights_for(&caller(), &ApiRequest::new("GET", path))
        .is_empty()
}

#[test]
fn rules_match_requests() {
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]| {
        json!([{
            "apiGroups": groups,
            "resources": resources,
            "verbs": verbs,
            "resourceNames": names,
        }])
    };
    let pods = "/api/v1/pods";
    let one = "/api/v1/namespaces/a/pods/b";
    let log = "/api/v1/namespaces/a/pods/b/log";
    let apps = "/apis/apps/v1/deployments";
    for (rules, path, expected) in [
        (rule(&[""], &["pods"], &["list"], &[]), pods, true),
        (rule(&[""], &["pods"], &["list"], &[]), one, false),
        (
            rule(&[""], &["pods"], &["list"], &[]),
            "/api/v1/pods?watch=true",
            false,
        ),
        (rule(&[""], &["pods"], &["get", "list"], &[]), one, true),
        (rule(&[""], &["pods"], &["get"], &[]), log, false),
        (rule(&[""], &["pods/log"], &["get"], &[]), log, true),
        (rule(&[""], &["*/log"], &["get"], &[]), log, true),
        (rule(&[""], &["*/log"], &["get"], &[]), one, false),
        (rule(&["*"], &["*"], &["*"], &[]), log, true),
        (rule(&["*"], &["*"], &["*"], &[]), "/version", false),
        (rule(&["apps"], &["pods"], &["list"], &[]), pods, false),
        (rule(&[""], &["deployments"], &["list"], &[]), apps, false),
        (
            rule(&["", "apps"], &["pods", "deployments"], &["list"], &[]),
            apps,
            true,
        ),
        (rule(&["apps"], &["*"], &["list"], &[]), apps, true),
        (rule(&[""], &["secrets"], &["list"], &[]), pods, false),
        (rule(&[""], &["pods"], &["get"], &["b"]), one, true),
        (rule(&[""], &["pods"], &["get"], &["c"]), one, false),
        (rule(&[""], &["pods"], &["list"], &["b"]), pods, false),
        (
            rule(&[""], &["pods"], &["list"], &["b"]),
            "/api/v1/pods?fieldSelector=metadata.name%3Db",
            true,
        ),
        (rule(&[""], &["*"], &["list"], &[]), pods, true),
        (rule(&[""], &["*"], &["list"], &[]), apps, false),
        (rule(&[""], &["*"], &["get"], &[]), "/version", false),
        (
            json!([{"nonResourceURLs": ["*"], "verbs": ["*"]}]),
            pods,
            false,
        ),
        (
            json!([{"nonResourceURLs": ["/version"], "verbs": ["get"]}]),
            "/version",
            true,
        ),
        (
            json!([{"nonResourceURLs": ["/version"], "verbs": ["get"]}]),
            "/version/",
            false,
        ),
        (
            json!([{"nonResourceURLs": ["/apis/*"], "verbs": ["get"]}]),
            "/apis/apps/v1",
            true,
        ),
        (
            json!([{"nonResourceURLs": ["/apis/*"], "verbs": ["get"]}]),
            apps,
            false,
        ),
        (
            json!([{"nonResourceURLs": ["*"], "verbs": ["*"]}]),
            "/metrics",
            true,
        ),
        (json!(null), pods, false),
        (json!([{"apiGroups": "x"}, 5]), pods, false),
    ] {
        assert_eq!(
            is_allowed(&policy(rules.clone()), path),
            expected,
            "{rules} {path}"
        );
    }
}

#[test]
fn bindings_apply_to_their_subjects_and_in_their_namespaces() {
    let role = |kind: &str, namespace: Value| {
        json!({
            "kind": kind,
            "metadata": {"name": "a", "namespace": namespace},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}],
        })
    };
    let binding = |kind: &str, namespace: Value, role: &str, subject: Value| {
        json!({
            "kind": kind,
            "metadata": {"name": "a", "namespace": namespace},
            "roleRef": {"kind": role, "name": "a"},
            "subjects": [subject],
        })
    };
    let group = json!({"kind": "Group", "name": "readers"});
    let (all, shop, legacy) = (
        "/api/v1/pods",
        "/api/v1/namespaces/shop/pods",
        "/api/v1/namespaces/legacy/pods",
    );
    let cluster_role = role("ClusterRole", Value::Null);
    let shop_role = role("Role", json!("shop"));
    for (role, binding, expected) in [
        (
            &cluster_role,
            binding(
                "ClusterRoleBinding",
                Value::Null,
                "ClusterRole",
                group.clone(),
            ),
            [true; 3],
        ),
        (
            &cluster_role,
            binding("RoleBinding", json!("shop"), "ClusterRole", group.clone()),
            [false, true, false],
        ),
        (
            &shop_role,
            binding("RoleBinding", json!("shop"), "Role", group.clone()),
            [false, true, false],
        ),
        (
            &shop_role,
            binding("RoleBinding", json!("legacy"), "Role", group.clone()),
            [false; 3],
        ),
        (
            &cluster_role,
            binding("RoleBinding", json!("shop"), "Role", group),
            [false; 3],
        ),
        (
            &cluster_role,
            binding(
                "ClusterRoleBinding",
                Value::Null,
                "ClusterRole",
                json!({"kind": "User", "name": "arn:role"}),
            ),
            [true; 3],
        ),
        (
            &cluster_role,
            binding(
                "ClusterRoleBinding",
                Value::Null,
                "ClusterRole",
                json!({"kind": "User", "name": "readers"}),
            ),
            [false; 3],
        ),
        (
            &cluster_role,
            binding(
                "ClusterRoleBinding",
                Value::Null,
                "ClusterRole",
                json!({"kind": "Group", "name": "others"}),
            ),
            [false; 3],
        ),
    ] {
        let policy = Policy::of([role, &binding]);
        assert_eq!(
            [all, shop, legacy].map(|path| is_allowed(&policy, path)),
            expected,
            "{binding}"
        );
    }
}

#[test]
fn rights_are_written_with_their_role() {
    let role = json!({
        "kind": "Role",
        "metadata": {"name": "a", "namespace": "kube-system"},
        "rules": [
            {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["b", "c"], "verbs": ["get"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
        ],
    });
    let rights = Policy::of([&role]).rights_of("a");
    let rights: Vec<_> = rights.iter().map(ToString::to_string).collect();
    assert_eq!(
        rights,
        [
            "kube-system/Role/a: get configmaps/b",
            "kube-system/Role/a: get configmaps/c",
            "kube-system/Role/a: list deployments.apps",
        ]
    );
}
