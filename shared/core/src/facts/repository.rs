//! Facts about private Amazon ECR repositories.

use wildmatch::WildMatchPattern;

use super::{Fact, Facts, FactsOf};
use crate::details::Details;
use crate::kind::{
    ConfigType, Family, Identity, LONGEST_NAME, ResourceKind, TagSource, Topic, is_name,
};

/// A repository, with what its registry's settings mean for it.
#[derive(Debug, Clone, PartialEq)]
pub struct EcrRepository {
    /// Its name, namespaces included.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether tags can be moved to other images.
    pub mutability: TagMutability,
    /// The wildcard filters that name the excepted tags, for the two mutabilities with exclusions.
    pub exclusion_filters: Vec<String>,
    /// The repository's own setting to scan what is pushed.
    pub scan_on_push: bool,
    /// The registry's scanning configuration.
    pub registry_scanning: Fact<RegistryScanning>,
}

/// Whether tags can be moved to other images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagMutability {
    /// Tags can be moved; AWS's default where an answer does not say.
    Mutable,
    /// Tags stay.
    Immutable,
    /// Tags can be moved, but for those that a filter names.
    MutableWithExclusion,
    /// Tags stay, but for those that a filter names.
    ImmutableWithExclusion,
    /// A value that did not exist when this was written.
    Unknown(String),
}

impl TagMutability {
    /// Reads ECR's name of it.
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
    /// Whether Amazon Inspector scans (enhanced), rather than ECR itself (basic).
    pub enhanced: bool,
    /// Which repositories are scanned when.
    pub rules: Vec<ScanningRule>,
}

/// A rule of a registry's scanning configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanningRule {
    /// `SCAN_ON_PUSH`, `CONTINUOUS_SCAN` or `MANUAL`.
    pub frequency: String,
    /// The repositories' names that it is for.
    pub filters: Vec<String>,
}

impl RegistryScanning {
    /// The frequency of a rule that scans what is pushed to a repository of that name, if there is one.
    pub fn scans_pushes_to(&self, repository: &str) -> Option<&str> {
        self.rules
            .iter()
            .filter(|rule| ["SCAN_ON_PUSH", "CONTINUOUS_SCAN"].contains(&rule.frequency.as_str()))
            .find(|rule| {
                rule.filters
                    .iter()
                    .any(|filter| filter_matches(filter, repository))
            })
            .map(|rule| rule.frequency.as_str())
    }
}

/// As ECR matches: a filter without a wildcard is for every name that contains it.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html>.
fn filter_matches(filter: &str, name: &str) -> bool {
    /// ECR knows no wildcard for one character, so none is taken for one.
    const NO_WILDCARD: char = '\0';
    if filter.contains('*') {
        WildMatchPattern::<'*', NO_WILDCARD>::new(filter).matches(name)
    } else {
        name.contains(filter)
    }
}

impl EcrRepository {
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
    }
}

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
    topic: Topic::Configuration,
    sends_every_pass: true,
};

/// The begin of the last part of the ARNs of repositories and their images.
pub(super) const PREFIX: &str = "repository/";

/// The text between a repository's name and the hexadecimal digits of an image's digest.
pub(crate) const DIGEST: &str = "/sha256:";

/// Returns whether a text can be a repository's name: names with slashes between them.
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
}

impl FactsOf for EcrRepository {
    const KIND: &'static ResourceKind = &KIND;
}

#[cfg(test)]
mod tests {
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
}
