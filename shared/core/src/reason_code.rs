//! The reason codes of verdicts.

use std::cmp::Ordering;

use serde::Serialize;
use strum::{EnumMessage, IntoStaticStr, VariantArray};

/// A stable code, for machines, that gives the reason for a verdict. Findings, evaluations and events carry the code,
/// and people search and filter by it, so the meaning of a code never changes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, EnumMessage, IntoStaticStr, Serialize, VariantArray,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(into = "&'static str")]
pub enum ReasonCode {
    // --- Not read ---
    /// The role is not allowed to make a call that the check needs.
    AccessDenied,
    /// A list changed while it was read, so it may lack objects that exist.
    Inconsistent,
    /// The fact was not requested, since no selected check needs it.
    NotRead,
    /// The service could not be reached, or did not respond in time.
    NotReached,
    /// A response has no list, not even an empty one.
    NoList,
    /// A policy document is not understood.
    PolicyNotUnderstood,
    /// A call failed for another reason, or its response is incomplete.
    ReadFailed,
    /// The service throttled every attempt of a call.
    Throttled,
    /// Nothing in the cluster could be read for some time, since the day that the text names.
    UnreadSince,

    // --- Any resource ---
    /// The mute list accepts the failure.
    Muted,
    /// A sweep no longer found the resource: it was deleted, or the check no longer covers it.
    NoLongerFound,
    /// The resource no longer exists.
    ResourceGone,
    /// The check does not apply to the resource in its present state.
    ResourceNotApplicable,
    /// The check evaluates resources of another kind.
    ResourceOfOtherKind,

    // --- Many objects ---
    /// All objects passed.
    AllPassed,
    /// Some objects pass only because of exceptions.
    Excepted,
    /// A parameter of the check accepts the failure of the object.
    ExceptedByParameter,
    /// The object is one of the platform, so its failure is accepted.
    ExceptedSystem,
    /// Exceptions for objects in clusters match no object.
    ExceptionUnused,
    /// There are more objects than the finding names.
    MoreObjects,
    /// There are more reasons than the finding names.
    MoreReasons,
    /// There is no object to which the check applies.
    NoObjects,
    /// The objects that fail have their own findings.
    ObjectsReported,
    /// The results of some objects are not available yet.
    ResultsPending,

    // --- Accounts ---
    /// GuardDuty monitors the audit logs of EKS clusters.
    AuditLogsMonitored,
    /// GuardDuty does not monitor the audit logs of EKS clusters.
    AuditLogsNotMonitored,
    /// The registry uses basic scanning.
    BasicScanning,
    /// The registry uses basic scanning, which is allowed.
    BasicScanningAllowed,
    /// GuardDuty does not offer a feature in the partition.
    DetectorFeatureNotOffered,
    /// GuardDuty did not report the status of a feature.
    DetectorFeatureUnknown,
    /// GuardDuty is suspended.
    DetectorSuspended,
    /// The registry uses enhanced scanning, and Amazon Inspector is on.
    EnhancedScanning,
    /// CloudTrail returned an event selector that is not understood.
    EventSelectorsUnknown,
    /// A trail does not log all management events of Amazon EKS, Amazon ECR and AWS KMS.
    EventsNotLogged,
    /// The Region does not offer Amazon Inspector.
    InspectorNotOffered,
    /// The registry uses enhanced scanning, but Amazon Inspector does not scan images.
    InspectorOff,
    /// Amazon Inspector is being enabled.
    InspectorStarting,
    /// Amazon Inspector reported no known status.
    InspectorStatusUnknown,
    /// The Region has no EKS clusters.
    NoClusters,
    /// GuardDuty is not enabled: it has no detector.
    NoDetector,
    /// No multi-Region trail logs events.
    NoMultiRegionTrail,
    /// The Region has no ECR repositories.
    NoRepositories,
    /// The Region has neither EKS clusters nor ECR repositories.
    NothingToRecord,
    /// AWS Config has no recorder.
    NoRecorder,
    /// The recorder reports that its last delivery failed.
    RecorderFailed,
    /// The recorder is off.
    RecorderOff,
    /// The types that the recorder records are not known.
    RecordedTypesUnknown,
    /// A multi-Region trail logs all management events of Amazon EKS, Amazon ECR and AWS KMS.
    TrailLogsEvents,
    /// CloudTrail could not deliver the last log files of a trail.
    TrailNotDelivered,
    /// A trail does not log CloudTrail Insights events.
    TrailWithoutInsights,
    /// Log file validation is off for a trail.
    TrailWithoutValidation,
    /// Some required resource types are not recorded.
    TypesNotRecorded,
    /// All required resource types are recorded.
    TypesRecorded,
    /// Some required resource types are recorded only once a day.
    TypesRecordedDaily,
    /// Amazon EBS encrypts new volumes by default.
    VolumesEncryptedByDefault,
    /// Amazon EBS does not encrypt new volumes by default.
    VolumesNotEncryptedByDefault,

