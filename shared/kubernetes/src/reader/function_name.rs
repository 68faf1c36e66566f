//! The names of the functions that read clusters.

use std::fmt;
use std::str::FromStr;

/// The text that stands for the ID of a VPC.
const VPC_ID: &str = "{vpcId}";

/// The name or the ARN of the cluster reader. `{vpcId}` stands for the ID of the cluster's VPC, so that each VPC can have
/// a function of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName(String);

/// The error of a text that can't be the name or the ARN of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be the name or the ARN of a function, in which {{vpcId}} stands for the ID of the VPC of a cluster"
)]
pub struct FunctionNameError;

impl FunctionName {
    /// Returns the name of the function in a VPC.
    pub fn in_vpc(&self, id: &str) -> String {
        self.0.replace(VPC_ID, id)
    }
}

impl FromStr for FunctionName {
    type Err = FunctionNameError;

    fn from_str(text: &str) -> Result<Self, FunctionNameError> {
        // Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>, FunctionName.
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_:$".contains(c);
        let name = text.replace(VPC_ID, "");
        let is_name = !name.is_empty() && text.len() <= 170 && name.chars().all(is_allowed);
        is_name
            .then(|| Self(text.to_owned()))
            .ok_or(FunctionNameError)
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_contain_the_vpc() {
        for (text, expected) in [
            ("eksentry-cluster-reader", "eksentry-cluster-reader"),
            ("reader-{vpcId}", "reader-vpc-1"),
            (
                "arn:aws:lambda:eu-central-1:123456789012:function:reader-{vpcId}:live",
                "arn:aws:lambda:eu-central-1:123456789012:function:reader-vpc-1:live",
            ),
        ] {
            let name: FunctionName = text.parse().unwrap();
            assert_eq!(name.in_vpc("vpc-1"), expected);
        }
    }

    #[test]
    fn other_texts_are_no_names() {
        let long = "a".repeat(171);
        for text in [
            "",
            "{vpcId}",
            "{vpc}",
            "a/b",
            "a b",
            "{vpcid}-reader",
            &long,
        ] {
            assert_eq!(
                text.parse::<FunctionName>(),
                Err(FunctionNameError),
                "{text}"
            );
        }
    }
}
