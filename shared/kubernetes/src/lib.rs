//! A client for the Kubernetes API of EKS clusters. It reads and never writes.

mod authority;
#[cfg(any(test, feature = "certificates"))]
pub mod certificates;
mod client;
mod connect;
mod get;
mod list;
mod objects;
mod problem;
mod reader;
mod request;
mod route;
#[cfg(test)]
mod script;
mod send;
mod token;
mod tokens;

pub use authority::{Authority, AuthorityError};
pub use client::{Client, EndpointError};
pub use connect::{Connector, connect};
pub use get::Version;
pub use list::{Completeness, Listed};
pub use objects::{Objects, read_objects};
pub use problem::{Distrust, Problem, ReaderFailure};
pub use reader::{
    ClusterReader, FunctionName, FunctionNameError, ReaderRequest, ReaderResponse, Relay,
};
pub use request::{ApiResource, ListOf};
pub use route::{Route, Routes};
pub use token::{Token, TokenError, TokenScope};
pub use tokens::TokenSource;
