//! An AWS account as a file: what the stand-in serves.
//!
//! An entry holds members as AWS names them, plus a few of our own in lower case for what AWS keeps
//! elsewhere (an image's scan, a key's rotation). A member that is there, `null` included, is served as it
//! is written; one that is left out gets what AWS would say of a fresh resource, so an entry can be as
//! short as its name. Moments are written as RFC 3339 and served as each protocol wants them.
//!
//! ```yaml
//! account: "123456789012"             # twelve digits
//! region: eu-central-1
//! page_size: 2                        # most items that a list answers at once (as many as asked for)
//! registry_scanning:                  # as GetRegistryScanningConfiguration (basic, no rules)
//!   scanType: BASIC
//!   rules:
//!     - scanFrequency: SCAN_ON_PUSH
//!       repositoryFilters: [{filter: "payments/*", filterType: WILDCARD}]
//! clusters:                           # as DescribeCluster
//!   - name: payments                  # all that is required: a public endpoint, no logs, a role of its own
//!   - name: ledger
//!     version: "1.27"                 # in quotes, or 1.30 reads as 1.3
//!     roleArn: arn:aws:iam::123456789012:role/eks-shared      # exists only if `roles` has it
//!     resourcesVpcConfig: {endpointPublicAccess: false, endpointPrivateAccess: true}
//!     tags: {team: ledger}
//!     nodegroups:                     # as DescribeNodegroup
//!       - nodegroupName: general
//! repositories:                       # as DescribeRepositories
//!   - repositoryName: payments/api
//!     imageTagMutability: IMMUTABLE
//!     tags: {team: payments}
//!     images:                         # as DescribeImages
//!       - imageTags: [v1]             # never scanned; the digest is made up
//!       - imageTags: [v2]
//!         scan: {}                    # as DescribeImageScanFindings: COMPLETE without findings
//!       - imageDigest: sha256:1111111111111111111111111111111111111111111111111111111111111111
//!         scan:                       # counts and DescribeImages' summary follow from the findings
//!           imageScanFindings:
//!             findings: [{name: CVE-2024-3094, severity: CRITICAL}]
//! keys:                               # as DescribeKey's KeyMetadata
//!   - aliases: [alias/payments]       # a symmetric customer key; the KeyId is made up
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
//! findings: []                        # what Security Hub holds before, each in full (ASFF)
//! faults:                             # the first that fits is used
//!   - operation: kms.DescribeKey      # or kms.*
//!     match: {KeyId: 1234abcd-12ab-34cd-56ef-1234567890ab}    # members of the request (any); an id fits its ARN
//!     times: 2                        # (always)
//!     kind: access-denied             # throttle | access-denied | reset | malformed | {latency: 200}
//!                                     # | {error: {code: InternalFailure, status: 500}}
//!                                     # | {partial: {ids: [an-id], code: InternalFailure}}
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::stand_in::Fault;

/// The members of a resource, by the names that AWS gives them.
pub type Record = Map<String, Value>;

/// Why an account can't be used.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The file can't be read at all.
    #[error("the account file {path} can't be read; give the path of a YAML file", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The text is no account.
    #[error("{name} is no account: {source}; tests/src/account.rs shows the format")]
    Format {
        /// The file, or what else the text came from.
        name: String,
        /// What is wrong, and where.
        source: serde_yaml_ng::Error,
    },
    /// An entry lacks what it can't do without, or contradicts another.
    #[error("{name}: {problem}")]
    Entry {
        /// The file, or what else the entry came from.
        name: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
}

/// One account in one Region, as its file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The account id: twelve digits.
    pub account: String,
    /// The Region that everything but IAM is in.
    pub region: String,
    /// The most items that a list answers at once, whatever is asked for.
    pub page_size: Option<usize>,
    /// The registry's scanning configuration; basic without rules if there is none.
    pub registry_scanning: Option<Record>,
    /// The EKS clusters.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// The ECR repositories.
    #[serde(default)]
    pub repositories: Vec<Repository>,
    /// The KMS keys.
    #[serde(default)]
    pub keys: Vec<Key>,
    /// The IAM roles, beside those of clusters and node groups that name none.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// What Security Hub holds before.
    #[serde(default)]
    pub findings: Vec<Record>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// An EKS cluster with its node groups.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Cluster {
    /// The managed node groups, as DescribeNodegroup has them.
    #[serde(default)]
    pub nodegroups: Vec<Record>,
    /// As DescribeCluster has it.
    #[serde(flatten)]
    pub members: Record,
}

