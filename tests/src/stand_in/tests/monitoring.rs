//! Tests of the operations that read detectors, log groups and alarms.

use serde_json::json;

use super::*;

const ID: &str = "5ac9d3e7b1f24086a7c5e9d3b1f20486";

/// Starts a stand-in whose account also has these entries.
fn start_with(entries: Value) -> StandIn {
    let aws = start();
    aws.change(|account| account.add(entries).expect("they are entries"))
        .expect("it is still an account");
    aws
}

#[test]
fn an_account_has_a_detector_that_covers_its_clusters() {
    let aws = start();
    let client = client(&aws);
    let get = |path: &str| client.send("guardduty", "GET", path, "", "");
    let ids = get("/detector").expect("there is a response").json();
    let id = ids["detectorIds"][0]
        .as_str()
        .expect("it is text")
        .to_owned();
    let detector = get(&format!("/detector/{id}")).expect("there is a response");
    assert_eq!(detector.json()["status"], "ENABLED");
    assert_eq!(detector.json()["features"][1]["name"], "EKS_AUDIT_LOGS");
    assert_eq!(detector.json()["detectorId"], Value::Null);

    let criterion = |key: &str, value: &str| json!({"criterionKey": key, "filterCondition": {"equals": [value]}});
    let covered = |criteria: Value| {
        let body = json!({"filterCriteria": {"filterCriterion": criteria}}).to_string();
        let path = format!("/detector/{id}/coverage");
        let response = client.send("guardduty", "POST", &path, "", &body);
        let resources = response.expect("there is a response").json()["resources"].take();
        let entries = resources.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|one| one["resourceDetails"]["eksClusterDetails"]["clusterName"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        covered(json!([criterion("RESOURCE_TYPE", "EKS")])),
        ["a", "b"]
    );
    assert_eq!(covered(json!([criterion("EKS_CLUSTER_NAME", "b")])), ["b"]);
    assert_eq!(covered(json!([criterion("ACCOUNT_ID", "1")])), [""; 0]);
    assert_eq!(aws.violations(), Vec::<String>::new());

    covered(json!([criterion("INSTANCE_ID", "i-1")]));
    assert_eq!(aws.violations().len(), 1);
}

#[test]
fn a_file_may_state_other_detectors() {
    for (detectors, expected) in [
        (json!([]), json!([])),
        (json!([{"DetectorId": ID}]), json!([ID])),
    ] {
        let aws = start_with(json!({"detectors": detectors}));
        let client = client(&aws);
        let ids = client.send("guardduty", "GET", "/detector", "", "");
        assert_eq!(
            ids.expect("there is a response").json()["detectorIds"],
            expected
        );
        let unknown = client.send("guardduty", "GET", "/detector/other", "", "");
        let unknown = unknown.expect("there is a response");
        assert_eq!(unknown.status, 400);
        assert!(unknown.body.contains("detectorId is not owned"));
    }
}

#[test]
fn log_groups_are_listed_by_names_and_prefixes() {
    let aws = start_with(json!({"log_groups": [
        {"logGroupName": "/aws/eks/b/cluster", "retentionInDays": 90},
        {
            "logGroupName": "/aws/eks/a/cluster",
            "subscriptionFilters": [{"filterName": "siem"}],
            "metricFilters": [{"filterName": "denied"}],
        },
        {"logGroupName": "/aws/lambda/a"},
    ]}));
    let client = client(&aws);
    let call = |operation: &str, members: Value| {
        client.json("logs", &format!("Logs_20140328.{operation}"), members)
    };
    let names = |members: Value| {
        let groups = call("DescribeLogGroups", members).json()["logGroups"].take();
        let groups = groups.as_array().cloned().unwrap_or_default();
        let names = groups.iter().map(|group| group["logGroupName"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        names(json!({"logGroupIdentifiers": ["/aws/eks/b/cluster", "/aws/eks/c/cluster"]})),
        ["/aws/eks/b/cluster"]
    );
    assert_eq!(
        names(json!({"logGroupNamePrefix": "/aws/eks/"})),
        ["/aws/eks/a/cluster", "/aws/eks/b/cluster"]
    );
    let group = call("DescribeLogGroups", json!({"limit": 1})).json()["logGroups"][0].take();
    assert_eq!(
        (&group["metricFilterCount"], &group["retentionInDays"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(group["subscriptionFilters"], Value::Null);

    let of_a = json!({"logGroupName": "/aws/eks/a/cluster"});
    let filters = call("DescribeSubscriptionFilters", of_a.clone()).json();
    assert_eq!(filters["subscriptionFilters"][0]["filterName"], "siem");
    let filters = call("DescribeMetricFilters", of_a).json();
    assert_eq!(filters["metricFilters"][0]["filterName"], "denied");
    let unknown = call(
        "DescribeMetricFilters",
        json!({"logGroupName": "/aws/eks/c/cluster"}),
    );
    assert_eq!(unknown.error(), "ResourceNotFoundException");
    assert_eq!(aws.violations(), Vec::<String>::new());

    call(
        "DescribeLogGroups",
        json!({"logGroupIdentifiers": ["a"], "logGroupNamePrefix": "a"}),
    );
    assert_eq!(aws.violations().len(), 1);
}

#[test]
fn clusters_that_send_logs_have_log_groups() {
    let logging = json!({"clusterLogging": [{"types": ["api"], "enabled": true}]});
    let aws = start_with(json!({"clusters": [{"name": "c", "logging": logging}]}));
    let client = client(&aws);
    let groups = client.json("logs", "Logs_20140328.DescribeLogGroups", json!({}));
    let groups = groups.json()["logGroups"].take();
    assert_eq!(groups.as_array().map(Vec::len), Some(1));
    assert_eq!(groups[0]["logGroupName"], "/aws/eks/c/cluster");
}

#[test]
fn policies_of_the_account_have_a_type() {
    let aws = start_with(json!({"log_account_policies": [
        {"policyName": "siem"},
        {"policyName": "mask", "policyType": "DATA_PROTECTION_POLICY"},
    ]}));
    let client = client(&aws);
    let members = json!({"policyType": "SUBSCRIPTION_FILTER_POLICY"});
    let policies = client.json("logs", "Logs_20140328.DescribeAccountPolicies", members);
    let policies = policies.json()["accountPolicies"].take();
    assert_eq!(policies.as_array().map(Vec::len), Some(1));
    assert_eq!(policies[0]["policyName"], "siem");
}

#[test]
fn alarms_are_listed_by_their_types() {
    let aws = start_with(json!({
        "metric_alarms": [{"AlarmName": "one"}, {"AlarmName": "two"}],
        "composite_alarms": [{"AlarmName": "both", "AlarmRule": "ALARM(one)"}],
    }));
    let client = client(&aws);
    let list = |parameters: &str| {
        let form = format!("Action=DescribeAlarms&Version=2010-08-01{parameters}");
        client.query("monitoring", &form)
    };
    let names = |response: &HttpResponse| response.body.matches("<AlarmName>").count();
    assert_eq!(names(&list("")), 2);
    let composite = list("&AlarmTypes.member.1=CompositeAlarm");
    assert_eq!(
        (names(&composite), composite.element("AlarmRule")),
        (1, "ALARM(one)")
    );
    let all = "&AlarmTypes.member.1=MetricAlarm&AlarmTypes.member.2=CompositeAlarm&MaxRecords=2";
    let first = list(all);
    assert_eq!(names(&first), 2);
    let rest = list(&format!("{all}&NextToken={}", first.element("NextToken")));
    assert_eq!((names(&rest), rest.element("AlarmName")), (1, "both"));
    assert_eq!(aws.violations(), Vec::<String>::new());
}
