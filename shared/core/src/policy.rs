//! IAM policy documents: the parsed statements, and the principals and actions that they grant.
//!
//! [`PolicyDocument`] is read completely or not at all. [`ResourcePolicy`] is read as far as it is understood, and
//! [`grants()`] returns the principals that are granted access. Access counts as limited only if the text proves it. A
//! part that is not understood is never ignored, since it might grant something.

mod audience;
mod condition;
mod context_key;
mod destinations;
mod document;
mod grants;
mod json;
mod limit;
mod pattern;
mod permissions;
mod principal;
mod role;
mod service;
mod trust;
mod web_identity;

pub use audience::{
    Account, Audience, Group, Organization, OrganizationPath, OrganizationPathError, Reach,
};
pub use condition::{Comparison, Condition, Operator, SetOperator};
pub use destinations::{Destinations, Registries};
pub use document::{
    Effect, Element, NotUnderstood, PolicyDocument, Principal, ResourcePolicy, Statement,
    StatementId,
};
pub use grants::{DeletedPrincipal, Grant, Granted, Grants, Scope, grants, grants_despite};
pub(crate) use pattern::action_matches;
pub use permissions::{Permissions, Risk, SensitiveAction};
pub(crate) use principal::is_account;
pub use service::{Action, ActionClass, ECR, KMS, Service};
pub use trust::{Outsiders, OwnOrganization, Trust};
pub use web_identity::ServiceAccounts;

#[cfg(test)]
mod tests;
