//! The findings of eksentry that Security Hub already holds.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_securityhub::types::{
    AwsSecurityFinding, AwsSecurityFindingFilters, ComplianceStatus, DateFilter, MapFilter,
    MapFilterComparison, RecordState, StringFilter, StringFilterComparison,
};
use eksentry_aws::Pages;
use eksentry_core::finding::GENERATOR;
use eksentry_core::{Location, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::asff::{DIGEST, REVISION, RUN, time};
use super::summaries::FindingSummaries;
use super::{SecurityHub, product_arn};
use crate::ReportError;

/// The maximum number of values that GetFindings takes for one filter.
/// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>.
const VALUES_A_FILTER: usize = 20;

/// The maximum number of findings that GetFindings returns on a page.
const PAGE: i32 = 100;

/// The margin for changes that arrive late. The update time of a finding is the time at which its facts were read. The
/// finding is sent later, by at most the time that a function may run; clocks differ too.
const MARGIN: Duration = Duration::from_hours(1);

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

/// A selection of eksentry's findings to read.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// The findings with these ids.
    Ids(&'a [String]),
    /// The findings about resources whose ARNs begin with a prefix.
    Within {
        /// The prefix of the ARNs.
        prefix: &'a str,
        /// The prefixes of ARNs to exclude; at most nineteen, since a filter takes twenty values.
        without: &'a [String],
        /// The generators, `eksentry/<checkId>`. An empty list selects all of eksentry's findings, including those of
        /// retired checks.
        generators: &'a [String],
        /// The changes to read; `None` selects all findings.
        since: Option<&'a Since>,
    },
}

/// A selection of changes: those after a time, except the changes that these runs made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The time after which findings have changed.
    pub at: Timestamp,
    /// The ids of the runs to exclude; at most twenty.
    pub other_than: Vec<String>,
}

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

/// Returns the filters for a selection, one for each request that it takes.
fn filters(
    location: &Location,
    selection: Selection<'_>,
    now: Timestamp,
) -> Vec<AwsSecurityFindingFilters> {
    let base = || {
        AwsSecurityFindingFilters::builder()
            .product_arn(equals(&product_arn(location)))
            .aws_account_id(equals(&location.account))
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
                    filters =
                        filters.resource_id(filter(other, StringFilterComparison::PrefixNotEquals));
                }
                match since {
                    Some(since) => changed(filters, since, now),
                    None => filters,
                }
            };
            if generators.is_empty() {
                let generator = filter(GENERATOR, StringFilterComparison::Prefix);
                return vec![base().generator_id(generator).build()];
            }
            generators
                .chunks(VALUES_A_FILTER)
                .map(|ids| base().set_generator_id(any_of(ids)).build())
                .collect()
        }
    }
}

type FiltersBuilder = aws_sdk_securityhub::types::builders::AwsSecurityFindingFiltersBuilder;

