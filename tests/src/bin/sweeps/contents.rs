//! A large cluster, whose contents are swept.

use std::time::Duration;

use eksentry_tests::kubernetes::{Cluster, Fault, FaultKind};
use serde_json::{Value, json};

use super::REGION;

/// The name of the cluster.
pub(crate) const CLUSTER: &str = "large";

const NAMESPACES: usize = 100;
const PODS_A_WORKLOAD: usize = 10;

/// Every how many workloads one is privileged, mounts a path of its node, and shares its network.
const PRIVILEGED: usize = 50;
const HOST_PATH: usize = 25;
const HOST_NETWORK: usize = 40;

/// The variables of each container, with which a pod has about as many bytes as in clusters that are in use.
const VARIABLES: usize = 24;

/// Returns a cluster with a number of pods, whose API server answers no request faster than this.
pub(crate) fn cluster(pods: usize, latency: Duration) -> Cluster {
    let delay = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    Cluster {
        objects: objects(pods, false),
        faults: vec![Fault::new("*", FaultKind::Delay(delay))],
        ..Cluster::new(CLUSTER, REGION)
    }
}

/// Returns the objects of the cluster. After the change, one workload in a hundred has another image.
pub(crate) fn objects(pods: usize, is_changed: bool) -> Vec<Value> {
    let workloads = (0..pods / PODS_A_WORKLOAD).map(|number| workload(number, is_changed));
    let namespaces = (0..NAMESPACES).flat_map(of_namespace);
    workloads.chain(namespaces).collect()
}

fn namespace(number: usize) -> String {
    format!("team-{:02}", number % NAMESPACES)
}

/// Returns the objects that each namespace has besides its workloads.
fn of_namespace(number: usize) -> Vec<Value> {
    let name = namespace(number);
    let metadata = |own: &str| json!({"name": own, "namespace": name});
    let level = if number.is_multiple_of(2) {
        "restricted"
    } else {
        "privileged"
    };
    vec![
        json!({
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": level}},
        }),
        json!({
            "kind": "NetworkPolicy",
            "metadata": metadata("default-deny"),
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        }),
        json!({
            "kind": "ResourceQuota",
            "metadata": metadata("quota"),
            "spec": {"hard": {"requests.cpu": "200", "pods": "2000"}},
        }),
        json!({
            "kind": "Role",
            "metadata": metadata("deployer"),
            "rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "update"]}],
        }),
        json!({
            "kind": "RoleBinding",
            "metadata": metadata("deployer"),
            "roleRef": {"kind": "Role", "name": "deployer"},
            "subjects": [{"kind": "Group", "name": format!("{name}-deployers")}],
        }),
    ]
}

fn workload(number: usize, is_changed: bool) -> Value {
    let name = format!("service-{number:04}");
    let tag = if is_changed && number.is_multiple_of(100) {
        "2.0.0"
    } else {
        "latest"
    };
    let variables = (0..VARIABLES).map(|variable| {
        let value = format!("https://service-{variable}.internal.example.com:8443/api/v1");
        json!({"name": format!("SERVICE_{variable}_URL"), "value": value})
    });
    let probe = json!({"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 10});
    let mut mounts = vec![json!({"name": "cache", "mountPath": "/cache"})];
    let mut volumes = vec![json!({"name": "cache", "emptyDir": {}})];
    if number.is_multiple_of(HOST_PATH) {
        mounts.push(json!({"name": "logs", "mountPath": "/logs"}));
        volumes.push(json!({"name": "logs", "hostPath": {"path": "/var/log"}}));
    }
    json!({
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace(number), "labels": {"app": name}},
        "spec": {
            "$pods": PODS_A_WORKLOAD,
            "replicas": PODS_A_WORKLOAD,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name, "team": namespace(number)}},
                "spec": {
                    "hostNetwork": number.is_multiple_of(HOST_NETWORK),
                    "containers": [{
                        "name": "app",
                        "image": format!("registry.example.com/services/{name}:{tag}"),
                        "env": variables.collect::<Vec<_>>(),
                        "ports": [{"containerPort": 8080}],
                        "livenessProbe": probe,
                        "readinessProbe": probe,
                        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
                        "securityContext": {"privileged": number.is_multiple_of(PRIVILEGED)},
                        "volumeMounts": mounts,
                    }],
                    "volumes": volumes,
                },
            },
        },
    })
}
