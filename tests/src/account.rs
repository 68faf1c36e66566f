//! An AWS account as a file, which the stand-in serves.
//!
//! An entry holds members as AWS names them, plus a few members of this format, in lower case, for data that AWS
//! returns from other operations (an image's scan, a key's rotation). A member that is present, `null` included, is
//! served as it is written. One that is left out gets the value that AWS would return for a new resource, so an entry
//! can be as short as its name. Timestamps are written as RFC 3339 and served in the format of each protocol.
//!
//! The comments below name the operations that return an entry. Values in parentheses are the defaults.
//!
//! ```yaml
//! account: "123456789012"             # twelve digits
//! region: eu-central-1
//! page_size: 2                        # most items that a list returns in a page (as many as requested)
//! registry_scanning:                  # as GetRegistryScanningConfiguration (basic, no rules)
//!   scanType: BASIC
//!   rules:
//!     - scanFrequency: SCAN_ON_PUSH
//!       repositoryFilters: [{filter: "payments/*", filterType: WILDCARD}]
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
//!     images:                         # as DescribeImages
//!       - imageTags: [v1]             # never scanned; the digest is generated
//!       - imageTags: [v2]
//!         scan: {}                    # as DescribeImageScanFindings: COMPLETE without findings
//!         manifest: {layers: []}      # as BatchGetImage (an image of one layer)
//!       - imageDigest: sha256:1111111111111111111111111111111111111111111111111111111111111111
//!         scan:                       # the findings determine its counts and DescribeImages' summary
//!           imageScanFindings:
//!             findings: [{name: CVE-2024-3094, severity: CRITICAL}]
//! keys:                               # as DescribeKey's KeyMetadata
//!   - aliases: [alias/payments]       # a symmetric customer managed key; the KeyId is generated
//!     rotation: {KeyRotationEnabled: true}        # as GetKeyRotationStatus (off)
//!   - KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab
//!     KeyState: PendingDeletion
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
//! organization:                       # as ListAccounts and similar; a ParentId is a root or a unit
//!   units: [{Id: ou-ab12-payments1, Name: payments, ParentId: r-ab12}]
//!   accounts:                         # Status: ACTIVE, Name: the Id
//!     - {Id: "210987654321", Name: ledger, Status: SUSPENDED, ParentId: ou-ab12-payments1}
//! findings: []                        # the findings in Security Hub at the start, each a complete ASFF finding
//! faults:                             # the first that fits a call is used, in addition to every latency
//!   - operation: kms.DescribeKey      # or kms.*
//!     match: {KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab}    # members of the request (any); an id fits its ARN
//!     times: 2                        # number of hits (unlimited)
//!     one_in: 10                      # one in this many calls, seemingly at random (every one); of partial: findings
//!     seed: 1                         # another seed hits other calls (0)
//!     kind: access-denied             # throttle | access-denied | reset | malformed | {latency: 200}
//!                                     # | {error: {code: InternalFailure, status: 500}}
//!                                     # | {partial: {ids: [an-id], code: InternalFailure}}
//! ```

mod index;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;

use self::index::names;
pub(crate) use self::index::{Index, Names, Position};
use crate::stand_in::Fault;

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
    #[error("{name} is not a valid account: {source}; tests/src/account.rs describes the format")]
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
#[serde(deny_unknown_fields)]
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
    #[serde(skip)]
    pub(crate) index: Index,
}

/// An AWS Config recorder with its status.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Recorder {
    /// The members that DescribeConfigurationRecorderStatus returns, except the name.
    #[serde(default)]
    pub status: Record,
    /// The members that DescribeConfigurationRecorders returns.
    #[serde(flatten)]
    pub members: Record,
}

/// An EKS cluster with its node groups.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Cluster {
    /// The managed node groups, as DescribeNodegroup returns them.
    #[serde(default)]
    pub nodegroups: Vec<Record>,
    /// The members that DescribeCluster returns.
    #[serde(flatten)]
    pub members: Record,
}

