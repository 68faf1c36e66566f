//! The entries of an account file that have types of their own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Record, text};

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

/// An EKS cluster.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Cluster {
    /// The members that DescribeCluster returns, and the collections that a cluster holds, such as its node groups.
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
    /// The lifecycle policy that GetLifecyclePolicy returns, as a document or as text.
    pub lifecycle_policy: Option<Value>,
    /// The policy, as an object or as the text that GetRepositoryPolicy returns; none if absent.
    pub policy: Option<Value>,
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
    /// The configuration that the manifest names: an object, or a text that is not JSON. If absent, it names the user
    /// 65532.
    pub configuration: Option<Value>,
    /// The response to a download of the configuration; the configuration if absent.
    pub download: Option<Download>,
    /// The signing statuses, as DescribeImageSigningStatus returns them.
    #[serde(default, rename = "signingStatuses")]
    pub signing_statuses: Vec<Value>,
    /// The members that DescribeImages returns.
    #[serde(flatten)]
    pub members: Record,
}

/// The response to a download.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// The HTTP status; 200 if absent.
    pub status: Option<u16>,
    /// The URL to which the response redirects.
    pub location: Option<String>,
    /// The content.
    #[serde(default)]
    pub content: String,
}

/// A KMS key with its rotation, aliases, last use and tags.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Key {
    /// The rotation, as GetKeyRotationStatus returns it.
    #[serde(default)]
    pub rotation: Record,
    /// The aliases of the key, each beginning with `alias/`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The last use, as GetKeyLastUsage returns it.
    #[serde(default)]
    pub last_use: Record,
    /// The tags that GetResources returns.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The policy, as an object or as the text that GetKeyPolicy returns; that of a new key if absent.
    pub policy: Option<Value>,
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

impl Cluster {
    /// Returns the cluster's name.
    pub fn name(&self) -> &str {
        text(&self.members, "name")
    }
}

impl Organization {
    /// Returns `true` if the organization has an account with this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.accounts.iter().any(|account| account.id == id)
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
