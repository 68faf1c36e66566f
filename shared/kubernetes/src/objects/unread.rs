//! The extent to which lists were read.

use std::collections::BTreeMap;

use eksentry_core::facts::kubernetes::ApiList;
use eksentry_core::{Fact, ReasonCode, Unread};

use crate::list::Completeness;
use crate::problem::{Problem, count};

/// The extent to which a list was read.
#[derive(Debug)]
pub(super) struct State {
    /// The number of pages that were read.
    pages: usize,
    /// The reason why the list was not read to its end.
    problem: Option<Problem>,
    /// The reason why objects may be missing.
    missing: Option<Unread>,
}

impl State {
    /// Returns the state of a list of which pages were read, with this number of items that can't be read.
    pub(super) fn new(
        list: ApiList,
        pages: usize,
        completeness: Completeness,
        unreadable: usize,
    ) -> Self {
        let (problem, missing) = match completeness {
            Completeness::Complete if unreadable == 0 => (None, None),
            Completeness::Complete => (None, Some(with_unreadable(list, unreadable))),
            Completeness::Inconsistent => (None, Some(inconsistent(list))),
            // A cluster that has just enabled EKS Auto Mode may not have the kind yet, and so no object of it.
            Completeness::Unread(Problem::NotServed { .. }) if list == ApiList::NodeClasses => {
                (None, None)
            }
            Completeness::Unread(problem) => (Some(problem.clone()), Some(problem.into())),
        };
        Self {
            pages,
            problem,
            missing,
        }
    }

    /// Returns the state of a list that was not requested, since another request had a problem that all have.
    pub(super) fn not_requested(problem: &Problem) -> Self {
        Self {
            pages: 0,
            problem: Some(problem.clone()),
            missing: Some(problem.clone().into()),
        }
    }

    /// Returns the problem that all further requests would have.
    pub(super) fn common_problem(&self) -> Option<&Problem> {
        let problem = self.problem.as_ref();
        problem.filter(|problem| problem.concerns_all_requests())
    }

    /// Returns `true` if no object can be missing.
    pub(super) fn is_complete(&self) -> bool {
        self.missing.is_none()
    }

    /// Returns the reason why objects may be missing, if there is one.
    pub(super) fn fact(self) -> Fact<()> {
        self.missing.map_or(Ok(()), Err)
    }
}

/// Returns the reason why nothing was read; `None` if something was, or nothing had to be.
pub(super) fn unreachable(states: &BTreeMap<ApiList, State>) -> Option<Problem> {
    if states.values().any(|state| state.pages > 0) {
        return None;
    }
    let problems = || states.values().filter_map(|state| state.problem.as_ref());
    let are_refused = problems().all(|problem| matches!(problem, Problem::Forbidden { .. }));
    if are_refused && states.len() > 1 {
        let lists: Vec<_> = states.keys().map(ToString::to_string).collect();
        let call = format!("each list ({})", lists.join(", "));
        return Some(Problem::Forbidden { call });
    }
    let common = problems().find(|problem| problem.concerns_all_requests());
    let problem = common.or_else(|| problems().next());
    problem.cloned()
}

/// Returns the reason why pods are unknown if only templates were requested.
pub(super) fn pods() -> Unread {
    Unread {
        code: ReasonCode::PodsNotRead,
        text: "The pods were not read, since the parameter readPods of k8s-api-readable is false. Admission may give them \
               other settings than their templates."
            .to_owned(),
    }
}

fn with_unreadable(list: ApiList, number: usize) -> Unread {
    let objects = count(number, "object that is not", "objects that are not");
    Unread {
        code: ReasonCode::ReadFailed,
        text: format!(
            "list {list} returned {objects} of the expected form, or without a name. Look at the objects of this kind in \
             the cluster."
        ),
    }
}

fn inconsistent(list: ApiList) -> Unread {
    Unread {
        code: ReasonCode::Inconsistent,
        text: format!(
            "list {list} is inconsistent: it expired twice while it was read, so it may lack objects. The next evaluation tries \
             again."
        ),
    }
}