    // --- Clusters: contents ---
    /// Amazon EKS is creating the cluster.
    ClusterBeingCreated,
    /// All lists of Kubernetes objects were read.
    ContentsRead,

    // --- Clusters: endpoint ---
    /// The public endpoint accepts only address ranges that are allowed.
    PublicEndpointAllowed,
    /// The public endpoint is off.
    PublicEndpointOff,
    /// The public endpoint is on.
    PublicEndpointOn,
    /// The public endpoint accepts connections from anywhere.
    PublicEndpointOpenToWorld,
    /// An address range is not understood.
    UnknownCidr,

    // --- Clusters: access, deletion, logs ---
    /// Only access entries grant access.
    AccessEntriesAlone,
    /// Only the ConfigMap aws-auth grants access.
    ConfigMapAlone,
    /// The ConfigMap aws-auth grants access as well, which is allowed.
    ConfigMapAllowed,
    /// The ConfigMap aws-auth grants access as well.
    ConfigMapCounts,
    /// EKS reports no authentication mode.
    NoAuthenticationMode,
    /// The authentication mode is unknown.
    UnknownAuthenticationMode,
    /// Deletion protection is off.
    DeletionProtectionOff,
    /// Deletion protection is on.
    DeletionProtectionOn,
    /// EKS does not report the setting of deletion protection.
    NoDeletionProtection,
    /// All required log types are enabled.
    LogsEnabled,
    /// Some required log types are not enabled.
    LogsNotEnabled,

    // --- Clusters: access entries ---
    /// A principal that is not allowed is an administrator of the cluster.
    AdminNotAllowed,
    /// The cluster's creator is probably an administrator.
    CreatorProbablyAdmin,
    /// All access entries are for existing IAM roles of known accounts.
    EntriesOfKnownRoles,
    /// An access entry is for a role that no longer exists.
    EntryOfDeletedRole,
    /// An access entry is for a role of an account that is not allowed.
    EntryOfOtherAccount,
    /// An access entry is for an IAM user or another principal that is not a role.
    EntryOfUser,
    /// Few or only allowed principals are administrators of the cluster.
    FewAdmins,
    /// The cluster does not use access entries.
    NoAccessEntries,
    /// More principals are administrators of the cluster than are allowed.
    TooManyAdmins,

    // --- Clusters: aws-auth ---
    /// The cluster has no ConfigMap aws-auth.
    AwsAuthAbsent,
    /// The cluster ignores the ConfigMap aws-auth.
    AwsAuthIgnored,
    /// The ConfigMap aws-auth maps roles of known accounts, without the rights of administrators.
    AwsAuthOfRoles,
    /// A part of the ConfigMap aws-auth can't be read.
    AwsAuthUnreadable,
    /// A role is mapped such that whoever assumes it chooses the name of the user in the cluster.
    FreeUsername,
    /// An entry of the ConfigMap aws-auth matches no IAM principal.
    MappingMatchesNothing,
    /// Several entries of the ConfigMap aws-auth map an IAM principal in different ways.
    MappingsDiffer,
    /// The ConfigMap aws-auth maps all IAM principals of an account.
    MapsAccount,
    /// The ConfigMap aws-auth makes an IAM principal an administrator of the cluster.
    MapsAdministrator,
    /// The ConfigMap aws-auth gives an IAM principal the groups of nodes without the name of a node.
    MapsNodeGroups,
    /// The ConfigMap aws-auth maps a role of an account that is not allowed.
    MapsOtherAccount,
    /// The ConfigMap aws-auth maps an IAM principal to a user of the Kubernetes system.
    MapsSystemUser,
    /// The ConfigMap aws-auth maps an IAM user, the root user or a federated user.
    MapsUser,

