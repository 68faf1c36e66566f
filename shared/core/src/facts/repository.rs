//! Facts about private Amazon ECR repositories.

mod signing;

use std::sync::Arc;

use wildmatch::WildMatchPattern;

use super::key::NamedKey;
use super::registry::RegistryPolicy;
use super::{AttachedPolicy, Fact, Facts, FactsOf};
use crate::details::Details;
use crate::kind::{ConfigType, Family, Identity, LONGEST_NAME, ResourceKind, TagSource, is_name};
use crate::need::{Need, Needs};
use crate::policy::OrganizationPath;

pub use signing::{ManagedSigning, SigningRule};

/// A repository, with the settings of its registry that apply to it.
#[derive(Debug, Clone, PartialEq)]
pub struct EcrRepository {
    /// The name, including namespaces.
    pub name: String,
    /// The ARN of the repository.
    pub arn: String,
    /// The mutability of tags.
    pub mutability: TagMutability,
    /// The wildcard filters that name the excluded tags, for the two mutabilities with exclusions; sorted.
    pub exclusion_filters: Vec<String>,
    /// The repository's own setting to scan images on push.
    pub scan_on_push: bool,
    /// The registry's scanning configuration.
    pub registry_scanning: Fact<RegistryScanning>,
    /// The registry's managed signing.
    pub managed_signing: Fact<ManagedSigning>,
    /// The repository's own policy; `None` if it has none.
    pub policy: Fact<Option<Arc<AttachedPolicy>>>,
    /// The registry's policy; `None` if it has none.
    pub registry_policy: Fact<Option<Arc<RegistryPolicy>>>,
    /// The organization of the account, if a policy names organizations; `None` if the account belongs to none, or may
    /// not read it.
    pub organization: Fact<Option<OrganizationPath>>,
    /// The encryption of the images.
    pub encryption: Encryption,
    /// The lifecycle policy.
    pub lifecycle_policy: Fact<LifecyclePolicy>,
}

/// The encryption of the images in a repository.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html>.
#[derive(Debug, Clone, PartialEq)]
pub enum Encryption {
    /// With keys of Amazon S3. This is the default of AWS if the response has no value.
    Aes256,
    /// With a KMS key.
    Kms {
        /// `true` if there are two layers of encryption (`KMS_DSSE`).
        is_dual_layer: bool,
        /// The key; `None` if the response names none.
        key: Option<RepositoryKey>,
    },
    /// With a type that did not exist when this was written.
    Unknown(String),
}

/// The KMS key that a repository names.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryKey {
    /// The key as the repository names it, which may be by an alias.
    pub named: String,
    /// The key as KMS describes it; `None` if KMS has no such key.
    pub key: Fact<Option<NamedKey>>,
}

impl Encryption {
    fn name(&self) -> &str {
        match self {
            Self::Aes256 => "AES256",
            Self::Kms {
                is_dual_layer: false,
                ..
            } => "KMS",
            Self::Kms {
                is_dual_layer: true,
                ..
            } => "KMS_DSSE",
            Self::Unknown(name) => name,
        }
    }

    fn key(&self) -> Option<&str> {
        match self {
            Self::Kms { key: Some(key), .. } => Some(&key.named),
            _ => None,
        }
    }
}

/// The lifecycle policy of a repository, as far as the check needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifecyclePolicy {
    /// The repository has no policy.
    None,
    /// The policy has no rules.
    WithoutRules,
    /// The policy has at least one rule.
    WithRules,
    /// The text of the policy is not JSON with a list of rules.
    NotUnderstood,
}

/// The mutability of tags, which determines whether they can be moved to other images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagMutability {
    /// Tags can be moved. This is the default of AWS if the response has no value.
    Mutable,
    /// Tags can't be moved.
    Immutable,
    /// Tags can be moved, except those that a filter names.
    MutableWithExclusion,
    /// Tags can't be moved, except those that a filter names.
    ImmutableWithExclusion,
    /// A value that did not exist when this was written.
    Unknown(String),
}

