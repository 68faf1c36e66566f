//! AWS Security Hub CSPM: findings in the AWS Security Finding Format (ASFF).
//!
//! Security Hub itself remembers what was reported: our findings are read back, and only what differs is sent.

mod asff;
mod import;
mod known;

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use eksentry_core::Location;

pub use asff::{Rendered, render};
pub use import::{Failure, Imported};
pub use known::{Known, KnownFindings, Selection};

pub(crate) const ACTIONS: &[&str] = &["securityhub:BatchImportFindings", "securityhub:GetFindings"];

/// The Security Hub sink of one account in one Region.
#[derive(Debug, Clone)]
pub struct SecurityHub {
    client: aws_sdk_securityhub::Client,
    location: Location,
}

impl SecurityHub {
    /// A sink with that configuration, which must be of that account and Region. Retries are drawn from that partition.
    pub fn new(config: &SdkConfig, retries: RetryPartition, location: Location) -> Self {
        let config = aws_sdk_securityhub::config::Builder::from(config)
            .retry_partition(retries)
            .build();
        Self {
            client: aws_sdk_securityhub::Client::from_conf(config),
            location,
        }
    }

    fn product_arn(&self) -> String {
        product_arn(&self.location)
    }
}

/// The account's default product, under which custom findings are imported.
fn product_arn(location: &Location) -> String {
    let Location {
        partition,
        region,
        account,
    } = location;
    format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
}
