//! The parts of an account in a Region that are looked at each by itself.

use serde::{Deserialize, Serialize};

use crate::repository_names::RepositoryNames;
use crate::resource::{Location, Resource, ResourceKind};

/// A part of what an account has in a Region. All that must be known together to judge it, or to tell what is gone of
/// it, is in it; so each part may be looked at by another worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// The clusters.
    Clusters,
    /// The keys.
    Keys,
    /// The repositories with these names, and their images.
    Registry(RepositoryNames),
}

impl Part {
    /// Everything, in as few parts as there are.
    pub fn all() -> [Self; 3] {
        [
            Self::Clusters,
            Self::Keys,
            Self::Registry(RepositoryNames::all()),
        ]
    }

    /// All resources of a kind, and of those that are listed with it.
    pub fn of(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::EksCluster => Self::Clusters,
            ResourceKind::KmsKey => Self::Keys,
            ResourceKind::EcrRepository | ResourceKind::EcrImage => {
                Self::Registry(RepositoryNames::all())
            }
        }
    }

    /// The kinds of its resources.
    pub const fn kinds(&self) -> &'static [ResourceKind] {
        match self {
            Self::Clusters => &[ResourceKind::EksCluster],
            Self::Keys => &[ResourceKind::KmsKey],
            Self::Registry(_) => &[ResourceKind::EcrRepository, ResourceKind::EcrImage],
        }
    }

    /// Whether a resource lies in it, wherever that is.
    pub fn holds(&self, resource: &Resource) -> bool {
        self.kinds().contains(&resource.kind())
            && match self {
                Self::Registry(names) => names.contains(resource.repository_and_digest().0),
                Self::Clusters | Self::Keys => true,
            }
    }

    /// What the ARNs of its resources at a location begin with, and what of that lies in other parts.
    pub fn arns(&self, location: &Location) -> (String, Vec<String>) {
        let arn = |name: &str| location.prefix(self.kinds()[0], name);
        match self {
            Self::Clusters | Self::Keys => (arn(""), Vec::new()),
            Self::Registry(names) => {
                let without = names.without.iter().map(|name| arn(name));
                (arn(&names.prefix), without.collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_holds_what_its_arns_say() {
        let location = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        let part = Part::Registry(RepositoryNames {
            prefix: "pay".into(),
            without: vec!["payments/".into()],
        });
        let (prefix, without) = part.arns(&location);
        for (name, held) in [
            ("pay", true),
            ("payday", true),
            ("payments/api", false),
            ("app", false),
        ] {
            let repository = Resource::named(ResourceKind::EcrRepository, name, &location).unwrap();
            let image =
                Resource::image(name, &format!("sha256:{}", "0".repeat(64)), &location).unwrap();
            for resource in [repository, image] {
                let arn = resource.arn().as_str();
                let listed =
                    arn.starts_with(&prefix) && !without.iter().any(|other| arn.starts_with(other));
                assert_eq!((part.holds(&resource), listed), (held, held), "{name}");
            }
        }
        let key = Resource::named(ResourceKind::KmsKey, "pay", &location).unwrap();
        assert!(!part.holds(&key) && Part::Keys.holds(&key));
    }

    #[test]
    fn the_parts_together_hold_every_kind_and_each_is_found_by_its_kind() {
        let location = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        for (kind, name, arns) in [
            (
                ResourceKind::EksCluster,
                "a",
                "arn:aws:eks:eu-central-1:111122223333:cluster/",
            ),
            (
                ResourceKind::KmsKey,
                "a",
                "arn:aws:kms:eu-central-1:111122223333:key/",
            ),
            (
                ResourceKind::EcrRepository,
                "a",
                "arn:aws:ecr:eu-central-1:111122223333:repository/",
            ),
            (
                ResourceKind::EcrImage,
                "a/sha256:0",
                "arn:aws:ecr:eu-central-1:111122223333:repository/",
            ),
        ] {
            let resource = Resource::named(kind, name, &location).unwrap();
            let part = Part::of(kind);
            assert!(part.holds(&resource) && part.kinds().contains(&kind));
            assert_eq!(part.arns(&location), (arns.to_owned(), Vec::new()));
            let holding = Part::all().into_iter().filter(|part| part.holds(&resource));
            assert_eq!(holding.collect::<Vec<_>>(), [part]);
        }
    }
}
