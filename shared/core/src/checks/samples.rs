//! Resources that pass every check, for tests to vary.

mod kubernetes;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;

use crate::facts::account::{
    Account, DailyTypes, EventSelector, Inspector, InspectorStatus, RecordedTypes, Recorder, Trail,
    TrailStatus,
};
use crate::facts::cluster::{
    Addon, Age, AuditLogWatcher, AuthenticationMode, CoverageStatus, EksCluster, Endpoint, FlowLog,
    Handling, Insight, InsightStatus, InstanceType, ListedVersion, Listener, LoadBalancer,
    LoadBalancerKind, LogGroup, LogTypes, MachineImage, MetadataOptions, Monitoring, Network,
    NetworkPolicy, Node, NodeGroup, NodeOrigin, NodeRole, PodRoleSource, Ports, Role, RolePolicy,
    RoleUsers, RuntimeCoverage, SecretsKey, SecurityGroup, Subnet, SupportStatus, TlsVersion,
    TrafficType, UpgradePolicy, VpcEndpoint,
};
use crate::facts::file_system::EfsFileSystem;
use crate::facts::image::{
    Configuration, Content, EcrImage, Manifest, Scan, ScanResult, ScanStatus, SeverityCounts,
    Signature, SignedOnPush, User,
};
use crate::facts::key::{Deletion, KeyState, KmsKey, LastUse, NamedKey, Rotation};
use crate::facts::repository::{
    EcrRepository, Encryption, LifecyclePolicy, ManagedSigning, RegistryScanning, RepositoryKey,
    SigningRule, TagMutability,
};
use crate::facts::{AttachedPolicy, Detector, Feature, List, Unread};
use crate::parameters::{AnyParameter, ParameterValues};
use crate::policy::{KMS, Permissions, Service};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;

pub(crate) use kubernetes::{kubernetes_cluster, workload};

pub(crate) const KEY_ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";

pub(crate) fn cluster() -> EksCluster {
    EksCluster {
        name: "payments".into(),
        arn: "arn:aws:eks:eu-central-1:111122223333:cluster/payments".into(),
        status: "ACTIVE".into(),
        connected: false,
        on_outpost: false,
        health: Some(Vec::new()),
        version: "1.33".parse().ok(),
        listed_versions: List::complete(vec![listed_version("1.33")]),
        upgrade_policy: UpgradePolicy::Extended,
        created_at: None,
        age: None,
        endpoint: Endpoint::read(false, true, []),
        authentication_mode: Some(AuthenticationMode::Api),
        creator_is_admin: Some(false),
        access_entries: Some(List::complete(Vec::new())),
        admins: Some(List::complete(Vec::new())),
        issuer: Some("oidc.eks.eu-central-1.amazonaws.com/id/AB12".into()),
        trusting_roles: List::complete(Vec::new()),
        pod_roles: Ok(Some(PodRoleSource::PodIdentity)),
        auto_mode: false,
        auto_mode_role: None,
        nodes: List::complete(vec![node()]),
        node_roles: List::complete(vec![node_role()]),
        images: List::complete(vec![machine_image()]),
        instance_types: List::complete(vec![InstanceType {
            name: "m7g.large".into(),
            encrypts_in_transit: Some(true),
        }]),
        deletion_protection: Some(true),
        enabled_logs: LogTypes::ALL,
        monitoring: monitoring(),
        secrets_key: Some(secrets_key(KeyState::Enabled)),
        role_arn: Some("arn:aws:iam::111122223333:role/payments".into()),
        role_users: RoleUsers {
            others: Vec::new(),
            unread: Vec::new(),
        },
        role: Ok(Some(Role {
            trusted: Ok(vec!["Service eks.amazonaws.com".into()]),
            policies: List::complete(vec![role_policy(
                "AmazonEKSClusterPolicy",
                Permissions::default(),
            )]),
        })),
        node_groups: List::complete(vec![node_group()]),
        addons: List::complete(vec![addon()]),
        load_balancers: List::complete(vec![load_balancer()]),
        unencrypted_volumes: List::complete(Vec::new()),
        insights: List::complete(vec![insight(
            "Kubelet version skew",
            InsightStatus::Passing,
        )]),
        network: network(),
        subnets: vec!["subnet-1".into()],
        security_groups: Vec::new(),
        url: None,
        tags: Vec::new(),
    }
}

