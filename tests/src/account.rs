//! An AWS account as a file, which the stand-in serves.
//!
//! An entry holds members as AWS names them, plus a few members of this format, in lower case, for data that AWS
//! returns from other operations (an image's scan, a key's rotation, a cluster's node groups). A member that is
//! present, `null` included, is served as it is written. One that is left out gets the value that AWS would return for
//! a new resource, so an entry can be as short as its name. Timestamps are written as RFC 3339 and served in the format
//! of each protocol.
//!
//! The comments below name the operations that return an entry. Values in parentheses are the defaults.
//!
//! ```yaml
//! account: "123456789012"             # twelve digits
//! region: eu-central-1
//! page_size: 2                        # most items that a list returns in a page (as many as requested); for findings, 20
//!                                     # times as many
//! registry_scanning:                  # as GetRegistryScanningConfiguration (basic, no rules)
//!   scanType: BASIC
//!   rules:
//!     - scanFrequency: SCAN_ON_PUSH
//!       repositoryFilters: [{filter: "payments/*", filterType: WILDCARD}]
//! inspector:                          # an account as in BatchGetAccountStatus of Amazon Inspector (off)
//!   state: {status: ENABLED}
//!   resourceState: {ecr: {status: ENABLED}}
//! registry_policy: {policyText: {Statement: []}}  # as GetRegistryPolicy (none); a policy is an object or its text
//! account_settings: {REGISTRY_POLICY_SCOPE: V1}   # as GetAccountSetting, by name (V2)
//! creation_templates:                 # as DescribeRepositoryCreationTemplates
//!   - prefix: ROOT
//!     repositoryPolicy: {Statement: []}
//! signing_configuration:              # as GetSigningConfiguration (none)
//!   rules:
//!     - signingProfileArn: "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/images"
//!       repositoryFilters: [{filter: "payments/*", filterType: WILDCARD_MATCH}]
//! pull_through_cache_rules:           # as DescribePullThroughCacheRules
//!   - ecrRepositoryPrefix: ecr-public # the only required member
//! pull_time_update_exclusions:        # as ListPullTimeUpdateExclusions
//!   - principalArn: "arn:aws:iam::123456789012:role/scanner"
//! recorders:                          # as DescribeConfigurationRecorders (one that records everything)
//!   - name: default
//!     recordingGroup: {allSupported: false, resourceTypes: [AWS::EKS::Cluster]}
//!     status: {recording: false}      # as DescribeConfigurationRecorderStatus (recording: true)
//! clusters:                           # as DescribeCluster
//!   - name: payments                  # the only required member (a public endpoint, no logs, its own role)
//!   - name: ledger
//!     version: "1.27"                 # in quotes, since YAML reads 1.30 as 1.3
//!     roleArn: arn:aws:iam::123456789012:role/eks-shared      # exists only if `roles` contains it
//!     resourcesVpcConfig: {endpointPublicAccess: false, endpointPrivateAccess: true}
//!     tags: {team: ledger}
//!     nodegroups:                     # as DescribeNodegroup
//!       - nodegroupName: general
//! repositories:                       # as DescribeRepositories
//!   - repositoryName: payments/api
//!     imageTagMutability: IMMUTABLE
//!     tags: {team: payments}
//!     lifecycle_policy: {rules: []}   # as GetLifecyclePolicy, as a document or as text (none)
//!     policy: {Statement: []}         # as GetRepositoryPolicy (none)
//!     images:                         # as DescribeImages
//!       - imageTags: [v1]             # never scanned; the digest is generated
//!       - imageTags: [v2]
//!         scan: {}                    # as DescribeImageScanFindings: COMPLETE without findings
//!         manifest: {layers: []}      # as BatchGetImage (an image of one layer)
//!         configuration: {config: {User: root}}       # the content that GetDownloadUrlForLayer leads to (User: "65532")
//!         download: {status: 307, location: "https://example.com"}    # another response (the configuration)
//!         signingStatuses: [{status: FAILED, failureCode: ACCESS_DENIED}]     # as DescribeImageSigningStatus (none)
//!       - imageDigest: sha256:1111111111111111111111111111111111111111111111111111111111111111
//!         scan:                       # the findings determine its counts and DescribeImages' summary
//!           imageScanFindings:
//!             findings: [{name: CVE-2024-3094, severity: CRITICAL}]
//! keys:                               # as DescribeKey's KeyMetadata
//!   - aliases: [alias/payments]       # a symmetric customer managed key; the KeyId is generated
//!     rotation: {KeyRotationEnabled: true}        # as GetKeyRotationStatus (off)
//!     policy: {Statement: []}         # as GetKeyPolicy (lets the account do everything)
//!   - KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab
//!     KeyState: PendingDeletion
//!     last_use: {KeyLastUsage: {Operation: Decrypt, Timestamp: 2026-11-01T00:00:00Z}}    # as GetKeyLastUsage (never used)
//!     tags: {team: payments}
//! roles:                              # as GetRole; trusts eks.amazonaws.com, has AmazonEKSClusterPolicy
//!   - RoleName: eks-shared
//!   - RoleName: eks-admin
//!     AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {AWS: "*"}, Action: "sts:AssumeRole"}]}
//!     attached:                       # names of policies that AWS manages, or policies of the account
//!       - AdministratorAccess
//!       - name: everything
//!         document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}
//!     inline:                         # name: document
//!       logs: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "logs:*", Resource: "*"}]}
//! buckets: [eksentry-plans]           # the names of S3 buckets
//! parameters:                         # as GetParameter and GetParametersByPath
//!   - {Name: /eksentry/accounts, Value: "[]"}     # Type: String
//! member_role: {name: eksentry-audit, external_id: bank}  # the one role that may be assumed (any); external_id: (any)
//! organization:                       # as DescribeOrganization, ListAccounts and similar; a ParentId is a root or a unit
//!   units: [{Id: ou-ab12-payments1, Name: payments, ParentId: r-ab12}]
//!   accounts:                         # Status: ACTIVE, Name: the Id
//!     - {Id: "210987654321", Name: ledger, Status: SUSPENDED, ParentId: ou-ab12-payments1}
//! findings: []                        # the findings in Security Hub at the start, each a complete ASFF finding
//! subnets:                            # as EC2's DescribeSubnets
//!   - SubnetId: subnet-0a1b2c3d4e5f60001          # the only required member
//!     Tags: [{Key: team, Value: payments}]
//! load_balancers:                     # as Elastic Load Balancing's DescribeLoadBalancers
//!   - LoadBalancerArn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shop/27e9a9cd886d60a6"
//!     Tags: [{Key: elbv2.k8s.aws/cluster, Value: payments}]
//!     Listeners:                      # as DescribeListeners (HTTP on port 80 that forwards requests)
//!       - ListenerArn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/shop/27e9a9cd886d60a6/1"
//!         Rules: [{Actions: [{Type: forward}]}]   # as DescribeRules, without the default rule
//! detectors:                          # as GuardDuty's GetDetector (one that monitors everything)
//!   - DetectorId: 12abc34d567e8fa901bc2d34e56789f0
//!     Features: [{Name: EKS_AUDIT_LOGS, Status: DISABLED}]
//!     coverage: [{ResourceId: eks-payments}]      # as ListCoverage (all clusters, healthy)
//! log_groups:                         # as CloudWatch Logs' DescribeLogGroups (one for each cluster that sends logs)
//!   - logGroupName: /aws/eks/payments/cluster     # never expires
//!     subscriptionFilters: [{filterName: to-siem}]        # as DescribeSubscriptionFilters
//!     metricFilters: []               # as DescribeMetricFilters
//! log_account_policies:               # as DescribeAccountPolicies (none)
//!   - {policyName: siem, selectionCriteria: 'LogGroupName NOT IN ["/aws/eks/payments/cluster"]'}
//! metric_alarms: []                   # as CloudWatch's DescribeAlarms; each has an AlarmName, and no actions
//! composite_alarms: []
//! volumes:                            # as EC2's DescribeVolumes (encrypted)
//!   - VolumeId: vol-0a1b2c3d4e5f60001
//!     Encrypted: false
//!     Attachments: [{InstanceId: i-0a1b2c3d4e5f60001}]
//! volume_encryption: {EbsEncryptionByDefault: false}      # as EC2's GetEbsEncryptionByDefault (on)
//! file_systems:                       # as EFS's DescribeFileSystems (encrypted, without tags)
//!   - FileSystemId: fs-0a1b2c3d4e5f60001
//! access_points:                      # as EFS's DescribeAccessPoints
//!   - AccessPointId: fsap-0a1b2c3d4e5f60001
//!     FileSystemId: fs-0a1b2c3d4e5f60001
//!     Tags: [{Key: efs.csi.aws.com/cluster, Value: "true"}]
//! trails:                             # as CloudTrail's DescribeTrails (one that logs all management events)
//!   - TrailARN: "arn:aws:cloudtrail:eu-central-1:123456789012:trail/main"    # multi-Region, with validated files
//!     status: {IsLogging: false}      # as GetTrailStatus (on)
//!     selectors: {EventSelectors: [{ReadWriteType: ReadOnly}]}        # as GetEventSelectors (none of its own)
//! faults:                             # the first that fits a call is used, in addition to every latency
//!   - operation: kms.DescribeKey      # or kms.*
//!     match: {KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab}    # members of the request (any); an id fits its ARN
//!     times: 2                        # number of hits (unlimited)
//!     one_in: 10                      # one in this many calls, seemingly at random (every one); of partial: findings
//!     seed: 1                         # another seed hits other calls (0)
//!     kind: access-denied             # throttle | access-denied | reset | truncated | {latency: 200}
//!                                     # | {error: {code: InternalFailure, status: 500}}
//!                                     # | {partial: {ids: [an-id], code: InternalFailure}}
//! ```

