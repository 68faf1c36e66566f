//! Ledgers: records, kept in a bucket, of the findings that eksentry is known to have sent.
//!
//! GetFindings returns at most three hundred findings a second. For a registry with a hundred thousand findings, a
//! ledger provides in one call what would take minutes to read back. Security Hub remains the source of truth: changes
//! that others have made since then are read from it. A ledger that is lost, corrupt or of another version is treated
//! as absent.

use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use eksentry_aws::{Aws, Lazy, client};
use eksentry_core::{Location, Part};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Known, KnownFindings, Since};
use crate::ReportError;

/// The IAM actions of the calls. If a role may not list the bucket, S3 denies access to an absent object instead of
/// reporting that it is absent.
pub(crate) const ACTIONS: &[&str] = &["s3:GetObject", "s3:ListBucket", "s3:PutObject"];

/// The version of the format of ledgers. It must be raised when the format changes.
const VERSION: u32 = 1;

/// The findings that Security Hub held about a part of an account, without the changes that others have made since
/// then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    version: u32,
    /// The time of the ledger. Later changes that were not made by these runs are not in it.
    as_of: Timestamp,
    /// The run that wrote the ledger, and earlier runs whose findings could be taken for changes: their ids, and the
    /// times at which they began.
    runs: Vec<(String, Timestamp)>,
    /// The findings.
    pub findings: KnownFindings,
}

/// The maximum age of a run that may have changed findings in the period from which changes are read. It is the hour by
/// which that period begins early, and the time that a function may run.
const RECENT: Duration = Duration::from_hours(2);

/// The maximum number of runs in a ledger: GetFindings takes twenty values for one filter.
const MAX_RUNS: usize = 20;

/// The periods for which Security Hub keeps active and archived findings that are not updated.
/// Source: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings.html>.
const ACTIVE_RETENTION: Duration = Duration::from_hours(90 * 24);
const ARCHIVED_RETENTION: Duration = Duration::from_hours(30 * 24);

impl Ledger {
    /// Returns the runs whose findings are in the ledger.
    pub fn runs(&self) -> &[(String, Timestamp)] {
        &self.runs
    }

    /// Returns the time of the ledger.
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// Returns the changes that must be read from Security Hub to complete the ledger.
    pub fn since(&self) -> Since {
        Since {
            at: self.as_of,
            other_than: self.runs.iter().map(|(id, _)| id.clone()).collect(),
        }
    }

    /// Creates the ledger of a run, as of that time. `before` contains the runs of the ledger that the run began with.
    /// Findings that Security Hub no longer keeps at that time are left out.
    pub fn new(
        as_of: Timestamp,
        run: &str,
        before: Option<&[(String, Timestamp)]>,
        mut findings: KnownFindings,
    ) -> Self {
        let mut runs = vec![(run.to_owned(), as_of)];
        runs.extend(recent(before.unwrap_or_default(), as_of).cloned());
        runs.truncate(MAX_RUNS);
        findings.retain(|_, known| is_kept(known, as_of));
        Self {
            version: VERSION,
            as_of,
            runs,
            findings,
        }
    }
}

/// Returns `true` if less than `most` has passed between two times. The function subtracts the times, since a time from
/// outside may be the latest possible one, to which nothing can be added.
fn is_within(most: Duration, from: Timestamp, to: Timestamp) -> bool {
    to.duration_since(from) < SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX)
}

/// Returns the runs that may have changed findings in the period from which changes are read.
fn recent(
    runs: &[(String, Timestamp)],
    as_of: Timestamp,
) -> impl Iterator<Item = &(String, Timestamp)> {
    runs.iter()
        .filter(move |(_, began_at)| is_within(RECENT, *began_at, as_of))
}

/// Returns `true` if Security Hub still keeps a finding at that time.
fn is_kept(known: &Known, as_of: Timestamp) -> bool {
    let retention = if known.archived {
        ARCHIVED_RETENTION
    } else {
        ACTIVE_RETENTION
    };
    known
        .updated_at
        .is_none_or(|at| is_within(retention, at, as_of))
}

/// A bucket of ledgers.
#[derive(Debug, Clone)]
pub struct Ledgers {
    client: Lazy<aws_sdk_s3::Client>,
    bucket: String,
    owner: String,
}

impl Ledgers {
    /// Creates a store of ledgers in a bucket. The bucket must belong to the account `owner`: a bucket of the same name
    /// in another account receives nothing.
    pub fn new(aws: &Aws, bucket: &str, owner: &str) -> Self {
        Self {
            client: client!(aws_sdk_s3, aws),
            bucket: bucket.to_owned(),
            owner: owner.to_owned(),
        }
    }

