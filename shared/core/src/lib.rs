//! The compliance rules of eksentry: resources, the facts about them, the checks that evaluate those facts, and the
//! findings that result.
//!
//! This crate is pure: it does no I/O, reads neither a clock nor the environment, and uses no AWS SDK. Time, account,
//! Region and settings are arguments.

pub mod arn;
pub mod check;
pub mod checks;
pub mod details;
mod evaluation;
pub mod exceptions;
pub mod facts;
pub mod field;
pub mod finding;
pub mod kind;
pub mod kinds;
pub mod mute_list;
pub mod need;
mod observation;
pub mod outage;
pub mod parameters;
pub mod part;
pub mod policy;
pub mod reason_code;
pub mod repository_names;
pub mod resource;
pub mod roll_up;
pub mod service;
pub mod severity;
pub mod standards;
mod text;
pub mod verdict;
pub mod yaml;

pub use arn::Arn;
pub use check::{Check, Evaluate, Evaluated};
pub use details::{Detail, Details};
pub use facts::{Fact, Facts, FactsOf, Unread};
pub use finding::Finding;
pub use kind::ResourceKind;
pub use mute_list::{Mute, MuteError, MuteList};
pub use need::{Need, Needs};
pub use observation::{Observation, State};
pub use outage::Outage;
pub use parameters::{Parameter, ParameterValues};
pub use part::Part;
pub use reason_code::ReasonCode;
pub use repository_names::RepositoryNames;
pub use resource::{Location, Resource};
pub use roll_up::{RolledUp, Sending, Subject, Unit};
pub use service::Service;
pub use severity::Severity;
pub use standards::{Control, Standard};
pub use verdict::{ObjectVerdict, Outcome, Reason, Verdict};
