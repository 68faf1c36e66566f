//! The roles and the bindings that Kubernetes and Amazon EKS create.
//!
//! Anyone can give an object such a name, so a name alone is not enough: a binding counts only with its role, and only
//! for its own subjects.

mod eks;
mod kubernetes;

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
    let mut rows = kubernetes::BINDINGS.iter().chain(eks::BINDINGS);
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
/// Source: as for [`eks::BINDINGS`].
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