/// An ECR repository with its images.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Repository {
    /// The images.
    #[serde(default)]
    pub images: Vec<Image>,
    /// The tags that GetResources answers.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// As DescribeRepositories has it.
    #[serde(flatten)]
    pub members: Record,
}

/// An ECR image with its scan.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Image {
    /// As DescribeImageScanFindings has it; none: the image was never scanned.
    pub scan: Option<Record>,
    /// As DescribeImages has it.
    #[serde(flatten)]
    pub members: Record,
}

/// A KMS key with what belongs to it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Key {
    /// As GetKeyRotationStatus has it.
    #[serde(default)]
    pub rotation: Record,
    /// The names that lead to the key, each beginning with `alias/`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The tags that GetResources answers.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// As DescribeKey has it.
    #[serde(flatten)]
    pub members: Record,
}

/// An IAM role with its policies.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Role {
    /// The attached policies; none given: AmazonEKSClusterPolicy.
    pub attached: Option<Vec<Policy>>,
    /// The inline policies: name to document.
    #[serde(default)]
    pub inline: BTreeMap<String, Value>,
    /// As GetRole has it.
    #[serde(flatten)]
    pub members: Record,
}

/// A policy that is attached to a role.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Policy {
    /// One that AWS manages, by its name.
    Managed(String),
    /// One of the account's own.
    Own {
        /// Its name.
        name: String,
        /// Its document.
        document: Value,
    },
}

/// What can be added to an account: the same lists as in a file.
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
}

impl Account {
    /// An account that holds nothing.
    pub fn empty(account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            page_size: None,
            registry_scanning: None,
            clusters: Vec::new(),
            repositories: Vec::new(),
            keys: Vec::new(),
            roles: Vec::new(),
            findings: Vec::new(),
            faults: Vec::new(),
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

    /// Reads an account from YAML; `name` is what errors call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, AccountError> {
        let mut account: Self =
            serde_yaml_ng::from_str(text).map_err(|source| AccountError::Format {
                name: name.to_owned(),
                source,
            })?;
        account.settle(name)?;
        Ok(account)
    }

    /// Adds what a file could hold as well, as in `account.add(json!({"clusters": [{"name": "payments"}]}))`.
    pub fn add(&mut self, entries: Value) -> Result<(), AccountError> {
        let name = "what is to be added";
        let entries: Entries = serde_yaml_ng::to_value(entries)
            .and_then(serde_yaml_ng::from_value)
            .map_err(|source| AccountError::Format {
                name: name.to_owned(),
                source,
            })?;
        self.clusters.extend(entries.clusters);
        self.repositories.extend(entries.repositories);
        self.keys.extend(entries.keys);
        self.roles.extend(entries.roles);
        self.settle(name)
    }

    /// The cluster of this name, to be changed.
    pub fn cluster(&mut self, name: &str) -> Option<&mut Cluster> {
        self.clusters
            .iter_mut()
            .find(|cluster| cluster.name() == name)
    }

    /// The repository of this name, to be changed.
    pub fn repository(&mut self, name: &str) -> Option<&mut Repository> {
        self.repositories
            .iter_mut()
            .find(|repository| repository.name() == name)
    }

