//! Objects that are facts about their namespace.

use eksentry_core::facts::kubernetes::ApiList;
use eksentry_core::field::Field;

use super::*;

const LISTS_IN_NAMESPACES: [(&str, &str); 5] = [
    ("ResourceQuota", "/api/v1/resourcequotas"),
    ("LimitRange", "/api/v1/limitranges"),
    ("ServiceAccount", "/api/v1/serviceaccounts"),
    ("Service", "/api/v1/services"),
    ("Ingress", "/apis/networking.k8s.io/v1/ingresses"),
];

fn all_needs() -> Needs {
    Need::Namespaces
        | Need::ResourceQuotas
        | Need::LimitRanges
        | Need::ServiceAccounts
        | Need::Services
        | Need::Ingresses
}

/// Reads a cluster with the namespace `shop` and these objects.
async fn read_in_namespace(objects: &[Value]) -> (Objects, Vec<String>) {
    let others = LISTS_IN_NAMESPACES.map(|(kind, path)| {
        let items = objects.iter().filter(|object| object["kind"] == kind);
        let items: Vec<_> = items.cloned().collect();
        (path, vec![list(kind, &items)])
    });
    let namespace =
        json!({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}});
    let script = server(&[namespace], others.to_vec());
    let read = read_objects(&script.client(), all_needs()).await;
    (read, requested(&script))
}

fn spec_of(kind: &str, name: &str, spec: Value) -> Value {
    object(kind, name, json!({}), json!({"spec": spec}))
}

fn account(name: &str, setting: Value) -> Value {
    let setting = json!({"automountServiceAccountToken": setting});
    object("ServiceAccount", name, json!({}), setting)
}

#[tokio::test]
async fn objects_are_added_to_their_namespaces() {
    let elsewhere = json!({"kind": "Ingress", "metadata": {"namespace": "new", "name": "entry"}});
    let (read, requested) = read_in_namespace(&[
        spec_of("ResourceQuota", "quota", json!({"hard": {"pods": "10"}})),
        spec_of(
            "LimitRange",
            "limits",
            json!({"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]}),
        ),
        account("default", json!(false)),
        spec_of(
            "Service",
            "front",
            json!({
                "type": "LoadBalancer",
                "clusterIP": "10.100.0.7",
                "clusterIPs": ["10.100.0.7", "fd00::7"],
            }),
        ),
        spec_of("Ingress", "entry", json!({"rules": null})),
        elsewhere,
    ])
    .await;
    let paths = LISTS_IN_NAMESPACES.map(|(_, path)| path);
    assert_eq!(requested[0], "/api/v1/namespaces");
    assert_eq!(requested[1..], paths);
    assert!(read.lists.values().all(Result::is_ok));
    let shop = &read.namespaces["shop"];
    assert_eq!(shop.quotas.len(), 1);
    assert_eq!(shop.quotas[0].bounds_pods(), Ok(true));
    assert_eq!(shop.limit_ranges[0].limits_memory(), Ok(true));
    assert_eq!(shop.services[0].name, "front");
    assert_eq!(
        shop.services[0].service_type,
        Field::Value("LoadBalancer".to_owned())
    );
    let off = ("default".to_owned(), Field::Value(false));
    assert_eq!(shop.service_accounts, [off].into());
    let addresses = ["10.100.0.7", "fd00::7"].map(|text| text.parse().unwrap());
    assert_eq!(shop.services[0].addresses(), Ok(addresses.to_vec()));
    assert_eq!(shop.ingresses, ["entry"]);
    assert!(shop.labels.is_some());
    // The namespace was created after namespaces were listed.
    let new = &read.namespaces["new"];
    assert_eq!((new.ingresses.len(), &new.labels), (1, &None));
}

#[tokio::test]
async fn objects_of_an_unexpected_form_are_unknown() {
    let (read, _) = read_in_namespace(&[
        spec_of("ResourceQuota", "quota", json!("x")),
        spec_of("ResourceQuota", "empty", json!(null)),
        spec_of("LimitRange", "limits", json!([])),
        spec_of("LimitRange", "empty", json!(null)),
        spec_of("Service", "front", json!({"type": 7})),
        spec_of("Service", "back", json!(7)),
        spec_of("Service", "side", json!(null)),
        account("default", json!("false")),
        account("web", json!(null)),
        spec_of("Service", "old", json!({"clusterIP": "10.100.0.8"})),
        spec_of("Service", "headless", json!({"clusterIP": "None"})),
        spec_of("Service", "odd", json!({"clusterIPs": [7]})),
        spec_of("Ingress", "entry", json!(7)),
        json!({"kind": "Ingress", "metadata": {"name": "lost"}}),
    ])
    .await;
    let shop = &read.namespaces["shop"];
    let quotas: Vec<_> = shop
        .quotas
        .iter()
        .map(|one| one.bounds_pods().ok())
        .collect();
    assert_eq!(quotas, [None, Some(false)]);
    let ranges: Vec<_> = shop
        .limit_ranges
        .iter()
        .map(|one| one.limits_memory().ok())
        .collect();
    assert_eq!(ranges, [None, Some(false)]);
    let types: Vec<_> = shop
        .services
        .iter()
        .map(|one| one.service_type.clone())
        .collect();
    let invalid = ("default".to_owned(), Field::Invalid);
    let absent = ("web".to_owned(), Field::Absent);
    assert_eq!(shop.service_accounts, [invalid, absent].into());
    assert_eq!(types[..3], [Field::Invalid, Field::Invalid, Field::Absent]);
    let addresses: Vec<_> = shop
        .services
        .iter()
        .map(|one| one.addresses().ok())
        .collect();
    assert_eq!(
        addresses,
        [
            Some(vec![]),
            None,
            Some(vec![]),
            Some(vec!["10.100.0.8".parse().unwrap()]),
            Some(vec![]),
            None,
        ]
    );
    assert_eq!(shop.ingresses, ["entry"]);
    let incomplete: Vec<_> = missing(&read).into_iter().map(|(list, ..)| list).collect();
    assert_eq!(incomplete, [ApiList::Ingresses.to_string()]);
}
