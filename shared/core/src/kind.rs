//! Kinds of resource, and all that differs between them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

/// A kind of resource that checks judge. Each kind is described once, beside its facts, and listed in
/// [`KINDS`](crate::kinds::KINDS); whatever differs by kind is a member here, so that no other code asks which kind a
/// resource is of. Two kinds are equal if their names are.
pub struct ResourceKind {
    /// The name of the kind, `EksCluster` for example. It appears in logs and never changes.
    pub name: &'static str,
    /// The common noun for a resource of the kind, in lower case: `cluster`, `repository`, `image`, `key`.
    pub noun: &'static str,
    /// The noun with its service, for readers outside of the service: `EKS cluster`.
    pub title: &'static str,
    /// The placeholder for a name in commands that people complete: `<cluster>`.
    pub placeholder: &'static str,
    /// When `ecr-event` judges a resource of the kind, to follow "when"; `None` if never.
    pub events: Option<&'static str>,
    /// The form of the text that identifies a resource of the kind.
    pub identity: Identity,
    /// The resources that are listed together with those of the kind.
    pub family: Family,
    /// The kind of the resource that contains one of this kind, if there is one: the repository of an image.
    pub parent: Option<Parent>,
    /// The resource type in ASFF, `AwsEksCluster` for example. For kinds that ASFF does not know, any text.
    pub asff_type: &'static str,
    /// The resource type in OCSF events.
    pub ocsf_type: &'static str,
    /// The resource type in AWS Config, and how AWS Config can trigger a rule; `None` where it does not know the kind.
    pub config: Option<ConfigType>,
    /// Where the tags of a resource of the kind come from.
    pub tags: TagSource,
    /// The branch of ASFF's types taxonomy for findings about the kind.
    pub topic: Topic,
    /// Whether a PASSED finding is always sent. Otherwise `EKSENTRY_PASSED_IMAGES` decides.
    pub sends_every_pass: bool,
}

/// The form of the text that identifies a resource. It ends the ids of the resource's findings, so a form never changes.
#[derive(Debug, Clone, Copy)]
pub enum Identity {
    /// The ARN, `arn:<partition>:<service>:<region>:<account>:<prefix><path>`.
    Arn {
        /// The service's name in the ARN, `eks` for example.
        service: &'static str,
        /// The begin of the ARN's last part, `cluster/` for example.
        prefix: &'static str,
        /// Returns whether a path that follows the prefix belongs to the kind rather than to another one that has the
        /// same service and prefix.
        owns: fn(&str) -> bool,
        /// Returns whether the service allows such a path.
        allows: fn(&str) -> bool,
    },
    /// An account in a Region, `AWS::::Account:<account>/<region>`. Its path is empty.
    Account,
}

/// The kind of resource that contains another one.
#[derive(Debug, Clone, Copy)]
pub struct Parent {
    /// The kind of the parent.
    pub kind: &'static ResourceKind,
    /// Returns the parent's path, given the child's, which begins with it and a slash.
    pub path: fn(&str) -> &str,
}

/// Resources that one enumeration lists together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Amazon EKS clusters.
    Clusters,
    /// AWS KMS keys.
    Keys,
    /// The repositories of a private Amazon ECR registry and their images.
    Registry,
    /// The account itself.
    Account,
}

/// A resource type in AWS Config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigType {
    /// The name of the type, `AWS::EKS::Cluster` for example.
    pub name: &'static str,
    /// Whether AWS Config records resources of the type, so that a change of one can trigger a rule. Otherwise rules are
    /// periodic.
    pub records_changes: bool,
}

/// Where the tags of a resource come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagSource {
    /// Describing the resource brings its tags along.
    Description,
    /// The Resource Groups Tagging API lists them.
    TaggingApi,
    /// The resource has no tags of its own; exceptions by tag look at those of its parent.
    Parent,
    /// The resource can't have tags.
    None,
}

/// The branch of ASFF's types taxonomy to which findings belong.
/// Source: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// How something is configured.
    Configuration,
    /// The vulnerabilities that something has.
    Vulnerabilities,
}

impl ResourceKind {
    /// Returns the resource type in AWS Config, `AWS::EKS::Cluster` for example; `None` where AWS Config does not know
    /// the kind.
    pub fn config_type(&self) -> Option<&'static str> {
        self.config.map(|config| config.name)
    }
}

impl PartialEq for ResourceKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ResourceKind {}

impl Hash for ResourceKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl PartialOrd for ResourceKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(other.name)
    }
}

impl fmt::Debug for ResourceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Serialize for ResourceKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// Returns whether a text is one name: it begins with a letter or digit, and has letters, digits, `.`, `_` and `-`.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && text.len() <= LONGEST_NAME
}

/// The longest name, which is an ECR repository's: with a digest of 64 characters and the rest of a finding's id it stays
/// within ASFF's 512.
pub(crate) const LONGEST_NAME: usize = 256;
