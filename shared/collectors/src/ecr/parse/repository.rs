//! Repositories, and the scanning configuration of their registry.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ecr::types::{
    EncryptionConfiguration, ImageScanningConfiguration, ImageTagMutability,
    RegistryScanningConfiguration, Repository, ScanType,
};
use eksentry_core::facts::repository::{RegistryScanning, ScanningRule, TagMutability};
use jiff::Timestamp;

/// A listed repository. A registry may have a hundred thousand repositories, so no other members are kept.
#[derive(Debug)]
pub(in crate::ecr) struct ListedRepository {
    pub(in crate::ecr) name: Box<str>,
    pub(in crate::ecr) mutability: TagMutability,
    /// The tag mutability exclusion filters, sorted.
    pub(in crate::ecr) exclusion_filters: Box<[Box<str>]>,
    pub(in crate::ecr) scan_on_push: bool,
    pub(in crate::ecr) encryption: ListedEncryption,
    pub(in crate::ecr) listed_at: Timestamp,
}

/// The encryption of a listed repository.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ecr) enum ListedEncryption {
    Aes256,
    Kms {
        is_dual_layer: bool,
        key: Option<Arc<str>>,
    },
    Unknown(Box<str>),
}

/// The keys that repositories name. Each text is in memory once, since most repositories have one of few keys.
#[derive(Debug, Default)]
pub(in crate::ecr) struct KeyNames(Mutex<HashSet<Arc<str>>>);

impl KeyNames {
    fn shared(&self, name: &str) -> Arc<str> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        names.insert(Arc::clone(&name));
        name
    }
}

pub(in crate::ecr) fn repository(
    name: &str,
    repository: &Repository,
    keys: &KeyNames,
    listed_at: Timestamp,
) -> ListedRepository {
    let mutability = repository.image_tag_mutability();
    let filters = repository.image_tag_mutability_exclusion_filters().iter();
    let mut filters: Vec<Box<str>> = filters.map(|filter| filter.filter().into()).collect();
    filters.sort_unstable();
    filters.dedup();
    ListedRepository {
        name: name.into(),
        mutability: TagMutability::read(mutability.map(ImageTagMutability::as_str)),
        exclusion_filters: filters.into(),
        scan_on_push: repository
            .image_scanning_configuration()
            .is_some_and(ImageScanningConfiguration::scan_on_push),
        encryption: encryption(repository.encryption_configuration(), keys),
        listed_at,
    }
}

fn encryption(
    configuration: Option<&EncryptionConfiguration>,
    keys: &KeyNames,
) -> ListedEncryption {
    let Some(configuration) = configuration else {
        return ListedEncryption::Aes256;
    };
    let key = configuration.kms_key().filter(|key| !key.is_empty());
    let name = configuration.encryption_type().as_str();
    match name {
        "" | "AES256" => ListedEncryption::Aes256,
        "KMS" | "KMS_DSSE" => ListedEncryption::Kms {
            is_dual_layer: name == "KMS_DSSE",
            key: key.map(|key| keys.shared(key)),
        },
        other => ListedEncryption::Unknown(other.into()),
    }
}

pub(in crate::ecr) fn registry_scanning(
    configuration: &RegistryScanningConfiguration,
) -> RegistryScanning {
    let rules = configuration.rules().iter().map(|rule| {
        let filters = rule.repository_filters().iter();
        ScanningRule {
            frequency: rule.scan_frequency().as_str().to_owned(),
            filters: filters.map(|filter| filter.filter().to_owned()).collect(),
        }
    });
    RegistryScanning {
        enhanced: configuration.scan_type() == Some(&ScanType::Enhanced),
        rules: rules.collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::{
        ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType,
        RegistryScanningRule, ScanFrequency, ScanningRepositoryFilter,
        ScanningRepositoryFilterType,
    };

    use super::*;

    fn listed(filters: &[&str]) -> ListedRepository {
        let filters = filters.iter().map(|filter| {
            ImageTagMutabilityExclusionFilter::builder()
                .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
                .filter(*filter)
                .build()
                .unwrap()
        });
        let described = Repository::builder()
            .image_tag_mutability(ImageTagMutability::ImmutableWithExclusion)
            .set_image_tag_mutability_exclusion_filters(Some(filters.collect()))
            .image_scanning_configuration(
                ImageScanningConfiguration::builder()
                    .scan_on_push(true)
                    .build(),
            )
            .build();
        repository(
            "app",
            &described,
            &KeyNames::default(),
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn the_order_of_filters_is_ignored() {
        let expected: [Box<str>; 2] = ["dev-*".into(), "latest".into()];
        for filters in [
            &["latest", "dev-*"][..],
            &["dev-*", "latest"],
            &["dev-*", "latest", "dev-*"],
        ] {
            let listed = listed(filters);
            assert_eq!(*listed.exclusion_filters, expected, "{filters:?}");
            assert_eq!(listed.mutability, TagMutability::ImmutableWithExclusion);
            assert!(listed.scan_on_push);
        }
    }

    #[test]
    fn a_repository_without_mutability_is_mutable() {
        let old = Repository::builder().build();
        let listed = repository("app", &old, &KeyNames::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(listed.mutability, TagMutability::Mutable);
        assert!(!listed.scan_on_push && listed.exclusion_filters.is_empty());
        assert_eq!(listed.encryption, ListedEncryption::Aes256);
    }

    #[test]
    fn the_encryption_has_a_type_and_a_key() {
        let key = |name: &str| Some(Arc::from(name));
        let kms = |is_dual_layer, key| ListedEncryption::Kms { is_dual_layer, key };
        for (name, named, expected) in [
            ("AES256", None, ListedEncryption::Aes256),
            ("", None, ListedEncryption::Aes256),
            ("KMS", Some("arn:key"), kms(false, key("arn:key"))),
            ("KMS_DSSE", Some("arn:key"), kms(true, key("arn:key"))),
            ("KMS", None, kms(false, None)),
            ("KMS", Some(""), kms(false, None)),
            ("NEW", None, ListedEncryption::Unknown("NEW".into())),
        ] {
            let configuration = EncryptionConfiguration::builder()
                .encryption_type(name.into())
                .set_kms_key(named.map(str::to_owned))
                .build()
                .unwrap();
            let found = encryption(Some(&configuration), &KeyNames::default());
            assert_eq!(found, expected, "{name} {named:?}");
        }
    }

    #[test]
    fn the_name_of_a_key_is_in_memory_once() {
        let names = KeyNames::default();
        let [one, same, other] = ["a", "a", "b"].map(|name| names.shared(name));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn the_rules_of_the_registry_are_read() {
        let filter = ScanningRepositoryFilter::builder()
            .filter("prod/*")
            .filter_type(ScanningRepositoryFilterType::Wildcard);
        let rule = RegistryScanningRule::builder()
            .scan_frequency(ScanFrequency::ContinuousScan)
            .repository_filters(filter.build().unwrap());
        for (scan_type, enhanced) in [
            (Some(ScanType::Enhanced), true),
            (Some(ScanType::Basic), false),
            (None, false),
        ] {
            let configuration = RegistryScanningConfiguration::builder()
                .set_scan_type(scan_type)
                .rules(rule.clone().build().unwrap())
                .build();
            let expected = RegistryScanning {
                enhanced,
                rules: vec![ScanningRule {
                    frequency: "CONTINUOUS_SCAN".into(),
                    filters: vec!["prod/*".into()],
                }],
            };
            assert_eq!(registry_scanning(&configuration), expected);
        }
    }
}
