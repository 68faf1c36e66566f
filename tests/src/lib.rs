//! The tools that test eksentry as a whole, without an AWS account: a stand-in for AWS, a runner for functions, and the
//! permissions that the templates grant to the functions.

pub mod account;
mod background;
pub mod demo;
pub mod deployment;
pub mod derived;
pub mod hostile;
pub mod iam;
mod in_memory;
pub mod kubernetes;
pub mod lambda;
pub mod load;
pub mod model;
pub mod new_check;
pub mod stand_in;
pub mod template;
