//! Looks at resources.

use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::{Facts, FactsOf, Unread};
use crate::resource::Resource;

/// The result of a look at a resource.
#[derive(Debug, Clone)]
pub enum State {
    /// The resource is there.
    Present(Arc<dyn Facts>),
    /// The API says that there is no such resource.
    Gone,
    /// The resource itself could not be read.
    Unread(Unread),
}

impl State {
    /// Returns the state of a resource that is there.
    pub fn present(facts: impl Facts) -> Self {
        Self::Present(Arc::new(facts))
    }

    /// Returns the facts, if the resource is there and could be read.
    pub fn facts(&self) -> Option<&dyn Facts> {
        match self {
            Self::Present(facts) => Some(facts.as_ref()),
            Self::Gone | Self::Unread(_) => None,
        }
    }

    /// Returns the facts as those of one kind; `None` if there are none, or they are of another kind.
    pub fn facts_of<F: FactsOf>(&self) -> Option<&F> {
        self.facts()?.of()
    }
}

/// One look at one resource.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The resource.
    pub resource: Resource,
    /// When it was looked at.
    pub observed_at: Timestamp,
    /// The result.
    pub state: State,
}

impl Observation {
    /// Returns the facts, if the resource is there and could be read.
    pub fn facts(&self) -> Option<&dyn Facts> {
        self.state.facts()
    }
}
