//! The resources that checks judge.

use std::fmt;

use serde::Serialize;

use crate::arn::{Arn, ArnError};

/// An account in a Region.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The Region's id, `eu-central-1` for example.
    pub region: String,
    /// The account's twelve digits.
    pub account: String,
}

impl Location {
    /// Where a resource with this ARN is.
    pub fn of(arn: &Arn) -> Self {
        Self {
            partition: arn.partition().to_owned(),
            region: arn.region().to_owned(),
            account: arn.account().to_owned(),
        }
    }

    fn arn(&self, service: &str, resource: &str) -> Result<Arn, ArnError> {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.partition, self.region, self.account
        )
        .parse()
    }
}

impl Location {
    /// What the ARNs of resources of that kind begin with whose names begin so.
    pub(crate) fn prefix(&self, kind: ResourceKind, name: &str) -> String {
        format!(
            "arn:{}:{}:{}:{}:{}{name}",
            self.partition,
            kind.service(),
            self.region,
            self.account,
            kind.prefix()
        )
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "account {} in {}", self.account, self.region)
    }
}

/// The kinds of resource that checks judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum ResourceKind {
    /// An Amazon EKS cluster.
    EksCluster,
    /// A private Amazon ECR repository.
    EcrRepository,
    /// An image in a private Amazon ECR repository; its ARN is `<repository ARN>/sha256:…`, as Inspector writes it.
    EcrImage,
    /// An AWS KMS key.
    KmsKey,
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [
        Self::EksCluster,
        Self::EcrRepository,
        Self::EcrImage,
        Self::KmsKey,
    ];

    /// The resource type in ASFF, `AwsEksCluster` for example.
    pub const fn asff_type(self) -> &'static str {
        match self {
            Self::EksCluster => "AwsEksCluster",
            Self::EcrRepository => "AwsEcrRepository",
            Self::EcrImage => "AwsEcrContainerImage",
            Self::KmsKey => "AwsKmsKey",
        }
    }

    /// The resource type in AWS Config, `AWS::EKS::Cluster` for example; Config does not know images.
    pub const fn config_type(self) -> Option<&'static str> {
        match self {
            Self::EksCluster => Some("AWS::EKS::Cluster"),
            Self::EcrRepository => Some("AWS::ECR::Repository"),
            Self::EcrImage => None,
            Self::KmsKey => Some("AWS::KMS::Key"),
        }
    }

    /// What people call it: `cluster`, `repository`, `image`, `key`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::EksCluster => "cluster",
            Self::EcrRepository => "repository",
            Self::EcrImage => "image",
            Self::KmsKey => "key",
        }
    }

    const fn service(self) -> &'static str {
        match self {
            Self::EksCluster => "eks",
            Self::EcrRepository | Self::EcrImage => "ecr",
            Self::KmsKey => "kms",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::EksCluster => "cluster/",
            Self::EcrRepository | Self::EcrImage => "repository/",
            Self::KmsKey => "key/",
        }
    }
}

/// One resource: its kind and its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Resource {
    kind: ResourceKind,
    arn: Arn,
}

/// The text names no resource that checks judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// It is no ARN.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// It is the ARN of something else.
    #[error(
        "{0} is no resource that a check judges: name an EKS cluster, an ECR repository or image, or a KMS key"
    )]
    Kind(Arn),
    /// It is nowhere that a resource can be.
    #[error(
        "{0} is in no account and Region: an account has twelve digits, and a Region is called eu-central-1, say"
    )]
    Place(Arn),
    /// It is a name that the service does not allow.
    #[error("{name:?} is no name of a {}", kind.noun())]
    Name {
        /// What it should name.
        kind: ResourceKind,
        /// The name, cut to 200 characters.
        name: String,
    },
}

const DIGEST: &str = "/sha256:";

impl Resource {
    /// The resource that an ARN names.
    ///
    /// # Errors
    ///
    /// When the text is no ARN, or the ARN of something that no check judges.
    pub fn parse(text: &str) -> Result<Self, ResourceError> {
        let arn: Arn = text.parse()?;
        let kind = match (arn.service(), arn.resource()) {
            ("eks", resource) if resource.starts_with("cluster/") => ResourceKind::EksCluster,
            ("kms", resource) if resource.starts_with("key/") => ResourceKind::KmsKey,
            ("ecr", resource) if resource.starts_with("repository/") => {
                if resource.contains(DIGEST) {
                    ResourceKind::EcrImage
                } else {
                    ResourceKind::EcrRepository
                }
            }
            _ => return Err(ResourceError::Kind(arn)),
        };
        if !is_place(&arn) {
            return Err(ResourceError::Place(arn));
        }
        let resource = Self { kind, arn };
        check_name(kind, resource.name())?;
        Ok(resource)
    }

