//! A client for the Kubernetes API of EKS clusters. It reads and never writes.

pub mod lenient;