/// Returns a version in standard support.
pub(crate) fn listed_version(version: &str) -> ListedVersion {
    ListedVersion {
        version: version.parse().unwrap(),
        on_outpost: false,
        status: Some(SupportStatus::Standard),
        end_of_standard: None,
        end_of_extended: None,
    }
}

pub(crate) fn network() -> Network {
    Network {
        vpc: Some("vpc-1".into()),
        cluster_security_group: Some("sg-1".into()),
        node_ports: Ports::NODE_PORTS,
        subnets: List::complete(vec![subnet()]),
        security_groups: List::complete(vec![SecurityGroup {
            id: "sg-1".into(),
            inbound: Vec::new(),
        }]),
        flow_logs: List::complete(vec![FlowLog {
            resource: "vpc-1".into(),
            traffic: Some(TrafficType::All),
            is_active: true,
            delivery_failed: false,
        }]),
        endpoints: List::complete(["ecr.api", "ecr.dkr", "s3"].map(vpc_endpoint).into()),
    }
}

pub(crate) fn subnet() -> Subnet {
    Subnet {
        id: "subnet-1".into(),
        owner: Some("111122223333".into()),
        assigns_public_addresses: Some(false),
        blocks_ingress: false,
    }
}

/// Returns an endpoint for a service whose policy allows what EKS needs, in the account of the cluster.
pub(crate) fn vpc_endpoint(service: &str) -> VpcEndpoint {
    let policy = r#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*",
        "Resource": "arn:aws:ecr:*:111122223333:repository/*"}]}"#;
    VpcEndpoint {
        id: format!("vpce-{service}"),
        service: format!("com.amazonaws.eu-central-1.{service}"),
        is_interface: service != "s3",
        is_available: true,
        has_private_dns: Some(service != "s3"),
        policy: Ok(serde_json::from_str(policy).ok()),
    }
}

pub(crate) fn machine_image() -> MachineImage {
    MachineImage {
        id: "ami-1".into(),
        name: Some("amazon-eks-node-al2023-arm64-standard-1.33-v20261101".into()),
        is_amazon: true,
        age: Some(age(27)),
    }
}

/// Returns the age of an image, seen on 2026-11-28.
pub(crate) fn age(days: i64) -> Age {
    Age {
        created: date(2026, 11, 28)
            .checked_sub(jiff::Span::new().days(days))
            .unwrap(),
        days,
    }
}

pub(crate) fn node_role() -> NodeRole {
    NodeRole {
        name: "nodes".into(),
        role: Ok(Some(Role {
            trusted: Ok(vec!["Service ec2.amazonaws.com".into()]),
            policies: List::complete(vec![role_policy(
                "AmazonEKSWorkerNodePolicy",
                Permissions::default(),
            )]),
        })),
    }
}

/// Returns a policy that AWS manages.
pub(crate) fn role_policy(name: &str, permissions: Permissions) -> RolePolicy {
    RolePolicy {
        name: name.into(),
        is_aws_managed: true,
        permissions: Ok(permissions),
    }
}

pub(crate) fn node_group() -> NodeGroup {
    NodeGroup {
        name: "general".into(),
        status: "ACTIVE".into(),
        issues: Vec::new(),
        version: "1.33".parse().ok(),
        release_version: Some("1.33.1-20261101".into()),
        release_age: Some(age(27)),
        ami_type: Some("AL2023_x86_64_STANDARD".into()),
        subnets: vec!["subnet-1".into()],
        has_launch_template: false,
        node_role: Some("arn:aws:iam::111122223333:role/nodes".into()),
        remote_access_security_group: None,
        remote_access: None,
        desired_size: Some(1),
    }
}

pub(crate) fn node() -> Node {
    Node {
        group: NodeOrigin::NodeGroup("general".into()),
        is_managed: false,
        metadata: Some(MetadataOptions {
            is_enabled: true,
            requires_token: true,
            hop_limit: Some(1),
        }),
        public_subnets: Some(Vec::new()),
        subnet: Some("subnet-1".into()),
        security_groups: vec!["sg-1".into()],
        image: Some("ami-1".into()),
        instance_type: Some("m7g.large".into()),
        instance_profile: None,
    }
}

