//! The monitoring of clusters by GuardDuty, and their log groups.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, cluster_arn, private_cluster};

const PROTECTION: &str = "guardduty-eks-protection";
const COVERAGE: &str = "eks-guardduty-runtime-coverage";
const RETENTION: &str = "eks-control-plane-log-retention";
const WATCHED: &str = "eks-audit-log-watched";

const PASSED: &str = "PASSED INFORMATIONAL";
const WARNING: &str = "WARNING LOW";
const MEDIUM: &str = "FAILED MEDIUM";
const HIGH: &str = "FAILED HIGH";
const UNKNOWN: &str = "NOT_AVAILABLE INFORMATIONAL";

const DETECTOR: &str = "12abc34d567e8fa901bc2d34e56789f0";

/// Returns a detector with the statuses of EKS Protection and Runtime Monitoring.
fn detector(audit_logs: &str, runtime: &str) -> Value {
    let feature = |name: &str, status: &str| json!({"Name": name, "Status": status});
    json!({
        "DetectorId": DETECTOR,
        "Features": [feature("EKS_AUDIT_LOGS", audit_logs), feature("RUNTIME_MONITORING", runtime)],
    })
}

/// Returns a world with the clusters alpha and beta, whose logs are enabled, and these entries.
fn world(entries: Value) -> World {
    let world =
        World::with(json!({"clusters": [private_cluster("alpha"), private_cluster("beta")]}));
    world.change(|account| account.add(entries).unwrap());
    world
}

/// Evaluates checks for the whole Region.
fn sweep(world: &mut World, checks: &[&str]) {
    world.ok("sweep", &json!({"checks": checks}));
}

/// Evaluates a check for one cluster.
fn evaluate(world: &mut World, check: &str, cluster: &str) {
    let event = json!({"checks": [check], "resources": [cluster_arn(cluster)]});
    world.ok("sweep", &event);
}

/// Returns the statuses of the clusters alpha and beta.
fn statuses(world: &World, check: &str) -> [String; 2] {
    ["alpha", "beta"].map(|name| world.status(check, &cluster_arn(name)))
}

fn of_account(world: &World) -> String {
    world.status(PROTECTION, &format!("AWS::::Account:{ACCOUNT}/{REGION}"))
}

/// Returns the numbers of calls.
fn calls<const N: usize>(world: &World, operations: [&str; N]) -> [usize; N] {
    operations.map(|operation| world.calls(operation))
}

/// The calls that search for what watches an audit log, other than GuardDuty.
const SEARCHES: [&str; 5] = [
    "logs.DescribeSubscriptionFilters",
    "logs.DescribeAccountPolicies",
    "logs.DescribeLogGroups",
    "logs.DescribeMetricFilters",
    "monitoring.DescribeAlarms",
];

#[test]
fn the_detector_is_read_once_for_the_account_and_its_clusters() {
    let mut world = world(json!({}));
    sweep(&mut world, &[PROTECTION, COVERAGE, WATCHED]);
    assert_eq!(of_account(&world), PASSED);
    assert_eq!(statuses(&world, COVERAGE), [PASSED; 2]);
    assert_eq!(statuses(&world, WATCHED), [PASSED; 2]);
    let of_guardduty = [
        "guardduty.ListDetectors",
        "guardduty.GetDetector",
        "guardduty.ListCoverage",
    ];
    assert_eq!(calls(&world, of_guardduty), [1; 3]);
    assert_eq!(calls(&world, SEARCHES), [0; 5]);
    world.end();
}

#[test]
fn only_a_region_with_clusters_needs_guardduty() {
    let check = &[PROTECTION];
    let mut empty = World::with(json!({"detectors": []}));
    sweep(&mut empty, check);
    assert_eq!(of_account(&empty), "none");
    assert_eq!(empty.calls("guardduty.ListDetectors"), 0);
    empty.end();

    let mut without = world(json!({"detectors": []}));
    sweep(&mut without, &[PROTECTION, COVERAGE]);
    assert_eq!(of_account(&without), HIGH);
    assert_eq!(statuses(&without, COVERAGE), [MEDIUM; 2]);
    assert_eq!(without.calls("guardduty.ListCoverage"), 0);
    without.end();

    let mut denied = World::with(json!({"detectors": []}));
    denied.deny("eks.ListClusters");
    sweep(&mut denied, check);
    assert_eq!(of_account(&denied), HIGH);
    denied.end();
}

