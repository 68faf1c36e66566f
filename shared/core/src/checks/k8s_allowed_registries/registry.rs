//! Registries from which images may come.

use crate::evaluation::workloads::image_reference::ImageReference;

/// The accounts of the images of EKS add-ons, as of 2026-11-28.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html>.
const EKS_ACCOUNTS: [&str; 30] = [
    "013241004608",
    "066635153087",
    "121268973566",
    "151610086707",
    "151742754352",
    "171035529773",
    "187977181151",
    "249663109785",
    "296578399912",
    "321162350305",
    "333609536671",
    "455263428931",
    "491585149902",
    "533267051163",
    "558608220178",
    "590381155156",
    "602401143452",
    "608367168043",
    "676585237158",
    "725322719131",
    "730335286997",
    "759879836304",
    "761377655185",
    "800184023465",
    "877085696533",
    "877088126301",
    "900612956339",
    "900889452093",
    "918309763551",
    "961992271922",
];

/// The domains of ECR in all partitions.
const DOMAINS: [&str; 6] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
];

/// The domains of ECR's endpoints for IPv4 and IPv6.
const DUAL_STACK_DOMAINS: [&str; 2] = ["on.aws", "on.amazonwebservices.com.cn"];

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
            Some("eks") => Self::Ecr(EKS_ACCOUNTS.map(str::to_owned).to_vec()),
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
                let account = account_of(&image.registry);
                account.is_some_and(|account| accounts.iter().any(|one| one == account))
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

/// Returns the account of an ECR registry; `None` if the host is none.
fn account_of(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once('.')?;
    let (service, rest) = rest.split_once('.')?;
    let domains: &[&str] = match service {
        "dkr" => {
            let (service, rest) = rest.split_once('.')?;
            let (_region, domain) = rest.split_once('.')?;
            let is_ecr = ["ecr", "ecr-fips"].contains(&service);
            return (is_ecr && DOMAINS.contains(&domain)).then_some(account);
        }
        "dkr-ecr" | "dkr-ecr-fips" => &DUAL_STACK_DOMAINS,
        _ => return None,
    };
    let (_region, domain) = rest.split_once('.')?;
    domains.contains(&domain).then_some(account)
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
    fn the_account_of_an_ecr_registry_is_in_its_host() {
        let account = Some("123456789012");
        for (host, expected) in [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", account),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", account),
            ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", account),
            ("123456789012.dkr-ecr.eu-west-1.on.aws", account),
            ("123456789012.dkr-ecr-fips.us-east-1.on.aws", account),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", account),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.io", None),
            ("123456789012.dkr.ecr.evil.io", None),
            ("123456789012.dkr.ecr.eu-west-1.on.aws", None),
            ("123456789012.dkr-ecr.eu-west-1.amazonaws.com", None),
            ("123456789012.dkr.s3.eu-west-1.amazonaws.com", None),
            ("docker.io", None),
            ("localhost", None),
        ] {
            assert_eq!(account_of(host), expected, "{host}");
        }
    }

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
