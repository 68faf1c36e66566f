//! Amazon ECR: a registry's repositories and their images. One file a kind of answer reads; `parse.rs` turns answers into
//! facts.

mod epss;
mod images;
mod manifests;
mod parse;
mod registry;
mod scan;

pub(crate) use images::needs_manifest;
pub(crate) use registry::{Memos, Wanted};

pub(crate) const ACTIONS: &[&str] = &[
    registry::LIST,
    registry::SCANNING,
    images::LIST,
    scan::READ,
    manifests::READ,
];

/// The most that ECR's lists take for a page.
const PAGE: i32 = 1000;