impl TagMutability {
    /// Reads the mutability from its name in ECR.
    pub fn read(name: Option<&str>) -> Self {
        match name.unwrap_or_default() {
            "" | "MUTABLE" => Self::Mutable,
            "IMMUTABLE" => Self::Immutable,
            "MUTABLE_WITH_EXCLUSION" => Self::MutableWithExclusion,
            "IMMUTABLE_WITH_EXCLUSION" => Self::ImmutableWithExclusion,
            other => Self::Unknown(other.to_owned()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Mutable => "MUTABLE",
            Self::Immutable => "IMMUTABLE",
            Self::MutableWithExclusion => "MUTABLE_WITH_EXCLUSION",
            Self::ImmutableWithExclusion => "IMMUTABLE_WITH_EXCLUSION",
            Self::Unknown(name) => name,
        }
    }
}

/// A registry's scanning configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistryScanning {
    /// `true` if Amazon Inspector scans images (enhanced scanning), and not ECR itself (basic scanning).
    pub enhanced: bool,
    /// The rules that determine which repositories are scanned at which frequency.
    pub rules: Vec<ScanningRule>,
}

/// A rule of a registry's scanning configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanningRule {
    /// The frequency: `SCAN_ON_PUSH`, `CONTINUOUS_SCAN` or `MANUAL`.
    pub frequency: String,
    /// The filters for the names of the repositories to which the rule applies.
    pub filters: Vec<String>,
}

impl RegistryScanning {
    /// Returns the frequency at which a rule scans images that are pushed to a repository with this name, or `None` if
    /// no rule does. If several rules do, ECR scans continuously if one of them is continuous.
    pub fn scans_pushes_to(&self, repository: &str) -> Option<&str> {
        let covers = |rule: &ScanningRule| {
            let mut filters = rule.filters.iter();
            filters.any(|filter| filter_matches(filter, repository))
        };
        ["CONTINUOUS_SCAN", "SCAN_ON_PUSH"]
            .into_iter()
            .find(|frequency| {
                let mut rules = self.rules.iter();
                rules.any(|rule| rule.frequency == *frequency && covers(rule))
            })
    }
}

/// A filter of ECR, in which `*` stands for any characters and there is no other wildcard.
pub(crate) type Filter = WildMatchPattern<'*', '\0'>;

/// Returns `true` if the filter matches the name, as ECR defines it: a filter without a wildcard matches every name
/// that contains it.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html>.
fn filter_matches(filter: &str, name: &str) -> bool {
    if filter.contains('*') {
        Filter::new(filter).matches(name)
    } else {
        name.contains(filter)
    }
}

/// Returns `true` if a filter of tags covers another one, which means that the wide filter matches every tag that the
/// narrow filter matches.
///
/// This is the case if, and only if, the wide filter matches the text of the narrow filter. A `*` in the narrow filter
/// stands for any characters, among them one that is in no filter. Only a `*` in the wide filter can match that
/// character, and such a match is independent of the text in its place.
pub fn covers(wide: &str, narrow: &str) -> bool {
    Filter::new(wide).matches(narrow)
}

impl EcrRepository {
    /// Returns `true` if an exclusion filter matches every tag, which leaves the repository's mutability without
    /// effect.
    pub fn excludes_every_tag(&self) -> bool {
        let mut filters = self.exclusion_filters.iter();
        filters.any(|filter| covers(filter, "*"))
    }

    pub(super) fn details(&self) -> Details {
        Details::default()
            .text("arn", Some(&self.arn))
            .text("repositoryName", Some(&self.name))
            .text("imageTagMutability", Some(self.mutability.name()))
            .texts(
                "imageTagMutabilityExclusionFilters",
                &self.exclusion_filters,
            )
            .flag("scanOnPush", self.scan_on_push)
            .text("encryptionType", Some(self.encryption.name()))
            .text("kmsKey", self.encryption.key())
    }
}

/// The maximum length of a repository's policy.
/// Source: the member `policyText` of the model of ECR.
const LONGEST_POLICY: usize = 10_240;

/// Private Amazon ECR repositories.
pub static KIND: ResourceKind = ResourceKind {
    name: "EcrRepository",
    noun: "repository",
    title: "ECR repository",
    placeholder: "<repository>",
    events: Some("an image is pushed to the repository"),
    identity: Identity::Arn {
        service: "ecr",
        prefix: PREFIX,
        owns: |path| !path.contains(DIGEST),
        allows: is_repository_name,
    },
    family: Family::Registry,
    parent: None,
    asff_type: "AwsEcrRepository",
    ocsf_type: "AwsEcrRepository",
    config: Some(ConfigType {
        name: "AWS::ECR::Repository",
        records_changes: true,
    }),
    tags: TagSource::TaggingApi,
    sends_every_pass: true,
};