    /// The key of this id or alias, to be changed.
    pub fn key(&mut self, id: &str) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.is(id))
    }

    /// The role of this name, to be changed.
    pub fn role(&mut self, name: &str) -> Option<&mut Role> {
        self.roles.iter_mut().find(|role| role.name() == name)
    }

    /// The ARN of a resource of this account.
    pub fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        arn(&self.region, service, region, &self.account, resource)
    }

    /// Makes up the ids that are left out, and checks what everything else relies on.
    pub(crate) fn settle(&mut self, name: &str) -> Result<(), AccountError> {
        self.name_images();
        self.name_keys();
        let problem = |problem| AccountError::Entry {
            name: name.to_owned(),
            problem,
        };
        self.check_place().map_err(problem)?;
        self.check_names().map_err(problem)?;
        self.check_texts().map_err(problem)
    }

    fn name_images(&mut self) {
        for repository in &mut self.repositories {
            let repository_name = repository.name().to_owned();
            for (index, image) in repository.images.iter_mut().enumerate() {
                let tags = image.members.get("imageTags").map(Value::to_string);
                let seed = format!(
                    "{repository_name} {}",
                    tags.unwrap_or_else(|| index.to_string())
                );
                image
                    .members
                    .entry("imageDigest")
                    .or_insert_with(|| format!("sha256:{}", digest(&seed)).into());
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
        Ok(())
    }

    fn check_names(&self) -> Result<(), String> {
        check_unique(
            "clusters",
            "name",
            self.clusters.iter().map(|cluster| &cluster.members),
        )?;
        for cluster in &self.clusters {
            check_unique(
                &format!("nodegroups of {}", cluster.name()),
                "nodegroupName",
                cluster.nodegroups.iter(),
            )?;
        }
        check_unique(
            "repositories",
            "repositoryName",
            self.repositories.iter().map(|entry| &entry.members),
        )?;
        for repository in &self.repositories {
            let images = repository.images.iter().map(|image| &image.members);
            check_unique(
                &format!("images of {}", repository.name()),
                "imageDigest",
                images,
            )?;
        }
        check_unique("keys", "KeyId", self.keys.iter().map(|key| &key.members))?;
        check_unique(
            "roles",
            "RoleName",
            self.roles.iter().map(|role| &role.members),
        )?;
        self.check_findings()
    }

    fn check_findings(&self) -> Result<(), String> {
        check_unique("findings", "Id", self.findings.iter())?;
        let is_short = |finding: &&Record| text(finding, "ProductArn").is_empty();
        match self.findings.iter().find(is_short) {
            Some(finding) => Err(format!(
                "the finding {} has no ProductArn; write each finding in full",
                text(finding, "Id")
            )),
            None => Ok(()),
        }
    }

    /// YAML reads 1.30 as a number, and `on` in a tag as it likes: AWS would serve text.
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
                        "{name}: {value} is no text; write {name}: \"{value}\", in quotes"
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Cluster {
    /// The cluster's name.
    pub fn name(&self) -> &str {
        text(&self.members, "name")
    }
}

impl Repository {
    /// The repository's name.
    pub fn name(&self) -> &str {
        text(&self.members, "repositoryName")
    }

    /// The image of this digest or tag, to be changed.
    pub fn image(&mut self, digest_or_tag: &str) -> Option<&mut Image> {
        self.images
            .iter_mut()
            .find(|image| image.digest() == digest_or_tag || image.has_tag(digest_or_tag))
    }
}

impl Image {
    /// The image's digest.
    pub fn digest(&self) -> &str {
        text(&self.members, "imageDigest")
    }

    /// Whether the image carries this tag.
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
    /// The key's id.
    pub fn id(&self) -> &str {
        text(&self.members, "KeyId")
    }

    /// Whether this is the key's id or one of its aliases.
    pub fn is(&self, id_or_alias: &str) -> bool {
        self.id() == id_or_alias || self.aliases.iter().any(|alias| alias == id_or_alias)
    }
}

impl Role {
    /// The role's name.
    pub fn name(&self) -> &str {
        text(&self.members, "RoleName")
    }
}

/// An ARN in the partition that `home`, a Region, belongs to.
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

fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The text member of this name, or nothing.
pub(crate) fn text<'a>(members: &'a Record, name: &str) -> &'a str {
    members
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// 64 hexadecimal digits that are always the same for the same seed.
pub(crate) fn digest(seed: &str) -> String {
    Sha256::digest(seed)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn uuid(seed: &str) -> String {
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

fn check_unique<'a>(
    list: &str,
    name: &str,
    entries: impl Iterator<Item = &'a Record>,
) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (index, members) in entries.enumerate() {
        let id = text(members, name);
        if id.is_empty() {
            return Err(format!(
                "{list}[{index}] has no {name}; write {name}: and its text"
            ));
        }
        if !seen.insert(id) {
            return Err(format!("{list} has {name} {id} twice; leave one out"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(text: &str) -> String {
        Account::parse("bank.yaml", text)
            .expect_err("it is no account")
            .to_string()
    }

    /// The format in this module's documentation is a real account.
    #[test]
    fn the_documented_format_is_read() {
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
    }

    #[test]
    fn ids_that_are_left_out_are_made_up_and_stay_the_same() {
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
    fn a_null_member_stays() {
        let text =
            "{account: '123456789012', region: eu-central-1, clusters: [{name: a, logging: null}]}";
        let account = Account::parse("a", text).unwrap();

        assert_eq!(
            account.clusters[0].members.get("logging"),
            Some(&Value::Null)
        );
    }

    #[test]
    fn problems_name_the_file_and_the_way_out() {
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
        ] {
            let problem = problem(&text);
            assert!(
                problem.contains("bank.yaml") && problem.contains(wanted),
                "{problem}"
            );
        }
    }

    #[test]
    fn tests_add_what_a_file_could_hold() {
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
}
