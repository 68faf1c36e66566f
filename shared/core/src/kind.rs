//! Kinds of resource, and the differences between them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

/// A kind of resource that checks evaluate. Each kind is described once, in the file of its facts, and listed in
/// [`KINDS`](crate::kinds::KINDS). Everything that differs by kind is a member here, so that no other code depends on
/// the kind of a resource. Two kinds are equal if their names are equal.
pub struct ResourceKind {
    /// The name of the kind, such as `EksCluster`. It appears in logs and never changes.
    pub name: &'static str,
    /// The common noun for a resource of the kind, in lower case: `cluster`, `repository`, `image`, `key`.
    pub noun: &'static str,
    /// The noun with the name of its service, for texts outside the context of the service: `EKS cluster`.
    pub title: &'static str,
    /// The placeholder for a name in commands that people complete: `<cluster>`.
    pub placeholder: &'static str,
    /// The events after which the `ecr-event` function evaluates a resource of the kind, as a clause that follows
    /// "when"; `None` if there are no such events.
    pub events: Option<&'static str>,
    /// The form of the text that identifies a resource of the kind.
    pub identity: Identity,
    /// The resources that are listed together with those of the kind.
    pub family: Family,
    /// The kind of the resource that contains a resource of this kind, such as the repository of an image; `None` if
    /// there is none.
    pub parent: Option<Parent>,
    /// The resource type in ASFF, such as `AwsEksCluster`. For kinds that ASFF does not define, the type is any text.
    pub asff_type: &'static str,
    /// The resource type in OCSF events.
    pub ocsf_type: &'static str,
    /// The resource type in AWS Config, and the triggers of its rules; `None` if AWS Config does not have the type.
    pub config: Option<ConfigType>,
    /// The source of the tags of a resource of the kind.
    pub tags: TagSource,
    /// `true` if PASSED findings are always sent. Otherwise `EKSENTRY_PASSED_IMAGES` decides.
    pub sends_every_pass: bool,
}

/// The form of the text that identifies a resource. The ids of the resource's findings end with this text, so a form
/// never changes.
#[derive(Debug, Clone, Copy)]
pub enum Identity {
    /// The ARN, `arn:<partition>:<service>:<region>:<account>:<prefix><path>`.
    Arn {
        /// The name of the service in the ARN, such as `eks`.
        service: &'static str,
        /// The beginning of the ARN's last part, such as `cluster/`.
        prefix: &'static str,
        /// Returns `true` if a path that follows the prefix belongs to this kind, and not to another kind with the same
        /// service and prefix.
        owns: fn(&str) -> bool,
        /// Returns `true` if the service allows the path.
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
    /// Returns the path of the parent, given the path of the child, which begins with the parent's path and a slash.
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
    /// The contents of Amazon EKS clusters: their namespaces and other Kubernetes objects.
    Kubernetes,
    /// Amazon EFS file systems.
    FileSystems,
    /// The account itself.
    Account,
}

/// A resource type in AWS Config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigType {
    /// The name of the type, such as `AWS::EKS::Cluster`.
    pub name: &'static str,
    /// `true` if AWS Config records resources of the type, so that a change to one can trigger a rule. Otherwise rules
    /// are periodic.
    pub records_changes: bool,
}

/// The source of a resource's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagSource {
    /// The call that describes the resource also returns its tags.
    Description,
    /// The Resource Groups Tagging API lists the tags.
    TaggingApi,
    /// The resource has no tags of its own. Exceptions by tag use the tags of its parent.
    Parent,
    /// The resource can't have tags.
    None,
}

/// The branch of ASFF's types taxonomy to which findings belong.
/// Source: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The configuration of a resource.
    Configuration,
    /// The vulnerabilities of an image.
    Vulnerabilities,
}

impl ResourceKind {
    /// Returns the resource type in AWS Config, such as `AWS::EKS::Cluster`, or `None` if AWS Config does not have the
    /// type.
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

/// Returns `true` if the text is a single name: it begins with a letter or digit, consists of letters, digits, `.`, `_`
/// and `-`, and is not longer than [`LONGEST_NAME`].
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && text.len() <= LONGEST_NAME
}

/// The maximum length of a name, which is that of an ECR repository's name. With a digest of 64 characters and the rest
/// of a finding's id, it stays within the 512 characters of ASFF.
pub(crate) const LONGEST_NAME: usize = 256;

#[cfg(test)]
mod tests {
    use crate::facts::{cluster, key};

    #[test]
    fn kinds_have_the_order_and_the_text_of_their_names() {
        let (cluster, key) = (&cluster::KIND, &key::KIND);
        assert!(cluster < key);
        assert_eq!(format!("{cluster:?} {key:?}"), "EksCluster KmsKey");
    }
}
