//! Metrics: lines on standard output in the CloudWatch embedded metric format, from which CloudWatch Logs extracts
//! metrics.
//!
//! They are written before the function returns, since Lambda may freeze the process right after.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::summary::Summary;

const NAMESPACE: &str = "eksentry";

/// Returns the lines of a function's metrics about a run. The first line is about the run itself. A sweep has further
/// lines: one for each status, with the verdicts of all checks, and one for each check, with the verdicts that need
/// attention. CloudWatch charges for each metric, and a metric for each check and status would make hundreds. A status
/// that no resource has is written as zero, so that an alarm on it returns to OK. The verdicts of functions for events,
/// which are about single resources, are left out: they would be added to those of a sweep, which cover all resources.
/// Workers also evaluate what events have left to them, which is little beside a sweep.
pub(crate) fn lines(function: &str, summary: &Summary, at: Timestamp) -> Vec<u8> {
    let run = [
        ("Resources", Unit::Count, summary.resources as u64),
        ("Posted", Unit::Count, summary.posted as u64),
        ("Refreshed", Unit::Count, summary.refreshed as u64),
        ("Unchanged", Unit::Count, summary.unchanged as u64),
        ("Archived", Unit::Count, summary.archived as u64),
        ("Muted", Unit::Count, summary.muted as u64),
        ("Errors", Unit::Count, summary.errors as u64),
        ("Slices", Unit::Count, summary.slices as u64),
        ("Calls", Unit::Count, summary.calls),
        ("Throttled", Unit::Count, summary.throttled),
        ("Duration", Unit::Milliseconds, summary.duration_ms),
    ];
    let mut lines = Line::new(at, &[("Function", function)], &run).json();
    if function.starts_with("sweep") {
        for (status, count) in [
            ("PASSED", summary.passed),
            ("FAILED", summary.failed),
            ("WARNING", summary.warning),
            ("NOT_AVAILABLE", summary.not_available),
        ] {
            let verdicts = [("Verdicts", Unit::Count, count as u64)];
            lines.extend(Line::new(at, &[("Status", status)], &verdicts).json());
        }
        for (check, results) in &summary.checks {
            let verdicts = [
                ("Failed", Unit::Count, results.failed as u64),
                ("NotAvailable", Unit::Count, results.not_available as u64),
            ];
            lines.extend(Line::new(at, &[("Check", check)], &verdicts).json());
        }
    }
    lines
}

/// A log line that CloudWatch Logs takes metrics from.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    metadata: Metadata<'a>,
    #[serde(flatten)]
    dimensions: BTreeMap<&'a str, &'a str>,
    #[serde(flatten)]
    values: BTreeMap<&'a str, u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    /// The time, in milliseconds since 1970.
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

/// The members of the line that are metrics, and those that are their dimensions.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: [Vec<&'a str>; 1],
    metrics: Vec<Metric<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric<'a> {
    name: &'a str,
    unit: Unit,
}

#[derive(Clone, Copy, Serialize)]
enum Unit {
    Count,
    Milliseconds,
}