    // --- Clusters: health ---
    /// An add-on has an issue, or its status is a failure.
    AddonUnhealthy,
    /// EKS reports an issue with the cluster.
    ClusterIssueReported,
    /// EKS reports an issue that takes the control plane down.
    ControlPlaneIssueReported,
    /// EKS reports no issue with the cluster, its node groups and its add-ons.
    NoIssueReported,
    /// A node group has an issue, or its status is a failure.
    NodeGroupUnhealthy,
    /// EKS reports only issues that are ignored.
    OnlyIgnoredIssues,

    // --- Clusters: insights ---
    /// EKS did not report when it refreshed the insights into the cluster.
    InsightAgeUnknown,
    /// EKS reports an error in an insight into the cluster.
    InsightErrors,
    /// EKS has not refreshed the insights into the cluster for a week.
    InsightsOutdated,
    /// All insights into the cluster pass.
    InsightsPassing,
    /// EKS reports no result of an insight into the cluster.
    InsightsUnknown,
    /// EKS reports a warning in an insight into the cluster.
    InsightWarnings,
    /// EKS has no insights into the cluster.
    NoInsights,

    // --- Clusters: load balancers ---
    /// The cluster has Classic Load Balancers, which the check does not evaluate.
    ClassicLoadBalancers,
    /// A listener serves HTTP without redirecting all requests to HTTPS.
    HttpServed,
    /// The cluster has no load balancers that the check evaluates.
    NoLoadBalancers,
    /// A listener accepts a TLS version that is older than required.
    OldTlsVersionAccepted,
    /// No listener serves HTTP or accepts an old TLS version.
    TlsServed,
    /// The protocol of a listener is unknown.
    UnknownListenerProtocol,

    // --- Clusters: log groups ---
    /// The audit log is not enabled.
    AuditLogNotEnabled,
    /// Nothing that AWS shows watches the audit log.
    AuditLogNotWatched,
    /// The audit log is watched.
    AuditLogWatched,
    /// A parameter states that the audit log is watched by means that AWS does not show.
    AuditLogWatchedElsewhere,
    /// The log group does not exist.
    LogGroupMissing,
    /// The log group is not encrypted with a customer managed key.
    LogGroupWithoutKey,
    /// The log class of the log group keeps log events for one day.
    LogsForDeliveryOnly,
    /// The log group keeps log events long enough.
    LogsKept,
    /// The log group keeps log events for less time than required.
    LogsKeptTooShort,
    /// The cluster sends no control plane logs to CloudWatch Logs.
    NoLogsEnabled,
    /// The log groups that a policy of the account selects are not understood.
    SelectionNotUnderstood,

    // --- Clusters: network policies ---
    /// The network plugin of the cluster is not an add-on that EKS manages.
    CniSelfManaged,
    /// The add-on of the network plugin enables network policies.
    NetworkPolicyEnabled,
    /// The add-on of the network plugin does not enable network policies.
    NetworkPolicyNotEnabled,
    /// The configuration of the network plugin's add-on is not understood.
    NetworkPolicyUnknown,
    /// A parameter states that another engine enforces network policies.
    OtherNetworkPolicyEngine,

    // --- Clusters: nodes ---
    /// Responses of the instance metadata service can reach pods.
    HopLimitTooLarge,
    /// The instance type of a node, or its encryption in transit, is unknown.
    InstanceTypeUnknown,
    /// The options of the instance metadata service are unknown.
    MetadataOptionsUnknown,
    /// The instance metadata service is protected from pods.
    MetadataProtected,
    /// The instance metadata service accepts requests without a token.
    MetadataWithoutToken,
    /// New nodes of a node group get public IPv4 addresses.
    NewNodesPublic,
    /// New nodes of a node group get public IPv4 addresses that VPC Block Public Access protects from the internet.
    NewNodesPublicButBlocked,
    /// The addresses of a node are unknown.
    NodeAddressesUnknown,
    /// EC2 no longer shows the image of a node, and no other date of the image is known.
    NodeImageGone,
    /// The image with which a node was started is too old, but the node may have been updated since.
    NodeImageMayBeUpdated,
    /// The image of a node is too old.
    NodeImageTooOld,
    /// The image of a node or a node group, its name or its date is unknown.
    NodeImageUnknown,
    /// The image of a node or a node group gets no updates any more.
    NodeImageUnsupported,
    /// The images of all nodes are recent, and their Kubernetes versions are supported.
    NodesCurrent,
    /// AWS manages all nodes of the cluster.
    NodesManaged,
    /// No node has a public IPv4 address, and new nodes get none.
    NodesPrivate,
    /// A node has a public IPv4 address.
    NodesPublic,
    /// A node has a public IPv4 address that VPC Block Public Access protects from the internet.
    NodesPublicButBlocked,
    /// The Kubernetes version of a node group is too far behind that of the cluster.
    NodeVersionBehind,
    /// The cluster has no nodes at present.
    NoNodes,
    /// The cluster has no EC2 nodes that the check can evaluate.
    NoNodesToEvaluate,
    /// The settings of the subnets of a node group are unknown.
    SubnetSettingsUnknown,
    /// The instance types of all nodes encrypt the traffic between them.
    TrafficEncrypted,
    /// The instance type of a node does not encrypt the traffic between nodes.
    TrafficNotEncrypted,

