//! Observations of resources.

use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::{Facts, FactsOf, Unread};
use crate::resource::Resource;

/// The result of describing a resource.
#[derive(Debug, Clone)]
pub enum State {
    /// The resource exists, and these are the facts about it.
    Present(Arc<dyn Facts>),
    /// The API reports that the resource does not exist.
    Gone,
    /// The resource could not be read.
    Unread(Unread),
}

impl State {
    /// Returns the state of a resource that exists.
    pub fn present(facts: impl Facts) -> Self {
        Self::Present(Arc::new(facts))
    }

    /// Returns the facts, or `None` if the resource does not exist or could not be read.
    pub fn facts(&self) -> Option<&dyn Facts> {
        match self {
            Self::Present(facts) => Some(facts.as_ref()),
            Self::Gone | Self::Unread(_) => None,
        }
    }

    /// Returns the facts as the type of one kind, or `None` if there are no facts or they are of another kind.
    pub fn facts_of<F: FactsOf>(&self) -> Option<&F> {
        self.facts()?.of()
    }
}

/// The result of describing one resource at one time.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The resource.
    pub resource: Resource,
    /// The time at which the resource was described.
    pub observed_at: Timestamp,
    /// The state of the resource.
    pub state: State,
}

impl Observation {
    /// Returns the facts, or `None` if the resource does not exist or could not be read.
    pub fn facts(&self) -> Option<&dyn Facts> {
        self.state.facts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, unread};
    use crate::facts::{EksCluster, KmsKey};

    #[test]
    fn only_a_resource_that_exists_has_facts_and_those_of_one_kind() {
        for (state, has_facts) in [
            (State::present(cluster()), true),
            (State::Gone, false),
            (State::Unread(unread()), false),
        ] {
            assert_eq!(state.facts().is_some(), has_facts, "{state:?}");
            let of_cluster = state.facts_of::<EksCluster>();
            assert_eq!(of_cluster, has_facts.then(cluster).as_ref());
            assert!(state.facts_of::<KmsKey>().is_none(), "{state:?}");
        }
    }
}
