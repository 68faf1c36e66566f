//! The filters of GetFindings that select findings of eksentry.

use std::time::Duration;

use aws_sdk_securityhub::types::{
    AwsSecurityFindingFilters, DateFilter, MapFilter, MapFilterComparison, StringFilter,
    StringFilterComparison,
};
use eksentry_core::Location;
use eksentry_core::finding::{GENERATOR, KUBERNETES};
use eksentry_core::part::IdRange;
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
    /// The findings about resources with some ids.
    Within {
        /// The ids; at most nineteen beginnings are excluded, since a filter takes twenty values.
        range: &'a IdRange,
        /// The generators of the findings.
        generators: Generators<'a>,
        /// The changes to read; `None` selects all findings.
        since: Option<&'a Since>,
    },
}

/// A selection of generators, `eksentry/<checkId>`.
#[derive(Debug, Clone, Copy)]
pub enum Generators<'a> {
    /// These generators.
    These(&'a [String]),
    /// The generators of all checks of AWS resources, including retired ones.
    AwsResources,
    /// The generators of all checks of the contents of clusters, including retired ones. The findings of these checks
    /// are about clusters too, so the generators distinguish them.
    ContentsOfClusters,
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
            range,
            generators,
            since,
        } => {
            let base = || {
                let mut filters =
                    base().resource_id(filter(&range.prefix, StringFilterComparison::Prefix));
                for other in &range.without {
                    filters =
                        filters.resource_id(filter(other, StringFilterComparison::PrefixNotEquals));
                }
                if let Some(id) = &range.exact {
                    filters = filters.resource_id(equals(id));
                }
                match since {
                    Some(since) => changed(filters, since, now),
                    None => filters,
                }
            };
            let inside = format!("{GENERATOR}{KUBERNETES}");
            match generators {
                Generators::These(ids) => ids
                    .chunks(VALUES_A_FILTER)
                    .map(|ids| base().set_generator_id(any_of(ids)).build())
                    .collect(),
                Generators::AwsResources => {
                    let any = filter(GENERATOR, StringFilterComparison::Prefix);
                    let not_inside = filter(&inside, StringFilterComparison::PrefixNotEquals);
                    let filters = base().generator_id(any).generator_id(not_inside);
                    vec![filters.build()]
                }
                Generators::ContentsOfClusters => {
                    let inside = filter(&inside, StringFilterComparison::Prefix);
                    vec![base().generator_id(inside).build()]
                }
            }
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
    use eksentry_core::Part;

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

    fn range(without: &[&str]) -> IdRange {
        IdRange {
            prefix: "arn:aws:ecr:eu-central-1:111122223333:repository/pay".into(),
            without: without.iter().map(|&id| id.to_owned()).collect(),
            exact: None,
        }
    }

    fn within<'a>(
        range: &'a IdRange,
        generators: Generators<'a>,
        since: Option<&'a Since>,
    ) -> Selection<'a> {
        Selection::Within {
            range,
            generators,
            since,
        }
    }

    #[test]
    fn filters_select_the_product_and_the_account() {
        let (ids, range) = (numbered(1), range(&[]));
        for selection in [
            Selection::Ids(&ids),
            within(&range, Generators::AwsResources, None),
            within(&range, Generators::ContentsOfClusters, None),
            within(&range, Generators::These(&ids), None),
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
            let range = range(&[]);
            let these = within(&range, Generators::These(&many), None);
            let generators = filters(&location(), these, NOW);
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
        let without = "arn:aws:ecr:eu-central-1:111122223333:repository/payments/";
        let range = range(&[without]);
        let of_part = within(&range, Generators::AwsResources, None);
        let one = filters(&location(), of_part, NOW);
        assert_eq!(one.len(), 1);
        assert_eq!(
            criteria(one[0].resource_id()),
            [
                (
                    "PREFIX",
                    "arn:aws:ecr:eu-central-1:111122223333:repository/pay"
                ),
                ("PREFIX_NOT_EQUALS", without),
            ]
        );
        assert_eq!(
            criteria(one[0].generator_id()),
            [
                ("PREFIX", "eksentry/"),
                ("PREFIX_NOT_EQUALS", "eksentry/k8s-")
            ],
            "retired checks' findings too"
        );
        assert!(one[0].updated_at.is_none() && one[0].product_fields.is_none());
    }

    #[test]
    fn the_contents_of_a_cluster_are_selected_without_those_of_a_cluster_with_a_longer_name() {
        let part = Part::Kubernetes(Some("prod".into()));
        let ranges = part.ranges(&location());
        let [range] = ranges.as_slice() else {
            panic!("{ranges:?}");
        };
        let contents = within(range, Generators::ContentsOfClusters, None);
        let one = filters(&location(), contents, NOW);
        let cluster = "arn:aws:eks:eu-central-1:111122223333:cluster/prod";
        assert_eq!(
            criteria(one[0].resource_id()),
            [
                ("PREFIX", format!("{cluster}/").as_str()),
                ("EQUALS", cluster)
            ]
        );
        assert_eq!(
            criteria(one[0].generator_id()),
            [("PREFIX", "eksentry/k8s-")]
        );
    }

    #[test]
    fn changes_of_other_runs_are_read_with_a_margin_of_an_hour() {
        let at: Timestamp = "2026-03-01T10:20:30.456Z".parse().unwrap();
        let since = Since {
            at,
            other_than: vec!["run-1".into(), "run-2".into()],
        };
        let now: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let range = range(&[]);
        let changes = within(&range, Generators::AwsResources, Some(&since));
        let one = filters(&location(), changes, now);
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