#[test]
fn a_detector_must_monitor_audit_logs() {
    let suspended = json!({"DetectorId": "a1", "Status": "DISABLED"});
    for (detectors, expected) in [
        (json!([detector("ENABLED", "DISABLED")]), PASSED),
        (json!([detector("DISABLED", "ENABLED")]), HIGH),
        (json!([suspended]), HIGH),
        (json!([suspended, detector("ENABLED", "ENABLED")]), PASSED),
    ] {
        let mut world = world(json!({"detectors": detectors}));
        sweep(&mut world, &[PROTECTION]);
        assert_eq!(of_account(&world), expected, "{detectors}");
        world.end();
    }
    for operation in ["guardduty.ListDetectors", "guardduty.GetDetector"] {
        let mut world = world(json!({}));
        world.deny(operation);
        sweep(&mut world, &[PROTECTION, COVERAGE]);
        assert_eq!(of_account(&world), UNKNOWN, "{operation}");
        assert_eq!(statuses(&world, COVERAGE), [UNKNOWN; 2], "{operation}");
        world.end();
    }
}

/// Returns an entry about the coverage of a cluster.
fn coverage(cluster: &str, status: &str, covered_nodes: u32) -> Value {
    json!({
        "ResourceId": format!("eks-{cluster}"),
        "CoverageStatus": status,
        "ResourceDetails": {"ResourceType": "EKS", "EksClusterDetails": {
            "ClusterName": cluster, "CoveredNodes": covered_nodes, "CompatibleNodes": 3, "ManagementType": "MANUAL",
        }},
    })
}

fn covering(coverage: &[Value]) -> Value {
    let mut detector = detector("ENABLED", "ENABLED");
    detector["coverage"] = coverage.into();
    json!({"detectors": [detector]})
}

#[test]
fn each_cluster_has_its_own_coverage() {
    let more = (0..60).map(|number| coverage(&format!("of-{number}"), "HEALTHY", 3));
    let mut entries: Vec<Value> = more.collect();
    entries.push(coverage("beta", "UNHEALTHY", 0));
    let mut world = world(covering(&entries));
    sweep(&mut world, &[COVERAGE]);
    assert_eq!(statuses(&world, COVERAGE), [MEDIUM, HIGH]);
    assert_eq!(world.calls("guardduty.ListCoverage"), 2);
    world.end();
}

#[test]
fn a_single_cluster_is_listed_by_its_name() {
    let mut entries = vec![coverage("beta", "HEALTHY", 2)];
    // The administrator account also lists clusters of members.
    let mut of_member = coverage("alpha", "HEALTHY", 3);
    of_member["AccountId"] = json!("444455556666");
    entries.push(of_member);
    entries.extend((0..60).map(|number| coverage(&format!("of-{number}"), "HEALTHY", 3)));
    let mut world = world(covering(&entries));
    evaluate(&mut world, COVERAGE, "beta");
    assert_eq!(statuses(&world, COVERAGE), ["none", WARNING]);
    assert_eq!(world.calls("guardduty.ListCoverage"), 1);
    evaluate(&mut world, COVERAGE, "alpha");
    assert_eq!(statuses(&world, COVERAGE), [MEDIUM, WARNING]);
    world.end();
}

#[test]
fn coverage_that_can_not_be_listed_matters_only_if_the_feature_is_enabled() {
    for (runtime, expected) in [("ENABLED", UNKNOWN), ("DISABLED", MEDIUM)] {
        let mut world = world(json!({"detectors": [detector("ENABLED", runtime)]}));
        world.deny("guardduty.ListCoverage");
        sweep(&mut world, &[COVERAGE]);
        assert_eq!(statuses(&world, COVERAGE), [expected; 2], "{runtime}");
        world.end();
    }
}

/// Returns log groups by the names of their clusters.
fn groups(groups: &[(&str, Value)]) -> Value {
    let group = |(cluster, members): &(&str, Value)| {
        let mut group = members.clone();
        group["logGroupName"] = json!(format!("/aws/eks/{cluster}/cluster"));
        group
    };
    json!({"log_groups": groups.iter().map(group).collect::<Vec<_>>()})
}

