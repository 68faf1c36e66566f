//! AWS Security Hub CSPM: findings in the AWS Security Finding Format (ASFF).
//!
//! Security Hub itself remembers what was reported: our findings are read back, and only what differs is sent. A
//! [`Ledger`] saves reading back what we know to have sent ourselves.

mod asff;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod import;
mod known;
mod lean;
mod ledger;

use std::sync::Arc;

use aws_sdk_securityhub::error::{ProvideErrorMetadata, SdkError};
use eksentry_aws::{Aws, Clock, Lazy, Rate, client};
use eksentry_core::Location;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::ReportError;

pub use asff::{Outline, Rendered, outline, render, revision, time};
pub use import::{Failure, Imported};
pub use known::{Known, KnownFindings, Selection, Since, Status};
pub(crate) use ledger::ACTIONS as LEDGER_ACTIONS;
pub use ledger::{Ledger, Ledgers};

pub(crate) const ACTIONS: &[&str] = &["securityhub:BatchImportFindings", "securityhub:GetFindings"];

/// An answer without findings says that Security Hub holds none; one without the list says nothing.
const REQUIRED: [(&str, &str); 1] = [("GetFindings", "Findings")];

/// The Security Hub sink of one account in one Region.
#[derive(Debug, Clone)]
pub struct SecurityHub {
    client: Lazy<aws_sdk_securityhub::Client>,
    location: Location,
    clock: Clock,
    /// Ten calls a second, thirty at once.
    /// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>.
    imports: Rate,
    /// Three calls a second, six at once.
    /// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/Welcome.html>.
    reads: Rate,
    /// Findings are large in memory when they are rendered, so few calls' worth are at a time.
    room: Arc<Semaphore>,
}

/// How many calls' worth of findings are rendered at a time.
const ROOM: usize = 3;

impl SecurityHub {
    /// The sink of that account and Region, to whose rates this process is one of so many that keep.
    pub fn new(aws: &Aws, location: Location, processes: u32) -> Self {
        Self {
            client: client!(aws_sdk_securityhub, aws, None, &REQUIRED),
            location,
            clock: aws.clock().clone(),
            imports: Rate::new(10, 30, processes),
            reads: Rate::new(3, 6, processes),
            room: Arc::new(Semaphore::new(ROOM)),
        }
    }

    /// Waits until there is room for a call's worth of rendered findings, for as long as the result is kept.
    pub async fn room(&self) -> Option<SemaphorePermit<'_>> {
        self.room.acquire().await.ok()
    }

    /// Why a call failed, and where that is known what to do about it.
    fn failed<E>(&self, action: &'static str, error: SdkError<E>) -> ReportError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let is_off = error.code() == Some("InvalidAccessException");
        let failed = ReportError::of_call(action, error);
        if !is_off {
            return failed;
        }
        let problem = format!(
            "Security Hub CSPM is off in {}: turn it on there, or send it nothing (EKSENTRY_SECURITY_HUB=off, \
             SecurityHub=off in the stack); {}",
            self.location, failed.problem
        );
        ReportError { action, problem }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_imported_under_the_accounts_default_product() {
        let location = Location {
            partition: "aws-cn".into(),
            region: "cn-north-1".into(),
            account: "111122223333".into(),
        };
        assert_eq!(
            product_arn(&location),
            "arn:aws-cn:securityhub:cn-north-1:111122223333:product/111122223333/default"
        );
    }
}
