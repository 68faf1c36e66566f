//! Parts of evaluations that several checks share.

pub(crate) mod access;
pub(crate) mod contents;
pub(crate) mod images;
pub(crate) mod keys;
pub(crate) mod namespaces;
pub(crate) mod nodes;
pub(crate) mod openings;
pub(crate) mod platform;
pub(crate) mod rbac;
pub(crate) mod security_groups;
pub(crate) mod vpc;
pub(crate) mod workloads;