    // --- Clusters: network ---
    /// All ports and protocols are open to the whole internet.
    AllTrafficOpenToWorld,
    /// The endpoints are in another VPC.
    CentralEndpoints,
    /// The records of a flow log can't be delivered.
    FlowLogNotDelivered,
    /// A flow log does not contain the required traffic.
    FlowLogOfOtherTraffic,
    /// Flow logs contain the required traffic.
    FlowLogsActive,
    /// Amazon Security Lake collects the flow logs.
    FlowLogsInSecurityLake,
    /// The traffic that a flow log contains is unknown.
    FlowLogTrafficUnknown,
    /// A forbidden port is open to the whole internet.
    ForbiddenPortOpenToWorld,
    /// The VPC has no available endpoint for ECR.
    NoEcrEndpoint,
    /// No flow log contains the required traffic.
    NoFlowLog,
    /// EKS names no security group of the cluster.
    NoSecurityGroup,
    /// A port that is not allowed is open to the whole internet.
    PortOpenToWorld,
    /// The accounts to which images can be pushed depend on a part of an endpoint's policy that is not evaluated.
    PushesNotUnderstood,
    /// Some principals can push images to any account through an endpoint.
    PushesOfSomePrincipals,
    /// Images can be pushed to any account through an endpoint.
    PushesToAnyAccount,
    /// Images can be pushed only to known accounts or organizations through the endpoints for ECR.
    PushesToKnownAccounts,
    /// Images can be pushed to accounts that are not allowed through an endpoint.
    PushesToOtherAccounts,
    /// The security groups open only allowed ports to the whole internet.
    SecurityGroupsRestricted,
    /// A security group, or its ID, is unknown.
    SecurityGroupUnknown,
    /// The VPC belongs to another account, whose flow logs and endpoints are not visible.
    SharedVpc,
    /// EKS reports no subnets of a node group.
    SubnetsUnknown,
    /// No flow log contains the required traffic of some subnets.
    SubnetsWithoutFlowLog,
    /// The private DNS setting of a VPC endpoint is unknown.
    VpcEndpointDnsUnknown,
    /// The VPC has no endpoint for a service.
    VpcEndpointMissing,
    /// The VPC has usable endpoints for all services.
    VpcEndpointsAvailable,
    /// No VPC endpoint for a service is available.
    VpcEndpointUnavailable,
    /// The private DNS of a VPC endpoint is off.
    VpcEndpointWithoutDns,
    /// The owner of the VPC is unknown.
    VpcOwnerUnknown,
    /// The VPC is unknown.
    VpcUnknown,

    // --- Clusters: roles of nodes ---
    /// A policy of a node role allows actions that lead to more permissions, on every resource.
    NodeRoleAllowsEscalation,
    /// A policy of a node role allows every action on every resource.
    NodeRoleAllowsEverything,
    /// A policy of a node role allows changes to every ECR repository.
    NodeRoleChangesRepositories,
    /// A policy of a node role allows the management of network interfaces.
    NodeRoleManagesInterfaces,
    /// A node role does not exist in IAM.
    NodeRoleMissing,
    /// A policy of a node role allows reading every secret, object or encrypted value.
    NodeRoleReadsData,
    /// A policy of a node role allows reading every parameter of Systems Manager.
    NodeRoleReadsParameters,
    /// No policy of a node role allows more than nodes need.
    NodeRolesLimited,
    /// No IAM role of the nodes is known.
    NodeRoleUnknown,

