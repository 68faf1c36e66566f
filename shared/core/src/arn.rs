//! Amazon Resource Names.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A well-formed ARN, `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Arn(String);

/// The error for a text that is not an ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ARN: use the form arn:partition:service:region:account:resource")]
pub struct ArnError(String);

impl Arn {
    /// Returns the whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition: `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// Returns the name of the service as in IAM actions, such as `eks`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Returns the id of the Region, which is empty for global services.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// Returns the account's twelve digits, or `aws` for a resource that AWS manages.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// Returns everything after the account, such as `cluster/payments`.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        match parts.as_slice() {
            ["arn", partition, service, _, _, resource]
                if plain
                    && !partition.is_empty()
                    && !service.is_empty()
                    && !resource.is_empty() =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ArnError(text.chars().take(200).collect())),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_written_as_it_was_read() {
        let text = "arn:aws:eks:eu-central-1:123456789012:cluster/a";
        let arn: Arn = text.parse().unwrap();
        assert_eq!(arn.to_string(), text);
        assert_eq!(arn.as_str(), text);
    }

    #[test]
    fn an_arn_is_split_into_its_parts() {
        let arn: Arn = "arn:aws-cn:ecr:cn-north-1:123456789012:repository/a/b:c"
            .parse()
            .unwrap();
        assert_eq!(
            [
                arn.partition(),
                arn.service(),
                arn.region(),
                arn.account(),
                arn.resource()
            ],
            [
                "aws-cn",
                "ecr",
                "cn-north-1",
                "123456789012",
                "repository/a/b:c"
            ]
        );
    }

    #[test]
    fn texts_that_are_not_arns_are_rejected() {
        for text in [
            "",
            "arn",
            "arn:aws:eks",
            "urn:aws:eks:r:a:x",
            "arn::eks:r:a:x",
            "arn:aws:eks:r:a:",
            "arn:aws:eks:r:a:x y",
        ] {
            assert!(text.parse::<Arn>().is_err(), "{text:?}");
        }
    }
}
