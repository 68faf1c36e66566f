//! The identity of resources, and the accounts and Regions that hold them.

mod error;
mod id;
mod location;
mod object;
mod path;

use std::{fmt, iter};

use serde::{Serialize, Serializer};

use crate::arn::Arn;
use crate::facts::repository::DIGEST;
use crate::facts::{cluster, image, kubernetes};
use crate::kind::{Identity, Parent, ResourceKind};
use crate::kinds::KINDS;
use id::fit;
use location::{is_account, is_place, partition_of};
use path::check_path;

pub use error::ResourceError;
pub(crate) use id::ACCOUNT;
pub use id::LONGEST_CHECK_ID;
pub use location::Location;

/// The identity of a resource: its kind, its location, and its path there. The ids of the resource's findings end with
/// its text, [`id`](Self::id).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    kind: &'static ResourceKind,
    id: Box<str>,
}

impl Resource {
    /// Returns the resource that a text identifies: an ARN, or `AWS::::Account:<account>/<region>`. Every resource id
    /// that eksentry ever wrote can be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the text identifies nothing that a check evaluates.
    pub fn parse(text: &str) -> Result<Self, ResourceError> {
        if let Some(place) = text.strip_prefix(ACCOUNT) {
            return Self::parse_account(text, place);
        }
        let arn: Arn = text.parse()?;
        let mut of_prefix = KINDS.into_iter().filter_map(|kind| match kind.identity {
            Identity::Arn {
                service,
                prefix,
                owns,
                ..
            } if service == arn.service() => {
                let path = arn.resource().strip_prefix(prefix)?;
                Some((kind, path, owns(path)))
            }
            Identity::Arn { .. } | Identity::Account => None,
        });
        let Some(first) = of_prefix.next() else {
            return Err(ResourceError::Kind(arn));
        };
        // At most one kind owns the path.
        let mut candidates = iter::once(first).chain(of_prefix);
        let owner = candidates.find(|(.., owned)| *owned);
        let (kind, path, _) = owner.unwrap_or(first);
        if !is_place(arn.partition(), arn.region(), arn.account()) {
            return Err(ResourceError::Place(arn.to_string()));
        }
        check_path(kind, path)?;
        Ok(Self {
            kind,
            id: text.into(),
        })
    }

    /// Returns the account that a text identifies without a Region, as ASFF and AWS Config do, such as
    /// `AWS::::Account:111122223333`; `None` for all other texts.
    pub fn account_without_region(text: &str) -> Option<&str> {
        let account = text.strip_prefix(ACCOUNT)?;
        is_account(account).then_some(account)
    }

    fn parse_account(text: &str, place: &str) -> Result<Self, ResourceError> {
        let (account, region) = place.split_once('/').unwrap_or((place, ""));
        let kind = KINDS
            .into_iter()
            .find(|kind| matches!(kind.identity, Identity::Account));
        match kind {
            Some(kind) if is_place("aws", region, account) => Ok(Self {
                kind,
                id: text.into(),
            }),
            _ => Err(ResourceError::Place(text.chars().take(200).collect())),
        }
    }

    /// Returns the resource of a kind and path (the name of the cluster or repository, or the id of the key) at a
    /// location. The path of an account is empty.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not allow the path.
    pub fn named(
        kind: &'static ResourceKind,
        path: &str,
        location: &Location,
    ) -> Result<Self, ResourceError> {
        check_path(kind, path)?;
        let id = location.prefix(kind, path);
        // The location comes from the caller, and an id that can't be parsed again must not be created.
        match kind.identity {
            Identity::Arn { .. } => drop(id.parse::<Arn>()?),
            Identity::Account => {}
        }
        Ok(Self {
            kind,
            id: fit(id).into(),
        })
    }

    /// Returns the image with a digest in a repository.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not allow the name or the digest.
    pub fn image(
        repository: &str,
        digest: &str,
        location: &Location,
    ) -> Result<Self, ResourceError> {
        Self::named(&image::KIND, &format!("{repository}/{digest}"), location)
    }

    /// Returns a cluster as the resource whose contents are evaluated, and any other resource as it is.
    pub fn inside(self) -> Self {
        let is_cluster = self.kind == &cluster::KIND;
        let kind = if is_cluster {
            &kubernetes::KIND
        } else {
            self.kind
        };
        Self { kind, ..self }
    }