#[test]
fn the_log_groups_of_fifty_clusters_are_listed_in_one_call() {
    let clusters = (0..51).map(|number| private_cluster(&format!("c-{number:02}")));
    let silent = json!({"name": "silent"});
    let clusters: Vec<Value> = clusters.chain([silent]).collect();
    let mut world = World::with(json!({"clusters": clusters}));
    sweep(&mut world, &[RETENTION]);
    assert_eq!(world.calls("logs.DescribeLogGroups"), 2);
    let statuses = world.statuses();
    let mut lines = statuses.iter();
    assert!(lines.all(|line| line.starts_with(PASSED)), "{statuses:?}");
    assert_eq!(statuses.len(), 51);
    world.end();
}

#[test]
fn each_cluster_has_its_own_log_group() {
    let similar = groups(&[
        ("alpha-2", json!({"retentionInDays": 400})),
        ("beta", json!({"retentionInDays": 90})),
    ]);
    let mut region = world(similar.clone());
    sweep(&mut region, &[RETENTION]);
    assert_eq!(statuses(&region, RETENTION), [WARNING, MEDIUM]);
    region.end();

    let mut single = world(similar);
    evaluate(&mut single, RETENTION, "beta");
    assert_eq!(statuses(&single, RETENTION), ["none", MEDIUM]);
    let call = &single.aws.calls_of("logs.DescribeLogGroups")[0];
    let names = &call.members["logGroupIdentifiers"];
    assert_eq!(names, &json!(["/aws/eks/beta/cluster"]));
    single.end();
}

#[test]
fn log_groups_are_listed_by_prefix_if_a_name_is_an_error() {
    for only in ["", "beta"] {
        let mut world = world(groups(&[("beta", json!({"retentionInDays": 90}))]));
        let absent = FaultKind::Error {
            code: "ResourceNotFoundException".to_owned(),
            status: 400,
            message: "The specified log group does not exist.".to_owned(),
        };
        world
            .aws
            .fail(Fault::new("logs.DescribeLogGroups", absent).times(1));
        let expected = if only.is_empty() {
            sweep(&mut world, &[RETENTION]);
            [WARNING, MEDIUM]
        } else {
            evaluate(&mut world, RETENTION, only);
            ["none", MEDIUM]
        };
        assert_eq!(statuses(&world, RETENTION), expected, "{only}");
        let call = &world.aws.calls_of("logs.DescribeLogGroups")[1];
        let prefix = call.members["logGroupNamePrefix"].as_str().unwrap();
        assert!(prefix.starts_with("/aws/eks/"), "{prefix}");
        world.end();
    }
}

#[test]
fn a_key_is_described_once_for_secrets_and_logs() {
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/named");
    let mut entries = groups(&[
        ("alpha", json!({"kmsKeyId": key})),
        ("beta", json!({"kmsKeyId": key})),
    ]);
    entries["keys"] = json!([{"KeyId": "named", "KeyState": "Disabled"}]);
    let mut world = world(entries);
    world.change(|account| {
        let alpha = account.cluster("alpha").unwrap();
        let provider = json!([{"resources": ["secrets"], "provider": {"keyArn": key}}]);
        alpha
            .members
            .insert("encryptionConfig".to_owned(), provider);
    });
    sweep(&mut world, &[RETENTION, "eks-secrets-envelope-encryption"]);
    assert_eq!(statuses(&world, RETENTION), [HIGH; 2]);
    assert_eq!(world.calls("kms.DescribeKey"), 1);

    world.deny("kms.DescribeKey");
    sweep(&mut world, &[RETENTION]);
    assert_eq!(statuses(&world, RETENTION), [PASSED; 2]);
    world.end();
}

/// Returns entries of an account that GuardDuty does not monitor, in which the log group of alpha has these members, and
/// that of beta has none.
fn unmonitored(of_alpha: Value) -> Value {
    let mut entries = groups(&[("alpha", of_alpha), ("beta", json!({}))]);
    entries["detectors"] = json!([]);
    entries
}

fn metric_filter() -> Value {
    let metric = json!({"metricName": "denied", "metricNamespace": "audit", "metricValue": "1"});
    json!({"metricFilters": [{"filterName": "denied", "metricTransformations": [metric]}]})
}

fn alarm(name: &str, actions: &[&str]) -> Value {
    json!({"AlarmName": name, "Namespace": "audit", "MetricName": "denied", "AlarmActions": actions})
}

