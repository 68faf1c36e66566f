//! Many events at once: an account that changes continually, warm functions, and queues between the two.
//!
//! `cargo load` and tests/suite/load.rs run the same code: an [`ChangingAccount`] changes an account in waves and creates the
//! events about the changes, [`drive`] delivers the events to instances of functions as Lambda does, and
//! [`differences`] lists the findings in Security Hub and the evaluations in AWS Config that are wrong afterwards.

mod drive;
mod estate;
mod queue;
mod truth;
mod usage;

pub use self::{
    drive::{Crew, Waves, Work, drive},
    estate::{ChangingAccount, RequestedEvaluation, Size},
    queue::{Event, Queue, Tally},
    truth::{differences, sweep},
    usage::{Course, Usage, Verdict},
};

/// The account under load.
pub const ACCOUNT: &str = "111122223333";
/// The Region of the account.
pub const REGION: &str = "eu-central-1";
/// A bucket for the sweeps' ledgers.
pub const BUCKET: &str = "eksentry-ledgers";