mod check;
mod entries;
mod ids;
mod index;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

pub use self::entries::{
    Cluster, Download, Image, Key, Member, MemberRole, Organization, Parameter, Policy, Recorder,
    Repository, Role, Unit,
};
pub(crate) use self::{
    ids::{arn, digest, partition, text, uuid},
    index::{Index, Names, Position},
};
use crate::stand_in::{Fault, entries};

/// The members of a resource, by the names that AWS gives them.
pub type Record = Map<String, Value>;

/// An error that makes an account unusable.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The file can't be read at all.
    #[error("the account file {path} can't be read; give the path of a YAML file", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The underlying error.
        source: io::Error,
    },
    /// The text does not describe an account.
    #[error("{name} is not an account: {source}; tests/src/account.rs shows the format")]
    Format {
        /// The file, or another source of the text.
        name: String,
        /// The problem and its position.
        source: serde_yaml_ng::Error,
    },
    /// An entry lacks a required member, or contradicts another entry.
    #[error("{name}: {problem}")]
    Entry {
        /// The file, or another source of the entry.
        name: String,
        /// The problem, and the text to write instead.
        problem: String,
    },
}

/// One account in one Region, as in its file.
#[derive(Clone, Debug, Deserialize)]
pub struct Account {
    /// The account id: twelve digits.
    pub account: String,
    /// The Region of everything but IAM.
    pub region: String,
    /// The maximum number of items that a list returns in one page, even if the request allows more.
    pub page_size: Option<usize>,
    /// The registry's scanning configuration; basic without rules if absent.
    pub registry_scanning: Option<Record>,
    /// The AWS Config recorders; one that records everything if absent.
    pub recorders: Option<Vec<Recorder>>,
    /// The EKS clusters.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// The ECR repositories.
    #[serde(default)]
    pub repositories: Vec<Repository>,
    /// The KMS keys.
    #[serde(default)]
    pub keys: Vec<Key>,
    /// The IAM roles, beside those of clusters and node groups whose entries name none.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// The names of the S3 buckets.
    #[serde(default)]
    pub buckets: Vec<String>,
    /// The parameters of Systems Manager.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// The one role of the account that may be assumed. If absent, callers without limits may assume any role.
    pub member_role: Option<MemberRole>,
    /// The organization that the account manages.
    pub organization: Option<Organization>,
    /// The findings that Security Hub holds at the start.
    #[serde(default)]
    pub findings: Vec<Record>,
    /// The faults of calls to the stand-in.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// The other collections: those in the table of collections that have no type of their own.
    #[serde(flatten)]
    pub collections: Record,
    #[serde(skip)]
    pub(crate) index: Index,
}

