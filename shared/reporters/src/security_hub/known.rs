//! What Security Hub holds of ours already.

use std::collections::HashMap;

use aws_sdk_securityhub::types::{
    AwsSecurityFinding, AwsSecurityFindingFilters, RecordState, StringFilter,
    StringFilterComparison,
};
use eksentry_core::finding::GENERATOR;
use jiff::Timestamp;

use super::SecurityHub;
use super::asff::DIGEST;
use crate::ReportError;

/// The most values that GetFindings takes for one filter.
/// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>.
const VALUES_A_FILTER: usize = 20;

/// The most findings that GetFindings puts on a page.
const PAGE: i32 = 100;

/// What there is to know of a finding that Security Hub holds, to tell whether it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// When it was first reported, as it was written then.
    pub created_at: String,
    /// When it was last updated.
    pub updated_at: Option<Timestamp>,
    /// Whether it is archived.
    pub archived: bool,
    /// The digest of what was reported; `None` of findings without one.
    pub digest: Option<String>,
    /// The ARN of its resource.
    pub resource: String,
    /// What made it, `eksentry/<checkId>`.
    pub generator: String,
}

/// Known findings by id.
pub type KnownFindings = HashMap<String, Known>;

/// Which of our findings to read.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// Those with these ids.
    Ids(&'a [String]),
    /// Those of these generators, `eksentry/<checkId>`.
    Generators(&'a [String]),
    /// All of them, of retired checks too.
    All,
}

impl SecurityHub {
    /// The findings of ours that Security Hub holds, archived ones too.
    ///
    /// # Errors
    ///
    /// When a call fails.
    pub async fn known(&self, selection: Selection<'_>) -> Result<KnownFindings, ReportError> {
        let mut known = KnownFindings::new();
        for filters in self.filters(selection) {
            self.read(filters, |finding| {
                known.insert(finding.id.clone().unwrap_or_default(), Known::of(&finding));
            })
            .await?;
        }
        Ok(known)
    }

    /// The findings with these ids, in full.
    pub(super) async fn in_full(
        &self,
        ids: &[String],
    ) -> Result<Vec<AwsSecurityFinding>, ReportError> {
        let mut findings = Vec::new();
        for filters in self.filters(Selection::Ids(ids)) {
            self.read(filters, |finding| findings.push(finding)).await?;
        }
        Ok(findings)
    }

    async fn read(
        &self,
        filters: AwsSecurityFindingFilters,
        mut take: impl FnMut(AwsSecurityFinding),
    ) -> Result<(), ReportError> {
        let call = self
            .client
            .get_findings()
            .filters(filters)
            .max_results(PAGE);
        let mut findings = call.into_paginator().items().send();
        while let Some(finding) = findings.next().await {
            let finding =
                finding.map_err(|error| ReportError::of_call("securityhub:GetFindings", error))?;
            if is_ours(&finding) {
                take(finding);
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
        match selection {
            Selection::Ids(ids) => ids
                .chunks(VALUES_A_FILTER)
                .map(|ids| {
                    base()
                        .set_id(Some(ids.iter().map(|id| equals(id)).collect()))
                        .build()
                })
                .collect(),
            Selection::Generators(generators) => generators
                .chunks(VALUES_A_FILTER)
                .map(|ids| {
                    base()
                        .set_generator_id(Some(ids.iter().map(|id| equals(id)).collect()))
                        .build()
                })
                .collect(),
            Selection::All => vec![
                base()
                    .generator_id(filter(GENERATOR, StringFilterComparison::Prefix))
                    .build(),
            ],
        }
    }
}

impl Known {
    fn of(finding: &AwsSecurityFinding) -> Self {
        Self {
            created_at: finding.created_at().unwrap_or_default().to_owned(),
            updated_at: finding.updated_at().and_then(|time| time.parse().ok()),
            archived: finding.record_state() == Some(&RecordState::Archived),
            digest: finding
                .product_fields()
                .and_then(|fields| fields.get(DIGEST))
                .cloned(),
            resource: finding
                .resources()
                .first()
                .and_then(|resource| resource.id())
                .unwrap_or_default()
                .to_owned(),
            generator: finding.generator_id().unwrap_or_default().to_owned(),
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
