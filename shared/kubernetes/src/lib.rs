//! A client for the Kubernetes API of EKS clusters. It reads and never writes.

pub mod lenient;
mod token;

pub use token::{Token, TokenError, TokenScope};