/// An ECR repository with its images.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Repository {
    /// The images.
    #[serde(default)]
    pub images: Vec<Image>,
    /// The tags that GetResources returns.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The members that DescribeRepositories returns.
    #[serde(flatten)]
    pub members: Record,
}

/// An ECR image with its scan.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Image {
    /// The scan, as DescribeImageScanFindings returns it; `None` if the image was never scanned.
    pub scan: Option<Record>,
    /// The manifest, as BatchGetImage returns it; that of an image with one layer if absent.
    pub manifest: Option<Record>,
    /// The members that DescribeImages returns.
    #[serde(flatten)]
    pub members: Record,
}

/// A KMS key with its rotation, aliases and tags.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Key {
    /// The rotation, as GetKeyRotationStatus returns it.
    #[serde(default)]
    pub rotation: Record,
    /// The aliases of the key, each beginning with `alias/`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The tags that GetResources returns.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The members that DescribeKey returns.
    #[serde(flatten)]
    pub members: Record,
}

/// An IAM role with its policies.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Role {
    /// The attached policies; AmazonEKSClusterPolicy if absent.
    pub attached: Option<Vec<Policy>>,
    /// The inline policies: names with documents.
    #[serde(default)]
    pub inline: BTreeMap<String, Value>,
    /// The members that GetRole returns.
    #[serde(flatten)]
    pub members: Record,
}

/// A policy that is attached to a role.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Policy {
    /// A policy that AWS manages, by its name.
    Managed(String),
    /// A policy of the account.
    Own {
        /// Its name.
        name: String,
        /// Its document.
        document: Value,
    },
}

/// A parameter of Systems Manager.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Parameter {
    /// Its name, which a path may precede.
    pub name: String,
    /// Its value.
    pub value: String,
    /// String, StringList or SecureString; String if absent.
    #[serde(rename = "Type")]
    pub kind: Option<String>,
}

/// The role of a member account that another account may assume.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRole {
    /// Its name, without a path.
    pub name: String,
    /// The ExternalId that it requires; any ExternalId is accepted if absent.
    pub external_id: Option<String>,
}

/// An organization, as its management account sees it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its organizational units.
    #[serde(default)]
    pub units: Vec<Unit>,
    /// Its accounts.
    #[serde(default)]
    pub accounts: Vec<Member>,
}

/// An organizational unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Unit {
    /// Its id, such as `ou-ab12-payments1`.
    pub id: String,
    /// Its name; the id if absent.
    pub name: Option<String>,
    /// The id of the unit or the root that contains it.
    pub parent_id: String,
}

/// An account of an organization.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Member {
    /// The account id: twelve digits.
    pub id: String,
    /// Its name; the id if absent.
    pub name: Option<String>,
    /// ACTIVE, SUSPENDED or PENDING_CLOSURE; ACTIVE if absent.
    pub status: Option<String>,
    /// The id of the unit or the root that contains it.
    pub parent_id: String,
}