    /// Returns the name of the cluster that the resource is, or that contains it.
    pub fn cluster(&self) -> &str {
        self.name().split('/').next().unwrap_or_default()
    }

    /// Returns the kind.
    pub fn kind(&self) -> &'static ResourceKind {
        self.kind
    }

    /// Returns the text that identifies the resource: its ARN, for an image `<repository ARN>/sha256:…`, for an account
    /// in a Region `AWS::::Account:<account>/<region>`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the id that Security Hub's own findings give the resource in ASFF. It differs from [`id`](Self::id) only
    /// for an account, whose Region is a separate member.
    pub fn asff_id(&self) -> &str {
        match self.kind.identity {
            Identity::Arn { .. } => &self.id,
            Identity::Account => self.id.split('/').next().unwrap_or_default(),
        }
    }

    /// Returns the partition, such as `aws`.
    pub fn partition(&self) -> &str {
        match self.kind.identity {
            Identity::Arn { .. } => self.field(1),
            Identity::Account => partition_of(self.region()),
        }
    }

    /// Returns the id of the Region.
    pub fn region(&self) -> &str {
        match self.kind.identity {
            Identity::Arn { .. } => self.field(3),
            Identity::Account => self.id.split('/').nth(1).unwrap_or_default(),
        }
    }

    /// Returns the account's twelve digits.
    pub fn account(&self) -> &str {
        match self.kind.identity {
            Identity::Arn { .. } => self.field(4),
            Identity::Account => self.asff_id().strip_prefix(ACCOUNT).unwrap_or_default(),
        }
    }

    /// Returns the account and Region of the resource.
    pub fn location(&self) -> Location {
        Location {
            partition: self.partition().to_owned(),
            region: self.region().to_owned(),
            account: self.account().to_owned(),
        }
    }

    /// Returns the name: the name of the cluster or repository, the id of the key, or the digits of the account, like
    /// the resource ids of AWS Config; for an image, `<repository>/sha256:…`.
    pub fn name(&self) -> &str {
        match self.kind.identity {
            Identity::Arn { prefix, .. } => {
                let resource = self.field(5);
                resource.strip_prefix(prefix).unwrap_or(resource)
            }
            Identity::Account => self.account(),
        }
    }

    /// Returns the resource that contains this one, such as the repository of an image, or `None` if there is none.
    pub fn parent(&self) -> Option<Self> {
        let Parent { kind, path } = self.kind.parent?;
        Self::named(kind, path(self.name()), &self.location()).ok()
    }

    /// Returns the name within the parent, which is the digest of an image. Without a parent, this is the
    /// [`name`](Self::name).
    pub fn name_in_parent(&self) -> &str {
        let name = self.name();
        let of_parent = self.kind.parent.map(|parent| (parent.path)(name));
        of_parent
            .and_then(|parent| name.strip_prefix(parent)?.strip_prefix('/'))
            .unwrap_or(name)
    }

    /// Returns the name of the repository and the digest of an image. For other resources, returns the name and an
    /// empty text.
    pub fn repository_and_digest(&self) -> (&str, &str) {
        let name = self.name();
        name.rfind(DIGEST)
            .map_or((name, ""), |at| (&name[..at], &name[at + 1..]))
    }

    /// Returns one of the parts of the id between colons.
    fn field(&self, index: usize) -> &str {
        self.id.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.id)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.noun, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{account, file_system, key, repository};

    pub(super) fn location() -> Location {
        Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        }
    }

    #[test]
    fn an_arn_and_a_name_identify_the_same_resource() {
        for (kind, name) in [
            (&cluster::KIND, "payments"),
            (&repository::KIND, "cards/api"),
            (&key::KIND, "mrk-1234abcd"),
            (&file_system::KIND, "fs-0123456789abcdef0"),
        ] {
            let named = Resource::named(kind, name, &location()).unwrap();
            assert_eq!(Resource::parse(named.id()), Ok(named.clone()));
            assert_eq!((named.kind(), named.name()), (kind, name));
        }
    }

    #[test]
    fn an_account_is_identified_with_its_region() {
        let home = Resource::named(&account::KIND, "", &location()).unwrap();
        assert_eq!(home.id(), "AWS::::Account:111122223333/eu-central-1");
        assert_eq!(home.asff_id(), "AWS::::Account:111122223333");
        assert_eq!(Resource::parse(home.id()), Ok(home.clone()));
        assert_eq!((home.name(), home.location()), ("111122223333", location()));
        for (region, partition) in [
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-east-1", "aws"),
        ] {
            let id = format!("AWS::::Account:111122223333/{region}");
            assert_eq!(Resource::parse(&id).unwrap().partition(), partition);
        }
        for invalid in [
            "AWS::::Account:",
            "AWS::::Account:111122223333",
            "AWS::::Account:111122223333/",
            "AWS::::Account:11112222333/eu-central-1",
            "AWS::::Account:111122223333/eu-central-1/x",
            "AWS::::Account:111122223333/../x",
        ] {
            let error = Resource::parse(invalid).unwrap_err();
            assert!(matches!(error, ResourceError::Place(_)), "{invalid}");
        }
        assert!(Resource::named(&account::KIND, "x", &location()).is_err());
        for (text, account) in [
            (home.asff_id(), Some("111122223333")),
            (home.id(), None),
            ("AWS::::Account:11112222333", None),
            ("AWS::::Account:", None),
            ("111122223333", None),
        ] {
            assert_eq!(Resource::account_without_region(text), account, "{text}");
        }
    }

    #[test]
    fn an_image_is_named_within_its_repository() {
        let image = Resource::image("cards/api", "sha256:0a1b", &location()).unwrap();
        let repository = Resource::named(&repository::KIND, "cards/api", &location()).unwrap();
        assert_eq!(image.parent(), Some(repository.clone()));
        assert_eq!(image.name_in_parent(), "sha256:0a1b");
        assert_eq!(repository.parent(), None);
        assert_eq!(repository.name_in_parent(), "cards/api");
    }

    #[test]
    fn an_image_returns_its_repository_and_digest() {
        let image = Resource::image("cards/api", "sha256:0a1b", &location()).unwrap();
        assert_eq!(
            image.id(),
            "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b"
        );
        assert_eq!(image.repository_and_digest(), ("cards/api", "sha256:0a1b"));
        assert_eq!(Resource::parse(image.id()), Ok(image));
    }

    #[test]
    fn each_kind_has_its_names() {
        for (kind, asff, config, name, text) in [
            (
                &cluster::KIND,
                "AwsEksCluster",
                Some("AWS::EKS::Cluster"),
                "payments",
                "cluster payments",
            ),
            (
                &repository::KIND,
                "AwsEcrRepository",
                Some("AWS::ECR::Repository"),
                "cards/api",
                "repository cards/api",
            ),
            (
                &image::KIND,
                "AwsEcrContainerImage",
                None,
                "cards/api/sha256:0a1b",
                "image cards/api/sha256:0a1b",
            ),
            (
                &key::KIND,
                "AwsKmsKey",
                Some("AWS::KMS::Key"),
                "1234abcd",
                "key 1234abcd",
            ),
            (
                &file_system::KIND,
                "AwsEfsFileSystem",
                Some("AWS::EFS::FileSystem"),
                "fs-01234567",
                "file system fs-01234567",
            ),
        ] {
            assert_eq!((kind.asff_type, kind.config_type()), (asff, config));
            let resource = Resource::named(kind, name, &location()).unwrap();
            assert_eq!(resource.to_string(), text);
            assert_eq!(resource.location(), location());
        }
        assert_eq!(
            location().to_string(),
            "account 111122223333 in eu-central-1"
        );
    }

    #[test]
    fn the_arn_of_another_kind_and_an_invalid_name_are_different_errors() {
        for (service, resource) in [
            ("eks", "nodegroup/payments/batch/1"),
            ("kms", "alias/eks"),
            ("ecr", "registry"),
            ("s3", "cluster/payments"),
        ] {
            let arn = format!("arn:aws:{service}:eu-central-1:111122223333:{resource}");
            let error = Resource::parse(&arn).unwrap_err();
            assert!(matches!(error, ResourceError::Kind(_)), "{error}");
            for kind in KINDS {
                assert!(error.to_string().contains(kind.title), "{error}");
            }
        }
        let error =
            Resource::parse("arn:aws:eks:eu-central-1:111122223333:cluster/a/b").unwrap_err();
        assert_eq!(error.to_string(), "\"a/b\" is not a valid cluster name");
    }
}
