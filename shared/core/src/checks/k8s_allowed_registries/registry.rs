//! Registries from which images may come.

use crate::evaluation::platform::registries::eks_accounts;
use crate::evaluation::workloads::ecr_registry::EcrRegistry;
use crate::evaluation::workloads::image_reference::ImageReference;

/// An entry of the list of registries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AllowedRegistry {
    /// The ECR registries of accounts, in any Region.
    Ecr(Vec<String>),
    /// A host, in lower case, and the beginning of a path.
    Host(String, Vec<String>),
}

impl AllowedRegistry {
    /// Reads an entry. `account` is that of the cluster.
    pub(super) fn read(text: &str, account: &str) -> Self {
        let text = text.trim().trim_end_matches('/');
        match text.strip_prefix("ecr:") {
            Some("own") => Self::Ecr(vec![account.to_owned()]),
            Some("eks") => Self::Ecr(eks_accounts().map(str::to_owned).collect()),
            Some(account) => Self::Ecr(vec![account.to_owned()]),
            None => {
                let mut segments = text.split('/');
                let host = segments.next().unwrap_or_default().to_lowercase();
                Self::Host(host, segments.map(str::to_owned).collect())
            }
        }
    }

    /// Returns `true` if an image comes from the registry.
    pub(super) fn contains(&self, image: &ImageReference) -> bool {
        match self {
            Self::Ecr(accounts) => {
                let registry = EcrRegistry::of(&image.registry);
                registry.is_some_and(|ecr| accounts.iter().any(|one| one == ecr.account))
            }
            Self::Host(host, path) => {
                let is_below = image.path.len() >= path.len()
                    && path
                        .iter()
                        .zip(&image.path)
                        .all(|(one, other)| one == other);
                is_below && host_matches(host, &image.registry)
            }
        }
    }
}

/// Returns `true` if a host has the labels of a pattern, in each of which `*` stands for any text.
fn host_matches(pattern: &str, host: &str) -> bool {
    let patterns: Vec<&str> = pattern.split('.').collect();
    let labels: Vec<&str> = host.split('.').collect();
    let mut pairs = patterns.iter().zip(&labels);
    patterns.len() == labels.len()
        && pairs.all(|(pattern, label)| {
            wildmatch::WildMatchPattern::<'*', '\0'>::new(pattern).matches(label)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_text_within_a_label() {
        for (pattern, host, expected) in [
            ("*.gcr.io", "eu.gcr.io", true),
            ("*.gcr.io", "a.eu.gcr.io", false),
            ("*.gcr.io", "gcr.io", false),
            ("eu*.gcr.io", "europe.gcr.io", true),
            ("gcr.io", "gcr.io.evil.io", false),
            ("host:5000", "host:5000", true),
            ("host", "host:5000", false),
        ] {
            assert_eq!(host_matches(pattern, host), expected, "{pattern} {host}");
        }
    }
}
