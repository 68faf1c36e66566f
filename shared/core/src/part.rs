//! The parts of an account in a Region that are evaluated separately.

use serde::{Deserialize, Serialize};

use crate::kind::{Family, ResourceKind};
use crate::kinds::KINDS;
use crate::repository_names::RepositoryNames;
use crate::resource::{Location, Resource};

/// A part of the resources of an account in a Region. It includes everything that must be known together to evaluate
/// its resources, or to find out which of them no longer exist, so different workers may evaluate different parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// The clusters.
    Clusters,
    /// The keys.
    Keys,
    /// The repositories with these names, and their images.
    Registry(RepositoryNames),
    /// The contents of the cluster with this name; without a name, those of all clusters.
    Kubernetes(Option<String>),
    /// The file systems.
    FileSystems,
    /// The account itself.
    Account,
}

impl Part {
    /// Returns all resources, in as few parts as possible.
    pub fn all() -> [Self; 6] {
        [
            Self::Clusters,
            Self::Keys,
            Self::Registry(RepositoryNames::all()),
            Self::Kubernetes(None),
            Self::FileSystems,
            Self::Account,
        ]
    }

    /// Returns the part with all resources of a kind and of the kinds that are listed with it.
    pub fn of(kind: &ResourceKind) -> Self {
        match kind.family {
            Family::Clusters => Self::Clusters,
            Family::Keys => Self::Keys,
            Family::Registry => Self::Registry(RepositoryNames::all()),
            Family::Kubernetes => Self::Kubernetes(None),
            Family::FileSystems => Self::FileSystems,
            Family::Account => Self::Account,
        }
    }

    const fn family(&self) -> Family {
        match self {
            Self::Clusters => Family::Clusters,
            Self::Keys => Family::Keys,
            Self::Registry(_) => Family::Registry,
            Self::Kubernetes(_) => Family::Kubernetes,
            Self::FileSystems => Family::FileSystems,
            Self::Account => Family::Account,
        }
    }

    /// Returns the kinds of the resources in the part.
    pub fn kinds(&self) -> impl Iterator<Item = &'static ResourceKind> + use<> {
        let family = self.family();
        KINDS.into_iter().filter(move |kind| kind.family == family)
    }

    /// Returns `true` if a resource belongs to the part, in whichever account and Region it is.
    pub fn holds(&self, resource: &Resource) -> bool {
        resource.kind().family == self.family()
            && match self {
                Self::Registry(names) => names.contains(resource.repository_and_digest().0),
                Self::Kubernetes(cluster) => cluster
                    .as_deref()
                    .is_none_or(|cluster| resource.cluster() == cluster),
                Self::Clusters | Self::Keys | Self::FileSystems | Self::Account => true,
            }
    }

    /// Returns the ids that the part's resources at a location have in Security Hub.
    pub fn ranges(&self, location: &Location) -> Vec<IdRange> {
        let mut ranges: Vec<IdRange> = Vec::new();
        for kind in self.kinds() {
            let id = |path: &str| location.asff_prefix(kind, path);
            let range = match self {
                Self::Clusters
                | Self::Keys
                | Self::Kubernetes(None)
                | Self::FileSystems
                | Self::Account => IdRange {
                    prefix: id(""),
                    ..IdRange::default()
                },
                // The ids of a cluster `prod-2` begin with the id of the cluster `prod`.
                Self::Kubernetes(Some(cluster)) => IdRange {
                    prefix: id(&format!("{cluster}/")),
                    exact: Some(id(cluster)),
                    ..IdRange::default()
                },
                Self::Registry(names) => IdRange {
                    prefix: id(&names.prefix),
                    without: names.without.iter().map(|name| id(name)).collect(),
                    ..IdRange::default()
                },
            };
            if !ranges.contains(&range) {
                ranges.push(range);
            }
        }
        ranges
    }
}

/// The resource ids that have the same beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdRange {
    /// The beginning of the ids.
    pub prefix: String,
    /// The beginnings of ids that are excluded. Each begins with `prefix`.
    pub without: Vec<String>,
    /// An id that is included, although it does not begin with `prefix`.
    pub exact: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{account, cluster, file_system, image, key, repository};

    #[test]
    fn a_part_holds_the_resources_whose_ids_are_in_its_ranges() {
        let location = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        let part = Part::Registry(RepositoryNames {
            prefix: "pay".into(),
            without: vec!["payments/".into()],
        });
        let ranges = part.ranges(&location);
        let [
            IdRange {
                prefix, without, ..
            },
        ] = ranges.as_slice()
        else {
            panic!("{ranges:?}");
        };
        for (name, held) in [
            ("pay", true),
            ("payday", true),
            ("payments/api", false),
            ("app", false),
        ] {
            let repository = Resource::named(&repository::KIND, name, &location).unwrap();
            let image =
                Resource::image(name, &format!("sha256:{}", "0".repeat(64)), &location).unwrap();
            for resource in [repository, image] {
                let arn = resource.id();
                let listed =
                    arn.starts_with(prefix) && !without.iter().any(|other| arn.starts_with(other));
                assert_eq!((part.holds(&resource), listed), (held, held), "{name}");
            }
        }
        let key = Resource::named(&key::KIND, "pay", &location).unwrap();
        assert!(!part.holds(&key) && Part::Keys.holds(&key));
    }

    #[test]
    fn every_kind_belongs_to_exactly_one_part() {
        let location = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        for (kind, name, ids) in [
            (
                &cluster::KIND,
                "a",
                "arn:aws:eks:eu-central-1:111122223333:cluster/",
            ),
            (
                &key::KIND,
                "a",
                "arn:aws:kms:eu-central-1:111122223333:key/",
            ),
            (
                &file_system::KIND,
                "fs-01234567",
                "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/",
            ),
            (
                &repository::KIND,
                "a",
                "arn:aws:ecr:eu-central-1:111122223333:repository/",
            ),
            (
                &image::KIND,
                "a/sha256:0",
                "arn:aws:ecr:eu-central-1:111122223333:repository/",
            ),
            (&account::KIND, "", "AWS::::Account:111122223333"),
        ] {
            let resource = Resource::named(kind, name, &location).unwrap();
            let part = Part::of(kind);
            assert!(part.holds(&resource) && part.kinds().any(|one| one == kind));
            let range = IdRange {
                prefix: ids.to_owned(),
                without: Vec::new(),
                exact: None,
            };
            assert_eq!(part.ranges(&location), [range]);
            let holding = Part::all().into_iter().filter(|part| part.holds(&resource));
            assert_eq!(holding.collect::<Vec<_>>(), [part]);
        }
    }
}