/// The beginning of the last part of the ARNs of repositories and their images.
pub(super) const PREFIX: &str = "repository/";

/// The text between a repository's name and the hexadecimal digits of an image's digest.
pub(crate) const DIGEST: &str = "/sha256:";

/// Returns `true` if the text can be the name of a repository, which consists of names with slashes between them.
pub(super) fn is_repository_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.split('/').all(is_name)
}

impl Facts for EcrRepository {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn details(&self) -> Details {
        self.details()
    }

    fn details_for(&self, needs: Needs) -> Details {
        let details = self.details();
        match &self.policy {
            Ok(Some(policy))
                if needs.contains(Need::RepositoryPolicy)
                    && policy.text().len() <= LONGEST_POLICY =>
            {
                details.text("policyText", Some(policy.text()))
            }
            _ => details,
        }
    }
}

impl FactsOf for EcrRepository {
    const KIND: &'static ResourceKind = &KIND;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filters_match_as_ecr_matches_them() {
        for (filter, name, matches) in [
            ("*", "cards/api", true),
            ("cards/*", "cards/api", true),
            ("cards/*", "my-cards/api", false),
            ("*api", "cards/api", true),
            ("api", "cards/api-gateway", true),
            ("card?", "cards", false),
            ("ledger", "cards/api", false),
            ("*s/a*i", "cards/api", true),
        ] {
            assert_eq!(filter_matches(filter, name), matches, "{filter} {name}");
        }
    }

    #[test]
    fn a_filter_covers_narrower_ones() {
        for (wide, narrow, expected) in [
            ("*", "*", true),
            ("**", "*", true),
            ("*", "**", true),
            ("*", "latest", true),
            ("latest", "*", false),
            ("latest", "latest", true),
            ("latest", "latest*", false),
            ("latest*", "latest", true),
            ("sha256-*", "sha256-*.sig", true),
            ("sha256-*.sig", "sha256-*", false),
            ("sha256-*", "sha*", false),
            ("*-dev", "*-*-dev", true),
            ("*-*-dev", "*-dev", false),
            ("a*b*c", "a*c", false),
            ("a*c", "a*b*c", true),
            ("a*a", "a", false),
            ("*a*", "b*a", true),
            ("*a*", "b*", false),
            ("a?", "ab", false),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} {narrow}");
        }
    }

    /// Returns all texts of these letters up to a length.
    fn texts(letters: &[char], length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            let longer = last
                .iter()
                .flat_map(|text| letters.iter().map(move |letter| format!("{text}{letter}")));
            last = longer.collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    proptest! {
        /// A filter covers another one if no tag matches the other one alone. For filters of four characters, tags of
        /// four characters are enough to show the difference, if one letter is in no filter.
        #[test]
        fn a_filter_covers_another_if_no_tag_matches_only_the_other(
            wide in "[ab*]{1,4}",
            narrow in "[ab*]{1,4}",
        ) {
            let (one, other) = (Filter::new(&wide), Filter::new(&narrow));
            let tags = texts(&['a', 'b', 'c'], 5);
            let uncovered = tags.iter().find(|tag| other.matches(tag) && !one.matches(tag));
            prop_assert_eq!(
                covers(&wide, &narrow),
                uncovered.is_none(),
                "{} covers {}, but not the tag {:?}", wide, narrow, uncovered
            );
        }
    }

    #[test]
    fn a_continuous_rule_takes_precedence() {
        let rule = |frequency: &str, filter: &str| ScanningRule {
            frequency: frequency.into(),
            filters: vec![filter.into()],
        };
        let mut rules = vec![
            rule("MANUAL", "*"),
            rule("SCAN_ON_PUSH", "*"),
            rule("CONTINUOUS_SCAN", "cards/*"),
        ];
        for _ in 0..2 {
            let scanning = RegistryScanning {
                enhanced: true,
                rules: rules.clone(),
            };
            for (name, expected) in [
                ("cards/api", Some("CONTINUOUS_SCAN")),
                ("ledger", Some("SCAN_ON_PUSH")),
            ] {
                assert_eq!(scanning.scans_pushes_to(name), expected, "{rules:?}");
            }
            rules.reverse();
        }
    }
}
