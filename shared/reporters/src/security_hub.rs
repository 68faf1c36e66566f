//! AWS Security Hub CSPM: findings in the AWS Security Finding Format (ASFF).
//!
//! Security Hub itself stores the findings that were reported: eksentry reads its own findings back, and sends only
//! those that differ. A [`Ledger`] avoids reading back the findings that eksentry is known to have sent itself.

mod asff;
mod documents;
mod filters;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod import;
mod known;
mod ledger;
mod summaries;

use std::sync::Arc;

use aws_sdk_securityhub::error::{ProvideErrorMetadata, SdkError};
use eksentry_aws::{Aws, Clock, Lazy, Rate, client};
use eksentry_core::Location;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::ReportError;

pub use asff::{Outline, Rendered, digest, outline, revision, time};
pub use documents::FindingDocuments;
pub use filters::{Generators, Selection, Since};
pub use import::{Failure, Imported, Unsent};
pub use known::{Known, KnownFindings, Status};
pub(crate) use ledger::ACTIONS as LEDGER_ACTIONS;
pub use ledger::{Ledger, Ledgers};

pub(crate) const ACTIONS: &[&str] = &["securityhub:BatchImportFindings", "securityhub:GetFindings"];

/// The operation whose response must contain a list, and the name of the list. An empty list means that Security Hub
/// holds no findings; a response without the list proves nothing.
const REQUIRED: [(&str, &str); 1] = [("GetFindings", "Findings")];

/// The Security Hub sink of one account in one Region.
#[derive(Debug, Clone)]
pub struct SecurityHub {
    client: Lazy<aws_sdk_securityhub::Client>,
    location: Location,
    clock: Clock,
    /// The rate of imports: ten calls a second, thirty at once.
    /// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>.
    imports: Rate,
    reads: Rate,
    /// The permits for rendered findings. These are large in memory, so only a few calls' worth exist at a time.
    room: Arc<Semaphore>,
}

/// The number of calls whose findings are rendered at a time.
const ROOM: usize = 3;

impl SecurityHub {
    /// Creates the sink of that account and Region. `processes` is the number of processes that share the rates.
    pub fn new(aws: &Aws, location: Location, processes: u32) -> Self {
        Self {
            client: client!(aws_sdk_securityhub, aws, None, &REQUIRED),
            location,
            clock: aws.clock().clone(),
            imports: Rate::new(10, 30, processes),
            reads: read_rate(processes),
            room: Arc::new(Semaphore::new(ROOM)),
        }
    }

    /// Waits until the findings of another call may be rendered, and returns a permit. The permit is in use until it is
    /// dropped.
    pub async fn rendering_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.room.acquire().await.ok()
    }

    fn failed<E>(&self, action: &'static str, error: SdkError<E>) -> ReportError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        failed(&self.location, action, error)
    }
}

/// Returns the rate of reads: three calls a second, six at once.
/// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/Welcome.html>.
fn read_rate(processes: u32) -> Rate {
    Rate::new(3, 6, processes)
}

/// Returns the error for a failed call, with advice if the remedy is known.
fn failed<E>(location: &Location, action: &'static str, error: SdkError<E>) -> ReportError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let is_disabled = error.code() == Some("InvalidAccessException");
    let failed = ReportError::of_call(action, error);
    if !is_disabled {
        return failed;
    }
    let problem = format!(
        "Security Hub CSPM isn't enabled in {location} ({}). To fix this, turn it on there, or turn off this sink \
         (EKSENTRY_SECURITY_HUB=off, or SecurityHub=off in the stack)",
        failed.problem
    );
    ReportError { action, problem }
}

/// Returns the ARN of the account's default product, under which custom findings are imported.
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
    fn findings_are_imported_under_the_default_product() {
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