    // --- Clusters: roles of service accounts ---
    /// Several service accounts of a namespace can assume a role by a pattern.
    AnyNameInNamespace,
    /// Service accounts of several namespaces can assume a role by a pattern.
    AnyNamespace,
    /// Every service account of the cluster can assume a role.
    AnyServiceAccount,
    /// IAM has an identity provider for the cluster's OIDC issuer.
    IdentityProviderFound,
    /// The response names no OIDC issuer of the cluster.
    IssuerUnknown,
    /// The cluster has no OIDC issuer.
    NoIssuer,
    /// The cluster has neither an identity provider in IAM nor a Pod Identity association.
    NoPodRoles,
    /// No role of the account trusts the cluster's OIDC issuer.
    NoTrustingRole,
    /// The cluster has a Pod Identity association.
    PodIdentityFound,
    /// All roles that trust the issuer name the service accounts.
    ServiceAccountsNamed,

    // --- Clusters: version ---
    /// The version is in extended support, which is allowed.
    ExtendedSupportAllowed,
    /// The support of the version ends soon.
    SupportEndsSoon,
    /// The version is in extended support.
    VersionInExtendedSupport,
    /// The version is in standard support.
    VersionInStandardSupport,
    /// EKS does not list the version.
    VersionNotListed,
    /// The support of the version is unknown.
    VersionSupportUnknown,
    /// EKS no longer supports the version.
    VersionUnsupported,

    // --- Clusters: volumes ---
    /// All EBS volumes of the cluster are encrypted.
    VolumesEncrypted,
    /// EBS volumes of the cluster are not encrypted.
    VolumesNotEncrypted,

    // --- Clusters: role ---
    /// A policy of the role allows every action on every resource.
    RoleAllowsEverything,
    /// Only this cluster uses the role, and only EKS can assume it.
    RoleDedicated,
    /// The role does not exist in IAM.
    RoleMissing,
    /// EKS reports that it can't find the role.
    RoleNotFoundByEks,
    /// Other clusters or nodes use the role as well.
    RoleShared,
    /// Principals other than EKS can assume the role.
    RoleTrustsOthers,
    /// EKS did not report a role that the check needs.
    RoleUnknown,

    // --- Clusters: runtime monitoring ---
    /// GuardDuty does not list the cluster among those that it covers.
    ClusterNotCovered,
    /// The cluster was created less than an hour ago.
    ClusterRecentlyCreated,
    /// GuardDuty knows no node of the cluster that it can cover.
    NoCompatibleNodes,
    /// GuardDuty receives events from all nodes of the cluster.
    NodesCovered,
    /// GuardDuty covers only some nodes of the cluster.
    NodesPartlyCovered,
    /// GuardDuty did not report the coverage of the cluster completely.
    RuntimeCoverageUnknown,
    /// The cluster is excluded from Runtime Monitoring.
    RuntimeMonitoringExcluded,
    /// Runtime Monitoring is not enabled.
    RuntimeMonitoringNotEnabled,
    /// GuardDuty does not cover local clusters on AWS Outposts.
    RuntimeMonitoringOfLocalCluster,
    /// GuardDuty is still preparing the coverage of the cluster.
    RuntimeMonitoringPrepared,
    /// Runtime Monitoring is enabled, but GuardDuty can't receive events from the cluster.
    RuntimeMonitoringUnhealthy,
    /// GuardDuty reports a status of the coverage that is not known here.
    UnknownCoverageStatus,

    // --- Clusters: secrets ---
    /// A customer managed key encrypts secrets.
    CustomerManagedKey,
    /// EKS encrypts with an AWS owned key.
    EncryptedByDefault,
    /// A key that the cluster names encrypts secrets.
    EncryptedWithKey,
    /// The key does not exist.
    KeyGone,
    /// EKS reports that it can't use the key.
    KeyIssueReported,
    /// The key is an AWS managed key.
    KeyManagedByAws,
    /// The key is not among the allowed keys.
    KeyNotAllowed,
    /// KMS did not report the state of the key.
    KeyStateUnknown,
    /// The key can't be used, since it is disabled or pending deletion, for example.
    KeyUnusable,
    /// No customer managed key encrypts secrets.
    NoCustomerManagedKey,
    /// EKS reports no issue with a key that can't be described.
    NoKeyIssueReported,
    /// Secrets are not encrypted with a key.
    NotEncrypted,
    /// The Kubernetes version is unknown.
    VersionUnknown,

