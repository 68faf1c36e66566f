//! The policy that decides which findings are sent, and when.

use std::time::Duration;

use eksentry_core::{Finding, Outcome, Sending};
use eksentry_reporters::security_hub::{Known, Status};
use jiff::Timestamp;

use crate::settings::{PassedImages, Settings};

/// The multiple of the refresh interval, and the age, from which on a finding is refreshed in any case. Security Hub
/// soon drops a finding of that age.
const OVERDUE: u32 = 2;
const DROPPED_SOON: Duration = Duration::from_hours(80 * 24);

/// The settings that decide which findings are sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    pub(super) refresh: Duration,
    passed_images: PassedImages,
}

/// The decision about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Send the finding: it is new, or differs from the one in Security Hub.
    Post,
    /// Send the finding again: it is unchanged, but was last sent long ago.
    Refresh,
    /// Do not send the finding: Security Hub holds the same one, or a newer one.
    Skip,
    /// Do not send the finding: the settings exclude it.
    Withheld,
}

impl Policy {
    /// Returns the policy that the settings define.
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            refresh: settings.refresh,
            passed_images: settings.passed_images,
        }
    }

    /// Returns the decision about a finding with this digest, given the finding in Security Hub. `may_refresh` is `true`
    /// if the run may send another unchanged finding again.
    pub(super) fn decide(
        &self,
        known: Option<&Known>,
        finding: &Finding,
        digest: &str,
        may_refresh: bool,
    ) -> Decision {
        let is_excluded = finding.sending == Sending::OnRecovery
            || self.passed_images == PassedImages::Recovered
                && !finding.resource.kind().sends_every_pass
                && finding.verdict.outcome == Outcome::Passed;
        let ends_a_failure =
            known.is_some_and(|known| !known.archived && known.status != Some(Status::Passed));
        if is_excluded && !ends_a_failure {
            return Decision::Withheld;
        }
        let Some(known) = known else {
            return Decision::Post;
        };
        if known.updated_at.is_some_and(|at| at >= finding.observed_at) {
            return Decision::Skip;
        }
        let same = !known.archived && known.digest.as_deref() == Some(digest);
        match age(known, finding.observed_at) {
            Some(_) if !same => Decision::Post,
            Some(age) if age < self.refresh => Decision::Skip,
            Some(age) if may_refresh || age >= (self.refresh * OVERDUE).min(DROPPED_SOON) => {
                Decision::Refresh
            }
            Some(_) => Decision::Skip,
            None => Decision::Post,
        }
    }
}

/// Returns the time since a finding was last updated; `None` if that is unknown.
pub(super) fn age(known: &Known, now: Timestamp) -> Option<Duration> {
    let age = now.duration_since(known.updated_at?);
    Some(Duration::try_from(age).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::{ParameterValues, ReasonCode, Resource, checks};
    use eksentry_reporters::security_hub::digest;

    const DAY: Duration = Duration::from_hours(24);

    fn finding() -> Finding {
        let resource =
            Resource::parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd").unwrap();
        let unread = eksentry_core::Unread {
            code: ReasonCode::AccessDenied,
            text: "Denied.".to_owned(),
        };
        let observation = eksentry_core::Observation {
            resource,
            observed_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            state: eksentry_core::State::Unread(unread),
        };
        let check = checks::find("kms-cmk-rotation").unwrap();
        let settings = ParameterValues::default();
        Finding::all(check, &observation, &settings, None, &|_, verdict| verdict).remove(0)
    }

    #[test]
    fn changed_findings_are_posted_and_old_ones_refreshed() {
        let policy = Policy {
            refresh: 30 * DAY,
            passed_images: PassedImages::All,
        };
        let finding = finding();
        let digest = digest(&finding).unwrap();
        let known = |updated_at: &str, archived, digest: &str| Known {
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            updated_at: updated_at.parse().ok(),
            archived,
            status: Some(Status::NotAvailable),
            digest: Some(digest.to_owned()),
            revision: None,
            unread_since: None,
        };
        let same = digest.as_str();
        for (known, may_refresh, expected) in [
            (
                known("2026-02-20T00:00:00Z", false, same),
                true,
                Decision::Skip,
            ),
            (
                known("2026-01-20T00:00:00Z", false, same),
                true,
                Decision::Refresh,
            ),
            (
                known("2026-01-20T00:00:00Z", false, same),
                false,
                Decision::Skip,
            ),
            (
                known("2025-12-20T00:00:00Z", false, same),
                false,
                Decision::Refresh,
            ),
            (
                known("2026-02-20T00:00:00Z", false, "other"),
                false,
                Decision::Post,
            ),
            (
                known("2026-02-20T00:00:00Z", true, same),
                false,
                Decision::Post,
            ),
            (
                known("2026-03-02T00:00:00Z", false, "other"),
                true,
                Decision::Skip,
            ),
            (known("long ago", false, same), false, Decision::Post),
        ] {
            assert_eq!(
                policy.decide(Some(&known), &finding, &digest, may_refresh),
                expected,
                "{known:?}"
            );
        }
        assert_eq!(
            policy.decide(None, &finding, &digest, false),
            Decision::Post
        );
    }
}