#[test]
fn calls_end_with_the_first_watcher() {
    let policy = |criteria: &str| json!([{"policyName": "siem", "selectionCriteria": criteria}]);
    let without_beta = policy(r#"LogGroupName NOT IN ["/aws/eks/beta/cluster"]"#);
    let subscription = json!({"subscriptionFilters": [{"filterName": "siem"}]});
    for (of_alpha, policies, alarms, expected, searches) in [
        (json!({}), json!([]), json!([]), MEDIUM, [2, 1, 1, 0, 0]),
        (subscription, json!([]), json!([]), PASSED, [2, 1, 1, 0, 0]),
        (json!({}), without_beta, json!([]), PASSED, [2, 1, 1, 0, 0]),
        (
            metric_filter(),
            json!([]),
            json!([]),
            MEDIUM,
            [2, 1, 1, 1, 1],
        ),
        (
            metric_filter(),
            json!([]),
            json!([alarm("a", &[])]),
            MEDIUM,
            [2, 1, 1, 1, 1],
        ),
        (
            metric_filter(),
            json!([]),
            json!([alarm("a", &["arn:aws:sns:::page"])]),
            PASSED,
            [2, 1, 1, 1, 1],
        ),
    ] {
        let mut entries = unmonitored(of_alpha.clone());
        entries["log_account_policies"] = policies;
        entries["metric_alarms"] = alarms;
        let mut world = world(entries.clone());
        sweep(&mut world, &[WATCHED]);
        assert_eq!(statuses(&world, WATCHED), [expected, MEDIUM], "{entries}");
        assert_eq!(calls(&world, SEARCHES), searches, "{entries}");
        world.end();
    }
}

#[test]
fn alarms_count_wherever_they_use_the_metric() {
    let math = json!([
        {"Id": "share", "Expression": "denied / 2"},
        {"Id": "denied", "ReturnData": false, "MetricStat": {
            "Metric": {"Namespace": "audit", "MetricName": "denied"}, "Period": 60, "Stat": "Sum",
        }},
    ]);
    let page = ["arn:aws:sns:::page"];
    let composite = json!({"AlarmName": "c", "AlarmRule": "ALARM(\"a\")", "AlarmActions": page});
    for (metric_alarm, composite_alarms, expected) in [
        (
            json!({"AlarmName": "a", "Metrics": math, "AlarmActions": page}),
            json!([]),
            PASSED,
        ),
        (alarm("a", &[]), json!([composite]), PASSED),
        (alarm("b", &[]), json!([composite]), MEDIUM),
    ] {
        let mut entries = unmonitored(metric_filter());
        // Alarms are listed on several pages.
        let others = (0..120)
            .map(|number| json!({"AlarmName": format!("of-{number}"), "AlarmActions": page}));
        entries["metric_alarms"] = others.chain([metric_alarm]).collect();
        entries["composite_alarms"] = composite_alarms;
        let mut world = world(entries);
        sweep(&mut world, &[WATCHED]);
        assert_eq!(statuses(&world, WATCHED)[0], expected);
        assert_eq!(world.calls("monitoring.DescribeAlarms"), 2);
        world.end();
    }
}

#[test]
fn a_source_that_is_unread_matters_only_if_nothing_watches() {
    let subscription = || json!({"subscriptionFilters": [{"filterName": "siem"}]});
    for (denied, of_alpha, expected) in [
        ("guardduty.ListDetectors", json!({}), UNKNOWN),
        ("guardduty.GetDetector", subscription(), PASSED),
        ("logs.DescribeSubscriptionFilters", subscription(), UNKNOWN),
        ("logs.DescribeAccountPolicies", json!({}), UNKNOWN),
        ("logs.DescribeLogGroups", json!({}), MEDIUM),
        ("logs.DescribeLogGroups", metric_filter(), MEDIUM),
        ("logs.DescribeMetricFilters", json!({}), MEDIUM),
        ("logs.DescribeMetricFilters", metric_filter(), UNKNOWN),
        ("monitoring.DescribeAlarms", json!({}), MEDIUM),
        ("monitoring.DescribeAlarms", metric_filter(), UNKNOWN),
    ] {
        let mut entries = unmonitored(of_alpha.clone());
        if denied.starts_with("guardduty") {
            entries["detectors"] = json!([detector("DISABLED", "ENABLED")]);
        }
        let mut world = world(entries);
        world.deny(denied);
        sweep(&mut world, &[WATCHED]);
        let status = &statuses(&world, WATCHED)[0];
        assert_eq!(status, expected, "{denied} {of_alpha}");
        world.end();
    }
}