    /// The resource of that kind and name (the cluster's or repository's name, the key's id) at a location.
    ///
    /// # Errors
    ///
    /// When the service allows no such name.
    pub fn named(
        kind: ResourceKind,
        name: &str,
        location: &Location,
    ) -> Result<Self, ResourceError> {
        check_name(kind, name)?;
        let arn = location.arn(kind.service(), &format!("{}{name}", kind.prefix()))?;
        Ok(Self { kind, arn })
    }

    /// The image with that digest in that repository.
    ///
    /// # Errors
    ///
    /// When the service allows no such name or digest.
    pub fn image(
        repository: &str,
        digest: &str,
        location: &Location,
    ) -> Result<Self, ResourceError> {
        let name = format!("{repository}/{digest}");
        Self::named(ResourceKind::EcrImage, &name, location)
    }

    /// The kind.
    pub fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// The ARN; of an image, `<repository ARN>/sha256:…`.
    pub fn arn(&self) -> &Arn {
        &self.arn
    }

    /// The cluster's or repository's name or the key's id, as AWS Config's resource ids are; of an image,
    /// `<repository>/sha256:…`.
    pub fn name(&self) -> &str {
        let resource = self.arn.resource();
        resource
            .strip_prefix(self.kind.prefix())
            .unwrap_or(resource)
    }

    /// The repository's name and the digest of an image; of anything else its name and nothing.
    pub fn repository_and_digest(&self) -> (&str, &str) {
        let name = self.name();
        name.rfind(DIGEST)
            .map_or((name, ""), |at| (&name[..at], &name[at + 1..]))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.noun(), self.name())
    }
}

/// ARNs reach us in events too, and decide whose role is assumed, and where.
fn is_place(arn: &Arn) -> bool {
    let word = |text: &str, allowed: fn(char) -> bool| {
        (1..=32).contains(&text.len()) && text.chars().all(|c| c == '-' || allowed(c))
    };
    word(arn.partition(), |c| c.is_ascii_lowercase())
        && word(arn.region(), |c| {
            c.is_ascii_lowercase() || c.is_ascii_digit()
        })
        && arn.account().len() == 12
        && arn.account().chars().all(|c| c.is_ascii_digit())
}

