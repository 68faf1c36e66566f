//! An account in a Region, and the partition that a Region belongs to.

use std::fmt;

use super::id::ACCOUNT;
use crate::arn::Arn;
use crate::kind::{Identity, ResourceKind};

/// An account in a Region.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The id of the Region, such as `eu-central-1`.
    pub region: String,
    /// The account's twelve digits.
    pub account: String,
}

impl Location {
    /// Returns the account and Region in an ARN.
    pub fn of(arn: &Arn) -> Self {
        Self {
            partition: arn.partition().to_owned(),
            region: arn.region().to_owned(),
            account: arn.account().to_owned(),
        }
    }

    /// Returns the beginning of the ids of resources of a kind at this location whose paths begin with `path`.
    pub(crate) fn prefix(&self, kind: &ResourceKind, path: &str) -> String {
        let Self {
            partition,
            region,
            account,
        } = self;
        match kind.identity {
            Identity::Arn {
                service, prefix, ..
            } => format!("arn:{partition}:{service}:{region}:{account}:{prefix}{path}"),
            Identity::Account => format!("{ACCOUNT}{account}/{region}"),
        }
    }

    /// Returns the beginning of the ids that the same resources have in ASFF.
    pub(crate) fn asff_prefix(&self, kind: &ResourceKind, path: &str) -> String {
        match kind.identity {
            Identity::Arn { .. } => self.prefix(kind, path),
            Identity::Account => format!("{ACCOUNT}{}", self.account),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "account {} in {}", self.account, self.region)
    }
}

/// Returns the partition that a Region belongs to.
/// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
pub(super) fn partition_of(region: &str) -> &'static str {
    [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ]
    .into_iter()
    .find(|(prefix, _)| region.starts_with(prefix))
    .map_or("aws", |(_, partition)| partition)
}

/// Returns `true` if the texts can be a partition, a Region and an account. Ids also arrive in events, and they decide
/// in which account and Region a role is assumed.
pub(super) fn is_place(partition: &str, region: &str, account: &str) -> bool {
    let word = |text: &str, allowed: fn(char) -> bool| {
        (1..=32).contains(&text.len()) && text.chars().all(|c| c == '-' || allowed(c))
    };
    word(partition, |c| c.is_ascii_lowercase())
        && word(region, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
        && is_account(account)
}

/// Returns `true` if the text can be the ID of an account.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::resource::{Resource, ResourceError};

    #[test]
    fn arns_without_a_valid_account_and_region_are_rejected() {
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
}