    /// Returns the ledger of a part; `None` if there is none that can be used.
    ///
    /// # Errors
    ///
    /// Returns an error if the bucket can't be read.
    pub async fn read(
        &self,
        location: &Location,
        part: &Part,
    ) -> Result<Option<Ledger>, ReportError> {
        let action = "s3:GetObject";
        let call = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .expected_bucket_owner(&self.owner)
            .key(key(location, part));
        let object = match call.send().await {
            Ok(object) => object,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetObjectError::is_no_such_key) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(ReportError::of_call(action, error)),
        };
        let body = object.body.collect().await;
        let body = body.map_err(|error| ReportError::of_call(action, error))?;
        let ledger: Option<Ledger> = serde_json::from_slice(&body.into_bytes()).ok();
        Ok(ledger.filter(|ledger| ledger.version == VERSION))
    }

    /// Writes the ledger of a part.
    ///
    /// # Errors
    ///
    /// Returns an error if the bucket can't be written to.
    pub async fn write(
        &self,
        location: &Location,
        part: &Part,
        ledger: &Ledger,
    ) -> Result<(), ReportError> {
        let body = serde_json::to_vec(ledger).unwrap_or_default();
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .expected_bucket_owner(&self.owner)
            .key(key(location, part))
            .content_type("application/json")
            .body(ByteStream::from(body));
        let response = call.send().await;
        response
            .map(drop)
            .map_err(|error| ReportError::of_call("s3:PutObject", error))
    }
}

/// Returns the key of a part's object. The part is hashed, since it may contain long names of repositories, and a key
/// has at most 1,024 bytes.
fn key(location: &Location, part: &Part) -> String {
    let json = serde_json::to_vec(part).unwrap_or_default();
    let name = hex::encode(&Sha256::digest(json)[..12]);
    format!(
        "ledger/{}/{}/{name}.json",
        location.account, location.region
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use eksentry_core::facts::EksCluster;
    use eksentry_core::{FactsOf, RepositoryNames};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn location(region: &str, account: &str) -> Location {
        Location {
            partition: "aws".into(),
            region: region.into(),
            account: account.into(),
        }
    }

    #[test]
    fn expired_findings_are_removed() {
        for (updated_at, archived, kept) in [
            // 90 days while it is active, 30 once it is archived.
            (Some("2026-05-02T00:00:01Z"), false, true),
            (Some("2026-05-02T00:00:00Z"), false, false),
            (Some("2026-07-01T00:00:01Z"), true, true),
            (Some("2026-07-01T00:00:00Z"), true, false),
            (None, true, true),
        ] {
            let known = Known {
                created_at: "2026-01-01T00:00:00Z".into(),
                updated_at: updated_at.map(at),
                archived,
                status: None,
                digest: None,
                revision: None,
                unread_since: None,
            };
            let findings = KnownFindings::from([("id".to_owned(), known)]);
            let ledger = Ledger::new(at("2026-07-31T00:00:00Z"), "run", None, findings);
            assert_eq!(
                !ledger.findings.is_empty(),
                kept,
                "{updated_at:?} {archived}"
            );
        }
    }

    #[test]
    fn recent_runs_are_kept() {
        let now = at("2026-07-31T12:00:00Z");
        let before = [
            ("late", "2026-07-31T11:59:00Z"),
            ("just", "2026-07-31T10:00:01Z"),
            ("old", "2026-07-31T10:00:00Z"),
        ];
        let before = before.map(|(run, began_at)| (run.to_owned(), at(began_at)));
        let ledger = Ledger::new(now, "this", Some(&before), KnownFindings::new());
        let runs: Vec<&str> = ledger.runs().iter().map(|(run, _)| run.as_str()).collect();
        assert_eq!(runs, ["this", "late", "just"]);
        assert_eq!(ledger.runs()[0].1, now);
        let since = ledger.since();
        assert_eq!(
            (since.at, since.other_than),
            (now, runs.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn at_most_twenty_runs_are_kept() {
        let now = at("2026-07-31T12:00:00Z");
        for (count, named) in [(0, 1), (18, 19), (19, 20), (30, 20)] {
            let before: Vec<_> = (0..count).map(|n| (n.to_string(), now)).collect();
            let ledger = Ledger::new(now, "this", Some(&before), KnownFindings::new());
            assert_eq!(ledger.since().other_than.len(), named);
            assert_eq!(ledger.runs()[0].0, "this");
        }
    }

    #[test]
    fn each_part_of_each_account_and_region_has_its_own_key() {
        let part = |prefix: &str| {
            Part::Registry(RepositoryNames {
                prefix: prefix.into(),
                without: Vec::new(),
            })
        };
        let mut keys = BTreeSet::new();
        for region in ["eu-central-1", "us-east-1"] {
            for account in ["111122223333", "444455556666"] {
                let clusters = Part::of(EksCluster::KIND);
                for part in [
                    clusters,
                    Part::Keys,
                    part(""),
                    part("a"),
                    part(&"a".repeat(256)),
                ] {
                    let key = key(&location(region, account), &part);
                    assert!(
                        key.starts_with(&format!("ledger/{account}/{region}/")),
                        "{key}"
                    );
                    assert!(key.len() < 100, "{key}");
                    assert!(keys.insert(key));
                }
            }
        }
    }
}
