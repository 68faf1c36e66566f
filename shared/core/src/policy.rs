//! IAM policy documents: what is read of them, and what they come to.
//!
//! [`PolicyDocument`] is read whole or not at all, since what is not understood might grant something.
//! [`ResourcePolicy`] is read as far as it is understood.

mod condition;
mod document;
mod json;
mod pattern;
mod role;

pub use condition::{Comparison, Condition, Operator, SetOperator};
pub use document::{
    Effect, Element, NotUnderstood, PolicyDocument, Principal, ResourcePolicy, Statement,
    StatementId,
};

#[cfg(test)]
mod tests;
