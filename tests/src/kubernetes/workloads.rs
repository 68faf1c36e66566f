//! The work of admission and of the controllers of a cluster: the pods of workloads, and the service account of each
//! pod.

use serde_json::{Value, json};

use super::{
    defaults::{items, member, merge, pod_spec, set},
    names::{letters, uid},
};

/// The kinds that have pods or other workloads, those that create others first: their groups and names in paths.
pub(super) const CONTROLLERS: [(&str, &str); 7] = [
    ("apps", "deployments"),
    ("batch", "cronjobs"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("", "replicationcontrollers"),
    ("batch", "jobs"),
];

/// The path at which the token of the service account is mounted.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Returns what the controller of a workload creates. `pods` is the number of the pods, or a list of what admission
/// changes in each of them; the usual number if absent, or none if the workload has dependents.
pub(super) fn dependents(
    workload: &Value,
    pods: Option<&Value>,
    has_dependents: bool,
) -> Vec<Value> {
    let count = pods.map_or_else(
        || {
            if has_dependents {
                0
            } else {
                usual_count(workload)
            }
        },
        |pods| usize::try_from(pods.as_u64().unwrap_or_default()).unwrap_or_default(),
    );
    let changes = pods.and_then(Value::as_array).cloned();
    let changes = changes.unwrap_or_else(|| vec![json!({}); count]);
    let namespace = &workload["metadata"]["namespace"];
    let name = workload["metadata"]["name"].as_str().unwrap_or_default();
    let template = if workload["kind"] == "CronJob" {
        "jobTemplate"
    } else {
        "template"
    };
    if !workload["spec"][template].is_object() {
        return Vec::new();
    }
    match workload["kind"].as_str() {
        Some("Deployment") if has_dependents && changes.is_empty() => Vec::new(),
        Some("Deployment") => vec![replica_set(workload, name, &changes)],
        Some("CronJob") if changes.is_empty() => Vec::new(),
        Some("CronJob") => {
            let mut job = workload["spec"]["jobTemplate"].clone();
            set(
                &mut job,
                json!({"apiVersion": "batch/v1", "kind": "Job", "$pods": changes}),
            );
            if let Some(metadata) = member(&mut job, "metadata") {
                metadata["name"] = format!("{name}-29400000").into();
                metadata["namespace"] = namespace.clone();
                metadata["ownerReferences"] = json!([owner(workload)]);
            }
            vec![job]
        }
        _ => {
            let pods = changes.iter().enumerate();
            pods.map(|(number, change)| pod(workload, name, number, change))
                .collect()
        }
    }
}

fn usual_count(workload: &Value) -> usize {
    let spec = &workload["spec"];
    match workload["kind"].as_str() {
        Some("DaemonSet") => 1,
        Some("CronJob") => 0,
        Some("Job") => {
            let conditions = workload["status"]["conditions"]
                .as_array()
                .into_iter()
                .flatten();
            let is_end = |condition: &Value| {
                condition["type"] == "Complete" || condition["type"] == "Failed"
            };
            let has_ended =
                { conditions }.any(|condition| is_end(condition) && condition["status"] == "True");
            usize::from(!has_ended && spec["suspend"] != true)
        }
        _ => usize::try_from(spec["replicas"].as_u64().unwrap_or_default()).unwrap_or_default(),
    }
}

/// Returns the ReplicaSet of a Deployment.
fn replica_set(workload: &Value, name: &str, changes: &[Value]) -> Value {
    let mut template = workload["spec"]["template"].clone();
    let hash = letters(&template.to_string(), 10);
    let labels = member(&mut template, "metadata").and_then(|metadata| member(metadata, "labels"));
    if let Some(labels) = labels {
        labels["pod-template-hash"] = hash.as_str().into();
    }
    let labels = template["metadata"]["labels"].clone();
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{name}-{hash}"),
            "namespace": workload["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [owner(workload)],
        },
        "spec": {"replicas": changes.len(), "selector": {"matchLabels": labels}, "template": template},
        "$pods": changes,
    })
}

