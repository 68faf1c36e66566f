//! Pure functions that convert ECR's responses into facts. The current time is an argument.
//!
//! Lists whose order has no meaning are sorted here, so that another order is not a change.

mod image;
mod lifecycle;
mod manifest;
mod repository;
mod scan;
mod vulnerability;

pub(super) use image::{image, is_complete_scan, revision_without_scan};
pub(super) use lifecycle::lifecycle_policy;
pub(super) use manifest::{ManifestResult, Manifests, manifests};
pub(super) use repository::{
    KeyNames, ListedEncryption, ListedRepository, registry_scanning, repository,
};
pub(super) use scan::{ReadScan, ScanPages};