/// Names reach us in events, so nothing but what the services allow is taken: no path that leads elsewhere, no second
/// digest. A repository's name has at most 256 characters and is the longest: with a digest of 64 and the rest of a
/// finding's Id it stays within ASFF's 512.
fn check_name(kind: ResourceKind, name: &str) -> Result<(), ResourceError> {
    let (path, digest) = if kind == ResourceKind::EcrImage {
        name.split_once(DIGEST).unwrap_or((name, ""))
    } else {
        (name, "0")
    };
    let is_digest =
        (1..=64).contains(&digest.len()) && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let has_path = matches!(kind, ResourceKind::EcrRepository | ResourceKind::EcrImage);
    let is_path = path.split('/').all(is_name) && (has_path || !path.contains('/'));
    if path.len() <= 256 && is_path && is_digest {
        Ok(())
    } else {
        Err(ResourceError::Name {
            kind,
            name: name.chars().take(200).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location() -> Location {
        Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        }
    }

    #[test]
    fn an_arn_and_a_name_lead_to_the_same_resource() {
        for (kind, name) in [
            (ResourceKind::EksCluster, "payments"),
            (ResourceKind::EcrRepository, "cards/api"),
            (ResourceKind::KmsKey, "mrk-1234abcd"),
        ] {
            let named = Resource::named(kind, name, &location()).unwrap();
            assert_eq!(Resource::parse(named.arn().as_str()), Ok(named.clone()));
            assert_eq!((named.kind(), named.name()), (kind, name));
        }
    }

    #[test]
    fn an_image_knows_its_repository_and_digest() {
        let image = Resource::image("cards/api", "sha256:0a1b", &location()).unwrap();
        assert_eq!(
            image.arn().as_str(),
            "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b"
        );
        assert_eq!(image.repository_and_digest(), ("cards/api", "sha256:0a1b"));
        assert_eq!(Resource::parse(image.arn().as_str()), Ok(image));
    }

    #[test]
    fn names_that_no_service_allows_are_refused() {
        let long = "a".repeat(257);
        for (kind, name) in [
            (ResourceKind::EksCluster, ""),
            (ResourceKind::EksCluster, "a/b"),
            (ResourceKind::EksCluster, "<script>"),
            (ResourceKind::EcrRepository, "a b"),
            (ResourceKind::EcrRepository, long.as_str()),
            (ResourceKind::KmsKey, "alias/x"),
            (ResourceKind::EksCluster, ".."),
            (ResourceKind::EksCluster, "-c"),
            (ResourceKind::EcrRepository, "../app"),
            (ResourceKind::EcrRepository, "app/"),
            (ResourceKind::EcrRepository, "app//x"),
            (ResourceKind::EcrRepository, "app:v1"),
            (ResourceKind::EcrRepository, "*"),
        ] {
            assert!(
                Resource::named(kind, name, &location()).is_err(),
                "{name:?}"
            );
        }
        let too_long = format!("sha256:{}", "0".repeat(65));
        for digest in [
            "latest",
            "",
            "sha256:",
            "sha256:0g",
            "sha256:../0a",
            "sha256:0a/sha256:0b",
            too_long.as_str(),
        ] {
            assert!(
                Resource::image("app", digest, &location()).is_err(),
                "{digest}"
            );
        }
        assert!(Resource::image("app/sha256:0a", "sha256:0b", &location()).is_err());
        assert!(Resource::image("", "sha256:0a1b", &location()).is_err());
        assert!(Resource::parse("arn:aws:s3:::bucket").is_err());
    }

    #[test]
    fn arns_of_no_account_and_region_are_refused() {
        for place in [
            "aws:eks:eu-central-1:",
            "aws:eks:eu-central-1:11112222333",
            "aws:eks:eu-central-1:organization",
            "aws:eks:eu-central-1:11112222333٣",
            "aws:eks::111122223333",
            "aws:eks:eu/../central:111122223333",
            "AWS:eks:eu-central-1:111122223333",
        ] {
            let parsed = Resource::parse(&format!("arn:{place}:cluster/c"));
            assert!(matches!(parsed, Err(ResourceError::Place(_))), "{place}");
        }
    }

    #[test]
    fn each_kind_has_its_names() {
        for (kind, asff, config, name, told) in [
            (
                ResourceKind::EksCluster,
                "AwsEksCluster",
                Some("AWS::EKS::Cluster"),
                "payments",
                "cluster payments",
            ),
            (
                ResourceKind::EcrRepository,
                "AwsEcrRepository",
                Some("AWS::ECR::Repository"),
                "cards/api",
                "repository cards/api",
            ),
            (
                ResourceKind::EcrImage,
                "AwsEcrContainerImage",
                None,
                "cards/api/sha256:0a1b",
                "image cards/api/sha256:0a1b",
            ),
            (
                ResourceKind::KmsKey,
                "AwsKmsKey",
                Some("AWS::KMS::Key"),
                "1234abcd",
                "key 1234abcd",
            ),
        ] {
            assert_eq!((kind.asff_type(), kind.config_type()), (asff, config));
            let resource = Resource::named(kind, name, &location()).unwrap();
            assert_eq!(resource.to_string(), told);
            assert_eq!(Location::of(resource.arn()), location());
        }
        assert_eq!(
            location().to_string(),
            "account 111122223333 in eu-central-1"
        );
    }

    #[test]
    fn names_may_be_as_long_as_the_services_allow() {
        let named = |kind, length| Resource::named(kind, &"a".repeat(length), &location()).is_ok();
        let image = |repository: usize, digest: usize| {
            let digest = format!("sha256:{}", "0".repeat(digest));
            Resource::image(&"a".repeat(repository), &digest, &location()).is_ok()
        };
        assert!(
            named(ResourceKind::EcrRepository, 256) && !named(ResourceKind::EcrRepository, 257)
        );
        assert!(image(256, 64) && !image(256, 65) && !image(257, 64));
    }

    #[test]
    fn only_an_image_has_a_colon_and_nothing_has_a_space() {
        for (kind, name) in [
            (ResourceKind::EksCluster, "a:b"),
            (ResourceKind::EcrRepository, "a:b"),
            (ResourceKind::KmsKey, "a:b"),
            (ResourceKind::EcrImage, "a b/sha256:0a1b"),
        ] {
            assert!(Resource::named(kind, name, &location()).is_err(), "{name}");
        }
    }

    #[test]
    fn the_arn_of_something_else_is_told_apart_from_a_wrong_name() {
        for (service, resource) in [
            ("eks", "nodegroup/payments/batch/1"),
            ("kms", "alias/eks"),
            ("ecr", "registry"),
            ("s3", "cluster/payments"),
        ] {
            let arn = format!("arn:aws:{service}:eu-central-1:111122223333:{resource}");
            let error = Resource::parse(&arn).unwrap_err();
            assert!(matches!(error, ResourceError::Kind(_)), "{error}");
        }
        let error =
            Resource::parse("arn:aws:eks:eu-central-1:111122223333:cluster/a/b").unwrap_err();
        assert_eq!(error.to_string(), "\"a/b\" is no name of a cluster");
    }
}
