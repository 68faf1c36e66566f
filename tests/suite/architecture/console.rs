//! The resources of template.yaml that the console shows: Security Hub's insights, and CloudWatch's dashboard and
//! alarms.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_core::{checks::CHECKS, finding::generator_id};
use eksentry_tests::account::Record;
use eksentry_tests::template::{Stack, members, scalar};
use serde_json::{Value, json};

use super::{read, template};
use crate::world::World;

/// Metrics that AWS writes: the namespace, the type of the resource, the dimension, and the names.
/// Sources: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html> and
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>.
const METRICS_OF_AWS: [(&str, &str, &str, &[&str]); 2] = [
    (
        "AWS/Lambda",
        "AWS::Serverless::Function",
        "FunctionName",
        &["Errors", "Throttles"],
    ),
    (
        "AWS/SQS",
        "AWS::SQS::Queue",
        "QueueName",
        &[
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
        ],
    ),
];

/// The member of ASFF for each attribute of filters and groupings.
/// Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFindingFilters.html>.
const ATTRIBUTES: [(&str, &str); 7] = [
    ("AwsAccountId", "/AwsAccountId"),
    ("ComplianceStatus", "/Compliance/Status"),
    ("GeneratorId", "/GeneratorId"),
    ("RecordState", "/RecordState"),
    ("ResourceId", "/Resources/0/Id"),
    // Security Hub takes the label from this member.
    ("SeverityLabel", "/FindingProviderFields/Severity/Label"),
    ("WorkflowStatus", "/Workflow/Status"),
];

/// Returns the stack with the defaults of its parameters, and with all functions and queues.
fn complete() -> Stack {
    let stack = template::with_defaults().with("ReportBucket", "reports");
    stack.expect("the template has the parameter")
}

/// A metric.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Metric {
    namespace: String,
    name: String,
    dimensions: BTreeMap<String, String>,
}

impl Metric {
    /// Returns `true` if AWS writes the metric for a resource of the template.
    fn is_of_aws(&self, stack: &Stack) -> bool {
        METRICS_OF_AWS
            .iter()
            .any(|(namespace, of_type, dimension, names)| {
                let mut resources = stack.template().resources(of_type);
                self.namespace == *namespace
                    && names.contains(&self.name.as_str())
                    && self.dimensions.len() == 1
                    && self.dimensions.get(*dimension).is_some_and(|value| {
                        resources.any(|(name, _)| *value == named(stack, name))
                    })
            })
    }
}