pub(crate) fn addon() -> Addon {
    Addon {
        name: "vpc-cni".into(),
        status: "ACTIVE".into(),
        issues: Vec::new(),
        version: Some("v1.20.1-eksbuild.1".into()),
        network_policy: NetworkPolicy::Enabled,
    }
}

pub(crate) fn insight(name: &str, status: InsightStatus) -> Insight {
    Insight {
        id: "4cf936e8".into(),
        name: name.into(),
        is_about_rollback: false,
        version: "1.34".parse().ok(),
        status,
        days_old: Some(0),
    }
}

pub(crate) fn load_balancer() -> LoadBalancer {
    let redirect = Handling::Http {
        serves_requests: Ok(false),
    };
    let decrypt = Handling::Tls {
        oldest_version: Ok(TlsVersion::V1_2),
    };
    LoadBalancer {
        name: "k8s-payments".into(),
        kind: LoadBalancerKind::Application,
        is_internal: Ok(false),
        listeners: List::complete(vec![
            listener("HTTP", 80, redirect),
            listener("HTTPS", 443, decrypt),
        ]),
    }
}

pub(crate) fn listener(protocol: &str, port: u16, handling: Handling) -> Listener {
    Listener {
        protocol: protocol.into(),
        port: Some(port),
        handling,
    }
}

pub(crate) fn secrets_key(state: KeyState) -> SecretsKey {
    SecretsKey {
        named: KEY_ARN.into(),
        names_secrets: true,
        key: Ok(Some(named_key(state))),
    }
}

pub(crate) fn named_key(state: KeyState) -> NamedKey {
    NamedKey {
        arn: KEY_ARN.into(),
        state,
        aws_managed: false,
        aliases: Ok(Vec::new()),
    }
}

pub(crate) fn repository() -> EcrRepository {
    EcrRepository {
        name: "cards/api".into(),
        arn: "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api".into(),
        mutability: TagMutability::Immutable,
        exclusion_filters: Vec::new(),
        scan_on_push: true,
        registry_scanning: Ok(RegistryScanning::default()),
        managed_signing: Ok(ManagedSigning::Rules(vec![SigningRule {
            filters: Vec::new(),
        }])),
        policy: Ok(None),
        registry_policy: Ok(None),
        organization: Ok(None),
        encryption: Encryption::Kms {
            is_dual_layer: false,
            key: Some(repository_key(KeyState::Enabled)),
        },
        lifecycle_policy: Ok(LifecyclePolicy::WithRules),
    }
}

pub(crate) fn repository_key(state: KeyState) -> RepositoryKey {
    RepositoryKey {
        named: KEY_ARN.into(),
        key: Ok(Some(named_key(state))),
    }
}

pub(crate) fn image() -> EcrImage {
    EcrImage {
        repository: "cards/api".into(),
        digest: "sha256:0a1b".into(),
        undescribed: None,
        registry: None,
        tags: vec!["1.0".into()],
        content: Content::Image,
        manifest: Manifest::Unread,
        archived: false,
        pushed_at: None,
        age: Some(Duration::from_hours(3 * 24)),
        idle_days: Some(3),
        pulled_days: Some(3),
        scan_revision: None,
        scan: Ok(scan("COMPLETE", &[])),
        signed_on_push: Ok(SignedOnPush::Yes),
        signature: Ok(Signature::Present),
        configuration: Ok(Configuration::Read(User {
            name: "65532".into(),
            is_windows: false,
        })),
    }
}

pub(crate) fn scan(status: &str, found: &[(Option<Severity>, u64)]) -> Scan {
    let mut counts = SeverityCounts::default();
    for (severity, count) in found {
        counts.add(*severity, *count);
    }
    Scan::Tried {
        status: ScanStatus::read(status),
        description: None,
        result: Some(Arc::new(ScanResult {
            counts,
            vulnerabilities: Vec::new(),
            in_use: None,
        })),
    }
}

pub(crate) fn key() -> KmsKey {
    KmsKey {
        id: "1234abcd".into(),
        account: Some("111122223333".into()),
        customer_managed: true,
        spec: Some("SYMMETRIC_DEFAULT".into()),
        usage: Some("ENCRYPT_DECRYPT".into()),
        origin: Some("AWS_KMS".into()),
        state: KeyState::Enabled,
        replica: false,
        description: None,
        created_at: None,
        rotation: Ok(Rotation::Every { days: 365 }),
        policy: Ok(attached_policy(
            &KMS,
            r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}"#,
        )),
        organization: Ok(None),
        deletion: None,
    }
}

