//! Many events at once: an account that changes all the time, functions that are warm, and queues between the two.
//!
//! `cargo load` and tests/suite/load.rs run the same: an [`Estate`] changes an account in waves and writes the events
//! that tell of it, [`drive`] hands these to instances of functions as Lambda does, and [`differences`] says where that
//! left Security Hub and AWS Config with anything but the truth.

mod drive;
mod estate;
mod queue;
mod truth;
mod usage;

pub use self::{
    drive::{Crew, Waves, Work, drive},
    estate::{Estate, Size, Told},
    queue::{Event, Queue, Tally},
    truth::{differences, sweep},
    usage::{Course, Usage, Verdict},
};

/// The account that is under load.
pub const ACCOUNT: &str = "111122223333";
/// The Region that it is in.
pub const REGION: &str = "eu-central-1";
/// A bucket for the sweeps' ledgers.
pub const BUCKET: &str = "eksentry-ledgers";
