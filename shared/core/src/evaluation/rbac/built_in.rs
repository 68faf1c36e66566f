//! The roles and the bindings that Kubernetes and Amazon EKS create.
//!
//! Anyone can give an object such a name, so a name alone is not enough: a binding counts only with its role, and only
//! for its own subjects.

use crate::facts::kubernetes::{Binding, RbacName, Role, RoleSubject};

/// A binding: the namespace, which is empty for a binding in the whole cluster, the name, the kind and the name of the
/// role, and the subjects.
type BuiltInBinding = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// Returns `true` if Kubernetes or Amazon EKS creates the binding with this role for this subject.
pub(crate) fn is_built_in_subject(
    name: &RbacName,
    binding: &Binding,
    subject: &RoleSubject,
) -> bool {
    let Some(role) = &binding.role else {
        return false;
    };
    let key = subject.key();
    let mut rows = BINDINGS_OF_KUBERNETES.iter().chain(BINDINGS_OF_EKS);
    rows.any(|(namespace, binding, kind, role_name, subjects)| {
        let is_cluster_role = *kind == "ClusterRole";
        is(name, namespace, binding)
            && role.name == *role_name
            && role.namespace.is_none() == is_cluster_role
            && subjects.contains(&key.as_str())
    })
}

/// Returns `true` if Kubernetes or Amazon EKS creates the role.
pub(crate) fn is_built_in_role(name: &RbacName, role: &Role) -> bool {
    let is_one_of = |roles: &[(&str, &str)]| {
        let mut roles = roles.iter();
        roles.any(|(namespace, role)| is(name, namespace, role))
    };
    role.is_labelled_default && is_one_of(ROLES_OF_KUBERNETES) || is_one_of(ROLES_OF_EKS)
}

fn is(name: &RbacName, namespace: &str, expected: &str) -> bool {
    name.namespace.as_deref().unwrap_or_default() == namespace && name.name == expected
}

