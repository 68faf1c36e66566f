//! What a scan's event itself says of the scan, for where the API can't be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use eksentry_core::facts::EcrImage;
use eksentry_core::facts::image::{Content, Scan, ScanResult, ScanStatus, SeverityCounts};
use eksentry_core::{Observation, Severity, State};

/// A scan's outcome, as the event has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanReport {
    pub(crate) status: String,
    pub(crate) counts: Option<BTreeMap<String, u64>>,
    pub(crate) tags: Vec<String>,
}

impl ScanReport {
    /// The scan, where the event has a result: it failed, or it is complete and the findings are counted.
    fn scan(&self) -> Option<Scan> {
        let tried = |status, result| {
            Some(Scan::Tried {
                status,
                description: None,
                result,
            })
        };
        match (self.status.as_str(), &self.counts) {
            ("FAILED", _) => tried(ScanStatus::Failed, None),
            ("COMPLETE" | "ACTIVE" | "INITIAL_SCAN_COMPLETE", Some(counts)) => {
                let result = ScanResult {
                    counts: read(counts),
                    vulnerabilities: Vec::new(),
                };
                tried(ScanStatus::Complete, Some(Arc::new(result)))
            }
            _ => None,
        }
    }

    /// Puts the event's word in place of what the API did not tell. What the API does tell, stands.
    pub(crate) fn complete(&self, mut observation: Observation) -> Observation {
        let Some(scan) = self.scan() else {
            return observation;
        };
        let (repository, digest) = observation.resource.repository_and_digest();
        match &mut observation.state {
            State::Present(facts) => {
                if let Some(image) = facts.of::<EcrImage>()
                    && image.scan.is_err()
                {
                    let scan = Ok(scan);
                    observation.state = State::present(EcrImage {
                        scan,
                        ..image.clone()
                    });
                }
            }
            State::Unread(_) => {
                observation.state = State::present(EcrImage {
                    repository: repository.to_owned(),
                    digest: digest.to_owned(),
                    registry: Some(observation.resource.account().to_owned()),
                    tags: self.tags.clone(),
                    content: Content::Image,
                    archived: false,
                    pushed_at: None,
                    idle_days: None,
                    scan_revision: None,
                    scan: Ok(scan),
                });
            }
            State::Gone => {}
        }
        observation
    }
}

/// Counts by severity. Inspector adds a TOTAL, which is more than the sum of those that it names.
fn read(named: &BTreeMap<String, u64>) -> SeverityCounts {
    let mut counts = SeverityCounts::default();
    for (name, count) in named.iter().filter(|(name, _)| *name != "TOTAL") {
        counts.add(name.parse().ok(), *count);
    }
    let rest = named
        .get("TOTAL")
        .map_or(0, |total| total.saturating_sub(counts.total()));
    // What is not named is of a lower severity than those that are.
    counts.add(Some(Severity::Low), rest);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::Unread;

    fn report(status: &str, counts: &[(&str, u64)]) -> ScanReport {
        let counts = counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect();
        ScanReport {
            status: status.to_owned(),
            counts: Some(counts),
            tags: Vec::new(),
        }
    }

    #[test]
    fn inspectors_total_is_no_severity() {
        let counts = read(
            &report(
                "",
                &[("CRITICAL", 0), ("HIGH", 1), ("MEDIUM", 6), ("TOTAL", 10)],
            )
            .counts
            .unwrap(),
        );
        assert_eq!(
            (counts.highest(), counts.total(), counts.of(Severity::Low)),
            (Some(Severity::High), 10, 3)
        );
    }

    #[test]
    fn the_event_counts_only_where_the_api_could_not_be_read() {
        let unread = || {
            State::Unread(Unread {
                code: "ACCESS_DENIED",
                text: "Denied.".to_owned(),
            })
        };
        let complete = |report: ScanReport, state| {
            let resource = eksentry_core::Resource::parse(
                "arn:aws:ecr:us-east-1:111122223333:repository/app/sha256:0a",
            )
            .unwrap();
            let observed_at = "2026-03-01T00:00:00Z".parse().unwrap();
            report
                .complete(Observation {
                    resource,
                    observed_at,
                    state,
                })
                .state
        };
        assert!(matches!(
            complete(report("COMPLETE", &[("HIGH", 1)]), State::Gone),
            State::Gone
        ));
        let no_counts = ScanReport {
            counts: None,
            ..report("COMPLETE", &[])
        };
        assert!(matches!(complete(no_counts, unread()), State::Unread(_)));
        assert!(matches!(
            complete(report("SOMETHING_NEW", &[("HIGH", 1)]), unread()),
            State::Unread(_)
        ));
        let state = complete(report("COMPLETE", &[("HIGH", 1)]), unread());
        let image: EcrImage = state.facts_of::<EcrImage>().unwrap().clone();
        assert_eq!(
            image.scan.unwrap().result().unwrap().counts.highest(),
            Some(Severity::High)
        );
    }
}
