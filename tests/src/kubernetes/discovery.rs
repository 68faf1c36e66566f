//! The description that a cluster gives of itself: its version, its API groups, and their kinds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    objects::Store,
    status::{Answer, JSON, TEXT, no_page},
};

/// Answers a request for a path that does not lead to objects.
pub(super) fn answer(cluster: &Cluster, store: &Store, path: &str) -> Answer {
    match path.trim_end_matches('/') {
        "/version" => version(&cluster.version),
        "/healthz" | "/livez" | "/readyz" => Answer::new(200, TEXT, "ok".to_owned()),
        "/api" => Answer::json(
            200,
            &json!({
                "kind": "APIVersions",
                "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.1:443"}],
            }),
        ),
        "/apis" => {
            let groups = groups(cluster, store);
            let groups: Vec<_> = groups
                .into_iter()
                .map(|(name, versions)| group(&name, &versions))
                .collect();
            Answer::json(
                200,
                &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}),
            )
        }
        "/api/v1" => Answer::json(200, &resources(store, "v1")),
        path => {
            let path = path.strip_prefix("/apis/");
            let described = path.and_then(|path| of_group(cluster, store, path));
            described.map_or_else(no_page, |described| Answer::json(200, &described))
        }
    }
}

/// The version is written over several lines, unlike everything else.
fn version(version: &str) -> Answer {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let members = [
        ("major", major),
        ("minor", minor),
        ("gitVersion", &format!("v{major}.{minor}.5-eks-113cf36")),
        ("gitCommit", "98b35193b2ac7a23a673325f5e9b830ecd5ba406"),
        ("gitTreeState", "clean"),
        ("buildDate", "2026-08-21T11:29:11Z"),
        ("goVersion", "go1.26.6"),
        ("compiler", "gc"),
        ("platform", "linux/amd64"),
    ];
    let lines = members.map(|(name, value)| format!("  \"{name}\": {}", json!(value)));
    Answer::new(200, JSON, format!("{{\n{}\n}}", lines.join(",\n")))
}

/// Returns the API groups with their versions, without the core group.
pub(super) fn groups(cluster: &Cluster, store: &Store) -> Vec<(String, Vec<String>)> {
    let of_kinds = store
        .kinds()
        .iter()
        .map(|kind| (kind.group.clone(), kind.version.clone()));
    let further = cluster.api_groups.iter().map(|group| {
        let (group, version) = group.split_once('/').unwrap_or((group, "v1"));
        (group.to_owned(), version.to_owned())
    });
    let mut order = Vec::new();
    let mut groups = BTreeMap::<String, Vec<String>>::new();
    for (group, version) in of_kinds
        .chain(further)
        .filter(|(group, _)| !group.is_empty())
    {
        if !order.contains(&group) {
            order.push(group.clone());
        }
        let versions = groups.entry(group).or_default();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    let groups = order.into_iter().map(|group| {
        let versions = groups.remove(&group).unwrap_or_default();
        (group, versions)
    });
    groups.collect()
}

fn group(name: &str, versions: &[String]) -> Value {
    let versions = versions.iter();
    let versions = versions
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}));
    let versions: Vec<_> = versions.collect();
    json!({"name": name, "preferredVersion": versions.first(), "versions": versions})
}

/// Describes a group, or one of its versions.
fn of_group(cluster: &Cluster, store: &Store, path: &str) -> Option<Value> {
    let groups = groups(cluster, store);
    let Some((name, version)) = path.split_once('/') else {
        let (name, versions) = groups.into_iter().find(|(name, _)| name == path)?;
        let mut described = group(&name, &versions);
        described["kind"] = "APIGroup".into();
        described["apiVersion"] = "v1".into();
        return Some(described);
    };
    let (_, versions) = groups.into_iter().find(|(other, _)| other == name)?;
    let is_served = versions.iter().any(|other| other == version);
    is_served.then(|| resources(store, path))
}

/// Describes the kinds of a version of a group.
fn resources(store: &Store, group_version: &str) -> Value {
    let kinds = store
        .kinds()
        .iter()
        .filter(|kind| kind.api_version() == group_version);
    let resources = kinds.map(|kind| {
        json!({
            "name": kind.plural,
            "singularName": kind.name.to_lowercase(),
            "namespaced": kind.is_namespaced,
            "kind": kind.name,
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        })
    });
    let resources: Vec<_> = resources.collect();
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": resources,
    })
}
