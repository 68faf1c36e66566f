//! The number of AWS calls that a sweep makes for each kind of resource.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use crate::account::Account;

const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The kind of resource that a call is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Clusters,
    Contents,
    Nodes,
    LoadBalancers,
    Roles,
    Repositories,
    Images,
    Keys,
    Tags,
    Findings,
    Other,
}

impl Purpose {
    /// Returns the purpose of a call such as `eks.DescribeCluster`.
    fn of(call: &str) -> Self {
        match call {
            "ecr.DescribeImages" | "ecr.DescribeImageScanFindings" | "ecr.BatchGetImage" => {
                Self::Images
            }
            _ => match call.split('.').next() {
                Some("eks") => Self::Clusters,
                Some("lambda") => Self::Contents,
                Some("ec2") => Self::Nodes,
                Some("elasticloadbalancing") => Self::LoadBalancers,
                Some("iam") => Self::Roles,
                Some("ecr") => Self::Repositories,
                Some("kms") => Self::Keys,
                Some("tagging") => Self::Tags,
                Some("securityhub") => Self::Findings,
                _ => Self::Other,
            },
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Contents => "contents of private clusters",
            Self::Nodes => "nodes and networks",
            Self::LoadBalancers => "load balancers",
            Self::Roles => "IAM roles",
            Self::Repositories => "repositories",
            Self::Images => "images",
            Self::Keys => "keys",
            Self::Tags => "tags",
            Self::Findings => "Security Hub",
            Self::Other => "other",
        }
    }

    /// Returns the number of resources of the kind; `None` for a purpose that is no kind of resource in the account.
    fn resources(self, account: &Account) -> Option<usize> {
        match self {
            Self::Clusters => Some(account.clusters.len()),
            Self::Nodes => Some(account.entries("instances").len()),
            Self::LoadBalancers => Some(account.entries("load_balancers").len()),
            Self::Repositories => Some(account.repositories.len()),
            Self::Images => Some(
                account
                    .repositories
                    .iter()
                    .map(|one| one.images.len())
                    .sum(),
            ),
            Self::Keys => Some(account.keys.len()),
            Self::Contents | Self::Roles | Self::Tags | Self::Findings | Self::Other => None,
        }
    }
}

/// Renders a table of the calls by purpose. Each call is given as `service.Operation`.
pub(super) fn table(calls: &[String], account: &Account, columns: u16) -> String {
    let mut purposes: BTreeMap<Purpose, BTreeMap<&str, usize>> = BTreeMap::new();
    for call in calls {
        let operation = call.split_once('.').map_or(call.as_str(), |(_, name)| name);
        let operations = purposes.entry(Purpose::of(call)).or_default();
        *operations.entry(operation).or_default() += 1;
    }
    let mut table = Table::new();
    table
        .load_style(LINES)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(columns)
        .set_header([
            &format!("AWS calls of the first sweep: {}", calls.len()),
            "resources",
            "calls",
            "calls per resource",
            "operations",
        ])
        .force_no_tty();
    for (purpose, operations) in &purposes {
        let count: usize = operations.values().sum();
        let resources = purpose.resources(account);
        let names: Vec<String> = operations
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        table.add_row([
            Cell::new(purpose.label()),
            right(resources.map_or_else(String::new, |resources| resources.to_string())),
            right(count.to_string()),
            right(resources.map_or_else(String::new, |resources| each(count, resources))),
            Cell::new(names.join(", ")),
        ]);
    }
    table.trim_fmt()
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Returns `count / resources`, rounded to one decimal.
fn each(count: usize, resources: usize) -> String {
    match (count * 10 + resources / 2).checked_div(resources) {
        Some(tenths) => format!("{}.{}", tenths / 10, tenths % 10),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_kind_of_resource() {
        let account = Account::parse(
            "two clusters",
            "{account: '111122223333', region: eu-central-1, clusters: [{name: a}, {name: b}]}",
        )
        .unwrap();
        let calls = [
            "eks.ListClusters",
            "eks.DescribeCluster",
            "eks.DescribeCluster",
            "iam.GetRole",
            "ecr.DescribeImages",
        ]
        .map(str::to_owned);
        let table = table(&calls, &account, 140);
        let row = |name: &str| {
            let line = table.lines().find(|line| line.trim().starts_with(name));
            line.unwrap_or_else(|| panic!("{name} is missing in\n{table}"))
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(row("clusters")[1..4], ["2", "3", "1.5"]);
        assert_eq!(row("images")[1..4], ["0", "1", "–"]);
        assert!(table.contains("DescribeCluster 2"), "{table}");
    }

    #[test]
    fn averages_are_rounded() {
        assert_eq!(each(5, 3), "1.7");
        assert_eq!(each(4, 3), "1.3");
        assert_eq!(each(0, 3), "0.0");
        assert_eq!(each(2, 0), "–");
    }
}
