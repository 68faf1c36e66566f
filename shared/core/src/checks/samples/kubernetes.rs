//! Facts about the contents of clusters.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::List;
use crate::facts::cluster::AuthenticationMode;
use crate::facts::kubernetes::{
    self, ApiList, KubernetesCluster, Namespace, NetworkPolicyEngine, ObjectName, PodSpec,
    PolicySelection, PriorityClass, Rbac, RunningPods, Workload,
};
use crate::field::Field;

/// Returns a cluster with one workload, whose pods meet the standard *restricted* and all other requirements.
pub(crate) fn kubernetes_cluster() -> KubernetesCluster {
    let pod = serde_json::json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "containers": [{
            "name": "app",
            "image": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/cards/api:1.4.2",
            "resources": {
                "requests": {"cpu": "100m", "memory": "64Mi"},
                "limits": {"memory": "128Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
            },
        }],
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    });
    let pod: Arc<PodSpec> = Arc::new(serde_json::from_value(pod).unwrap());
    let enforce = "pod-security.kubernetes.io/enforce".to_owned();
    let namespace = Namespace {
        labels: Some([(enforce, "baseline".to_owned())].into()),
        quotas: vec![
            serde_json::from_value(serde_json::json!({"hard": {"limits.memory": "8Gi"}})).unwrap(),
        ],
        limit_ranges: vec![
            serde_json::from_value(serde_json::json!({
                "limits": [{"type": "Container", "default": {"memory": "128Mi"}}],
            }))
            .unwrap(),
        ],
        service_accounts: [("default".into(), Field::Value(false))].into(),
        network_policies: vec![Arc::new(kubernetes::NetworkPolicy {
            name: "default-deny".into(),
            spec: serde_json::from_value(serde_json::json!({
                "policyTypes": ["Ingress", "Egress"],
                "egress": [{"ports": [{"protocol": "UDP", "port": 53}]}],
            }))
            .unwrap(),
        })],
        ..Namespace::default()
    };
    KubernetesCluster {
        name: "payments".into(),
        arn: "arn:aws:eks:eu-central-1:111122223333:cluster/payments".into(),
        status: "ACTIVE".into(),
        connected: false,
        version: "1.33".parse().ok(),
        authentication_mode: Some(AuthenticationMode::ApiAndConfigMap),
        auto_mode: false,
        tags: Vec::new(),
        unreachable: None,
        addons: List::complete(Vec::new()),
        lists: ApiList::ALL.iter().map(|list| (*list, Ok(()))).collect(),
        namespaces: [("shop".into(), namespace)].into(),
        workloads: vec![workload(&pod)],
        host_path_volumes: BTreeMap::new(),
        priority_classes: [("standard".into(), PriorityClass::default())].into(),
        rbac: Rbac::default(),
        aws_auth: Ok(None),
        access_entries: List::complete(Vec::new()),
        network_policy_engine: Some(NetworkPolicyEngine {
            enables_controller: Ok(Some(true)),
            vpc_cni: None,
            node_classes: Vec::new(),
            api_groups: Ok(["networking.k8s.io".to_owned()].into()),
        }),
    }
}

/// Returns a deployment with a running pod.
pub(crate) fn workload(pod: &Arc<PodSpec>) -> Workload {
    Workload {
        name: ObjectName {
            namespace: Some("shop".into()),
            kind: "Deployment".into(),
            api_version: "apps/v1".into(),
            plural: "deployments".into(),
            name: "web".into(),
        },
        managed_by: None,
        template: Some(Arc::clone(pod)),
        running: vec![RunningPods {
            spec: Arc::clone(pod),
            count: 1,
        }],
        policy_selection: PolicySelection::default(),
        has_ended: false,
    }
}