    // --- Policies of resources ---
    /// The policies grant access only to the account itself and to principals that may have it.
    AccessRestricted,
    /// Statements about some actions have no effect.
    ActionsWithoutEffect,
    /// Statements name principals that were deleted.
    DeletedPrincipals,
    /// A policy lets everyone change the resource.
    EveryoneMayChange,
    /// A policy lets everyone import images or create repositories.
    EveryoneMayImport,
    /// A policy lets everyone read the resource.
    EveryoneMayRead,
    /// A policy lets everyone use the key.
    EveryoneMayUse,
    /// There is no policy, so only the account itself has access.
    NoPolicy,
    /// The registry has no repository, no policy and no creation template.
    NoRegistry,
    /// A policy gives accounts or organizations that are not trusted too much access.
    OutsidersAllowed,

    // --- Repositories ---
    /// The images are encrypted without a KMS key.
    EncryptedWithoutKey,
    /// The type of encryption is unknown.
    EncryptionUnknown,
    /// The repository names a key that this account can't describe.
    KeyNotDescribed,
    /// The repository has a lifecycle policy with rules.
    LifecyclePolicyFound,
    /// The repository has no lifecycle policy.
    LifecyclePolicyMissing,
    /// The lifecycle policy is not understood.
    LifecyclePolicyNotUnderstood,
    /// The lifecycle policy has no rules.
    LifecyclePolicyWithoutRules,
    /// A customer managed key encrypts the images.
    RepositoryEncryptedWithKey,
    /// The tags that the exclusion filters cover are unknown.
    ExclusionUnknown,
    /// The tag mutability is unknown.
    MutabilityUnknown,
    /// All tags are immutable.
    TagsImmutable,
    /// All tags are immutable, except those that allowed filters exclude.
    TagsImmutableAsAllowed,
    /// A filter makes all tags immutable.
    TagsImmutableByExclusion,
    /// All tags are mutable.
    TagsMutable,
    /// A filter makes all tags mutable.
    TagsMutableByExclusion,
    /// Tags are mutable, except those that a filter excludes.
    TagsMutableWithExclusion,
    /// Tags are mutable because of filters that are not allowed.
    TagsPartlyMutable,
    /// No image is scanned on push.
    NotScannedOnPush,
    /// The repository's setting has no effect under enhanced scanning.
    OwnSettingWithoutEffect,
    /// The repository's own setting scans images on push.
    ScannedByOwnSetting,
    /// A rule of the registry scans images.
    ScannedByRegistryRule,
    /// ECR does not sign what is pushed to the repository.
    NotSignedOnPush,
    /// A parameter states that a pipeline signs the images of the repository.
    SignedByPipeline,
    /// A rule of the registry signs what is pushed to the repository.
    SignedByRegistryRule,
    /// ECR has no managed signing in the Region.
    SigningUnsupported,

    // --- Images ---
    /// The configuration of the image can't be read.
    ConfigurationNotUnderstood,
    /// The scan is complete, but its findings have not arrived yet.
    FindingsAwaited,
    /// The image was pushed recently and has no scan yet.
    FirstScanAwaited,
    /// The image is archived.
    ImageArchived,
    /// The image was not pushed or pulled within the number of days that the check considers.
    ImageNotActive,
    /// No cluster runs the image.
    ImageNotInUse,
    /// The image has no tag.
    ImageNotTagged,
    /// The image was pushed recently enough.
    ImageRecent,
    /// The image has a signature.
    ImageSigned,
    /// The image is in use although it was pushed long ago.
    ImageTooOld,
    /// The image was never scanned.
    NeverScanned,
    /// No vulnerability is at or above the severity threshold.
    NoSevereVulnerabilities,
    /// ECR records the pulls of the role that reads images.
    PullsRecorded,
    /// The image was copied from another registry by a pull through cache rule.
    PulledThroughCache,
    /// The time of the push is unknown.
    PushTimeUnknown,
    /// The scan failed.
    ScanFailed,
    /// The scan has a status for which ECR returns no result.
    ScanHasNoResult,
    /// The scan is in progress.
    ScanUnderWay,
    /// The scan is complete, but ECR has no result.
    ScanWithoutResult,
    /// The image has no signature yet.
    SignatureAwaited,
    /// ECR signed the image, but the repository holds no signature.
    SignatureGone,
    /// The image has no signature.
    SignatureMissing,
    /// Nobody decided that the images of the repository are signed.
    SignatureNotExpected,
    /// ECR could not sign the image.
    SigningFailed,
    /// The user in the image is not root.
    UserNotRoot,
    /// The user in the image is root.
    UserRoot,
    /// The event of the scan counts vulnerabilities that ECR does not list yet.
    VulnerabilitiesAnnounced,
    /// Vulnerabilities are at or above the severity threshold.
    VulnerabilitiesFound,