/// Returns the name of a deployed resource: the end of the value of a reference to it.
fn named(stack: &Stack, resource: &str) -> String {
    let reference = stack
        .text(&json!({"Ref": resource}))
        .expect("the resource exists");
    reference.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Returns the metrics that the functions write when each of them is invoked.
fn written() -> BTreeSet<Metric> {
    let mut world = World::demo()
        .with_all_checks()
        .and("EKSENTRY_KUBERNETES", "on");
    for (function, event) in [
        ("config-rule", "changed-cluster"),
        ("ecr-event", "push"),
        ("cloudtrail-event", "update-cluster-config"),
        ("sweep", "by-hand"),
        ("sweep-worker", "slice"),
    ] {
        let event = read(format!("events/{function}/{event}.json"));
        let event = serde_json::from_str(&event).expect("samples are JSON");
        world.invoke(function, &event);
    }
    let lines = world.logs().iter();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .flat_map(|line: Value| metrics_of(&line))
        .collect()
}

/// Lists the metrics in a line of the embedded metric format; none in any other line.
fn metrics_of(line: &Value) -> Vec<Metric> {
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    let names = directive["Metrics"].as_array().into_iter().flatten();
    let dimensions = directive["Dimensions"][0].as_array().into_iter().flatten();
    let dimensions: BTreeMap<_, _> = dimensions
        .map(|name| (scalar(name), scalar(&line[scalar(name)])))
        .collect();
    names
        .map(|metric| Metric {
            namespace: scalar(&directive["Namespace"]),
            name: scalar(&metric["Name"]),
            dimensions: dimensions.clone(),
        })
        .collect()
}

/// Lists the widgets of the dashboard.
fn widgets(stack: &Stack) -> Vec<Value> {
    let (_, dashboard) = stack
        .template()
        .resources("AWS::CloudWatch::Dashboard")
        .next()
        .expect("there is a dashboard");
    let body = stack.text(&dashboard["Properties"]["DashboardBody"]);
    let body: Value = serde_json::from_str(&body.expect("it has a body")).expect("it is JSON");
    body["widgets"].as_array().expect("it has widgets").clone()
}

/// Returns the position and the size of each widget: x, y, width and height.
fn places(stack: &Stack) -> Vec<[u64; 4]> {
    let place = |widget: Value| {
        ["x", "y", "width", "height"].map(|name| widget[name].as_u64().expect("it is a number"))
    };
    widgets(stack).into_iter().map(place).collect()
}

/// Lists the metrics of the dashboard.
fn shown(stack: &Stack) -> Vec<Metric> {
    widgets(stack)
        .iter()
        .filter_map(|widget| widget["properties"]["metrics"].as_array())
        .flat_map(|metrics| metrics_of_widget(metrics))
        .collect()
}

/// Lists the metrics of a widget. Each one has a namespace, a name, and names and values of dimensions, or dots for the
/// values of the metric before it.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>.
fn metrics_of_widget(metrics: &[Value]) -> Vec<Metric> {
    let mut before: Vec<String> = Vec::new();
    let mut written = Vec::new();
    for metric in metrics {
        let texts = metric.as_array().expect("a metric is an array");
        let mut texts: Vec<_> = texts.iter().map(scalar).collect();
        if let [dots, last] = texts.as_slice()
            && dots == "..."
        {
            before.pop();
            texts = [before, vec![last.clone()]].concat();
        } else {
            for (text, above) in texts.iter_mut().zip(&before) {
                if text == "." {
                    text.clone_from(above);
                }
            }
        }
        let [namespace, name, dimensions @ ..] = texts.as_slice() else {
            panic!("{metric} has no namespace or no name");
        };
        let pairs = dimensions.chunks_exact(2);
        written.push(Metric {
            namespace: namespace.clone(),
            name: name.clone(),
            dimensions: pairs
                .map(|pair| (pair[0].clone(), pair[1].clone()))
                .collect(),
        });
        before = texts;
    }
    written
}

/// Lists the metrics that alarms watch, each with the name of its alarm.
fn watched(stack: &Stack) -> Vec<(&String, Metric)> {
    let alarms = stack.template().resources("AWS::CloudWatch::Alarm");
    alarms
        .flat_map(|(name, alarm)| {
            let properties = &alarm["Properties"];
            let computed = properties["Metrics"].as_array().into_iter().flatten();
            let computed = computed.map(|part| &part["MetricStat"]["Metric"]);
            computed
                .chain([properties])
                .filter(|metric| metric["MetricName"].is_string())
                .map(move |metric| (name, watched_metric(stack, metric)))
        })
        .collect()
}

fn watched_metric(stack: &Stack, metric: &Value) -> Metric {
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
    Metric {
        namespace: scalar(&metric["Namespace"]),
        name: scalar(&metric["MetricName"]),
        dimensions: dimensions
            .map(|dimension| {
                let value = stack.text(&dimension["Value"]);
                (
                    scalar(&dimension["Name"]),
                    value.expect("the value can be evaluated"),
                )
            })
            .collect(),
    }
}

#[test]
fn the_dashboard_and_the_alarms_use_existing_metrics() {
    let stack = complete();
    let written = written();
    let alarms = watched(&stack);
    let metrics = shown(&stack)
        .into_iter()
        .map(|metric| ("the dashboard", metric));
    let alarms = alarms
        .into_iter()
        .map(|(name, metric)| (name.as_str(), metric));
    for (place, metric) in metrics.chain(alarms) {
        assert!(
            written.contains(&metric) || metric.is_of_aws(&stack),
            "{place} uses {metric:?}, which neither metrics.rs nor AWS writes"
        );
    }
}

#[test]
fn the_dashboard_shows_every_check_and_every_status() {
    for config in ["on", "off"] {
        let stack = complete().with("AwsConfig", config);
        let shown = shown(&stack.expect("the template has the parameter"));
        let of_checks = CHECKS
            .into_iter()
            .flat_map(|check| ["Failed", "NotAvailable"].map(|name| (name, ("Check", check.id))));
        let statuses = ["FAILED", "NOT_AVAILABLE", "PASSED", "WARNING"];
        let of_statuses = statuses.map(|status| ("Verdicts", ("Status", status)));
        for (name, (dimension, value)) in of_checks.chain(of_statuses) {
            let metric = Metric {
                namespace: "eksentry".to_owned(),
                name: name.to_owned(),
                dimensions: [(dimension.to_owned(), value.to_owned())].into(),
            };
            assert!(shown.contains(&metric), "{metric:?}");
        }
    }
}

#[test]
fn without_metrics_the_dashboard_and_the_alarms_use_only_metrics_of_aws() {
    for metrics in ["on", "off"] {
        let stack = complete().with("Metrics", metrics);
        let stack = stack.expect("the template has the parameter");
        let made: Vec<_> = stack
            .made("AWS::CloudWatch::Alarm")
            .expect("the conditions can be evaluated");
        let alarms = watched(&stack)
            .into_iter()
            .filter(|(name, _)| made.iter().any(|(made, _)| made == name));
        let metrics_shown = shown(&stack)
            .into_iter()
            .chain(alarms.map(|(_, metric)| metric));
        let (aws, own): (Vec<_>, Vec<_>) =
            metrics_shown.partition(|metric| metric.is_of_aws(&stack));
        assert!(!aws.is_empty());
        assert_eq!(own.is_empty(), metrics == "off", "{own:?}");
    }
}

#[test]
fn widgets_do_not_overlap() {
    for metrics in ["on", "off"] {
        let stack = complete().with("Metrics", metrics);
        let places = places(&stack.expect("the template has the parameter"));
        for (one, [x, y, width, height]) in places.iter().enumerate() {
            assert!(x + width <= 24, "widget {one} is too wide");
            for [other_x, other_y, other_width, other_height] in &places[one + 1..] {
                let apart = x + width <= *other_x
                    || other_x + other_width <= *x
                    || y + height <= *other_y
                    || other_y + other_height <= *y;
                assert!(apart, "widget {one} overlaps another widget");
            }
        }
        let rows: BTreeSet<u64> = places
            .iter()
            .flat_map(|[_, y, _, height]| *y..y + height)
            .collect();
        let last = rows.last().copied().unwrap_or_default();
        assert_eq!(
            rows.len() as u64,
            last + 1,
            "there is a gap between widgets"
        );
    }
}

#[test]
fn every_function_and_every_dead_letter_queue_has_an_alarm() {
    let stack = complete();
    let watched = watched(&stack);
    let functions = stack.template().resources("AWS::Serverless::Function");
    let queues = stack
        .template()
        .resources("AWS::SQS::Queue")
        .filter(|(name, _)| name.ends_with("DeadLetters"));
    let wanted = functions
        .map(|(name, _)| (named(&stack, name), "Errors"))
        .chain(queues.map(|(name, _)| (named(&stack, name), "ApproximateNumberOfMessagesVisible")));
    for (resource, metric) in wanted {
        assert!(
            watched.iter().any(|(_, one)| one.name == metric
                && one.dimensions.values().any(|value| *value == resource)),
            "no alarm watches {metric} of {resource}"
        );
    }
}

/// Returns the value that a finding has for an attribute of filters and groupings.
fn attribute(finding: &Record, name: &str) -> String {
    let (_, pointer) = ATTRIBUTES
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("add the attribute {name} to ATTRIBUTES in this file"));
    let finding = Value::Object(finding.clone());
    finding.pointer(pointer).map(scalar).unwrap_or_default()
}

