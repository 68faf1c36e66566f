//! Pure functions that convert ECR's responses into facts. The current time is an argument.
//!
//! Lists whose order has no meaning are sorted here, so that another order is not a change.

mod configuration;
mod image;
mod lifecycle;
mod manifest;
mod registry;
mod repository;
mod scan;
mod signing;
mod vulnerability;

pub(super) use configuration::configuration;
pub(super) use image::{ListedImage, is_complete_scan, listed_image, revision_without_scan};
pub(super) use lifecycle::lifecycle_policy;
pub(super) use manifest::{
    CONFIGURATION_BYTES, ConfigurationIn, ManifestResult, Manifests, TOO_LARGE, manifests,
};
pub(super) use registry::{PullThroughRules, excludes};
pub(super) use repository::{
    KeyNames, ListedEncryption, ListedRepository, registry_scanning, repository,
};
pub(super) use scan::{ReadScan, ScanPages};
pub(super) use signing::{Signatures, cosign_tag, managed_signing, signing_statuses};
