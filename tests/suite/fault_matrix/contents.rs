//! The contents of the scenarios' clusters, before and after a change: three objects or more in each list, so that each
//! has two pages.

use eksentry_tests::kubernetes::Cluster;
use serde_json::{Value, json};

use crate::world::{REGION, World};

/// The cluster whose API has faults.
pub(super) const FAULTY: &str = "beta";

/// The cluster that only its VPC reaches, and the function that reads it.
pub(super) const IN_VPC: &str = "alpha";
const READER: &str = "eksentry-cluster-reader-vpc-0a1b2c3d4e5f60001";

/// The namespace of most objects.
const NAMESPACE: &str = "shop";

/// The objects of each kind with their state, before and after the change: `true` if they are as they should be.
type States = [(&'static str, bool); 3];

const BEFORE: States = [("gone", false), ("improves", false), ("worsens", true)];
const NOW: States = [("improves", true), ("new", false), ("worsens", false)];

/// Returns the contents of clusters at the time of the earlier sweep.
pub(super) fn before() -> Vec<Cluster> {
    vec![small(IN_VPC, true), large(BEFORE), small("gone", false)]
}

/// Returns the current contents of clusters.
pub(super) fn now() -> Vec<Cluster> {
    vec![small(IN_VPC, false), large(NOW)]
}

/// Adds the clusters with their contents to a world.
pub(super) fn in_world(world: World, clusters: Vec<Cluster>) -> World {
    let names: Vec<String> = clusters
        .iter()
        .map(|cluster| cluster.name.clone())
        .collect();
    let world = world.with_contents(clusters);
    let world = world.with_cluster_reader(READER, &[IN_VPC]);
    world.change(|account| {
        for name in names.iter().filter(|name| *name != IN_VPC) {
            let open = json!({"endpointPublicAccess": true, "endpointPrivateAccess": true});
            let cluster = account.cluster(name).unwrap();
            cluster
                .members
                .insert("resourcesVpcConfig".to_owned(), open);
        }
        // In this mode, the ConfigMap aws-auth counts. Node classes count with EKS Auto Mode.
        let mode = json!({"authenticationMode": "API_AND_CONFIG_MAP"});
        let auto_mode = json!({"enabled": true});
        let cluster = account.cluster(FAULTY).unwrap();
        cluster.members.insert("accessConfig".to_owned(), mode);
        cluster
            .members
            .insert("computeConfig".to_owned(), auto_mode);
    });
    world
}

fn small(name: &str, is_right: bool) -> Cluster {
    Cluster {
        objects: vec![creator("Deployment", "api", is_right)],
        ..Cluster::new(name, REGION)
    }
}

/// Returns the cluster with objects of all kinds.
fn large(states: States) -> Cluster {
    let objects = states.into_iter().flat_map(|(name, is_right)| {
        let creators = [
            "CronJob",
            "DaemonSet",
            "Deployment",
            "Job",
            "ReplicaSet",
            "ReplicationController",
            "StatefulSet",
        ];
        let creators = creators.map(|kind| creator(kind, &letters(kind, name), is_right));
        creators.into_iter().chain(others(name, is_right))
    });
    let settings = [
        json!({
            "kind": "ConfigMap",
            "metadata": {"name": "aws-auth", "namespace": "kube-system"},
            "data": {"mapUsers": "- userarn: arn:aws:iam::111122223333:user/one\n  username: one\n"},
        }),
        json!({
            "kind": "ConfigMap",
            "metadata": {"name": "amazon-vpc-cni", "namespace": "kube-system"},
            "data": {"enable-network-policy-controller": "true"},
        }),
    ];
    Cluster {
        objects: objects.chain(settings).collect(),
        allow: vec!["secrets".to_owned()],
        page_size: Some(2),
        ..Cluster::new(FAULTY, REGION)
    }
}

/// Returns the name of an object in lower case, with its kind, so that no two creators of pods have one name.
fn letters(kind: &str, name: &str) -> String {
    format!("{}-{name}", kind.to_lowercase())
}

/// Returns an object that creates a pod.
fn creator(kind: &str, name: &str, is_right: bool) -> Value {
    let template = json!({"spec": pod_spec(is_right)});
    let spec = if kind == "CronJob" {
        json!({"jobTemplate": {"spec": {"template": template}}})
    } else {
        json!({"template": template, "replicas": 1})
    };
    json!({"kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})
}

fn pod_spec(is_right: bool) -> Value {
    if is_right {
        return json!({
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "app",
                "image": "registry.example.com/app:1.4.2",
                "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": true,
                },
            }],
        });
    }
    json!({
        "priorityClassName": "system-node-critical",
        "containers": [{
            "name": "app",
            "image": "registry.example.com/app",
            "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "app", "key": "password"}}}],
            "securityContext": {"privileged": true},
        }],
    })
}

/// Returns objects of the kinds that create no pods.
fn others(name: &str, is_right: bool) -> Vec<Value> {
    let verb = if is_right { "get" } else { "*" };
    let subject = if is_right {
        "team"
    } else {
        "system:authenticated"
    };
    let rules = json!([{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": [verb]}]);
    let subjects = json!([{"kind": "Group", "name": subject}]);
    let reference = |kind: &str| json!({"kind": kind, "name": name});
    let objects = [
        ("Ingress", json!({})),
        ("LimitRange", json!({"spec": {"limits": []}})),
        (
            "NetworkPolicy",
            json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
        ),
        ("ResourceQuota", json!({"spec": {"hard": {"pods": "100"}}})),
        (
            "Secret",
            json!({"type": "kubernetes.io/service-account-token"}),
        ),
        ("Service", json!({})),
        (
            "ServiceAccount",
            json!({"automountServiceAccountToken": is_right}),
        ),
        ("Role", json!({"rules": rules})),
        (
            "RoleBinding",
            json!({"roleRef": reference("Role"), "subjects": subjects}),
        ),
        ("ClusterRole", json!({"rules": rules})),
        (
            "ClusterRoleBinding",
            json!({"roleRef": reference("ClusterRole"), "subjects": subjects}),
        ),
        ("Namespace", json!({})),
        (
            "NodeClass",
            json!({"apiVersion": "eks.amazonaws.com/v1", "spec": {}}),
        ),
        (
            "PriorityClass",
            json!({"value": 1_000_000, "globalDefault": !is_right}),
        ),
    ];
    let is_in_namespace = |kind: &str| {
        !["Namespace", "NodeClass", "PriorityClass"].contains(&kind) && !kind.starts_with("Cluster")
    };
    let objects = objects.into_iter().map(|(kind, mut object)| {
        object["kind"] = kind.into();
        object["metadata"] = json!({"name": name});
        if is_in_namespace(kind) {
            object["metadata"]["namespace"] = NAMESPACE.into();
        }
        object
    });
    objects.collect()
}