/// The bindings that the API server creates.
///
/// Source: a list of kube-apiserver 1.36.
const BINDINGS_OF_KUBERNETES: &[BuiltInBinding] = &[
    (
        "",
        "cluster-admin",
        "ClusterRole",
        "cluster-admin",
        &["Group:system:masters"],
    ),
    (
        "",
        "system:basic-user",
        "ClusterRole",
        "system:basic-user",
        &["Group:system:authenticated"],
    ),
    (
        "",
        "system:controller:attachdetach-controller",
        "ClusterRole",
        "system:controller:attachdetach-controller",
        &["ServiceAccount:kube-system/attachdetach-controller"],
    ),
    (
        "",
        "system:controller:certificate-controller",
        "ClusterRole",
        "system:controller:certificate-controller",
        &["ServiceAccount:kube-system/certificate-controller"],
    ),
    (
        "",
        "system:controller:clusterrole-aggregation-controller",
        "ClusterRole",
        "system:controller:clusterrole-aggregation-controller",
        &["ServiceAccount:kube-system/clusterrole-aggregation-controller"],
    ),
    (
        "",
        "system:controller:cronjob-controller",
        "ClusterRole",
        "system:controller:cronjob-controller",
        &["ServiceAccount:kube-system/cronjob-controller"],
    ),
    (
        "",
        "system:controller:daemon-set-controller",
        "ClusterRole",
        "system:controller:daemon-set-controller",
        &["ServiceAccount:kube-system/daemon-set-controller"],
    ),
    (
        "",
        "system:controller:deployment-controller",
        "ClusterRole",
        "system:controller:deployment-controller",
        &["ServiceAccount:kube-system/deployment-controller"],
    ),
    (
        "",
        "system:controller:device-taint-eviction-controller",
        "ClusterRole",
        "system:controller:device-taint-eviction-controller",
        &["ServiceAccount:kube-system/device-taint-eviction-controller"],
    ),
    (
        "",
        "system:controller:disruption-controller",
        "ClusterRole",
        "system:controller:disruption-controller",
        &["ServiceAccount:kube-system/disruption-controller"],
    ),
    (
        "",
        "system:controller:endpoint-controller",
        "ClusterRole",
        "system:controller:endpoint-controller",
        &["ServiceAccount:kube-system/endpoint-controller"],
    ),
    (
        "",
        "system:controller:endpointslice-controller",
        "ClusterRole",
        "system:controller:endpointslice-controller",
        &["ServiceAccount:kube-system/endpointslice-controller"],
    ),
    (
        "",
        "system:controller:endpointslicemirroring-controller",
        "ClusterRole",
        "system:controller:endpointslicemirroring-controller",
        &["ServiceAccount:kube-system/endpointslicemirroring-controller"],
    ),
    (
        "",
        "system:controller:ephemeral-volume-controller",
        "ClusterRole",
        "system:controller:ephemeral-volume-controller",
        &["ServiceAccount:kube-system/ephemeral-volume-controller"],
    ),
    (
        "",
        "system:controller:expand-controller",
        "ClusterRole",
        "system:controller:expand-controller",
        &["ServiceAccount:kube-system/expand-controller"],
    ),
    (
        "",
        "system:controller:generic-garbage-collector",
        "ClusterRole",
        "system:controller:generic-garbage-collector",
        &["ServiceAccount:kube-system/generic-garbage-collector"],
    ),
    (
        "",
        "system:controller:horizontal-pod-autoscaler",
        "ClusterRole",
        "system:controller:horizontal-pod-autoscaler",
        &["ServiceAccount:kube-system/horizontal-pod-autoscaler"],
    ),
    (
        "",
        "system:controller:job-controller",
        "ClusterRole",
        "system:controller:job-controller",
        &["ServiceAccount:kube-system/job-controller"],
    ),
    (
        "",
        "system:controller:legacy-service-account-token-cleaner",
        "ClusterRole",
        "system:controller:legacy-service-account-token-cleaner",
        &["ServiceAccount:kube-system/legacy-service-account-token-cleaner"],
    ),
    (
        "",
        "system:controller:namespace-controller",
        "ClusterRole",
        "system:controller:namespace-controller",
        &["ServiceAccount:kube-system/namespace-controller"],
    ),
    (
        "",
        "system:controller:node-controller",
        "ClusterRole",
        "system:controller:node-controller",
        &["ServiceAccount:kube-system/node-controller"],
    ),
    (
        "",
        "system:controller:persistent-volume-binder",
        "ClusterRole",
        "system:controller:persistent-volume-binder",
        &["ServiceAccount:kube-system/persistent-volume-binder"],
    ),
    (
        "",
        "system:controller:pod-garbage-collector",
        "ClusterRole",
        "system:controller:pod-garbage-collector",
        &["ServiceAccount:kube-system/pod-garbage-collector"],
    ),
    (
        "",
        "system:controller:pv-protection-controller",
        "ClusterRole",
        "system:controller:pv-protection-controller",
        &["ServiceAccount:kube-system/pv-protection-controller"],
    ),
    (
        "",
        "system:controller:pvc-protection-controller",
        "ClusterRole",
        "system:controller:pvc-protection-controller",
        &["ServiceAccount:kube-system/pvc-protection-controller"],
    ),
    (
        "",
        "system:controller:replicaset-controller",
        "ClusterRole",
        "system:controller:replicaset-controller",
        &["ServiceAccount:kube-system/replicaset-controller"],
    ),
    (
        "",
        "system:controller:replication-controller",
        "ClusterRole",
        "system:controller:replication-controller",
        &["ServiceAccount:kube-system/replication-controller"],
    ),
    (
        "",
        "system:controller:resource-claim-controller",
        "ClusterRole",
        "system:controller:resource-claim-controller",
        &["ServiceAccount:kube-system/resource-claim-controller"],
    ),
    (
        "",
        "system:controller:resourcequota-controller",
        "ClusterRole",
        "system:controller:resourcequota-controller",
        &["ServiceAccount:kube-system/resourcequota-controller"],
    ),
    (
        "",
        "system:controller:root-ca-cert-publisher",
        "ClusterRole",
        "system:controller:root-ca-cert-publisher",
        &["ServiceAccount:kube-system/root-ca-cert-publisher"],
    ),
    (
        "",
        "system:controller:route-controller",
        "ClusterRole",
        "system:controller:route-controller",
        &["ServiceAccount:kube-system/route-controller"],
    ),
    (
        "",
        "system:controller:selinux-warning-controller",
        "ClusterRole",
        "system:controller:selinux-warning-controller",
        &["ServiceAccount:kube-system/selinux-warning-controller"],
    ),
    (
        "",
        "system:controller:service-account-controller",
        "ClusterRole",
        "system:controller:service-account-controller",
        &["ServiceAccount:kube-system/service-account-controller"],
    ),
    (
        "",
        "system:controller:service-ca-cert-publisher",
        "ClusterRole",
        "system:controller:service-ca-cert-publisher",
        &["ServiceAccount:kube-system/service-ca-cert-publisher"],
    ),
    (
        "",
        "system:controller:service-cidrs-controller",
        "ClusterRole",
        "system:controller:service-cidrs-controller",
        &["ServiceAccount:kube-system/service-cidrs-controller"],
    ),
    (
        "",
        "system:controller:service-controller",
        "ClusterRole",
        "system:controller:service-controller",
        &["ServiceAccount:kube-system/service-controller"],
    ),
    (
        "",
        "system:controller:statefulset-controller",
        "ClusterRole",
        "system:controller:statefulset-controller",
        &["ServiceAccount:kube-system/statefulset-controller"],
    ),
    (
        "",
        "system:controller:ttl-after-finished-controller",
        "ClusterRole",
        "system:controller:ttl-after-finished-controller",
        &["ServiceAccount:kube-system/ttl-after-finished-controller"],
    ),
    (
        "",
        "system:controller:ttl-controller",
        "ClusterRole",
        "system:controller:ttl-controller",
        &["ServiceAccount:kube-system/ttl-controller"],
    ),
    (
        "",
        "system:controller:validatingadmissionpolicy-status-controller",
        "ClusterRole",
        "system:controller:validatingadmissionpolicy-status-controller",
        &["ServiceAccount:kube-system/validatingadmissionpolicy-status-controller"],
    ),
    (
        "",
        "system:controller:volumeattributesclass-protection-controller",
        "ClusterRole",
        "system:controller:volumeattributesclass-protection-controller",
        &["ServiceAccount:kube-system/volumeattributesclass-protection-controller"],
    ),
    (
        "",
        "system:discovery",
        "ClusterRole",
        "system:discovery",
        &["Group:system:authenticated"],
    ),
    (
        "",
        "system:kube-controller-manager",
        "ClusterRole",
        "system:kube-controller-manager",
        &["User:system:kube-controller-manager"],
    ),
    (
        "",
        "system:kube-dns",
        "ClusterRole",
        "system:kube-dns",
        &["ServiceAccount:kube-system/kube-dns"],
    ),
    (
        "",
        "system:kube-scheduler",
        "ClusterRole",
        "system:kube-scheduler",
        &["User:system:kube-scheduler"],
    ),
    (
        "",
        "system:monitoring",
        "ClusterRole",
        "system:monitoring",
        &["Group:system:monitoring"],
    ),
    (
        "",
        "system:node-proxier",
        "ClusterRole",
        "system:node-proxier",
        &["User:system:kube-proxy"],
    ),
    (
        "",
        "system:public-info-viewer",
        "ClusterRole",
        "system:public-info-viewer",
        &["Group:system:authenticated", "Group:system:unauthenticated"],
    ),
    (
        "",
        "system:service-account-issuer-discovery",
        "ClusterRole",
        "system:service-account-issuer-discovery",
        &["Group:system:serviceaccounts"],
    ),
    (
        "",
        "system:volume-scheduler",
        "ClusterRole",
        "system:volume-scheduler",
        &["User:system:kube-scheduler"],
    ),
    (
        "kube-public",
        "system:controller:bootstrap-signer",
        "Role",
        "system:controller:bootstrap-signer",
        &["ServiceAccount:kube-system/bootstrap-signer"],
    ),
    (
        "kube-system",
        "system::extension-apiserver-authentication-reader",
        "Role",
        "extension-apiserver-authentication-reader",
        &[
            "User:system:kube-controller-manager",
            "User:system:kube-scheduler",
        ],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        "Role",
        "system::leader-locking-kube-controller-manager",
        &[
            "ServiceAccount:kube-system/kube-controller-manager",
            "ServiceAccount:kube-system/leader-election-controller",
            "User:system:kube-controller-manager",
        ],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-scheduler",
        "Role",
        "system::leader-locking-kube-scheduler",
        &[
            "ServiceAccount:kube-system/kube-scheduler",
            "User:system:kube-scheduler",
        ],
    ),
    (
        "kube-system",
        "system:controller:bootstrap-signer",
        "Role",
        "system:controller:bootstrap-signer",
        &["ServiceAccount:kube-system/bootstrap-signer"],
    ),
    (
        "kube-system",
        "system:controller:cloud-provider",
        "Role",
        "system:controller:cloud-provider",
        &["ServiceAccount:kube-system/cloud-provider"],
    ),
    (
        "kube-system",
        "system:controller:token-cleaner",
        "Role",
        "system:controller:token-cleaner",
        &["ServiceAccount:kube-system/token-cleaner"],
    ),
];

