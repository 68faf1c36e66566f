//! The AWS CloudTrail trails that log the activity of an account.

use super::{Fact, List};

/// A trail, of the account or of its organization.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// The name of the trail.
    pub name: String,
    /// `true` if the trail logs the events of all Regions.
    pub is_multi_region: bool,
    /// `true` if CloudTrail writes digests that show whether log files were changed.
    pub validates_log_files: bool,
    /// `true` if the trail logs CloudTrail Insights events.
    pub has_insights: bool,
    /// The state of the trail, which is read for multi-Region trails until one of them is complete.
    pub status: Fact<TrailStatus>,
    /// The selectors of management events. An incomplete list lacks selectors that are not understood.
    pub selectors: List<EventSelector>,
}

/// The state of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailStatus {
    /// `true` if the trail logs events at present.
    pub is_logging: bool,
    /// The error of Amazon S3 at the last delivery of log files; `None` if there was none.
    pub delivery_error: Option<String>,
}

/// A set of management events that a trail logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSelector {
    /// `true` if it includes events of calls that only read.
    pub reads: bool,
    /// `true` if it includes events of calls that write.
    pub writes: bool,
    /// The services whose events it includes.
    pub sources: EventSources,
}

/// Services, by the names of their event sources, such as `kms.amazonaws.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSources {
    /// All services except these.
    AllBut(Vec<String>),
    /// Only these services.
    Only(Vec<String>),
}

/// The kind of calls that an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Calls that only read.
    Read,
    /// Calls that write.
    Write,
}

/// The services whose management events should be logged: they show what is done to clusters, images and keys.
pub const LOGGED_SERVICES: [&str; 3] = [
    "ecr.amazonaws.com",
    "eks.amazonaws.com",
    "kms.amazonaws.com",
];

impl Trail {
    /// Returns `true` if nothing is missing: the trail logs the events of all Regions at present, delivers them, logs all
    /// management events of [`LOGGED_SERVICES`], and validates its log files.
    pub fn is_complete(&self) -> bool {
        let status = self.status.as_ref();
        self.is_multi_region
            && status.is_ok_and(|status| status.is_logging && status.delivery_error.is_none())
            && Access::ALL
                .iter()
                .all(|access| self.unlogged(*access).next().is_none())
            && self.validates_log_files
    }

    /// Returns those of [`LOGGED_SERVICES`] of which no selector that is understood includes the management events of a
    /// kind of access.
    pub fn unlogged(&self, access: Access) -> impl Iterator<Item = &'static str> {
        let selectors = &self.selectors.items;
        LOGGED_SERVICES.into_iter().filter(move |service| {
            let mut selectors = selectors.iter();
            !selectors.any(|selector| selector.includes(service, access))
        })
    }
}

impl Access {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];
}

impl EventSelector {
    /// Returns the selector of all management events, which a trail without selectors of its own has.
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html>.
    pub const fn all() -> Self {
        Self {
            reads: true,
            writes: true,
            sources: EventSources::AllBut(Vec::new()),
        }
    }

    fn includes(&self, source: &str, access: Access) -> bool {
        let has_access = match access {
            Access::Read => self.reads,
            Access::Write => self.writes,
        };
        has_access && self.sources.include(source)
    }
}

impl EventSources {
    /// Returns `true` if the service with this name is one of them.
    pub fn include(&self, source: &str) -> bool {
        let names = |sources: &[String]| sources.iter().any(|one| one == source);
        match self {
            Self::AllBut(sources) => !names(sources),
            Self::Only(sources) => names(sources),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KMS: &str = "kms.amazonaws.com";

    #[test]
    fn selectors_are_united() {
        let selector = |reads, writes, sources: EventSources| EventSelector {
            reads,
            writes,
            sources,
        };
        let all = || EventSources::AllBut(Vec::new());
        let all_but = |source: &str| EventSources::AllBut(vec![source.to_owned()]);
        let only = |source: &str| EventSources::Only(vec![source.to_owned()]);
        for (selectors, reads, writes) in [
            (vec![], false, false),
            (vec![EventSelector::all()], true, true),
            (vec![selector(true, false, all())], true, false),
            (vec![selector(false, true, all())], false, true),
            (vec![selector(false, false, all())], false, false),
            (
                vec![selector(true, false, all()), selector(false, true, all())],
                true,
                true,
            ),
            (vec![selector(true, true, all_but(KMS))], false, false),
            (
                vec![selector(true, true, all_but("rdsdata.amazonaws.com"))],
                true,
                true,
            ),
            (vec![selector(true, true, only(KMS))], true, true),
            (
                vec![selector(true, true, only("s3.amazonaws.com"))],
                false,
                false,
            ),
            (
                vec![
                    selector(true, true, all_but(KMS)),
                    selector(true, false, only(KMS)),
                ],
                true,
                false,
            ),
        ] {
            let trail = Trail {
                selectors: List::complete(selectors),
                ..crate::checks::samples::trail()
            };
            let logged = Access::ALL.map(|access| trail.unlogged(access).all(|one| one != KMS));
            assert_eq!(logged, [reads, writes], "{trail:?}");
        }
    }

    #[test]
    fn a_complete_trail_logs_delivers_and_validates_everything() {
        let trail = crate::checks::samples::trail;
        let status = |is_logging, error: Option<&str>| {
            Ok(TrailStatus {
                is_logging,
                delivery_error: error.map(str::to_owned),
            })
        };
        for (trail, is_complete) in [
            (trail(), true),
            (
                Trail {
                    is_multi_region: false,
                    ..trail()
                },
                false,
            ),
            (
                Trail {
                    validates_log_files: false,
                    ..trail()
                },
                false,
            ),
            (
                Trail {
                    status: status(false, None),
                    ..trail()
                },
                false,
            ),
            (
                Trail {
                    status: status(true, Some("NoSuchBucket")),
                    ..trail()
                },
                false,
            ),
            (
                Trail {
                    status: Err(crate::checks::samples::unread()),
                    ..trail()
                },
                false,
            ),
            (
                Trail {
                    selectors: List::complete(Vec::new()),
                    ..trail()
                },
                false,
            ),
        ] {
            assert_eq!(trail.is_complete(), is_complete, "{trail:?}");
        }
    }
}
