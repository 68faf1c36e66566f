//! Many events at once: an account that changes continually, warm functions, and queues between the two.
//!
//! `cargo load` and tests/suite/load.rs run the same code: a [`ChangingAccount`] changes an account in waves and
//! creates the events about the changes, [`drive()`] delivers the events to instances of functions as Lambda does, and
//! [`differences()`] lists the findings in Security Hub and the evaluations in AWS Config that are wrong afterwards.

mod changing_account;
mod differences;
mod drive;
mod queue;
mod usage;

pub use self::{
    changing_account::{ChangingAccount, RequestedEvaluation, Size},
    differences::{differences, sweep},
    drive::{InstancePool, InstanceResult, Waves, drive},
    queue::{Event, Queue, Tally},
    usage::{Growth, Usage, UsageHistory},
};

/// The account under load.
pub const ACCOUNT: &str = "111122223333";
/// The Region of the account.
pub const REGION: &str = "eu-central-1";
/// A bucket for the sweeps' ledgers.
pub const BUCKET: &str = "eksentry-ledgers";