    // --- Namespaces ---
    /// A network policy allows all traffic of a direction to or from all pods of the namespace.
    AllowAll,
    /// A network policy denies the traffic of all pods of the namespace that no other policy allows.
    DefaultDeny,
    /// Traffic from the pods of the namespace is denied, and no network policy allows DNS.
    DnsBlocked,
    /// A parameter states that another policy engine enforces the pod security level in the namespace.
    EnforcedElsewhere,
    /// The pod security level that the namespace should enforce is not a level.
    InvalidLevel,
    /// The namespace enforces a sufficient pod security level.
    LevelEnforced,
    /// The namespace is being deleted, with all objects in it.
    NamespaceBeingDeleted,
    /// The namespace has the quota and the limit range that are required.
    NamespaceLimited,
    /// The namespace contains nothing that should be elsewhere.
    NamespaceUnused,
    /// The namespace contains objects that should be elsewhere.
    NamespaceUsed,
    /// Network policies select all pods that run in the namespace, but not all that may be created.
    NewPodsOpen,
    /// No network policy denies the traffic of all pods of the namespace.
    NoDefaultDeny,
    /// The namespace has no limit range for the memory of containers.
    NoLimitRange,
    /// The namespace has no resource quota for its pods.
    NoQuota,
    /// The namespace has no Secret with a token of a service account, except those that a parameter allows.
    NoTokenSecrets,
    /// The namespace does not enforce a sufficient pod security level.
    NotEnforced,
    /// The namespace enforces a pod security level of an old or invalid version.
    OldVersion,
    /// The cluster has network policies of kinds that are not read.
    OtherPolicyKinds,
    /// The namespace reports pods that violate the pod security level, but does not refuse them.
    OnlyWarns,
    /// Network policies have no effect on the pods of the namespace, because of the nodes or the network that they use.
    PodsNotCovered,
    /// Nothing is known to enforce the network policies of the cluster.
    PoliciesNotEnforced,
    /// The network plugin denies the traffic of pods that no network policy selects.
    StrictMode,
    /// Secrets hold tokens that Kubernetes has marked as invalid.
    TokenSecretsInvalidated,
    /// Secrets hold tokens that do not expire, and no use of them is recorded.
    TokenSecretsUnused,
    /// Secrets hold tokens that do not expire and were used.
    TokenSecretsUsed,

    // --- Pods ---
    /// No container of a pod has requests or limits for CPU or memory.
    BestEffort,
    /// A container adds capabilities beyond those of the standard baseline.
    CapabilitiesAdded,
    /// A container does not drop all capabilities, or adds others than the standard restricted allows.
    CapabilitiesNotDropped,
    /// A container must not run as root, but its user is root, so it can't start.
    Contradiction,
    /// A container adds capabilities that lead to control over its node.
    DangerousCapabilities,
    /// A pod mounts the token of the service account that all pods without one of their own share.
    DefaultAccount,
    /// The default service account of the namespace lets pods mount its token.
    DefaultAutomount,
    /// The default service account of the namespace does not let pods mount its token.
    DefaultAutomountOff,
    /// Pods that name no priority class have the highest priority, and displace others.
    DefaultPriorityHighest,
    /// An image is not named by its digest.
    DigestMissing,
    /// A container runs Docker in Docker.
    DockerInDocker,
    /// A container allows its processes to get more rights.
    EscalationAllowed,
    /// A container does not forbid its processes to get more rights.
    EscalationNotForbidden,
    /// A container runs as root, since its settings say so.
    ExplicitRoot,
    /// A pod shares the inter-process communication of its node.
    HostIpc,
    /// A pod shares the network of its node.
    HostNetwork,
    /// A volume is a path of the node that no container mounts.
    HostPathNotMounted,
    /// A container can read a path of its node.
    HostPathReadable,
    /// A claim of a pod leads to a persistent volume that is a path of the node.
    HostPathViaPv,
    /// A container can write to a path of its node.
    HostPathWritable,
    /// A pod shares the process IDs of its node.
    HostPid,
    /// A container uses a port of its node.
    HostPort,
    /// A container for Windows runs as a process of its node.
    HostProcess,
    /// A template names no image of a container.
    ImageMissing,
    /// An image is named by a tag that is often moved to another image.
    MutableTag,
    /// A container has a user other than root, but does not require it.
    NonRootNotRequired,
    /// All containers have safe settings of their own, but the pod lets containers that are added to it run as root.
    PodLevelRoot,
    /// A parameter states that pods are not read, so only the templates of workloads are known.
    PodsNotRead,
    /// Pods that name no priority class do not displace others by this one.
    PriorityClassPassed,
    /// A container is privileged.
    PrivilegedContainer,
    /// An image comes from a registry that is not allowed.
    RegistryNotAllowed,
    /// A container lacks requests or limits.
    ResourcesMissing,
    /// A container can write to its root file system.
    RootFileSystemWritable,
    /// A container runs as root if its image says so.
    RootPossible,
    /// A pod reaches the container runtime of its node.
    RuntimeSocket,
    /// A container has no seccomp profile.
    SeccompMissing,
    /// A container is privileged, so that no seccomp profile applies to it.
    SeccompNotApplied,
    /// A container turns seccomp off.
    SeccompUnconfined,
    /// A container gets a Secret as an environment variable.
    SecretInEnvironment,
    /// Containers get environment variables about all Services of the namespace.
    ServiceLinks,
    /// A pod outside the namespaces of the platform has a priority class of Kubernetes itself.
    SystemPriority,
    /// An image is named without a tag and without a digest.
    TagMissing,
    /// Running pods do not have what the template asks for.
    TemplateDiffers,
    /// A pod mounts the token of a service account to which no binding grants rights.
    TokenUnused,
    /// A pod runs in a user namespace, in which root is not root on the node.
    UserNamespace,
    /// Persistent volumes may not be listed, so the paths of nodes to which claims lead are not evaluated.
    VolumesNotRead,
    /// The check does not apply to pods for Windows.
    WindowsPod,
    /// The pods of a workload meet the requirement.
    WorkloadPassed,