/// The entries that can be added to an account: lists as in a file.
#[derive(Deserialize)]
struct Entries {
    #[serde(default)]
    clusters: Vec<Cluster>,
    #[serde(default)]
    repositories: Vec<Repository>,
    #[serde(default)]
    keys: Vec<Key>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    buckets: Vec<String>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    #[serde(flatten)]
    collections: Record,
}

impl Account {
    /// Returns an account that holds nothing.
    pub fn empty(account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            page_size: None,
            registry_scanning: None,
            recorders: None,
            clusters: Vec::new(),
            repositories: Vec::new(),
            keys: Vec::new(),
            roles: Vec::new(),
            buckets: Vec::new(),
            parameters: Vec::new(),
            member_role: None,
            organization: None,
            findings: Vec::new(),
            faults: Vec::new(),
            collections: Record::new(),
            index: Index::default(),
        }
    }

    /// Reads an account file.
    pub fn load(path: &Path) -> Result<Self, AccountError> {
        let text = fs::read_to_string(path).map_err(|source| AccountError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads an account from YAML; `name` is its name in errors.
    pub fn parse(name: &str, text: &str) -> Result<Self, AccountError> {
        let mut account: Self =
            serde_yaml_ng::from_str(text).map_err(|source| AccountError::Format {
                name: name.to_owned(),
                source,
            })?;
        account.prepare(name)?;
        Ok(account)
    }

    /// Adds entries as in a file, such as `account.add(json!({"clusters": [{"name": "payments"}]}))`.
    pub fn add(&mut self, entries: Value) -> Result<(), AccountError> {
        let name = "the added entries";
        let entries: Entries =
            serde_json::from_value(entries).map_err(|problem| AccountError::Format {
                name: name.to_owned(),
                source: serde::de::Error::custom(problem),
            })?;
        self.clusters.extend(entries.clusters);
        self.repositories.extend(entries.repositories);
        self.keys.extend(entries.keys);
        self.roles.extend(entries.roles);
        self.buckets.extend(entries.buckets);
        self.parameters.extend(entries.parameters);
        self.extend_collections(entries.collections);
        self.prepare(name)
    }

    /// Returns the cluster of this name, to be changed.
    pub fn cluster(&mut self, name: &str) -> Option<&mut Cluster> {
        let hint = self.index.clusters.get(name).copied();
        find_mut(&mut self.clusters, hint, |cluster| cluster.name() == name)
    }

    /// Sets the endpoint of a cluster and its certificate authority, in base64. Adds the cluster if there is none of that
    /// name.
    pub fn set_endpoint(
        &mut self,
        cluster: &str,
        url: &str,
        authority: &str,
    ) -> Result<(), AccountError> {
        if self.cluster(cluster).is_none() {
            self.add(json!({"clusters": [{"name": cluster}]}))?;
        }
        if let Some(cluster) = self.cluster(cluster) {
            let authority = json!({"data": authority});
            cluster.members.insert("endpoint".into(), url.into());
            cluster
                .members
                .insert("certificateAuthority".into(), authority);
        }
        Ok(())
    }

    /// Returns the repository of this name, to be changed.
    pub fn repository(&mut self, name: &str) -> Option<&mut Repository> {
        let hint = self.index.repositories.get(name).copied();
        find_mut(&mut self.repositories, hint, |repository| {
            repository.name() == name
        })
    }

    /// Returns the key of this id or alias, to be changed.
    pub fn key(&mut self, id: &str) -> Option<&mut Key> {
        let hint = self.index.keys.get(id).copied();
        find_mut(&mut self.keys, hint, |key| key.is(id))
    }

    /// Returns the role of this name, to be changed.
    pub fn role(&mut self, name: &str) -> Option<&mut Role> {
        let hint = self.index.roles.get(name).copied();
        find_mut(&mut self.roles, hint, |role| role.name() == name)
    }

    pub(crate) fn served_cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.get(*self.index.clusters.get(name)?)
    }

    /// Returns a repository and the positions of its images.
    pub(crate) fn served_repository(&self, name: &str) -> Option<(&Repository, &Names)> {
        let position = *self.index.repositories.get(name)?;
        Some((
            self.repositories.get(position)?,
            self.index.images.get(position)?,
        ))
    }

    /// Returns a key by its id, by the name of an alias, or by the ARN of the key or an alias in this account.
    pub(crate) fn served_key(&self, id: &str) -> Option<&Key> {
        let id = match id.strip_prefix(&self.arn("kms", &self.region, "")) {
            Some(resource) => resource.strip_prefix("key/").unwrap_or(resource),
            None => id,
        };
        self.keys.get(*self.index.keys.get(id)?)
    }

    pub(crate) fn served_role(&self, name: &str) -> Option<&Role> {
        self.roles.get(*self.index.roles.get(name)?)
    }

    /// Adds entries to collections that have no type of their own.
    pub(crate) fn extend_collections(&mut self, collections: Record) {
        for (name, value) in collections {
            match (self.collections.get_mut(&name), value) {
                (Some(Value::Array(entries)), Value::Array(more)) => entries.extend(more),
                (_, value) => {
                    self.collections.insert(name, value);
                }
            }
        }
    }

    /// Returns the entries of a collection, in order.
    pub(crate) fn entries(&self, collection: &str) -> Vec<&Record> {
        match collection {
            "clusters" => self.clusters.iter().map(|one| &one.members).collect(),
            "repositories" => self.repositories.iter().map(|one| &one.members).collect(),
            "keys" => self.keys.iter().map(|one| &one.members).collect(),
            "roles" => self.roles.iter().map(|one| &one.members).collect(),
            other => entries(self.collections.get(other)).collect(),
        }
    }

    /// Returns the entry of a collection that has this key.
    pub(crate) fn entry(&self, collection: &str, key: &str) -> Option<&Record> {
        match collection {
            "clusters" => self.served_cluster(key).map(|one| &one.members),
            "repositories" => self.served_repository(key).map(|(one, _)| &one.members),
            "keys" => self.served_key(key).map(|one| &one.members),
            "roles" => self.served_role(key).map(|one| &one.members),
            other => {
                let position = *self.index.collections.get(other)?.get(key)?;
                self.collections.get(other)?.get(position)?.as_object()
            }
        }
    }

    /// Returns the entry of a collection that has only one.
    pub(crate) fn only_entry(&self, collection: &str) -> Option<&Record> {
        match collection {
            "registry_scanning" => self.registry_scanning.as_ref(),
            other => self.collections.get(other)?.as_object(),
        }
    }

    /// Returns the ARN of a resource of this account.
    pub fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        arn(&self.region, service, region, &self.account, resource)
    }
}

/// Returns the entry that fits: the one at the position `hint`, from when the account was last checked, or at any
/// other.
fn find_mut<T>(
    entries: &mut [T],
    hint: Option<usize>,
    fits: impl Fn(&T) -> bool,
) -> Option<&mut T> {
    let hinted = hint.filter(|position| entries.get(*position).is_some_and(&fits));
    let position = hinted.or_else(|| entries.iter().position(fits))?;
    entries.get_mut(position)
}
