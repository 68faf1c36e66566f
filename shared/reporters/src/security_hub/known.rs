//! The findings of eksentry that Security Hub already holds.

use std::collections::HashMap;

use aws_sdk_securityhub::types::{AwsSecurityFinding, ComplianceStatus, RecordState};
use eksentry_aws::Pages;
use eksentry_core::Outcome;
use eksentry_core::finding::GENERATOR;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::SecurityHub;
use super::asff::{DIGEST, REVISION, UNREAD_SINCE};
use super::filters::{Selection, filters};
use super::summaries::FindingSummaries;
use crate::ReportError;

/// The maximum number of findings that GetFindings returns on a page.
pub(super) const PAGE: i32 = 100;

pub(super) const GET_FINDINGS: &str = "securityhub:GetFindings";

/// The members of a finding in Security Hub that show whether it has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// The time at which the finding was first reported, as it was written then.
    pub created_at: String,
    /// The time at which the finding was last updated.
    pub updated_at: Option<Timestamp>,
    /// `true` if the finding is archived.
    #[serde(default, skip_serializing_if = "is_false")]
    pub archived: bool,
    /// The compliance status; `None` if it is absent, or one that eksentry does not use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The digest of the reported content; `None` if the finding has no digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The revision of the evaluated facts, if a list returned one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The day from which on nothing in the cluster could be read, if the finding states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_since: Option<Date>,
}

/// A finding's compliance status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The resource passes the check.
    Passed,
    /// The resource fails the check.
    Failed,
    /// A person should examine the resource.
    Warning,
    /// The result could not be determined.
    NotAvailable,
}

