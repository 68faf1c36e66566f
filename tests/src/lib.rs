//! Everything that tests eksentry as a whole, without an AWS account: a stand-in for AWS and a runner for functions.

pub mod account;
mod background;
pub mod demo;
pub mod derived;
pub mod lambda;
pub mod report;
pub mod stand_in;