    // --- Roles and bindings ---
    /// The binding grants nothing, since it has no subject, or its role does not exist.
    BindingInert,
    /// The check has no objection to the binding.
    BindingPassed,
    /// The binding grants a role to a wide circle of users or service accounts.
    BroadSubject,
    /// The binding grants all verbs on all resources.
    GrantsEverything,
    /// The binding grants a right by which its subjects can gain others.
    MayEscalate,
    /// The binding grants a right to read all Secrets.
    ReadsSecrets,
    /// Another check reports the object.
    ReportedByOtherCheck,
    /// The role has no wildcards.
    RolePassed,
    /// A rule of the role has a wildcard.
    WildcardInRole,

    // --- File systems ---
    /// The file system is being created.
    FileSystemBeingCreated,
    /// The file system is encrypted at rest.
    FileSystemEncrypted,
    /// The file system is not encrypted at rest.
    FileSystemNotEncrypted,
    /// No tag shows that Amazon EKS uses the file system.
    FileSystemNotUsedByEks,

    // --- Keys ---
    /// The aliases of the key are unknown.
    KeyAliasesUnknown,
    /// KMS can't rotate the key automatically.
    KeyCannotRotate,
    /// A cluster encrypts its data with the key.
    KeyNamedByCluster,
    /// A repository encrypts its images with the key.
    KeyNamedByRepository,
    /// The key is not scheduled for deletion.
    KeyNotPendingDeletion,
    /// The key was not used for some time.
    KeyNotUsed,
    /// The key is scheduled for deletion.
    KeyPendingDeletion,
    /// The key was used recently.
    KeyUsedRecently,
    /// It is unknown whether the key was used.
    KeyUseUnknown,
    /// Automatic rotation is off.
    RotationOff,
    /// Automatic rotation is on.
    RotationOn,
    /// The key is rotated less often than required.
    RotationPeriodTooLong,
}

impl ReasonCode {
    /// Returns `true` if the code states that a fact could not be read.
    pub(crate) fn is_unread(self) -> bool {
        matches!(
            self,
            Self::AccessDenied
                | Self::Inconsistent
                | Self::NotRead
                | Self::NotReached
                | Self::NoList
                | Self::PolicyNotUnderstood
                | Self::ReadFailed
                | Self::Throttled
                | Self::UnreadSince
        )
    }

    /// All reason codes.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the code as a text: `ACCESS_DENIED`.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Returns a sentence that describes the meaning of the code.
    pub fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// Codes have the order of their texts.
impl Ord for ReasonCode {
    fn cmp(&self, other: &Self) -> Ordering {
        self.word().cmp(other.word())
    }
}

impl PartialOrd for ReasonCode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