impl Status {
    /// Returns the status of an outcome; `None` if there is no finding for it.
    pub fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Passed => Some(Self::Passed),
            Outcome::Failed(_) => Some(Self::Failed),
            Outcome::Warning => Some(Self::Warning),
            Outcome::NotAvailable => Some(Self::NotAvailable),
            Outcome::NotApplicable | Outcome::Pending => None,
        }
    }

    fn read(status: &ComplianceStatus) -> Option<Self> {
        match status {
            ComplianceStatus::Passed => Some(Self::Passed),
            ComplianceStatus::Failed => Some(Self::Failed),
            ComplianceStatus::Warning => Some(Self::Warning),
            ComplianceStatus::NotAvailable => Some(Self::NotAvailable),
            _ => None,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The known findings, by id.
pub type KnownFindings = HashMap<String, Known>;

impl SecurityHub {
    /// Returns eksentry's findings that Security Hub holds, including archived ones.
    ///
    /// # Errors
    ///
    /// Returns an error if a call fails, or if its response is incomplete.
    pub async fn known(&self, selection: Selection<'_>) -> Result<KnownFindings, ReportError> {
        let mut known = KnownFindings::new();
        let each = |finding: AwsSecurityFinding| {
            let id = finding.id.clone().unwrap_or_default();
            known.insert(id, Known::of(&finding));
        };
        self.each(selection, Some(FindingSummaries), each).await?;
        Ok(known)
    }

    /// Returns the complete findings with these ids. They are held in memory, so callers should request few.
    pub(super) async fn in_full(
        &self,
        ids: &[String],
    ) -> Result<Vec<AwsSecurityFinding>, ReportError> {
        let mut findings = Vec::new();
        let each = |finding| findings.push(finding);
        self.each(Selection::Ids(ids), None, each).await?;
        Ok(findings)
    }

    /// Reads eksentry's findings page by page: in full, or with only the members that the interceptor `summaries`
    /// keeps.
    async fn each(
        &self,
        selection: Selection<'_>,
        summaries: Option<FindingSummaries>,
        mut each: impl FnMut(AwsSecurityFinding),
    ) -> Result<(), ReportError> {
        for filters in filters(&self.location, selection, self.clock.now()) {
            let call = self
                .client
                .get_findings()
                .filters(filters)
                .max_results(PAGE);
            let (mut tokens, mut token) = (Pages::default(), None);
            loop {
                self.reads.acquire().await;
                let mut page = call.clone().set_next_token(token).customize();
                if let Some(summaries) = summaries {
                    page = page.interceptor(summaries);
                }
                let page = page.send().await;
                let page = page.map_err(|error| self.failed(GET_FINDINGS, error))?;
                let findings = page.findings.ok_or_else(|| ReportError {
                    action: GET_FINDINGS,
                    problem: "the response lacks Findings".to_owned(),
                })?;
                if !findings.iter().all(has_required_members) {
                    return Err(ReportError {
                        action: GET_FINDINGS,
                        problem: "a finding in the response lacks Id, GeneratorId or CreatedAt"
                            .to_owned(),
                    });
                }
                findings
                    .into_iter()
                    .filter(is_from_eksentry)
                    .for_each(&mut each);
                let noted = tokens.add_token(page.next_token.as_deref());
                noted.map_err(|error| ReportError::of_call(GET_FINDINGS, error))?;
                token = page.next_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Known {
    pub(super) fn of(finding: &AwsSecurityFinding) -> Self {
        let field = |name: &str| finding.product_fields()?.get(name).cloned();
        let status = finding
            .compliance()
            .and_then(|compliance| compliance.status());
        Self {
            created_at: finding.created_at().unwrap_or_default().to_owned(),
            updated_at: finding.updated_at().and_then(|time| time.parse().ok()),
            archived: finding.record_state() == Some(&RecordState::Archived),
            status: status.and_then(Status::read),
            digest: field(DIGEST),
            revision: field(REVISION),
            unread_since: field(UNREAD_SINCE).and_then(|day| day.parse().ok()),
        }
    }
}

/// Returns `true` if a finding has the members that every finding has. Without them, the time at which it was first
/// reported would be lost.
fn has_required_members(finding: &AwsSecurityFinding) -> bool {
    finding.id().is_some() && finding.generator_id().is_some() && finding.created_at().is_some()
}

/// Returns `true` if a finding is one of eksentry's. Other products import under the same product ARN, and the
/// index behind the filters may be out of date.
pub(super) fn is_from_eksentry(finding: &AwsSecurityFinding) -> bool {
    [finding.generator_id(), finding.id()]
        .iter()
        .all(|text| text.is_some_and(|text| text.starts_with(GENERATOR)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_securityhub::types::Compliance;
    use eksentry_core::Severity;

    use super::*;

    #[test]
    fn known_has_the_members_of_a_finding() {
        let fields = [
            (DIGEST, "d"),
            (REVISION, "r"),
            (UNREAD_SINCE, "2026-11-23"),
            ("aws/x", "y"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        for (value, status) in [
            ("PASSED", Some(Status::Passed)),
            ("FAILED", Some(Status::Failed)),
            ("WARNING", Some(Status::Warning)),
            ("NOT_AVAILABLE", Some(Status::NotAvailable)),
            ("SOMETHING_NEW", None),
        ] {
            for (state, archived) in [("ACTIVE", false), ("ARCHIVED", true)] {
                let finding = AwsSecurityFinding::builder()
                    .created_at("2026-01-02T03:04:05Z")
                    .updated_at("2026-01-02T03:04:06Z")
                    .record_state(state.into())
                    .compliance(Compliance::builder().status(value.into()).build())
                    .set_product_fields(Some(HashMap::from(fields.clone())))
                    .build();
                let known = Known {
                    created_at: "2026-01-02T03:04:05Z".into(),
                    updated_at: "2026-01-02T03:04:06Z".parse().ok(),
                    archived,
                    status,
                    digest: Some("d".into()),
                    revision: Some("r".into()),
                    unread_since: Some(jiff::civil::date(2026, 11, 23)),
                };
                assert_eq!(Known::of(&finding), known);
            }
        }
    }

    #[test]
    fn outcomes_map_to_compliance_statuses() {
        for (outcome, status) in [
            (Outcome::Passed, Some(Status::Passed)),
            (Outcome::Failed(Severity::Low), Some(Status::Failed)),
            (Outcome::Warning, Some(Status::Warning)),
            (Outcome::NotAvailable, Some(Status::NotAvailable)),
            (Outcome::NotApplicable, None),
            (Outcome::Pending, None),
        ] {
            assert_eq!(Status::of(outcome), status);
        }
    }

    #[test]
    fn a_finding_requires_an_id_a_generator_and_a_creation_time() {
        let some = || Some("eksentry/x".to_owned());
        for (id, generator, created_at, expected) in [
            (some(), some(), some(), true),
            (None, some(), some(), false),
            (some(), None, some(), false),
            (some(), some(), None, false),
        ] {
            let finding = AwsSecurityFinding::builder()
                .set_id(id)
                .set_generator_id(generator)
                .set_created_at(created_at)
                .build();
            assert_eq!(has_required_members(&finding), expected, "{finding:?}");
        }
    }

    #[test]
    fn a_finding_from_eksentry_has_the_prefix_in_both_ids() {
        let (own, other) = (Some("eksentry/x"), Some("prowler/x"));
        for (generator, id, expected) in [
            (own, own, true),
            (own, other, false),
            (other, own, false),
            (own, None, false),
            (None, own, false),
        ] {
            let finding = AwsSecurityFinding::builder()
                .set_generator_id(generator.map(str::to_owned))
                .set_id(id.map(str::to_owned))
                .build();
            assert_eq!(is_from_eksentry(&finding), expected, "{generator:?} {id:?}");
        }
    }

    #[test]
    fn default_values_are_omitted_from_a_ledger() {
        let defaults = Known {
            created_at: "2026-01-02T03:04:05Z".into(),
            updated_at: None,
            archived: false,
            status: None,
            digest: None,
            revision: None,
            unread_since: None,
        };
        let archived = Known {
            archived: true,
            ..defaults.clone()
        };
        for (known, json) in [
            (
                defaults,
                r#"{"createdAt":"2026-01-02T03:04:05Z","updatedAt":null}"#,
            ),
            (
                archived,
                r#"{"createdAt":"2026-01-02T03:04:05Z","updatedAt":null,"archived":true}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&known).unwrap(), json);
            assert_eq!(serde_json::from_str::<Known>(json).unwrap(), known);
        }
    }
}