/// The bindings that Amazon EKS creates.
///
/// Source: the EKS User Guide, and published lists of clusters from 2021 to 2026.
const BINDINGS_OF_EKS: &[BuiltInBinding] = &[
    (
        "",
        "aws-node",
        "ClusterRole",
        "aws-node",
        &["ServiceAccount:kube-system/aws-node"],
    ),
    (
        "",
        "eks:addon-cluster-admin",
        "ClusterRole",
        "cluster-admin",
        &["User:eks:addon-manager"],
    ),
    (
        "",
        "eks:addon-manager",
        "ClusterRole",
        "eks:addon-manager",
        &["User:eks:addon-manager"],
    ),
    (
        "",
        "eks:az-poller",
        "ClusterRole",
        "eks:az-poller",
        &["User:eks:az-poller"],
    ),
    (
        "",
        "eks:certificate-controller",
        "ClusterRole",
        "system:controller:certificate-controller",
        &["User:eks:certificate-controller"],
    ),
    (
        "",
        "eks:certificate-controller-approver",
        "ClusterRole",
        "eks:certificate-controller-approver",
        &["User:eks:certificate-controller"],
    ),
    (
        "",
        "eks:certificate-controller-signer",
        "ClusterRole",
        "eks:certificate-controller-signer",
        &["User:eks:certificate-controller"],
    ),
    (
        "",
        "eks:cloud-controller-manager",
        "ClusterRole",
        "eks:cloud-controller-manager",
        &["User:eks:cloud-controller-manager"],
    ),
    (
        "",
        "eks:cloud-provider-extraction-migration",
        "ClusterRole",
        "eks:cloud-provider-extraction-migration",
        &["User:system:kube-controller-manager"],
    ),
    (
        "",
        "eks:cluster-event-watcher",
        "ClusterRole",
        "eks:cluster-event-watcher",
        &["User:eks:cluster-event-watcher"],
    ),
    (
        "",
        "eks:coredns-autoscaler",
        "ClusterRole",
        "eks:coredns-autoscaler",
        &["User:eks:coredns-autoscaler"],
    ),
    (
        "",
        "eks:fargate-manager",
        "ClusterRole",
        "eks:fargate-manager",
        &["User:eks:fargate-manager"],
    ),
    (
        "",
        "eks:fargate-scheduler",
        "ClusterRole",
        "eks:fargate-scheduler",
        &["User:eks:fargate-scheduler"],
    ),
    (
        "",
        "eks:k8s-metrics",
        "ClusterRole",
        "eks:k8s-metrics",
        &["User:eks:k8s-metrics"],
    ),
    (
        "",
        "eks:kube-proxy",
        "ClusterRole",
        "system:node-proxier",
        &["ServiceAccount:kube-system/kube-proxy"],
    ),
    (
        "",
        "eks:kube-proxy-fargate",
        "ClusterRole",
        "system:node-proxier",
        &["Group:system:node-proxier"],
    ),
    (
        "",
        "eks:kube-proxy-windows",
        "ClusterRole",
        "system:node-proxier",
        &["Group:eks:kube-proxy-windows"],
    ),
    (
        "",
        "eks:network-policy-controller",
        "ClusterRole",
        "eks:network-policy-controller",
        &["User:eks:network-policy-controller"],
    ),
    (
        "",
        "eks:node-bootstrapper",
        "ClusterRole",
        "eks:node-bootstrapper",
        &["Group:system:bootstrappers", "Group:system:nodes"],
    ),
    (
        "",
        "eks:node-manager",
        "ClusterRole",
        "eks:node-manager",
        &["User:eks:node-manager"],
    ),
    (
        "",
        "eks:nodewatcher",
        "ClusterRole",
        "eks:nodewatcher",
        &["User:eks:nodewatcher"],
    ),
    (
        "",
        "eks:pod-identity-mutating-webhook",
        "ClusterRole",
        "eks:pod-identity-mutating-webhook",
        &["User:eks:pod-identity-mutating-webhook"],
    ),
    (
        "",
        "eks:service-operations",
        "ClusterRole",
        "eks:service-operations",
        &["Group:eks:service-operations"],
    ),
    (
        "",
        "eks:tagging-controller",
        "ClusterRole",
        "eks:tagging-controller",
        &["ServiceAccount:kube-system/tagging-controller"],
    ),
    (
        "",
        "system:coredns",
        "ClusterRole",
        "system:coredns",
        &["ServiceAccount:kube-system/coredns"],
    ),
    (
        "",
        "vpc-resource-controller-rolebinding",
        "ClusterRole",
        "vpc-resource-controller-role",
        &[
            "ServiceAccount:kube-system/eks-vpc-resource-controller",
            "User:eks:vpc-resource-controller",
        ],
    ),
    (
        "kube-system",
        "eks-vpc-resource-controller-rolebinding",
        "Role",
        "eks-vpc-resource-controller-role",
        &[
            "ServiceAccount:kube-system/eks-vpc-resource-controller",
            "User:eks:vpc-resource-controller",
        ],
    ),
    (
        "kube-system",
        "eks:addon-manager",
        "Role",
        "eks:addon-manager",
        &["User:eks:addon-manager"],
    ),
    (
        "kube-system",
        "eks:authenticator",
        "Role",
        "eks:authenticator",
        &["User:eks:authenticator"],
    ),
    (
        "kube-system",
        "eks:az-poller",
        "Role",
        "eks:az-poller",
        &["User:eks:az-poller"],
    ),
    (
        "kube-system",
        "eks:certificate-controller",
        "Role",
        "eks:certificate-controller",
        &["User:eks:certificate-controller"],
    ),
    (
        "kube-system",
        "eks:cloud-controller-manager:apiserver-authentication-reader",
        "Role",
        "extension-apiserver-authentication-reader",
        &["User:eks:cloud-controller-manager"],
    ),
    (
        "kube-system",
        "eks:coredns-autoscaler",
        "Role",
        "eks:coredns-autoscaler",
        &["User:eks:coredns-autoscaler"],
    ),
    (
        "kube-system",
        "eks:fargate-manager",
        "Role",
        "eks:fargate-manager",
        &["User:eks:fargate-manager"],
    ),
    (
        "kube-system",
        "eks:k8s-metrics",
        "Role",
        "eks:k8s-metrics",
        &["User:eks:k8s-metrics"],
    ),
    (
        "kube-system",
        "eks:network-policy-controller",
        "Role",
        "eks:network-policy-controller",
        &["User:eks:network-policy-controller"],
    ),
    (
        "kube-system",
        "eks:node-manager",
        "Role",
        "eks:node-manager",
        &["User:eks:node-manager"],
    ),
];

