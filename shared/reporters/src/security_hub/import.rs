//! Functions that send findings, and archive them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_securityhub::operation::batch_import_findings::{
    BatchImportFindingsError, BatchImportFindingsOutput,
};
use aws_sdk_securityhub::types::{AwsSecurityFinding, RecordState};
use jiff::Timestamp;

use super::SecurityHub;
use super::asff::{Rendered, archived, missing_member};
use super::known::GET_FINDINGS;
use crate::ReportError;

/// The limits of BatchImportFindings. The size leaves room for the parts of a request that surround the findings.
/// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>.
const FINDINGS_A_CALL: usize = 100;
const BYTES_A_CALL: usize = 6 * 1024 * 1024 - 64 * 1024;

/// The number of times that a finding is sent if it fails for a temporary reason.
const TRIES: u32 = 3;

/// The wait before the second try. The wait before the third try is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The error codes of findings that would fail again.
const PERMANENT: [&str; 2] = ["InvalidInput", "InvalidAccess"];

const IMPORT: &str = "securityhub:BatchImportFindings";

/// A finding that Security Hub did not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The id of the finding.
    pub id: String,
    /// The reason why it was not accepted.
    pub problem: String,
}

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// The ids of the findings that Security Hub accepted.
    pub accepted: Vec<String>,
    /// The findings that it did not accept.
    pub failed: Vec<Failure>,
}

/// A finding to send. It is rendered each time that it is sent, since only the findings of one call are held in memory.
pub struct Unsent<'a> {
    size: usize,
    render: Box<dyn Fn() -> AwsSecurityFinding + 'a>,
}

impl<'a> Unsent<'a> {
    /// Returns the finding that `render` returns, which has at most `size` bytes as JSON.
    pub fn new(size: usize, render: impl Fn() -> AwsSecurityFinding + 'a) -> Self {
        let render = Box::new(render);
        Self { size, render }
    }
}

