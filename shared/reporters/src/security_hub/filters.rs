//! The filters of GetFindings that select findings of eksentry.

use std::time::Duration;

use aws_sdk_securityhub::types::{
    AwsSecurityFindingFilters, DateFilter, MapFilter, MapFilterComparison, StringFilter,
    StringFilterComparison,
};
use eksentry_core::Location;
use eksentry_core::finding::GENERATOR;
use jiff::Timestamp;

use super::asff::{RUN, time};
use super::product_arn;

/// The maximum number of values that GetFindings takes for one filter.
/// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>.
const VALUES_A_FILTER: usize = 20;

/// The margin for changes that arrive late. The update time of a finding is the time at which its facts were read. The
/// finding is sent later, by at most the time that a function may run; clocks differ too.
const MARGIN: Duration = Duration::from_hours(1);

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

/// Returns the filters for a selection, one for each request that it takes.
pub(super) fn filters(
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

/// Adds the filters for changes: the range of update times, and the runs to exclude.
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
}
