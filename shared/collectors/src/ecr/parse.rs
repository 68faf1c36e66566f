//! From ECR's answers to facts. Pure: what the time is, is an argument.
//!
//! Lists whose order means nothing are sorted here, so that another order is no change.

mod image;
mod manifest;
mod repository;
mod scan;
mod vulnerability;

pub(super) use image::{image, is_told, revision_without_scan};
pub(super) use manifest::{Manifests, Told, manifests};
pub(super) use repository::{ListedRepository, registry_scanning, repository};
pub(super) use scan::{ReadScan, ScanPages};