/// Returns a pod of a workload.
fn pod(workload: &Value, name: &str, number: usize, change: &Value) -> Value {
    let mut pod = workload["spec"]["template"].clone();
    // Names of pods have at most 63 characters.
    let stem: String = name.chars().take(57).collect();
    let namespace = &workload["metadata"]["namespace"];
    let pod_name = if workload["kind"] == "StatefulSet" {
        format!("{name}-{number}")
    } else {
        format!(
            "{stem}-{}",
            letters(
                &format!("{namespace}/{}/{name}/{number}", workload["kind"]),
                5
            )
        )
    };
    set(&mut pod, json!({"apiVersion": "v1", "kind": "Pod"}));
    if let Some(metadata) = member(&mut pod, "metadata") {
        metadata["name"] = pod_name.into();
        metadata["generateName"] = format!("{stem}-").into();
        metadata["namespace"] = namespace.clone();
        metadata["ownerReferences"] = json!([owner(workload)]);
    }
    merge(&mut pod, change);
    pod
}

fn owner(workload: &Value) -> Value {
    json!({
        "apiVersion": workload["apiVersion"],
        "kind": workload["kind"],
        "name": workload["metadata"]["name"],
        "uid": uid(workload),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Sets what admission adds to a pod, and what the pod's node reports. `account` returns a service account by its key.
pub(super) fn admit<'a>(pod: &mut Value, account: impl Fn(&str) -> Option<&'a Value>) {
    let namespace = pod["metadata"]["namespace"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let name = pod["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let is_mirror = pod["metadata"]["annotations"]
        .get("kubernetes.io/config.mirror")
        .is_some();
    let Some(spec) = member(pod, "spec") else {
        return;
    };
    pod_spec(spec, true);
    if !is_mirror {
        set(spec, json!({"serviceAccountName": "default"}));
        let name_of_account = spec["serviceAccountName"].clone();
        let account = account(&format!(
            "{namespace}/{}",
            name_of_account.as_str().unwrap_or_default()
        ));
        set(spec, json!({"serviceAccount": name_of_account}));
        let setting = spec["automountServiceAccountToken"].as_bool();
        let setting = setting.or_else(|| account?["automountServiceAccountToken"].as_bool());
        if setting != Some(false) {
            mount_token(
                spec,
                &format!(
                    "kube-api-access-{}",
                    letters(&format!("{namespace}/{name}"), 5)
                ),
            );
        }
    }
    let toleration = |key: &str| {
        let key = format!("node.kubernetes.io/{key}");
        json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    };
    set(
        spec,
        json!({
            "nodeName": "ip-10-0-1-11.ec2.internal",
            "priority": 0,
            "preemptionPolicy": "PreemptLowerPriority",
            "tolerations": [toleration("not-ready"), toleration("unreachable")],
        }),
    );
    if let Some(status) = member(pod, "status") {
        set(status, json!({"phase": "Running"}));
    }
}

/// Mounts the token of the service account into all containers that have nothing at its path.
fn mount_token(spec: &mut Value, name: &str) {
    let mut is_mounted = false;
    for list in ["initContainers", "containers"] {
        for container in items(spec, list) {
            let has_other =
                items(container, "volumeMounts").any(|mount| mount["mountPath"] == TOKEN_PATH);
            if !has_other {
                let mount = json!({"name": name, "readOnly": true, "mountPath": TOKEN_PATH});
                is_mounted |= push(container, "volumeMounts", mount);
            }
        }
    }
    if !is_mounted {
        return;
    }
    let field = json!({"apiVersion": "v1", "fieldPath": "metadata.namespace"});
    push(
        spec,
        "volumes",
        json!({
            "name": name,
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                    {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
                ],
                "defaultMode": 420,
            },
        }),
    );
}

/// Appends an item to a list, which may be absent or `null`. Returns `false` if it is not a list.
fn push(object: &mut Value, name: &str, item: Value) -> bool {
    let Some(object) = object.as_object_mut() else {
        return false;
    };
    let list = object.entry(name).or_insert(Value::Null);
    if list.is_null() {
        *list = json!([]);
    }
    let list = list.as_array_mut();
    list.map(|list| list.push(item)).is_some()
}