/// Returns the deletion of a key that nothing uses.
pub(crate) fn deletion() -> Deletion {
    Deletion {
        at: "2026-12-20T10:00:00Z".parse().ok(),
        waiting_days: None,
        last_use: Ok(LastUse::NoneSince {
            tracking: age(200),
            since_creation: false,
        }),
        clusters: List::complete(Vec::new()),
        repositories: List::complete(Vec::new()),
    }
}

pub(crate) fn account() -> Account {
    Account {
        has_clusters: Ok(true),
        has_repositories: Ok(true),
        recorder: Ok(Some(recorder())),
        detector: Ok(Some(detector())),
        registry_scanning: Ok(RegistryScanning {
            enhanced: true,
            rules: Vec::new(),
        }),
        inspector: Ok(Inspector::Offered {
            account: InspectorStatus::Enabled,
            images: InspectorStatus::Enabled,
        }),
        repositories: "arn:aws:ecr:eu-central-1:111122223333:repository/*".into(),
        registry_policy: Ok(None),
        creation_templates: List::complete(Vec::new()),
        organization: Ok(None),
        trails: List::complete(vec![trail()]),
        encrypts_volumes: Ok(true),
    }
}

pub(crate) fn trail() -> Trail {
    Trail {
        name: "main".into(),
        is_multi_region: true,
        validates_log_files: true,
        has_insights: false,
        status: Ok(TrailStatus {
            is_logging: true,
            delivery_error: None,
        }),
        selectors: List::complete(vec![EventSelector::all()]),
    }
}

pub(crate) fn file_system() -> EfsFileSystem {
    EfsFileSystem {
        id: "fs-0123456789abcdef0".into(),
        arn: "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-0123456789abcdef0"
            .into(),
        name: None,
        state: "available".into(),
        is_encrypted: true,
        kms_key: Some(KEY_ARN.into()),
        is_used_by_eks: Ok(true),
        tags: Vec::new(),
    }
}

/// Returns a policy for a resource of a service with this statement, or with these statements in brackets.
pub(crate) fn attached_policy(service: &'static Service, statement: &str) -> Arc<AttachedPolicy> {
    let text = format!(r#"{{"Statement": {statement}}}"#);
    let parse = |text: &str| serde_json::from_str(text);
    Arc::new(AttachedPolicy::read(text, "111122223333", service, parse).unwrap())
}

pub(crate) fn recorder() -> Recorder {
    Recorder {
        name: "default".into(),
        recording: true,
        last_status: Some("Success".into()),
        types: Ok(RecordedTypes::All),
        daily: DailyTypes::default(),
    }
}

pub(crate) fn detector() -> Detector {
    Detector {
        id: "12abc34d567e8fa901bc2d34e56789f0".into(),
        is_active: true,
        audit_logs: Feature::Enabled,
        runtime_monitoring: Feature::Enabled,
    }
}

pub(crate) fn monitoring() -> Monitoring {
    Monitoring {
        log_group: Ok(Some(log_group())),
        audit_log_watcher: Ok(Some(AuditLogWatcher::GuardDuty)),
        detector: Ok(Some(detector())),
        runtime_coverage: Ok(Some(runtime_coverage())),
    }
}

pub(crate) fn runtime_coverage() -> RuntimeCoverage {
    RuntimeCoverage {
        status: Some(CoverageStatus::Healthy),
        issue: None,
        is_excluded: false,
        covered_nodes: Some(3),
        compatible_nodes: Some(3),
    }
}

pub(crate) fn log_group() -> LogGroup {
    LogGroup {
        retention_days: Some(365),
        is_for_delivery: false,
        key: None,
    }
}

pub(crate) fn unread() -> Unread {
    Unread {
        code: ReasonCode::AccessDenied,
        text: "Access was denied.".into(),
    }
}

pub(crate) fn settings(declared: &[&'static dyn AnyParameter], json: &str) -> ParameterValues {
    ParameterValues::read("check", declared, &serde_json::from_str(json).unwrap()).unwrap()
}
