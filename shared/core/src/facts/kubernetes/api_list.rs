//! The lists that are read from an API server.

use crate::need::{Need, Needs};

/// A list of all objects of a kind. It is written as roles name the kind: `deployments.apps`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, strum::VariantArray,
)]
pub enum ApiList {
    /// Namespaces.
    #[strum(serialize = "namespaces")]
    Namespaces,
    /// Network policies.
    #[strum(serialize = "networkpolicies.networking.k8s.io")]
    NetworkPolicies,
    /// Pods, without those that have ended.
    #[strum(serialize = "pods")]
    Pods,
    /// Resource quotas.
    #[strum(serialize = "resourcequotas")]
    ResourceQuotas,
    /// Limit ranges.
    #[strum(serialize = "limitranges")]
    LimitRanges,
    /// Service accounts.
    #[strum(serialize = "serviceaccounts")]
    ServiceAccounts,
    /// The metadata of Secrets with tokens of service accounts.
    #[strum(serialize = "secrets")]
    TokenSecrets,
    /// Services.
    #[strum(serialize = "services")]
    Services,
    /// Ingresses.
    #[strum(serialize = "ingresses.networking.k8s.io")]
    Ingresses,
    /// Replica sets, without those of deployments.
    #[strum(serialize = "replicasets.apps")]
    ReplicaSets,
    /// Jobs.
    #[strum(serialize = "jobs.batch")]
    Jobs,
    /// Replication controllers.
    #[strum(serialize = "replicationcontrollers")]
    ReplicationControllers,
    /// Deployments.
    #[strum(serialize = "deployments.apps")]
    Deployments,
    /// Stateful sets.
    #[strum(serialize = "statefulsets.apps")]
    StatefulSets,
    /// Daemon sets.
    #[strum(serialize = "daemonsets.apps")]
    DaemonSets,
    /// Cron jobs.
    #[strum(serialize = "cronjobs.batch")]
    CronJobs,
    /// Persistent volumes.
    #[strum(serialize = "persistentvolumes")]
    PersistentVolumes,
    /// Node classes of EKS Auto Mode.
    #[strum(serialize = "nodeclasses.eks.amazonaws.com")]
    NodeClasses,
    /// Priority classes.
    #[strum(serialize = "priorityclasses.scheduling.k8s.io")]
    PriorityClasses,
    /// Bindings in the whole cluster.
    #[strum(serialize = "clusterrolebindings.rbac.authorization.k8s.io")]
    ClusterRoleBindings,
    /// Bindings in namespaces.
    #[strum(serialize = "rolebindings.rbac.authorization.k8s.io")]
    RoleBindings,
    /// Cluster roles.
    #[strum(serialize = "clusterroles.rbac.authorization.k8s.io")]
    ClusterRoles,
    /// Roles in namespaces.
    #[strum(serialize = "roles.rbac.authorization.k8s.io")]
    Roles,
}

impl ApiList {
    /// All lists, in the order in which they are read. Objects come before those that create them, so that the creator of
    /// an object is in its list, unless it was deleted. Network policies come before the pods that they select.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// Returns the lists that contain the objects that checks with these needs evaluate. `auto_mode` is `true` if EKS Auto
/// Mode manages nodes of the cluster.
pub fn lists_for(needs: Needs, auto_mode: bool) -> impl Iterator<Item = ApiList> {
    ApiList::ALL.iter().copied().filter(move |list| match list {
        // Objects in a namespace that is being deleted are left alone.
        ApiList::Namespaces => !needs
            .is_disjoint(Need::Namespaces | Need::Workloads | Need::WorkloadTemplates | Need::Rbac),
        ApiList::NetworkPolicies => needs.contains(Need::NetworkPolicies),
        // Node classes remain after EKS Auto Mode is disabled, but then no node has one.
        ApiList::NodeClasses => auto_mode && needs.contains(Need::NetworkPolicies),
        ApiList::ResourceQuotas => needs.contains(Need::ResourceQuotas),
        ApiList::LimitRanges => needs.contains(Need::LimitRanges),
        ApiList::ServiceAccounts => needs.contains(Need::ServiceAccounts),
        ApiList::PersistentVolumes => needs.contains(Need::PersistentVolumes),
        ApiList::PriorityClasses => needs.contains(Need::PriorityClasses),
        ApiList::TokenSecrets => needs.contains(Need::TokenSecrets),
        ApiList::Services => needs.contains(Need::Services),
        ApiList::Ingresses => needs.contains(Need::Ingresses),
        ApiList::Pods => needs.contains(Need::Workloads),
        ApiList::ReplicationControllers
        | ApiList::Deployments
        | ApiList::StatefulSets
        | ApiList::DaemonSets
        | ApiList::ReplicaSets
        | ApiList::Jobs
        | ApiList::CronJobs => !needs.is_disjoint(Need::Workloads | Need::WorkloadTemplates),
        ApiList::ClusterRoleBindings
        | ApiList::RoleBindings
        | ApiList::ClusterRoles
        | ApiList::Roles => needs.contains(Need::Rbac),
    })
}
