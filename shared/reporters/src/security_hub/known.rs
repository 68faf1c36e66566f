//! What Security Hub holds of ours already.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_securityhub::types::{
    AwsSecurityFinding, AwsSecurityFindingFilters, ComplianceStatus, DateFilter, MapFilter,
    MapFilterComparison, RecordState, StringFilter, StringFilterComparison,
};
use eksentry_core::Outcome;
use eksentry_core::finding::GENERATOR;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SecurityHub;
use super::asff::{DIGEST, REVISION, RUN, time};
use super::lean::Lean;
use crate::ReportError;

/// The most values that GetFindings takes for one filter.
/// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>.
const VALUES_A_FILTER: usize = 20;

/// The most findings that GetFindings puts on a page.
const PAGE: i32 = 100;

/// A finding says when its facts were read, and is sent some time later, at most as late as a function may run; clocks
/// differ too.
const LATE: Duration = Duration::from_hours(1);

const GET_FINDINGS: &str = "securityhub:GetFindings";

/// What there is to know of a finding that Security Hub holds, to tell whether it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// When it was first reported, as it was written then.
    pub created_at: String,
    /// When it was last updated.
    pub updated_at: Option<Timestamp>,
    /// Whether it is archived.
    #[serde(default, skip_serializing_if = "is_false")]
    pub archived: bool,
    /// What it says; `None` where that is none of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The digest of what was reported; `None` of findings without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The revision of what was judged, where a list told one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// A finding's compliance status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The resource is as it should be.
    Passed,
    /// It is not.
    Failed,
    /// Somebody should look.
    Warning,
    /// It could not be told.
    NotAvailable,
}

impl Status {
    /// The status of an outcome; `None` where there is no finding.
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Known findings by id.
pub type KnownFindings = HashMap<String, Known>;

/// Which of our findings to read.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// Those with these ids.
    Ids(&'a [String]),
    /// Those about resources whose ARNs begin so.
    Within {
        /// What the ARNs begin with.
        prefix: &'a str,
        /// What they do not begin with; at most nineteen, since a filter takes twenty values.
        without: &'a [String],
        /// The generators, `eksentry/<checkId>`; where there are none all of ours, those of retired checks too.
        generators: &'a [String],
        /// Only what has changed since.
        since: Option<&'a Since>,
    },
}

/// A moment, and who changed findings after it: anybody but these runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The moment.
    pub at: Timestamp,
    /// The runs' ids; at most twenty.
    pub other_than: Vec<String>,
}

impl SecurityHub {
    /// The findings of ours that Security Hub holds, archived ones too.
    ///
    /// # Errors
    ///
    /// When a call fails.
    pub async fn known(&self, selection: Selection<'_>) -> Result<KnownFindings, ReportError> {
        let mut known = KnownFindings::new();
        let each = |finding: AwsSecurityFinding| {
            let id = finding.id.clone().unwrap_or_default();
            known.insert(id, Known::of(&finding));
        };
        self.each(selection, Some(Lean), each).await?;
        Ok(known)
    }

    /// The findings with these ids, in full; they are held in memory, so ask for few.
    pub(super) async fn in_full(
        &self,
        ids: &[String],
    ) -> Result<Vec<AwsSecurityFinding>, ReportError> {
        let mut findings = Vec::new();
        let each = |finding| findings.push(finding);
        self.each(Selection::Ids(ids), None, each).await?;
        Ok(findings)
    }

    /// Reads findings of ours, page by page: in full, or what is left of them by that interceptor.
    async fn each(
        &self,
        selection: Selection<'_>,
        lean: Option<Lean>,
        mut each: impl FnMut(AwsSecurityFinding),
    ) -> Result<(), ReportError> {
        for filters in self.filters(selection) {
            let call = self
                .client
                .get_findings()
                .filters(filters)
                .max_results(PAGE);
            let mut token = None;
            loop {
                self.reads.turn().await;
                let mut page = call.clone().set_next_token(token).customize();
                if let Some(lean) = lean {
                    page = page.interceptor(lean);
                }
                let page = page.send().await;
                let page = page.map_err(|error| self.failed(GET_FINDINGS, error))?;
                let findings = page.findings.unwrap_or_default().into_iter();
                findings.filter(is_ours).for_each(&mut each);
                token = page.next_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn filters(&self, selection: Selection<'_>) -> Vec<AwsSecurityFindingFilters> {
        let base = || {
            AwsSecurityFindingFilters::builder()
                .product_arn(equals(&self.product_arn()))
                .aws_account_id(equals(&self.location.account))
        };
        let any_of = |values: &[String]| Some(values.iter().map(|value| equals(value)).collect());
        match selection {
            Selection::Ids(ids) => ids
                .chunks(VALUES_A_FILTER)
                .map(|ids| base().set_id(any_of(ids)).build())
                .collect(),
            Selection::Within {
                prefix,
                without,
                generators,
                since,
            } => {
                let base = || {
                    let mut filters =
                        base().resource_id(filter(prefix, StringFilterComparison::Prefix));
                    for other in without {
                        filters = filters
                            .resource_id(filter(other, StringFilterComparison::PrefixNotEquals));
                    }
                    match since {
                        Some(since) => changed(filters, since),
                        None => filters,
                    }
                };
                if generators.is_empty() {
                    let ours = filter(GENERATOR, StringFilterComparison::Prefix);
                    return vec![base().generator_id(ours).build()];
                }
                generators
                    .chunks(VALUES_A_FILTER)
                    .map(|ids| base().set_generator_id(any_of(ids)).build())
                    .collect()
            }
        }
    }
}

type FiltersBuilder = aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder;

fn changed(filters: FiltersBuilder, since: &Since) -> FiltersBuilder {
    let updated = DateFilter::builder()
        .start(time(since.at - LATE))
        .end(time(Timestamp::now() + LATE))
        .build();
    let not_of = |run: &String| {
        MapFilter::builder()
            .key(RUN)
            .value(run)
            .comparison(MapFilterComparison::NotEquals)
            .build()
    };
    filters
        .updated_at(updated)
        .set_product_fields(Some(since.other_than.iter().map(not_of).collect()))
}

impl Known {
    fn of(finding: &AwsSecurityFinding) -> Self {
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
        }
    }
}

/// Other products import under the same product ARN, and filters are answered from an index that may lag.
fn is_ours(finding: &AwsSecurityFinding) -> bool {
    [finding.generator_id(), finding.id()]
        .iter()
        .all(|text| text.is_some_and(|text| text.starts_with(GENERATOR)))
}

fn equals(value: &str) -> StringFilter {
    filter(value, StringFilterComparison::Equals)
}

fn filter(value: &str, comparison: StringFilterComparison) -> StringFilter {
    StringFilter::builder()
        .value(value)
        .comparison(comparison)
        .build()
}