impl SecurityHub {
    /// Sends findings, in batches up to the limits of a call. A finding that fails for a temporary reason is sent up to
    /// three times in all. Findings that still fail are part of the result.
    pub async fn import(&self, findings: &[Unsent<'_>]) -> Imported {
        let mut imported = Imported::default();
        for batch in batches(findings) {
            self.import_batch(batch, &mut imported).await;
        }
        imported
    }

    /// Archives findings, given by id. They are sent again with the same content, but archived as of the time at which
    /// their resource was observed to be gone. A finding that Security Hub does not hold, or holds in a newer state, is
    /// left unchanged. The findings are held in memory in full, so callers should pass few. A finding that GetFindings
    /// returned incompletely fails, since it could not be sent with the same content. The function also returns the ids
    /// of the findings that were already archived or absent.
    ///
    /// # Errors
    ///
    /// Returns an error if the findings could not be read.
    pub async fn archive(
        &self,
        gone: &HashMap<String, Timestamp>,
        run: &str,
    ) -> Result<(Imported, Vec<String>), ReportError> {
        let ids: Vec<String> = gone.keys().cloned().collect();
        let found = Box::pin(self.in_full(&ids)).await?;
        let active = found
            .iter()
            .filter(|finding| finding.record_state() != Some(&RecordState::Archived));
        let active: HashSet<&str> = active.filter_map(AwsSecurityFinding::id).collect();
        let before = ids.iter().filter(|id| !active.contains(id.as_str()));
        let before = before.cloned().collect();
        let mut incomplete = Vec::new();
        let findings = found.into_iter().filter_map(|finding| {
            let absent_at = *gone.get(finding.id()?)?;
            if let Some(member) = missing_member(&finding) {
                incomplete.push(Failure {
                    id: id_of(&finding),
                    problem: format!(
                        "the response of {GET_FINDINGS} lacks {member}, so the finding wasn't archived"
                    ),
                });
                return None;
            }
            Some(archived(finding, absent_at)?.with_run(run))
        });
        let findings: Vec<Rendered> = findings.collect();
        let findings = findings.iter();
        let findings = findings.map(|one| Unsent::new(one.size, || one.finding.clone()));
        let mut imported = self.import(&findings.collect::<Vec<_>>()).await;
        imported.failed.append(&mut incomplete);
        Ok((imported, before))
    }

    async fn import_batch(&self, batch: Vec<&Unsent<'_>>, imported: &mut Imported) {
        let mut pending = vec![(batch, 1)];
        while let Some((batch, attempt)) = pending.pop() {
            self.imports.acquire().await;
            let findings: Vec<_> = batch.iter().map(|unsent| (unsent.render)()).collect();
            let ids: Vec<String> = findings.iter().map(id_of).collect();
            let call = self.client.batch_import_findings();
            let response = call.set_findings(Some(findings)).send().await;
            let failed = match response {
                Ok(response) => failures(&ids, response),
                // Security Hub rejects a whole call for one invalid finding. The batch is halved to isolate that
                // finding.
                Err(error)
                    if batch.len() > 1
                        && error
                            .as_service_error()
                            .is_some_and(BatchImportFindingsError::is_invalid_input_exception) =>
                {
                    let mut batch = batch;
                    let rest = batch.split_off(batch.len() / 2);
                    pending.extend([(rest, attempt), (batch, attempt)]);
                    continue;
                }
                Err(error) => {
                    let problem = self.failed(IMPORT, error).to_string();
                    let failures = ids.into_iter().map(|id| Failure {
                        id,
                        problem: problem.clone(),
                    });
                    imported.failed.extend(failures);
                    continue;
                }
            };
            let mut retries = Vec::new();
            for (unsent, id) in batch.into_iter().zip(ids) {
                match failed.get(&id) {
                    None => imported.accepted.push(id),
                    Some((code, _)) if attempt < TRIES && !PERMANENT.contains(&code.as_str()) => {
                        retries.push(unsent);
                    }
                    Some((code, message)) => {
                        imported.failed.push(Failure {
                            id,
                            problem: format!("{IMPORT} failed: {code}: {message}"),
                        });
                    }
                }
            }
            if !retries.is_empty() {
                tokio::time::sleep(FIRST_WAIT * attempt).await;
                pending.push((retries, attempt + 1));
            }
        }
    }
}

/// Returns the code and message of each failure, by id. If Security Hub does not report which finding a failure belongs
/// to, every finding that it does not name may have failed.
fn failures(
    ids: &[String],
    response: BatchImportFindingsOutput,
) -> HashMap<String, (String, String)> {
    let listed = response.failed_findings.unwrap_or_default();
    let failed = usize::try_from(response.failed_count.unwrap_or_default())
        .unwrap_or_default()
        .max(listed.len());
    let text = |text: Option<String>| text.unwrap_or_default();
    let mut listed: HashMap<String, (String, String)> = listed
        .into_iter()
        .map(|failure| {
            (
                text(failure.id),
                (text(failure.error_code), text(failure.error_message)),
            )
        })
        .collect();
    listed.retain(|id, _| ids.contains(id));
    if listed.len() < failed {
        let unknown = (
            "Unknown".to_owned(),
            "Security Hub didn't return which findings failed".to_owned(),
        );
        for id in ids {
            let of_finding = listed.entry(id.clone());
            of_finding.or_insert_with(|| unknown.clone());
        }
    }
    listed
}

fn id_of(finding: &AwsSecurityFinding) -> String {
    finding.id().unwrap_or_default().to_owned()
}

/// Splits findings into batches for calls, by number and size.
fn batches<'u, 'a>(findings: &'u [Unsent<'a>]) -> Vec<Vec<&'u Unsent<'a>>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for unsent in findings {
        if batch.len() == FINDINGS_A_CALL || bytes + unsent.size > BYTES_A_CALL {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += unsent.size;
        batch.push(unsent);
    }
    batches.push(batch);
    batches.retain(|batch| !batch.is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_securityhub::types::ImportFindingsError;

    #[test]
    fn a_failure_without_a_finding_applies_to_all_findings() {
        let batch = ["one", "two"].map(str::to_owned);
        let failed = |count: Option<i32>, ids: &[Option<&str>]| {
            let listed = ids.iter().map(|id| {
                ImportFindingsError::builder()
                    .set_id(id.map(str::to_owned))
                    .error_code("InternalError")
                    .build()
            });
            let response = BatchImportFindingsOutput::builder().set_failed_count(count);
            let response = response.set_failed_findings(Some(listed.collect())).build();
            let mut ids: Vec<String> = failures(&batch, response).into_keys().collect();
            ids.sort();
            ids
        };
        assert_eq!(failed(None, &[]), [""; 0]);
        assert_eq!(failed(Some(1), &[Some("two")]), ["two"]);
        for (count, ids) in [
            (Some(1), &[] as &[_]),
            (Some(2), &[Some("two")]),
            (None, &[None]),
            (Some(1), &[Some("three")]),
        ] {
            assert_eq!(failed(count, ids), ["one", "two"], "{count:?} {ids:?}");
        }
    }

    fn unsent(size: usize) -> Unsent<'static> {
        Unsent::new(size, || AwsSecurityFinding::builder().build())
    }

    #[test]
    fn batches_stay_within_the_limits_of_a_call() {
        let sizes =
            |findings: Vec<Unsent<'_>>| batches(&findings).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(Vec::new()), [0; 0]);
        assert_eq!(
            sizes((0..250).map(|_| unsent(1_000)).collect()),
            [100, 100, 50]
        );
        assert_eq!(
            sizes((0..60).map(|_| unsent(240 * 1024)).collect()),
            [25, 25, 10]
        );
        // A call takes 6 MB, part of which is reserved for the parts of a request that surround the findings.
        let most = 6 * 1024 * 1024 - 64 * 1024;
        for (findings, expected) in [
            (vec![most - 2, 1, 1], &[3][..]),
            (vec![most - 2, 1, 2, most - 2], &[2, 2]),
            (vec![most + 1, 1], &[1, 1]),
            (vec![1_000; 101], &[100, 1]),
        ] {
            assert_eq!(sizes(findings.into_iter().map(unsent).collect()), expected);
        }
    }
}