/// The entries that can be added to an account: lists as in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
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
        account.settle(name)?;
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
        self.settle(name)
    }

    /// Returns the cluster of this name, to be changed.
    pub fn cluster(&mut self, name: &str) -> Option<&mut Cluster> {
        let hint = self.index.clusters.get(name).copied();
        find_mut(&mut self.clusters, hint, |cluster| cluster.name() == name)
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

    pub(crate) fn served_key(&self, id_or_alias: &str) -> Option<&Key> {
        self.keys.get(*self.index.keys.get(id_or_alias)?)
    }

    pub(crate) fn served_role(&self, name: &str) -> Option<&Role> {
        self.roles.get(*self.index.roles.get(name)?)
    }

    /// Returns the ARN of a resource of this account.
    pub fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        arn(&self.region, service, region, &self.account, resource)
    }

    /// Assigns the ids that are left out, checks the entries for what the stand-in relies on, and builds the index.
    pub(crate) fn settle(&mut self, name: &str) -> Result<(), AccountError> {
        self.name_images();
        self.name_keys();
        self.index = self.checked().map_err(|problem| AccountError::Entry {
            name: name.to_owned(),
            problem,
        })?;
        Ok(())
    }

    fn checked(&self) -> Result<Index, String> {
        self.check_place()?;
        let index = Index::of(self)?;
        self.check_names()?;
        self.check_texts()?;
        self.check_organization()?;
        Ok(index)
    }

    fn name_images(&mut self) {
        for repository in &mut self.repositories {
            let repository_name = repository.name().to_owned();
            let unnamed =
                |(_, image): &(usize, &mut Image)| !image.members.contains_key("imageDigest");
            for (index, image) in repository.images.iter_mut().enumerate().filter(unnamed) {
                let tags = image.members.get("imageTags").map(Value::to_string);
                let seed = format!(
                    "{repository_name} {}",
                    tags.unwrap_or_else(|| index.to_string())
                );
                let name = format!("sha256:{}", digest(&seed));
                image.members.insert("imageDigest".to_owned(), name.into());
            }
        }
    }

    fn name_keys(&mut self) {
        for (index, key) in self.keys.iter_mut().enumerate() {
            let seed = key
                .aliases
                .first()
                .cloned()
                .unwrap_or_else(|| format!("key {index}"));
            key.members
                .entry("KeyId")
                .or_insert_with(|| uuid(&seed).into());
        }
    }

    fn check_place(&self) -> Result<(), String> {
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!(
                "account is {:?}; write the twelve digits of an account id",
                self.account
            ));
        }
        if self.region.is_empty() {
            return Err("region is empty; write a Region such as eu-central-1".to_owned());
        }
        if self.page_size == Some(0) {
            return Err("page_size is 0; write 1 or more, or leave it out".to_owned());
        }
        if self.faults.iter().any(|fault| fault.one_in == Some(0)) {
            return Err("one_in is 0; write 1 or more, or leave it out".to_owned());
        }
        Ok(())
    }

    /// Checks the names that are not in the index.
    fn check_names(&self) -> Result<(), String> {
        for cluster in self
            .clusters
            .iter()
            .filter(|cluster| !cluster.nodegroups.is_empty())
        {
            names(
                &format!("nodegroups of {}", cluster.name()),
                "nodegroupName",
                cluster.nodegroups.iter(),
            )?;
        }
        self.check_findings()
    }

    fn check_organization(&self) -> Result<(), String> {
        let Some(Organization { units, accounts }) = &self.organization else {
            return Ok(());
        };
        if let Some(unit) = units.iter().find(|unit| !unit.id.starts_with("ou-")) {
            return Err(format!(
                "the id of the unit {} is not valid; write an id such as ou-ab12-payments1",
                unit.id
            ));
        }
        let is_parent = |id: &str| id.starts_with("r-") || units.iter().any(|unit| unit.id == id);
        let parents = units.iter().map(|unit| (&unit.id, &unit.parent_id));
        let mut parents = parents.chain(
            accounts
                .iter()
                .map(|account| (&account.id, &account.parent_id)),
        );
        match parents.find(|(_, parent)| !is_parent(parent)) {
            Some((id, parent)) => Err(format!(
                "the ParentId of {id} is {parent}; write a root such as r-ab12, or one of the units"
            )),
            None => Ok(()),
        }
    }

    fn check_findings(&self) -> Result<(), String> {
        names("findings", "Id", self.findings.iter())?;
        let is_short = |finding: &&Record| text(finding, "ProductArn").is_empty();
        match self.findings.iter().find(is_short) {
            Some(finding) => Err(format!(
                "the finding {} has no ProductArn; write the complete finding",
                text(finding, "Id")
            )),
            None => Ok(()),
        }
    }

    /// Rejects versions and tags that are not text. YAML reads an unquoted 1.30 as a number and `true` as a Boolean,
    /// where AWS would serve text.
    fn check_texts(&self) -> Result<(), String> {
        let nodegroups = self.clusters.iter().flat_map(|cluster| &cluster.nodegroups);
        for members in self
            .clusters
            .iter()
            .map(|cluster| &cluster.members)
            .chain(nodegroups)
        {
            let tags = members.get("tags").and_then(Value::as_object);
            let texts = tags
                .into_iter()
                .flatten()
                .chain(members.iter().filter(|(name, _)| *name == "version"));
            for (name, value) in texts {
                if !value.is_string() && !value.is_null() {
                    return Err(format!(
                        "{name}: {value} is not text; write {name}: \"{value}\", in quotes"
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Cluster {
    /// Returns the cluster's name.
    pub fn name(&self) -> &str {
        text(&self.members, "name")
    }
}

impl Repository {
    /// Returns the repository's name.
    pub fn name(&self) -> &str {
        text(&self.members, "repositoryName")
    }

    /// Returns the image of this digest or tag, to be changed.
    pub fn image(&mut self, digest_or_tag: &str) -> Option<&mut Image> {
        self.images
            .iter_mut()
            .find(|image| image.digest() == digest_or_tag || image.has_tag(digest_or_tag))
    }
}

impl Image {
    /// Returns the image's digest.
    pub fn digest(&self) -> &str {
        text(&self.members, "imageDigest")
    }

    /// Returns `true` if the image has this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags().iter().any(|own| own == tag)
    }

    pub(crate) fn tags(&self) -> &[Value] {
        self.members
            .get("imageTags")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

impl Key {
    /// Returns the key's id.
    pub fn id(&self) -> &str {
        text(&self.members, "KeyId")
    }

    /// Returns `true` if this is the key's id or one of its aliases.
    pub fn is(&self, id_or_alias: &str) -> bool {
        self.id() == id_or_alias || self.aliases.iter().any(|alias| alias == id_or_alias)
    }
}

impl Role {
    /// Returns the role's name.
    pub fn name(&self) -> &str {
        text(&self.members, "RoleName")
    }
}

/// Returns an ARN in the partition that `home`, a Region, belongs to.
pub(crate) fn arn(
    home: &str,
    service: &str,
    region: &str,
    account: &str,
    resource: &str,
) -> String {
    format!(
        "arn:{}:{service}:{region}:{account}:{resource}",
        partition(home)
    )
}

pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Returns the text member of this name, or an empty text.
pub(crate) fn text<'a>(members: &'a Record, name: &str) -> &'a str {
    members
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Returns 64 hexadecimal digits that are always the same for the same seed.
pub(crate) fn digest(seed: &str) -> String {
    hex::encode(Sha256::digest(seed))
}

pub(crate) fn uuid(seed: &str) -> String {
    let digits = digest(seed);
    [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..32],
    ]
    .join("-")
}

/// Returns the entry that fits: the one at the position `hint`, from when the account was settled, or at any other.
fn find_mut<T>(
    entries: &mut [T],
    hint: Option<usize>,
    fits: impl Fn(&T) -> bool,
) -> Option<&mut T> {
    let hinted = hint.filter(|position| entries.get(*position).is_some_and(&fits));
    let position = hinted.or_else(|| entries.iter().position(fits))?;
    entries.get_mut(position)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(text: &str) -> String {
        Account::parse("bank.yaml", text)
            .expect_err("the account is not valid")
            .to_string()
    }

    /// The format in this module's documentation describes a valid account.
    #[test]
    fn the_documented_example_is_valid() {
        let example: String = include_str!("account.rs")
            .lines()
            .skip_while(|line| *line != "//! ```yaml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| {
                format!(
                    "{}\n",
                    line.trim_start_matches("//!")
                        .strip_prefix(' ')
                        .unwrap_or_default()
                )
            })
            .collect();

        let account = Account::parse("the example", &example).expect("the example is an account");

        assert_eq!(account.clusters.len(), 2);
        assert_eq!(account.clusters[1].nodegroups.len(), 1);
        assert_eq!(account.repositories[0].images.len(), 3);
        assert_eq!(account.faults.len(), 1);
        assert_eq!((account.buckets.len(), account.parameters.len()), (1, 1));
        assert_eq!(
            account.organization.expect("it manages one").accounts.len(),
            1
        );
    }

    #[test]
    fn missing_ids_are_generated_deterministically() {
        let text =
            "{account: '123456789012', region: eu-central-1, keys: [{aliases: [alias/a]}, {}]}";
        let (one, other) = (
            Account::parse("a", text).unwrap(),
            Account::parse("a", text).unwrap(),
        );

        assert_eq!(one.keys[0].id().len(), 36);
        assert_eq!(one.keys[0].id(), other.keys[0].id());
        assert_ne!(one.keys[0].id(), one.keys[1].id());
    }

    #[test]
    fn null_members_are_kept() {
        let text =
            "{account: '123456789012', region: eu-central-1, clusters: [{name: a, logging: null}]}";
        let account = Account::parse("a", text).unwrap();

        assert_eq!(
            account.clusters[0].members.get("logging"),
            Some(&Value::Null)
        );
    }

    #[test]
    fn errors_name_the_file_and_the_fix() {
        let head = "account: '123456789012'\nregion: eu-central-1\n";
        for (text, wanted) in [
            (format!("{head}cluster: []"), "unknown field `cluster`"),
            ("account: '1'\nregion: a".to_owned(), "twelve digits"),
            (
                format!("{head}clusters: [{{version: '1.30'}}]"),
                "clusters[0] has no name",
            ),
            (
                format!("{head}clusters: [{{name: a}}, {{name: a}}]"),
                "twice",
            ),
            (format!("{head}findings: [{{Id: a}}]"), "no ProductArn"),
            (
                format!("{head}clusters: [{{name: a, version: 1.30}}]"),
                "in quotes",
            ),
            (
                format!("{head}clusters: [{{name: a, tags: {{x: 1}}}}]"),
                "in quotes",
            ),
            (
                format!("{head}organization: {{units: [{{Id: a, ParentId: r-ab12}}]}}"),
                "ou-ab12",
            ),
            (
                format!("{head}organization: {{accounts: [{{Id: a, ParentId: ou-gone}}]}}"),
                "a root",
            ),
            (
                format!("{head}faults: [{{operation: '*', kind: throttle, one_in: 0}}]"),
                "one_in is 0",
            ),
        ] {
            let problem = problem(&text);
            assert!(
                problem.contains("bank.yaml") && problem.contains(wanted),
                "{problem}"
            );
        }
    }

    #[test]
    fn entries_can_be_added() {
        let mut account = Account::empty("123456789012", "eu-central-1");
        account
            .add(json!({"clusters": [{"name": "a", "nodegroups": [{"nodegroupName": "n"}]}]}))
            .unwrap();

        assert_eq!(
            account.cluster("a").expect("it was added").nodegroups.len(),
            1
        );
        assert!(account.add(json!({"clusters": [{"name": "a"}]})).is_err());
    }

    /// Entries are found even if they have moved since the account was settled.
    #[test]
    fn moved_entries_are_found() {
        let mut account = Account::empty("123456789012", "eu-central-1");
        let repositories = json!([{"repositoryName": "a"}, {"repositoryName": "b"}]);
        account.add(json!({"repositories": repositories})).unwrap();

        account.repositories.remove(0);
        assert_eq!(account.repository("b").expect("it stays").name(), "b");
        assert!(account.repository("a").is_none());
        account.settle("the account").unwrap();
        assert_eq!(account.index.repositories["b"], 0);
    }
}
