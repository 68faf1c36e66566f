use super::*;

mod workloads;

fn store(manifests: Value) -> Store {
    Store::new(&[manifests]).unwrap()
}

fn keys(store: &Store, group: &str, plural: &str) -> Vec<String> {
    let shelf = store.shelf(group, plural);
    shelf
        .into_iter()
        .flat_map(BTreeMap::keys)
        .cloned()
        .collect()
}

/// Returns the pods of a workload in the namespace `shop`.
fn pods(workload: Value) -> Vec<Value> {
    let store = store(workload);
    let pods = store
        .shelf("", "pods")
        .into_iter()
        .flat_map(BTreeMap::values);
    pods.cloned().collect()
}

fn workload(kind: &str, spec: Value) -> Value {
    json!({"kind": kind, "metadata": {"name": "api", "namespace": "shop"}, "spec": spec})
}

fn template() -> Value {
    json!({"spec": {"containers": [{"name": "app", "image": "app:1"}]}})
}

#[test]
fn namespaces_exist_for_their_objects() {
    let store = store(json!([
        {"kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}},
        {"kind": "Namespace", "metadata": {"name": "old", "deletionTimestamp": "2026-11-28T13:02:09Z"}},
    ]));
    let namespaces = [
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
        "old",
        "shop",
    ];
    assert_eq!(keys(&store, "", "namespaces"), namespaces);
    assert_eq!(
        keys(&store, "", "serviceaccounts"),
        namespaces.map(|name| format!("{name}/default"))
    );
    let namespace = |name| store.get("", "namespaces", name).unwrap();
    assert_eq!(namespace("shop")["status"]["phase"], "Active");
    assert_eq!(
        namespace("shop")["metadata"]["labels"]["kubernetes.io/metadata.name"],
        "shop"
    );
    assert_eq!(namespace("old")["status"]["phase"], "Terminating");
}

#[test]
fn objects_have_the_metadata_of_stored_objects() {
    let store = store(
        json!({"kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}),
    );
    let service = store.get("", "services", "shop/web").unwrap();
    let metadata = &service["metadata"];
    assert_eq!(metadata["creationTimestamp"], CREATED);
    assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
    assert!(
        metadata["resourceVersion"]
            .as_str()
            .unwrap()
            .parse::<u32>()
            .is_ok()
    );
    assert!(metadata["managedFields"].is_array());
    assert_eq!(service["apiVersion"], "v1");
    assert_eq!(service["spec"]["type"], "ClusterIP");
}

#[test]
fn an_object_that_was_stored_before_is_served_as_it_is() {
    let deployment = json!({
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "api", "namespace": "shop", "resourceVersion": "5"},
        "spec": null,
    });
    let store = store(deployment.clone());
    assert_eq!(
        store.get("apps", "deployments", "shop/api"),
        Some(&deployment)
    );
    assert_eq!(keys(&store, "", "pods"), [""; 0]);
}

#[test]
fn lists_are_taken_apart() {
    let pod = |name: &str| json!({"metadata": {"name": name, "namespace": "shop"}});
    let store = store(json!([
        [{"kind": "PodList", "apiVersion": "v1", "items": [pod("a"), pod("b")]}],
        {"kind": "List", "apiVersion": "v1", "items": [{"kind": "Node", "metadata": {"name": "n"}}]},
    ]));
    assert_eq!(keys(&store, "", "pods"), ["shop/a", "shop/b"]);
    assert_eq!(keys(&store, "", "nodes"), ["n"]);
}

#[test]
fn a_manifest_that_is_not_an_object_is_an_error() {
    for (manifest, expected) in [
        (
            json!({"metadata": {"name": "a"}}),
            "a manifest has no known kind: ",
        ),
        (json!("a"), "a manifest has no known kind: "),
        (json!({"kind": "Pod"}), "the metadata of a Pod has no name"),
        (
            json!({"kind": "Pod", "metadata": {"name": "a"}}),
            "the metadata of a Pod has no name",
        ),
        (
            json!({"kind": "Node", "metadata": {"name": "a", "namespace": "b"}}),
            "the metadata of a Node has no name",
        ),
    ] {
        let error = Store::new(std::slice::from_ref(&manifest))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{manifest}: {error}");
    }
}