pub(super) fn changed(filters: FiltersBuilder, since: &Since, now: Timestamp) -> FiltersBuilder {
    let updated = DateFilter::builder()
        .start(time(since.at.saturating_sub(MARGIN).unwrap_or(since.at)))
        .end(time(now + MARGIN))
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

fn equals(value: &str) -> StringFilter {
    filter(value, StringFilterComparison::Equals)
}

fn filter(value: &str, comparison: StringFilterComparison) -> StringFilter {
    StringFilter::builder()
        .value(value)
        .comparison(comparison)
        .build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_securityhub::types::Compliance;
    use eksentry_core::Severity;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn location() -> Location {
        Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        }
    }

    /// Returns the comparison and the value of each filter.
    fn criteria(filters: &[StringFilter]) -> Vec<(&str, &str)> {
        filters
            .iter()
            .map(|filter| {
                (
                    filter
                        .comparison()
                        .map_or("", StringFilterComparison::as_str),
                    filter.value().unwrap_or_default(),
                )
            })
            .collect()
    }

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("eksentry/{n}")).collect()
    }

    fn within<'a>(
        without: &'a [String],
        generators: &'a [String],
        since: Option<&'a Since>,
    ) -> Selection<'a> {
        Selection::Within {
            prefix: "arn:aws:ecr:eu-central-1:111122223333:repository/pay",
            without,
            generators,
            since,
        }
    }

    #[test]
    fn filters_select_the_product_and_the_account() {
        let (ids, none) = (numbered(1), []);
        for selection in [
            Selection::Ids(&ids),
            within(&none, &none, None),
            within(&none, &ids, None),
        ] {
            for filters in filters(&location(), selection, NOW) {
                assert_eq!(
                    criteria(filters.product_arn()),
                    [(
                        "EQUALS",
                        "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"
                    )]
                );
                assert_eq!(
                    criteria(filters.aws_account_id()),
                    [("EQUALS", "111122223333")]
                );
            }
        }
    }

    #[test]
    fn ids_and_generators_are_requested_in_chunks_of_twenty() {
        for (count, sizes) in [(1, &[1][..]), (20, &[20]), (21, &[20, 1]), (40, &[20, 20])] {
            let many = numbered(count);
            let ids = filters(&location(), Selection::Ids(&many), NOW);
            let generators = filters(&location(), within(&[], &many, None), NOW);
            assert_eq!(
                ids.iter().map(|one| one.id().len()).collect::<Vec<_>>(),
                sizes
            );
            assert_eq!(
                generators
                    .iter()
                    .map(|one| one.generator_id().len())
                    .collect::<Vec<_>>(),
                sizes
            );
            assert_eq!(criteria(ids[0].id())[0], ("EQUALS", "eksentry/0"));
            assert_eq!(
                criteria(generators[0].generator_id())[0],
                ("EQUALS", "eksentry/0")
            );
        }
    }

    #[test]
    fn a_part_is_selected_by_the_prefix_of_its_arns() {
        let without = ["arn:aws:ecr:eu-central-1:111122223333:repository/payments/".to_owned()];
        let one = filters(&location(), within(&without, &[], None), NOW);
        assert_eq!(one.len(), 1);
        assert_eq!(
            criteria(one[0].resource_id()),
            [
                (
                    "PREFIX",
                    "arn:aws:ecr:eu-central-1:111122223333:repository/pay"
                ),
                ("PREFIX_NOT_EQUALS", without[0].as_str()),
            ]
        );
        assert_eq!(
            criteria(one[0].generator_id()),
            [("PREFIX", "eksentry/")],
            "retired checks' findings too"
        );
        assert!(one[0].updated_at.is_none() && one[0].product_fields.is_none());
    }

    #[test]
    fn changes_of_other_runs_are_read_with_a_margin_of_an_hour() {
        let at: Timestamp = "2026-03-01T10:20:30.456Z".parse().unwrap();
        let since = Since {
            at,
            other_than: vec!["run-1".into(), "run-2".into()],
        };
        let now: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let one = filters(&location(), within(&[], &[], Some(&since)), now);
        let updated = &one[0].updated_at()[0];
        assert_eq!(updated.start(), Some("2026-03-01T09:20:30.456Z"));
        assert_eq!(updated.end(), Some("2026-03-02T01:00:00.000Z"));
        let runs: Vec<_> = one[0]
            .product_fields()
            .iter()
            .map(|field| (field.key(), field.value()))
            .collect();
        let key = Some("eksentry/Run");
        assert_eq!(runs, [(key, Some("run-1")), (key, Some("run-2"))]);
        for field in one[0].product_fields() {
            assert_eq!(field.comparison(), Some(&MapFilterComparison::NotEquals));
        }
    }

    #[test]
    fn known_has_the_members_of_a_finding() {
        let fields = [(DIGEST, "d"), (REVISION, "r"), ("aws/x", "y")];
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