/// The roles that the API server creates, and that of CoreDNS, which has the same label: the namespace and the name.
///
/// Source: a list of kube-apiserver 1.36.
const ROLES_OF_KUBERNETES: &[(&str, &str)] = &[
    ("", "admin"),
    ("", "cluster-admin"),
    ("", "edit"),
    ("", "system:aggregate-to-admin"),
    ("", "system:aggregate-to-edit"),
    ("", "system:aggregate-to-view"),
    ("", "system:auth-delegator"),
    ("", "system:basic-user"),
    (
        "",
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
    ),
    (
        "",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    ),
    (
        "",
        "system:certificates.k8s.io:kube-apiserver-client-approver",
    ),
    (
        "",
        "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
    ),
    ("", "system:certificates.k8s.io:kubelet-serving-approver"),
    ("", "system:certificates.k8s.io:legacy-unknown-approver"),
    ("", "system:controller:attachdetach-controller"),
    ("", "system:controller:certificate-controller"),
    ("", "system:controller:clusterrole-aggregation-controller"),
    ("", "system:controller:cronjob-controller"),
    ("", "system:controller:daemon-set-controller"),
    ("", "system:controller:deployment-controller"),
    ("", "system:controller:device-taint-eviction-controller"),
    ("", "system:controller:disruption-controller"),
    ("", "system:controller:endpoint-controller"),
    ("", "system:controller:endpointslice-controller"),
    ("", "system:controller:endpointslicemirroring-controller"),
    ("", "system:controller:ephemeral-volume-controller"),
    ("", "system:controller:expand-controller"),
    ("", "system:controller:generic-garbage-collector"),
    ("", "system:controller:horizontal-pod-autoscaler"),
    ("", "system:controller:job-controller"),
    ("", "system:controller:legacy-service-account-token-cleaner"),
    ("", "system:controller:namespace-controller"),
    ("", "system:controller:node-controller"),
    ("", "system:controller:persistent-volume-binder"),
    ("", "system:controller:pod-garbage-collector"),
    ("", "system:controller:pv-protection-controller"),
    ("", "system:controller:pvc-protection-controller"),
    ("", "system:controller:replicaset-controller"),
    ("", "system:controller:replication-controller"),
    ("", "system:controller:resource-claim-controller"),
    ("", "system:controller:resourcequota-controller"),
    ("", "system:controller:root-ca-cert-publisher"),
    ("", "system:controller:route-controller"),
    ("", "system:controller:selinux-warning-controller"),
    ("", "system:controller:service-account-controller"),
    ("", "system:controller:service-ca-cert-publisher"),
    ("", "system:controller:service-cidrs-controller"),
    ("", "system:controller:service-controller"),
    ("", "system:controller:statefulset-controller"),
    ("", "system:controller:ttl-after-finished-controller"),
    ("", "system:controller:ttl-controller"),
    (
        "",
        "system:controller:validatingadmissionpolicy-status-controller",
    ),
    (
        "",
        "system:controller:volumeattributesclass-protection-controller",
    ),
    ("", "system:coredns"),
    ("", "system:discovery"),
    ("", "system:heapster"),
    ("", "system:kube-aggregator"),
    ("", "system:kube-controller-manager"),
    ("", "system:kube-dns"),
    ("", "system:kube-scheduler"),
    ("", "system:kubelet-api-admin"),
    ("", "system:monitoring"),
    ("", "system:node"),
    ("", "system:node-bootstrapper"),
    ("", "system:node-problem-detector"),
    ("", "system:node-proxier"),
    ("", "system:persistent-volume-provisioner"),
    ("", "system:public-info-viewer"),
    ("", "system:service-account-issuer-discovery"),
    ("", "system:volume-scheduler"),
    ("", "view"),
    ("kube-public", "system:controller:bootstrap-signer"),
    ("kube-system", "extension-apiserver-authentication-reader"),
    (
        "kube-system",
        "system::leader-locking-kube-controller-manager",
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"),
    ("kube-system", "system:controller:bootstrap-signer"),
    ("kube-system", "system:controller:cloud-provider"),
    ("kube-system", "system:controller:token-cleaner"),
];

/// The roles that Amazon EKS creates: the namespace and the name.
///
/// Source: as for [`BINDINGS_OF_EKS`].
const ROLES_OF_EKS: &[(&str, &str)] = &[
    ("", "aws-node"),
    ("", "eks:addon-manager"),
    ("", "eks:az-poller"),
    ("", "eks:certificate-controller-approver"),
    ("", "eks:certificate-controller-signer"),
    ("", "eks:cloud-controller-manager"),
    ("", "eks:cloud-provider-extraction-migration"),
    ("", "eks:cluster-event-watcher"),
    ("", "eks:coredns-autoscaler"),
    ("", "eks:fargate-manager"),
    ("", "eks:fargate-scheduler"),
    ("", "eks:k8s-metrics"),
    ("", "eks:kms-storage-migrator"),
    ("", "eks:network-policy-controller"),
    ("", "eks:network-webhooks"),
    ("", "eks:node-bootstrapper"),
    ("", "eks:node-manager"),
    ("", "eks:nodewatcher"),
    ("", "eks:pod-identity-mutating-webhook"),
    ("", "eks:service-operations"),
    ("", "eks:tagging-controller"),
    ("", "vpc-resource-controller-role"),
    ("kube-system", "eks-vpc-resource-controller-role"),
    ("kube-system", "eks:addon-manager"),
    ("kube-system", "eks:authenticator"),
    ("kube-system", "eks:az-poller"),
    ("kube-system", "eks:certificate-controller"),
    ("kube-system", "eks:coredns-autoscaler"),
    ("kube-system", "eks:fargate-manager"),
    ("kube-system", "eks:k8s-metrics"),
    ("kube-system", "eks:network-policy-controller"),
    ("kube-system", "eks:node-manager"),
    ("kube-system", "eks:service-operations-configmaps"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::rbac::tests::{name, subject};

    #[test]
    fn a_binding_is_built_in_by_its_name_its_role_and_its_subject() {
        let admin = ("", "cluster-admin");
        let masters = "Group:system:masters";
        for (binding, role, of, expected) in [
            (admin, admin, masters, true),
            (admin, admin, "User:system:masters", false),
            (admin, admin, "User:bob", false),
            (admin, ("", "edit"), masters, false),
            (("", "mine"), admin, masters, false),
            (("shop", "cluster-admin"), admin, masters, false),
            (("", "eks:mine"), admin, masters, false),
            (
                ("", "eks:addon-cluster-admin"),
                admin,
                "User:eks:addon-manager",
                true,
            ),
            (
                ("", "system:controller:job-controller"),
                ("", "system:controller:job-controller"),
                "ServiceAccount:kube-system/job-controller",
                true,
            ),
            (
                ("", "system:controller:job-controller"),
                ("", "system:controller:job-controller"),
                "ServiceAccount:shop/job-controller",
                false,
            ),
            (
                ("kube-system", "eks:authenticator"),
                ("kube-system", "eks:authenticator"),
                "User:eks:authenticator",
                true,
            ),
            (
                ("kube-system", "eks:authenticator"),
                ("", "eks:authenticator"),
                "User:eks:authenticator",
                false,
            ),
        ] {
            let bound = Binding {
                role: Some(name(role.0, role.1)),
                ..Binding::default()
            };
            let found = is_built_in_subject(&name(binding.0, binding.1), &bound, &subject(of));
            assert_eq!(found, expected, "{binding:?} {role:?} {of}");
        }
        let unread = Binding::default();
        assert!(!is_built_in_subject(
            &name("", "cluster-admin"),
            &unread,
            &subject(masters)
        ));
    }

    #[test]
    fn a_role_of_kubernetes_has_a_label_and_a_known_name() {
        for (role, is_labelled_default, expected) in [
            (("", "system:kube-controller-manager"), true, true),
            (("", "system:kube-controller-manager"), false, false),
            (("", "system:mine"), true, false),
            (("shop", "cluster-admin"), true, false),
            (("", "eks:addon-manager"), false, true),
            (("", "eks:mine"), false, false),
            (("kube-system", "eks:authenticator"), false, true),
            (("shop", "eks:authenticator"), false, false),
        ] {
            let found = Role {
                is_labelled_default,
                ..Role::default()
            };
            let found = is_built_in_role(&name(role.0, role.1), &found);
            assert_eq!(found, expected, "{role:?} {is_labelled_default}");
        }
    }
}
