//! The members that an API server adds to the objects that it stores.
//!
//! A member that is `null` stays `null`, so that tests can serve what no API server would. Of the defaults, there are
//! those that a reader of clusters may notice.

use serde_json::{Map, Value, json};

use super::names::uid;

/// Returns the object at a member, which is created if it is absent; `None` if it is not an object.
pub(super) fn member<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let member = object
        .as_object_mut()?
        .entry(name)
        .or_insert_with(|| json!({}));
    member.is_object().then_some(member)
}

/// Returns the objects in a list.
pub(super) fn items<'a>(object: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = object.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter(|item| item.is_object())
}

/// Sets the members that are absent.
pub(super) fn set(object: &mut Value, defaults: Value) {
    let (Some(object), Value::Object(defaults)) = (object.as_object_mut(), defaults) else {
        return;
    };
    for (name, value) in defaults {
        object.entry(name).or_insert(value);
    }
}

/// Sets the members of an object that its manifest lacks.
pub(super) fn complete(object: &mut Value) {
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => namespace(object, &name),
        "Pod" => {
            if let Some(spec) = member(object, "spec") {
                pod_spec(spec, true);
            }
        }
        "Deployment" => workload(
            object,
            &name,
            json!({
                "replicas": 1,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
            }),
        ),
        "StatefulSet" => workload(
            object,
            &name,
            json!({
                "replicas": 1,
                "serviceName": "",
                "podManagementPolicy": "OrderedReady",
                "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            }),
        ),
        "DaemonSet" => workload(
            object,
            &name,
            json!({
                "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            }),
        ),
        "ReplicaSet" | "ReplicationController" => workload(object, &name, json!({"replicas": 1})),
        "Job" => job(object, &name),
        "CronJob" => cron_job(object),
        "Service" => service(object),
        "NetworkPolicy" => network_policy(object),
        "RoleBinding" | "ClusterRoleBinding" => binding(object),
        "Role" | "ClusterRole" => set(object, json!({"rules": null})),
        _ => {}
    }
}

fn namespace(object: &mut Value, name: &str) {
    let is_terminating = object["metadata"].get("deletionTimestamp").is_some();
    let phase = if is_terminating {
        "Terminating"
    } else {
        "Active"
    };
    set(
        object,
        json!({"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": phase}}),
    );
    if let Some(labels) = member(&mut object["metadata"], "labels") {
        set(labels, json!({"kubernetes.io/metadata.name": name}));
    }
}

/// Sets the members of a pod's specification, in a pod or in a template.
pub(super) fn pod_spec(spec: &mut Value, is_in_pod: bool) {
    set(
        spec,
        json!({
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "schedulerName": "default-scheduler",
        }),
    );
    let account = spec["serviceAccountName"]
        .as_str()
        .filter(|name| !name.is_empty());
    if let Some(account) = account.map(str::to_owned) {
        set(spec, json!({"serviceAccount": account}));
    }
    let has_host_network = spec["hostNetwork"] == true;
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for item in items(spec, list) {
            container(item);
            if is_in_pod && has_host_network {
                host_ports(item);
            }
            if is_in_pod && list != "ephemeralContainers" {
                requests(item);
            }
        }
    }
    for volume in items(spec, "volumes") {
        if let Some(path) = volume.get_mut("hostPath") {
            set(path, json!({"type": ""}));
        }
        for source in ["configMap", "secret", "projected", "downwardAPI"] {
            if let Some(source) = volume.get_mut(source) {
                set(source, json!({"defaultMode": 420}));
            }
        }
    }
    if is_in_pod {
        requests(spec);
        set(spec, json!({"enableServiceLinks": true}));
    }
}

fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let is_latest = !name.contains([':', '@']) || name.ends_with(":latest");
    let policy = if is_latest { "Always" } else { "IfNotPresent" };
    set(
        container,
        json!({
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": policy,
        }),
    );
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        container.get_mut(name).map(probe);
    }
    for port in items(container, "ports") {
        set(port, json!({"protocol": "TCP"}));
    }
}

