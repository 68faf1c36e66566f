//! The groups of facts that checks need.

use enumset::{EnumSet, EnumSetType};

/// A group of facts that requires additional calls.
#[derive(Debug, EnumSetType)]
pub enum Need {
    /// The cluster's IAM role, and the other users of the role.
    ClusterRole,
    /// The KMS key with which a cluster encrypts secrets.
    SecretsKey,
    /// The Kubernetes versions that EKS lists, with their support.
    VersionSupport,
    /// The IAM roles that trust a cluster's OIDC issuer.
    TrustingRoles,
    /// The access entries of a cluster.
    AccessEntries,
    /// The access entries of a cluster's administrators.
    ClusterAdmins,
    /// The node groups of a cluster.
    NodeGroups,
    /// The nodes of a cluster.
    Nodes,
    /// The IAM roles of a cluster's nodes.
    NodeRoles,
    /// The subnets of a cluster, and of its node groups and nodes if these are needed.
    Subnets,
    /// The security groups of a cluster, and of its node groups and nodes if these are needed.
    SecurityGroups,
    /// The machine images of a cluster's nodes.
    Images,
    /// The instance types of a cluster's nodes.
    InstanceTypes,
    /// The flow logs of a cluster's VPC and subnets.
    FlowLogs,
    /// The endpoints in a cluster's VPC.
    VpcEndpoints,
    /// The add-ons of a cluster.
    Addons,
    /// The insights of EKS into a cluster.
    Insights,
    /// The sources of IAM roles for a cluster's pods.
    PodRoles,
    /// The load balancers of a cluster.
    LoadBalancers,
    /// The EBS volumes of a cluster that are not encrypted.
    UnencryptedVolumes,
    /// The log group of a cluster.
    LogGroup,
    /// A watcher of a cluster's audit log.
    AuditLogWatcher,
    /// The GuardDuty detector of an account in a Region.
    Detector,
    /// The coverage of a cluster by GuardDuty Runtime Monitoring.
    RuntimeCoverage,
    /// The registry's scanning configuration.
    RegistryScanning,
    /// The KMS key with which a repository encrypts images.
    RepositoryKey,
    /// The lifecycle policy of a repository.
    LifecyclePolicy,
    /// A repository's own policy.
    RepositoryPolicy,
    /// The registry's policy and its scope.
    RegistryPolicy,
    /// The registry's repository creation templates.
    CreationTemplates,
    /// An image's scan.
    ImageScan,
    /// The registry's managed signing, which repositories and images share.
    ManagedSigning,
    /// An image's signature.
    ImageSignature,
    /// The configuration in an image.
    ImageConfig,
    /// A key's automatic rotation.
    KeyRotation,
    /// The use of a key that is pending deletion.
    KeyUse,
    /// The aliases of the keys that other resources name.
    KeyAliases,
    /// A key's policy.
    KeyPolicy,
    /// An account's AWS Config recorder.
    Recorder,
    /// The scanning configuration of an account's registry, and the status of Amazon Inspector.
    Inspector,
    /// The namespaces in a cluster.
    Namespaces,
    /// The resource quotas in a cluster.
    ResourceQuotas,
    /// The limit ranges in a cluster.
    LimitRanges,
    /// The service accounts in a cluster.
    ServiceAccounts,
    /// The Services in a cluster.
    Services,
    /// The Ingresses in a cluster.
    Ingresses,
    /// The network policies in a cluster, and the settings that decide whether they have an effect.
    NetworkPolicies,
    /// The pods in a cluster, the objects that create pods, and the names of the add-ons, which create some of these.
    Workloads,
    /// The same as [`Workloads`](Self::Workloads) without the pods. Checks need pods; this stands for what is read if a
    /// parameter states that pods are not.
    WorkloadTemplates,
    /// The persistent volumes in a cluster that are paths of nodes.
    PersistentVolumes,
    /// The priority classes in a cluster.
    PriorityClasses,
    /// The roles in a cluster, and their bindings.
    Rbac,
    /// The metadata of the Secrets in a cluster that hold tokens of service accounts.
    TokenSecrets,
    /// The ConfigMap aws-auth in a cluster.
    AwsAuth,
    /// An account's trails.
    Trails,
    /// The default encryption of an account's EBS volumes.
    VolumeEncryption,
    /// The access points of a file system.
    AccessPoints,
}

/// A set of [`Need`]s.
pub type Needs = EnumSet<Need>;
