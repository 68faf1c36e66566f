mod in_namespace;
mod invalid;
mod memory;
mod network_policies;
mod owners;
mod persistent_volumes;
mod priority_classes;
mod problems;
mod properties;
mod rbac;
mod reading;
mod recordings;
mod replica_sets;
mod token_secrets;
mod workloads;

use std::fmt::Write as _;
use std::time::Duration;

use eksentry_core::facts::kubernetes::{PodSpec, Workload};
use eksentry_core::{Need, Needs};
use serde_json::{Value, json};

use super::*;
use crate::script::{Answer, Script};

/// The kinds of the objects in lists, with the paths of the lists, in the order in which they are requested.
const LISTS: [(&str, &str); 9] = [
    ("Namespace", "/api/v1/namespaces"),
    ("Pod", "/api/v1/pods"),
    ("ReplicaSet", "/apis/apps/v1/replicasets"),
    ("Job", "/apis/batch/v1/jobs"),
    ("ReplicationController", "/api/v1/replicationcontrollers"),
    ("Deployment", "/apis/apps/v1/deployments"),
    ("StatefulSet", "/apis/apps/v1/statefulsets"),
    ("DaemonSet", "/apis/apps/v1/daemonsets"),
    ("CronJob", "/apis/batch/v1/cronjobs"),
];

/// The path of the list of pods.
const PODS: &str = "/api/v1/pods";

fn needs() -> Needs {
    Need::Namespaces | Need::Workloads
}

/// Returns the answer with a list of items.
fn list(kind: &str, items: &[Value]) -> Answer {
    let list = json!({"kind": format!("{kind}List"), "metadata": {}, "items": items});
    Answer::new(200, list.to_string())
}

/// Returns a server with these objects. Each object names its kind, and a path may have other answers.
fn server(objects: &[Value], others: Vec<(&'static str, Vec<Answer>)>) -> Script {
    let mut script = Script::new([]);
    for (path, answers) in others {
        script = script.route(path, answers);
    }
    for (kind, path) in LISTS {
        let items = objects.iter().filter(|object| object["kind"] == kind);
        let items: Vec<_> = items.cloned().collect();
        script = script.route(path, [list(kind, &items)]);
    }
    script
}

/// Reads a cluster that does not use EKS Auto Mode.
async fn read_objects(client: &Client, needs: Needs) -> Objects {
    super::read_objects(client, needs, false).await
}

/// Reads a cluster with these objects.
async fn read(objects: &[Value]) -> Objects {
    read_objects(&server(objects, Vec::new()).client(), needs()).await
}

/// Returns the paths that were requested, without the queries.
fn requested(script: &Script) -> Vec<String> {
    let paths = script.paths().into_iter();
    let paths = paths.map(|path| path.split('?').next().unwrap_or_default().to_owned());
    paths.collect()
}

/// Returns the settings of pods with one container of this image.
fn spec(image: &str) -> Value {
    json!({"containers": [{"name": "app", "image": image}]})
}

/// Returns an object in the namespace `shop`, with these members of its metadata and of itself.
fn object(kind: &str, name: &str, metadata: Value, others: Value) -> Value {
    let mut object = json!({"kind": kind, "metadata": {"namespace": "shop", "name": name}});
    merge(&mut object["metadata"], metadata);
    merge(&mut object, others);
    object
}

fn merge(object: &mut Value, members: Value) {
    if let Value::Object(members) = members {
        for (name, value) in members {
            object[name] = value;
        }
    }
}

/// Returns a pod that runs.
fn pod(name: &str, image: &str, metadata: Value) -> Value {
    let others = json!({"spec": spec(image), "status": {"phase": "Running"}});
    object("Pod", name, metadata, others)
}

/// Returns an object whose template has one container of this image.
fn creator(kind: &str, name: &str, image: &str, metadata: Value) -> Value {
    let template = json!({"template": {"spec": spec(image)}});
    let spec = match kind {
        "CronJob" => json!({"jobTemplate": {"spec": template}}),
        _ => template,
    };
    object(kind, name, metadata, json!({"spec": spec}))
}

/// Returns a deployment whose pods have the label `app`.
fn deployment(name: &str, image: &str) -> Value {
    let mut deployment = creator("Deployment", name, image, json!({}));
    deployment["spec"]["selector"] = json!({"matchLabels": {"app": name}});
    deployment
}

/// Returns the metadata of an object with a controller.
fn owned(api_version: &str, kind: &str, name: &str) -> Value {
    let owner = json!({"apiVersion": api_version, "kind": kind, "name": name, "controller": true});
    json!({"ownerReferences": [owner]})
}

/// Returns the metadata of a pod of a replica set, with these labels.
fn of_replica_set(name: &str, labels: Value) -> Value {
    let mut metadata = owned("apps/v1", "ReplicaSet", name);
    metadata["labels"] = labels;
    metadata
}

/// Returns a workload as a line. Settings are named by the name of their first image.
fn line(workload: &Workload) -> String {
    let name = &workload.name;
    let mut line = format!(
        "{}/{}.{}/{}",
        name.namespace.as_deref().unwrap_or_default(),
        name.plural,
        name.group(),
        name.name
    );
    if let Some(manager) = &workload.managed_by {
        let _ = write!(line, " of {manager}");
    }
    if let Some(template) = &workload.template {
        let _ = write!(line, ", template {}", image(template));
    }
    let mut running: Vec<_> = workload.running.iter().collect();
    running.sort_by_key(|pods| image(&pods.spec));
    for pods in running {
        let _ = write!(line, ", {} {}", pods.count, image(&pods.spec));
    }
    if workload.has_ended {
        line.push_str(", ended");
    }
    line
}

fn lines(objects: &Objects) -> Vec<String> {
    objects.workloads.iter().map(line).collect()
}

fn image(spec: &PodSpec) -> &str {
    let Ok(containers) = spec.containers.items() else {
        return "invalid";
    };
    let image = containers.first().and_then(|one| one.image.value());
    let image = image.map_or("none", String::as_str);
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split('@').next().unwrap_or_default()
}

/// Checks the workloads of a cluster with these objects.
async fn check(name: &str, objects: &[Value], expected: &[&str]) {
    let read = read(objects).await;
    assert_eq!(lines(&read), expected, "{name}");
    assert!(read.lists.values().all(Result::is_ok), "{name}");
}

/// Returns the lists that may be incomplete, each with its reason.
fn missing(objects: &Objects) -> Vec<(String, &'static str, String)> {
    let lists = objects.lists.iter().filter_map(|(list, fact)| {
        let unread = fact.as_ref().err()?;
        Some((list.to_string(), unread.code.word(), unread.text.clone()))
    });
    lists.collect()
}