fn probe(probe: &mut Value) {
    set(
        probe,
        json!({"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}),
    );
    if let Some(request) = probe.get_mut("httpGet") {
        set(request, json!({"scheme": "HTTP"}));
    }
}

/// In the network of the host, each port is one of the host.
fn host_ports(container: &mut Value) {
    for port in items(container, "ports") {
        if matches!(port["hostPort"].as_u64(), None | Some(0)) {
            port["hostPort"] = port["containerPort"].clone();
        }
    }
}

/// Limits without requests are requests, too: of a container, or of a whole pod.
fn requests(owner: &mut Value) {
    let limits = owner["resources"]["limits"]
        .as_object()
        .filter(|limits| !limits.is_empty());
    let Some(limits) = limits.cloned() else {
        return;
    };
    let resources = member(owner, "resources");
    if let Some(requests) = resources.and_then(|resources| member(resources, "requests")) {
        set(requests, limits.into());
    }
}

/// Sets the members of a workload. Without labels and a selector, its pods have the label `app`.
fn workload(object: &mut Value, name: &str, defaults: Value) {
    let is_controller = object["kind"] == "ReplicationController";
    set(&mut object["metadata"], json!({"generation": 1}));
    let Some(spec) = member(object, "spec") else {
        return;
    };
    set(spec, defaults);
    let template = member(spec, "template").and_then(|template| member(template, "metadata"));
    if let Some(metadata) = template {
        set(metadata, json!({"labels": {"app": name}}));
        let labels = metadata["labels"].clone();
        let selector = if is_controller {
            labels
        } else {
            json!({"matchLabels": labels})
        };
        set(spec, json!({"selector": selector}));
    }
    self::template(spec, "Always");
    set(object, json!({"status": {}}));
}

fn template(spec: &mut Value, restart_policy: &str) {
    let template = member(spec, "template");
    if let Some(spec) = template.and_then(|template| member(template, "spec")) {
        set(spec, json!({"restartPolicy": restart_policy}));
        pod_spec(spec, false);
    }
}

fn job(object: &mut Value, name: &str) {
    let uid = uid(object);
    let labels = json!({
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    });
    set(&mut object["metadata"], json!({"generation": 1}));
    if let Some(of_job) = member(&mut object["metadata"], "labels") {
        set(of_job, labels.clone());
    }
    let Some(spec) = member(object, "spec") else {
        return;
    };
    set(
        spec,
        json!({
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 6,
            "suspend": false,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
        }),
    );
    template(spec, "Never");
    let template = member(spec, "template").and_then(|template| member(template, "metadata"));
    if let Some(of_pods) = template.and_then(|metadata| member(metadata, "labels")) {
        set(of_pods, labels);
    }
    set(object, json!({"status": {}}));
}

fn cron_job(object: &mut Value) {
    set(&mut object["metadata"], json!({"generation": 1}));
    let Some(spec) = member(object, "spec") else {
        return;
    };
    set(
        spec,
        json!({"schedule": "0 4 * * *", "concurrencyPolicy": "Allow", "suspend": false}),
    );
    if let Some(job) = member(spec, "jobTemplate") {
        set(job, json!({"metadata": {}}));
        if let Some(spec) = member(job, "spec") {
            template(spec, "Never");
        }
    }
    set(object, json!({"status": {}}));
}

fn service(object: &mut Value) {
    let uid = uid(object);
    let Some(spec) = member(object, "spec") else {
        return;
    };
    set(
        spec,
        json!({"type": "ClusterIP", "sessionAffinity": "None"}),
    );
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    if kind != "ExternalName" {
        let part =
            |range| u8::from_str_radix(uid.get(range).unwrap_or_default(), 16).unwrap_or_default();
        let address = format!("10.100.{}.{}", part(0..2), part(2..4));
        set(
            spec,
            json!({"clusterIP": address, "internalTrafficPolicy": "Cluster"}),
        );
    }
    let is_external = kind == "NodePort" || kind == "LoadBalancer";
    if is_external {
        set(spec, json!({"externalTrafficPolicy": "Cluster"}));
    }
    for port in items(spec, "ports") {
        let target = port["port"].clone();
        set(port, json!({"protocol": "TCP", "targetPort": target}));
    }
    set(object, json!({"status": {"loadBalancer": {}}}));
}

/// The types are added only if there are none: `Ingress` always, `Egress` if there are rules for it.
fn network_policy(object: &mut Value) {
    let Some(spec) = member(object, "spec") else {
        return;
    };
    let has_egress = spec["egress"]
        .as_array()
        .is_some_and(|rules| !rules.is_empty());
    let types = if has_egress {
        json!(["Ingress", "Egress"])
    } else {
        json!(["Ingress"])
    };
    set(spec, json!({"podSelector": {}, "policyTypes": types}));
    for direction in ["ingress", "egress"] {
        for rule in items(spec, direction) {
            for port in items(rule, "ports") {
                set(port, json!({"protocol": "TCP"}));
            }
        }
    }
}

fn binding(object: &mut Value) {
    let group = json!({"apiGroup": "rbac.authorization.k8s.io"});
    if let Some(role) = object.get_mut("roleRef") {
        set(role, group.clone());
    }
    for subject in items(object, "subjects") {
        if subject["kind"] == "User" || subject["kind"] == "Group" {
            set(subject, group.clone());
        }
    }
}

/// Applies a change: objects member by member, lists of things with names by name. Other lists are replaced.
pub(super) fn merge(value: &mut Value, change: &Value) {
    let is_named = |item: &Value| item["name"].is_string();
    match (value, change) {
        (Value::Object(value), Value::Object(change)) => merge_members(value, change),
        (Value::Array(value), Value::Array(change))
            if value.iter().all(is_named) && change.iter().all(is_named) =>
        {
            for item in change {
                match value.iter_mut().find(|other| other["name"] == item["name"]) {
                    Some(other) => merge(other, item),
                    None => value.push(item.clone()),
                }
            }
        }
        (value, change) => *value = change.clone(),
    }
}

fn merge_members(value: &mut Map<String, Value>, change: &Map<String, Value>) {
    for (name, change) in change {
        match value.get_mut(name) {
            Some(member) => merge(member, change),
            None => {
                value.insert(name.clone(), change.clone());
            }
        }
    }
}