impl<'a> Line<'a> {
    /// Creates a line with the names, units and values of metrics, all with the same dimensions.
    fn new(
        at: Timestamp,
        dimensions: &[(&'a str, &'a str)],
        metrics: &[(&'a str, Unit, u64)],
    ) -> Self {
        let directive = Directive {
            namespace: NAMESPACE,
            dimensions: [dimensions.iter().map(|(name, _)| *name).collect()],
            metrics: metrics
                .iter()
                .map(|&(name, unit, _)| Metric { name, unit })
                .collect(),
        };
        Self {
            metadata: Metadata {
                timestamp: at.as_millisecond(),
                cloud_watch_metrics: [directive],
            },
            dimensions: dimensions.iter().copied().collect(),
            values: metrics
                .iter()
                .map(|&(name, _, value)| (name, value))
                .collect(),
        }
    }

    /// Returns the line as JSON, with a line break at its end.
    fn json(&self) -> Vec<u8> {
        // Strings and numbers can always be serialized.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::CheckSummary;
    use eksentry_core::checks::CHECKS;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    const AT: &str = "2026-03-01T12:00:00.25Z";

    fn summary() -> Summary {
        let results = CheckSummary {
            passed: 7,
            failed: 2,
            warning: 0,
            not_available: 1,
        };
        Summary {
            resources: 1,
            passed: 63,
            failed: 18,
            warning: 0,
            not_available: 9,
            posted: 2,
            refreshed: 3,
            unchanged: 4,
            archived: 5,
            muted: 6,
            errors: 7,
            slices: 8,
            calls: 9,
            throttled: 10,
            duration_ms: 11,
            checks: CHECKS.iter().map(|check| (check.id, results)).collect(),
            ..Summary::default()
        }
    }

    fn metric_lines(function: &str, summary: &Summary) -> Vec<Value> {
        let text = String::from_utf8(lines(function, summary, AT.parse().unwrap())).unwrap();
        assert!(text.ends_with('\n'), "{text}");
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Returns the metrics that CloudWatch extracts from a line, as `Name{Dimension=value}` with values and units, by
    /// the rules of the format:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
    fn extracted(line: &Value) -> BTreeMap<String, (u64, String)> {
        let text = |value: &Value, longest: usize| {
            let text = value.as_str().unwrap().to_owned();
            assert!((1..=longest).contains(&text.len()), "{line}");
            assert!(text.is_ascii() && !text.trim().is_empty(), "{line}");
            text
        };
        let names = |value: &Value| -> BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let metadata = &line["_aws"];
        assert_eq!(
            names(metadata),
            ["CloudWatchMetrics", "Timestamp"].map(String::from).into()
        );
        assert_eq!(metadata["Timestamp"], 1_772_366_400_250_u64);
        let [directive] = metadata["CloudWatchMetrics"].as_array().unwrap().as_slice() else {
            panic!("expected one directive: {line}");
        };
        assert_eq!(
            names(directive),
            ["Dimensions", "Metrics", "Namespace"]
                .map(String::from)
                .into()
        );
        assert_eq!(directive["Namespace"], "eksentry");

        let mut referenced = BTreeSet::from(["_aws".to_owned()]);
        let [dimensions] = directive["Dimensions"].as_array().unwrap().as_slice() else {
            panic!("expected one set of dimensions: {line}");
        };
        let dimensions = dimensions.as_array().unwrap();
        assert!(dimensions.len() <= 30, "{line}");
        let mut labels = Vec::new();
        for dimension in dimensions {
            let name = text(dimension, 250);
            assert!(!name.starts_with(':'), "{line}");
            labels.push(format!("{name}={}", text(&line[&name], 1024)));
            assert!(referenced.insert(name), "{line}");
        }

        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()), "{line}");
        let mut extracted = BTreeMap::new();
        for metric in metrics {
            assert_eq!(names(metric), ["Name", "Unit"].map(String::from).into());
            let name = text(&metric["Name"], 1024);
            let unit = text(&metric["Unit"], 20);
            assert!(["Count", "Milliseconds"].contains(&unit.as_str()), "{line}");
            let value = line[&name].as_u64().unwrap();
            extracted.insert(format!("{name}{{{}}}", labels.join(",")), (value, unit));
            assert!(referenced.insert(name), "{line}");
        }
        assert_eq!(
            names(line),
            referenced,
            "every member of the line is a metric, a dimension or metadata"
        );
        extracted
    }

    #[test]
    fn the_first_line_has_the_metrics_of_the_run() {
        for function in ["sweep", "sweep-worker", "config-rule", "ecr-event"] {
            let lines = metric_lines(function, &summary());
            let extracted = extracted(&lines[0]);
            let names = [
                "Resources",
                "Posted",
                "Refreshed",
                "Unchanged",
                "Archived",
                "Muted",
                "Errors",
                "Slices",
                "Calls",
                "Throttled",
                "Duration",
            ];
            let expected = names.iter().zip(1..).map(|(name, value)| {
                let unit = match *name {
                    "Duration" => "Milliseconds",
                    _ => "Count",
                };
                let metric = format!("{name}{{Function={function}}}");
                (metric, (value, unit.to_owned()))
            });
            assert_eq!(extracted, expected.collect());
            let order: Vec<&Value> = lines[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"]
                .as_array()
                .unwrap()
                .iter()
                .map(|metric| &metric["Name"])
                .collect();
            assert_eq!(order, names);
        }
    }

    #[test]
    fn sweeps_have_a_line_for_each_status_and_each_check() {
        for function in ["sweep", "sweep-worker"] {
            let mut written = metric_lines(function, &summary()).into_iter().skip(1);
            let count = |value| (value, "Count".to_owned());
            for (status, value) in [
                ("PASSED", 63),
                ("FAILED", 18),
                ("WARNING", 0),
                ("NOT_AVAILABLE", 9),
            ] {
                let metric = format!("Verdicts{{Status={status}}}");
                assert_eq!(
                    extracted(&written.next().unwrap()),
                    BTreeMap::from([(metric, count(value))])
                );
            }
            let mut checks: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
            checks.sort_unstable();
            for check in checks {
                assert_eq!(
                    extracted(&written.next().unwrap()),
                    BTreeMap::from([
                        (format!("Failed{{Check={check}}}"), count(2)),
                        (format!("NotAvailable{{Check={check}}}"), count(1)),
                    ])
                );
            }
            assert_eq!(written.next(), None);
        }
    }

    #[test]
    fn the_number_of_metrics_is_linear_in_the_number_of_checks() {
        let written = metric_lines("sweep", &summary());
        let metrics: BTreeSet<String> = written
            .iter()
            .flat_map(|line| extracted(line).into_keys())
            .collect();
        assert_eq!(metrics.len(), 11 + 4 + 2 * CHECKS.len());
    }

    #[test]
    fn event_functions_have_no_verdict_metrics() {
        for function in ["ecr-event", "config-rule"] {
            let lines = metric_lines(function, &summary());
            assert_eq!(lines.len(), 1);
            assert_eq!(extracted(&lines[0]).len(), 11);
        }
    }

    #[test]
    fn names_are_escaped_as_json() {
        let name = "a \"name\"\n";
        assert_eq!(
            metric_lines(name, &Summary::default())[0]["Function"],
            json!(name)
        );
    }
}
