//! Amazon EKS add-ons.

use super::Issue;

/// An add-on that EKS manages in a cluster.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Addon.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addon {
    /// The name of the add-on: `vpc-cni`, `coredns`, …
    pub name: String,
    /// The status: `ACTIVE`, `CREATING`, `DEGRADED`, …; empty if the response has none.
    pub status: String,
    /// The issues that EKS reports in the add-on's health, sorted.
    pub issues: Vec<Issue>,
    /// The version, for example `v1.20.1-eksbuild.1`.
    pub version: Option<String>,
    /// The configuration values that were specified for the add-on, as JSON or YAML.
    pub configuration_values: Option<String>,
}
