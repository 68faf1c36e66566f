//! The scan that an event reports, used where the API cannot be read or is behind the event.

use std::collections::BTreeMap;
use std::sync::Arc;

use eksentry_core::facts::EcrImage;
use eksentry_core::facts::image::{Manifest, Scan, ScanResult, ScanStatus, SeverityCounts};
use eksentry_core::{Observation, Severity, State};

/// The outcome of a scan, as the event reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanReport {
    pub(crate) status: String,
    pub(crate) counts: Option<BTreeMap<String, u64>>,
    pub(crate) tags: Vec<String>,
}

impl ScanReport {
    /// Returns the scan, if the event has a result: it failed, or it is complete and the findings are counted.
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
                    in_use: None,
                };
                tried(ScanStatus::Complete, Some(Arc::new(result)))
            }
            _ => None,
        }
    }

    /// Completes an observation with the event's scan, if the image or its scan could not be read from the API. A scan
    /// that was read takes precedence, with one exception: if it has no result, or one whose findings may not all have
    /// arrived, and the event counts findings of a higher severity, the image is evaluated by the event's counts.
    pub(crate) fn complete(&self, mut observation: Observation) -> Observation {
        let Some(scan) = self.scan() else {
            return observation;
        };
        let (repository, digest) = observation.resource.repository_and_digest();
        match &mut observation.state {
            State::Present(facts) => {
                if let Some(image) = facts.of::<EcrImage>()
                    && let Some(image) = with(image, scan)
                {
                    observation.state = State::present(image);
                }
            }
            State::Unread(reason) => {
                let mut tags = self.tags.clone();
                tags.sort_unstable();
                let account = observation.resource.account();
                observation.state = State::present(EcrImage {
                    tags,
                    manifest: Manifest::Withheld,
                    scan: Ok(scan),
                    ..EcrImage::undescribed(repository, digest, account, reason)
                });
            }
            State::Gone => {}
        }
        observation
    }
}

/// Returns `true` if an event counts findings of a higher severity than those in the API's response, and the API may be
/// behind the event.
fn is_worse(event: &ScanResult, read: &Scan) -> bool {
    let highest = read.result().and_then(|result| result.counts.highest());
    read.may_be_behind() && event.counts.highest() > highest
}

/// Returns an image with the event's scan, if the API's scan could not be read or is less severe; `None` if the API's
/// scan takes precedence.
fn with(image: &EcrImage, scan: Scan) -> Option<EcrImage> {
    let Ok(read) = &image.scan else {
        return Some(EcrImage {
            scan: Ok(scan),
            manifest: Manifest::Withheld,
            ..image.clone()
        });
    };
    let announced = scan.result().filter(|event| is_worse(event, read))?;
    Some(EcrImage {
        scan: Ok(Scan::Announced(Arc::clone(announced))),
        ..image.clone()
    })
}

/// Returns the counts by severity. Inspector adds a TOTAL, which is more than the sum of the severities that it names.
fn read(named: &BTreeMap<String, u64>) -> SeverityCounts {
    let mut counts = SeverityCounts::default();
    for (name, count) in named.iter().filter(|(name, _)| *name != "TOTAL") {
        counts.add(name.parse().ok(), *count);
    }
    let rest = named
        .get("TOTAL")
        .map_or(0, |total| total.saturating_sub(counts.total()));
    // Findings of severities that are not named are less severe than the named ones.
    counts.add(Some(Severity::Low), rest);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::{ReasonCode, Unread};

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

    fn complete(report: ScanReport, state: State) -> State {
        let resource = eksentry_core::Resource::parse(
            "arn:aws:ecr:us-east-1:111122223333:repository/app/sha256:0a",
        );
        let observation = Observation {
            resource: resource.unwrap(),
            observed_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            state,
        };
        report.complete(observation).state
    }

    #[test]
    fn total_is_not_a_severity() {
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
    fn the_events_scan_replaces_only_unread_images() {
        let unread = || {
            State::Unread(Unread {
                code: ReasonCode::AccessDenied,
                text: "Denied.".to_owned(),
            })
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

    fn image(scan: Scan) -> State {
        let reason = Unread::not_requested("it");
        State::present(EcrImage {
            tags: vec!["1.0".into()],
            scan: Ok(scan),
            ..EcrImage::undescribed("app", "sha256:0a", "111122223333", &reason)
        })
    }

    fn tried(status: ScanStatus, found: Option<&[(&str, u64)]>) -> Scan {
        let result = found.map(|found| {
            let named = found.iter().map(|(name, n)| ((*name).to_owned(), *n));
            Arc::new(ScanResult {
                counts: read(&named.collect()),
                vulnerabilities: Vec::new(),
                in_use: None,
            })
        });
        Scan::Tried {
            status,
            description: None,
            result,
        }
    }

    #[test]
    fn the_events_counts_take_precedence_if_the_api_is_behind() {
        use ScanStatus::{Arriving, Complete, Failed, UnderWay};
        let low = Some(&[("LOW", 1)][..]);
        let none = Some(&[][..]);
        let high = [("HIGH", 2), ("MEDIUM", 1)];
        for (api, event, decides) in [
            (Scan::Never, &high[..], true),
            (tried(Arriving, None), &high, true),
            (tried(Arriving, low), &high, true),
            (tried(Complete, None), &high, true),
            // These counts are no more severe than those of the API.
            (tried(Arriving, None), &[("HIGH", 0)], false),
            (tried(Arriving, low), &[("LOW", 9)], false),
            (tried(Arriving, Some(&high)), &[("HIGH", 9)], false),
            // In these cases, the API's scan takes precedence.
            (tried(Complete, none), &high, false),
            (tried(Complete, low), &high, false),
            (tried(UnderWay, None), &high, false),
            (tried(Failed, None), &high, false),
        ] {
            let before = image(api.clone());
            let after = complete(report("COMPLETE", event), before.clone());
            let image = after.facts_of::<EcrImage>().unwrap();
            match &image.scan {
                Ok(Scan::Announced(announced)) => {
                    assert!(decides, "{api:?} {event:?}");
                    assert_eq!(announced.counts.highest(), Some(Severity::High));
                }
                _ => assert!(
                    !decides && format!("{after:?}") == format!("{before:?}"),
                    "{api:?} {event:?}"
                ),
            }
        }
        for status in ["FAILED", "SOMETHING_NEW"] {
            let state = image(Scan::Never);
            let after = complete(report(status, &high), state.clone());
            assert_eq!(format!("{after:?}"), format!("{state:?}"), "{status}");
        }
    }
}
