//! What we know to have reported, kept in a bucket.
//!
//! GetFindings yields three hundred findings a second at best. Of a registry with a hundred thousand, a ledger brings in
//! one call what reading back would take minutes for. Security Hub stays the truth: what anybody else changed since is
//! read from it, and a ledger that is lost, broken or of another version is as if there had never been one.

use std::fmt::Write;
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

/// Who may not list a bucket is denied what is not in it, rather than told so.
pub(crate) const ACTIONS: &[&str] = &["s3:GetObject", "s3:ListBucket", "s3:PutObject"];

/// To be raised when ledgers are written otherwise.
const VERSION: u32 = 1;

/// What Security Hub held of a part, but for what others changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    version: u32,
    /// Of when it is: what was changed later by others than these runs is not in it.
    as_of: Timestamp,
    /// The run that wrote it, and those before it whose findings may be taken for changes: their ids, and when they
    /// began.
    runs: Vec<(String, Timestamp)>,
    /// The findings.
    pub findings: KnownFindings,
}

/// How long ago a run may have begun that changed findings since the moment from which changes are read: that hour, and
/// the time that a function may run.
const RECENT: Duration = Duration::from_hours(2);

/// GetFindings takes twenty values for one filter.
const MOST_RUNS: usize = 20;

/// For how long Security Hub keeps findings that are not updated, active and archived ones.
/// Source: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings.html>.
const KEPT: Duration = Duration::from_hours(90 * 24);
const KEPT_ARCHIVED: Duration = Duration::from_hours(30 * 24);

impl Ledger {
    /// The runs whose findings are in it.
    pub fn runs(&self) -> &[(String, Timestamp)] {
        &self.runs
    }

    /// What is to be read from Security Hub to complete it.
    pub fn since(&self) -> Since {
        Since {
            at: self.as_of,
            other_than: self.runs.iter().map(|(id, _)| id.clone()).collect(),
        }
    }

    /// A ledger as of a moment, written by a run that began with what `before` says. What Security Hub has dropped by
    /// then is left out.
    pub fn new(
        as_of: Timestamp,
        run: &str,
        before: Option<&[(String, Timestamp)]>,
        mut findings: KnownFindings,
    ) -> Self {
        let mut runs = vec![(run.to_owned(), as_of)];
        runs.extend(recent(before.unwrap_or_default(), as_of).cloned());
        runs.truncate(MOST_RUNS);
        findings.retain(|_, known| is_kept(known, as_of));
        Self {
            version: VERSION,
            as_of,
            runs,
            findings,
        }
    }
}

/// Whether less than that has passed. Moments that others tell may be the last that there are, to which nothing can be
/// added.
fn is_within(most: Duration, from: Timestamp, to: Timestamp) -> bool {
    to.duration_since(from) < SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX)
}

/// The runs that may have changed findings since.
fn recent(
    runs: &[(String, Timestamp)],
    as_of: Timestamp,
) -> impl Iterator<Item = &(String, Timestamp)> {
    runs.iter()
        .filter(move |(_, began_at)| is_within(RECENT, *began_at, as_of))
}

/// Whether Security Hub still keeps a finding by then.
fn is_kept(known: &Known, as_of: Timestamp) -> bool {
    let kept = if known.archived { KEPT_ARCHIVED } else { KEPT };
    known.updated_at.is_none_or(|at| is_within(kept, at, as_of))
}

/// A bucket of ledgers.
#[derive(Debug, Clone)]
pub struct Ledgers {
    client: Lazy<aws_sdk_s3::Client>,
    bucket: String,
    owner: String,
}

impl Ledgers {
    /// The ledgers in that bucket, which must be that account's: whoever else owns one of its name gets nothing.
    pub fn new(aws: &Aws, bucket: &str, owner: &str) -> Self {
        Self {
            client: client!(aws_sdk_s3, aws),
            bucket: bucket.to_owned(),
            owner: owner.to_owned(),
        }
    }

    /// The ledger of a part; `None` where there is none that can be used.
    ///
    /// # Errors
    ///
    /// When the bucket can't be read.
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
    /// When the bucket can't be written to.
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
        let answer = call.send().await;
        answer
            .map(drop)
            .map_err(|error| ReportError::of_call("s3:PutObject", error))
    }
}

/// Each part has its own object; names of repositories are hashed, since a key takes no more than 1,024 bytes.
fn key(location: &Location, part: &Part) -> String {
    let json = serde_json::to_vec(part).unwrap_or_default();
    let mut name = String::new();
    for byte in Sha256::digest(json).iter().take(12) {
        // Writing to a String can't fail.
        let _ = write!(name, "{byte:02x}");
    }
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
    fn it_forgets_what_security_hub_forgets() {
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
    fn it_names_the_runs_that_may_have_written_since() {
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
    fn it_names_no_more_runs_than_a_filter_takes() {
        let now = at("2026-07-31T12:00:00Z");
        for (count, named) in [(0, 1), (18, 19), (19, 20), (30, 20)] {
            let before: Vec<_> = (0..count).map(|n| (n.to_string(), now)).collect();
            let ledger = Ledger::new(now, "this", Some(&before), KnownFindings::new());
            assert_eq!(ledger.since().other_than.len(), named);
            assert_eq!(ledger.runs()[0].0, "this");
        }
    }

    #[test]
    fn each_part_of_each_place_has_an_object_of_its_own() {
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