/// Returns `true` if an insight counts a finding: for each attribute, one of the filters must match.
fn counts(insight: &Value, finding: &Record) -> bool {
    members(&insight["Properties"]["Filters"]).all(|(name, filters)| {
        let value = attribute(finding, name);
        let mut filters = filters.as_array().into_iter().flatten();
        filters.any(|filter| {
            let wanted = scalar(&filter["Value"]);
            match scalar(&filter["Comparison"]).as_str() {
                "EQUALS" => value == wanted,
                "PREFIX" => value.starts_with(&wanted),
                other => panic!("add the comparison {other} to this test"),
            }
        })
    })
}

#[test]
fn insights_match_findings_of_sweeps() {
    let mut world = World::demo();
    world.sweep();
    let findings = world.aws.findings();
    for (name, insight) in complete().template().resources("AWS::SecurityHub::Insight") {
        let group = scalar(&insight["Properties"]["GroupByAttribute"]);
        let counted: Vec<_> = findings
            .iter()
            .filter(|finding| counts(insight, finding))
            .collect();
        assert!(!counted.is_empty(), "{name} matches no findings");
        assert!(
            counted.iter().all(|one| !attribute(one, &group).is_empty()),
            "{name} groups by {group}, which some of its findings lack"
        );
    }
}

#[test]
fn the_failures_insight_matches_every_check() {
    let stack = complete();
    let (_, insight) = stack
        .template()
        .resources("AWS::SecurityHub::Insight")
        .find(|(name, _)| *name == "FailuresByCheck")
        .expect("the insight exists");
    let filter = &insight["Properties"]["Filters"]["GeneratorId"][0];
    for check in CHECKS {
        let generator = generator_id(check);
        assert!(
            filter["Comparison"] == "PREFIX" && generator.starts_with(&scalar(&filter["Value"])),
            "{generator}"
        );
    }
}
