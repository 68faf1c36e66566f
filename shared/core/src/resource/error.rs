//! The error for a text that names no resource.

use crate::arn::{Arn, ArnError};
use crate::kind::ResourceKind;
use crate::kinds::KINDS;

/// The error for a text that names no resource that checks evaluate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// The text is neither an ARN nor an account.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// The text is the ARN of something else.
    #[error(
        "{0} is not a resource that a check evaluates: use a resource of one of these kinds: {nouns}",
        nouns = nouns()
    )]
    Kind(Arn),
    /// The account or the Region is not valid.
    #[error(
        "{0} does not name a valid account and Region: use a 12-digit account id and a Region such as eu-central-1"
    )]
    Place(String),
    /// The service does not allow the name.
    #[error("{name:?} is not a valid {} name", kind.noun)]
    Name {
        /// The kind of resource that the text should name.
        kind: &'static ResourceKind,
        /// The name, cut to 200 characters.
        name: String,
    },
}

fn nouns() -> String {
    KINDS.map(|kind| kind.title).join(", ")
}
