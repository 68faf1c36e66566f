//! Pure functions that convert GuardDuty's responses into facts.

use eksentry_core::facts::cluster::{CoverageStatus, RuntimeCoverage};
use eksentry_core::facts::{Detector, Feature};

use super::response::{CoverageResource, DetectorResponse};

/// The names of Runtime Monitoring: the newer one for all types of resources, and the older one for EKS alone.
const RUNTIME_MONITORING: [&str; 2] = ["RUNTIME_MONITORING", "EKS_RUNTIME_MONITORING"];

/// The maximum number of characters of an issue. It comes from outside, so a longer one is cut.
const ISSUE: usize = 400;

/// Returns the detector in a response.
///
/// # Errors
///
/// Returns the part that the response lacks, or that is not known.
pub(super) fn detector(
    id: &str,
    response: &DetectorResponse,
    partition: &str,
) -> Result<Detector, &'static str> {
    let is_active = match response.status.as_deref() {
        Some("ENABLED") => true,
        Some("DISABLED") => false,
        _ => return Err("a known status of the detector"),
    };
    // Other partitions may not have all features.
    let absent = if partition == "aws" {
        Feature::Unknown
    } else {
        Feature::NotOffered
    };
    Ok(Detector {
        id: id.to_owned(),
        is_active,
        audit_logs: audit_logs(response).unwrap_or(absent),
        runtime_monitoring: runtime_monitoring(response, partition).unwrap_or(absent),
    })
}

/// Returns the status of the monitoring of audit logs; `None` if the response has none. The list of features takes
/// precedence over the data sources, which it replaces.
fn audit_logs(response: &DetectorResponse) -> Option<Feature> {
    if let Some(status) = statuses(response, &["EKS_AUDIT_LOGS"]).next() {
        return Some(status);
    }
    let kubernetes = response.data_sources.as_ref()?.kubernetes.as_ref()?;
    let audit_logs = kubernetes.audit_logs.as_ref()?;
    Some(feature(audit_logs.status.as_deref()))
}

/// Returns the status of Runtime Monitoring; `None` if the response has none. In the partition `aws`, a list of features
/// without it means that it is not enabled.
fn runtime_monitoring(response: &DetectorResponse, partition: &str) -> Option<Feature> {
    let statuses = || statuses(response, &RUNTIME_MONITORING);
    let by_status = [Feature::Enabled, Feature::Unknown, Feature::Disabled];
    let found = by_status
        .into_iter()
        .find(|wanted| statuses().any(|one| one == *wanted));
    let is_left_out = response.features.is_some() && partition == "aws";
    found.or_else(|| is_left_out.then_some(Feature::Disabled))
}

/// Returns the statuses of the features with these names.
fn statuses<'a>(
    response: &'a DetectorResponse,
    names: &'a [&str],
) -> impl Iterator<Item = Feature> + 'a {
    let features = response.features.iter().flatten();
    let features = features.filter(|one| {
        one.name
            .as_deref()
            .is_some_and(|name| names.contains(&name))
    });
    features.map(|one| feature(one.status.as_deref()))
}

fn feature(status: Option<&str>) -> Feature {
    match status {
        Some("ENABLED") => Feature::Enabled,
        Some("DISABLED") => Feature::Disabled,
        _ => Feature::Unknown,
    }
}

/// Returns the name of a cluster, and its coverage; `None` if the cluster belongs to another account than `own`.
///
/// # Errors
///
/// Returns the part that the response lacks.
pub(super) fn coverage(
    resource: CoverageResource,
    own: &str,
) -> Result<Option<(String, RuntimeCoverage)>, &'static str> {
    if resource.account_id.is_some_and(|account| account != own) {
        return Ok(None);
    }
    let details = resource.resource_details;
    let details = details.and_then(|details| details.eks_cluster_details);
    let details = details.ok_or("the details of a cluster")?;
    let name = details.cluster_name.ok_or("the name of a cluster")?;
    let coverage = RuntimeCoverage {
        status: resource
            .coverage_status
            .as_deref()
            .and_then(CoverageStatus::read),
        issue: resource
            .issue
            .map(|issue| issue.chars().take(ISSUE).collect()),
        is_excluded: details.management_type.as_deref() == Some("DISABLED"),
        covered_nodes: details.covered_nodes,
        compatible_nodes: details.compatible_nodes,
    };
    Ok(Some((name, coverage)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parsed(response: Value, partition: &str) -> Result<Detector, &'static str> {
        detector("d", &serde_json::from_value(response).unwrap(), partition)
    }

    #[test]
    fn a_detector_is_active_or_suspended() {
        for (status, expected) in [
            (json!("ENABLED"), Ok(true)),
            (json!("DISABLED"), Ok(false)),
            (json!("PAUSED"), Err("a known status of the detector")),
            (Value::Null, Err("a known status of the detector")),
        ] {
            let detector = parsed(json!({"status": status}), "aws");
            assert_eq!(detector.map(|one| one.is_active), expected, "{status}");
        }
    }

    /// Features in the order in which GuardDuty replaced data sources with them: the list wins.
    #[test]
    fn features_take_precedence_over_data_sources() {
        use Feature::{Disabled, Enabled, NotOffered, Unknown};
        let feature = |status: &str| json!([{"name": "EKS_AUDIT_LOGS", "status": status}]);
        let source = |status: &str| json!({"kubernetes": {"auditLogs": {"status": status}}});
        let other = || json!([{"name": "CLOUD_TRAIL", "status": "ENABLED"}, {}]);
        for (features, sources, expected) in [
            (feature("ENABLED"), Value::Null, [Enabled; 2]),
            (feature("DISABLED"), source("ENABLED"), [Disabled; 2]),
            (feature("ENABLED"), source("DISABLED"), [Enabled; 2]),
            (feature("NEW"), source("ENABLED"), [Unknown; 2]),
            (
                json!([{"name": "EKS_AUDIT_LOGS"}]),
                source("ENABLED"),
                [Unknown; 2],
            ),
            (other(), source("ENABLED"), [Enabled; 2]),
            (other(), source("DISABLED"), [Disabled; 2]),
            (other(), source("NEW"), [Unknown; 2]),
            (Value::Null, source("ENABLED"), [Enabled; 2]),
            (other(), json!({"kubernetes": {}}), [Unknown, NotOffered]),
            (other(), Value::Null, [Unknown, NotOffered]),
            (Value::Null, Value::Null, [Unknown, NotOffered]),
        ] {
            let response =
                json!({"status": "ENABLED", "features": features, "dataSources": sources});
            let found =
                ["aws", "aws-cn"].map(|one| parsed(response.clone(), one).unwrap().audit_logs);
            assert_eq!(found, expected, "{response}");
        }
    }

    #[test]
    fn runtime_monitoring_has_two_names() {
        use Feature::{Disabled, Enabled, NotOffered, Unknown};
        let named = |name: &str, status: &str| json!({"name": name, "status": status});
        let (newer, older) = ("RUNTIME_MONITORING", "EKS_RUNTIME_MONITORING");
        for (features, expected) in [
            (json!([named(newer, "ENABLED")]), [Enabled; 2]),
            (json!([named(older, "ENABLED")]), [Enabled; 2]),
            (
                json!([named(older, "DISABLED"), named(newer, "ENABLED")]),
                [Enabled; 2],
            ),
            (
                json!([named(older, "ENABLED"), named(newer, "DISABLED")]),
                [Enabled; 2],
            ),
            (json!([named(newer, "DISABLED")]), [Disabled; 2]),
            (
                json!([named(newer, "DISABLED"), named(older, "NEW")]),
                [Unknown; 2],
            ),
            (
                json!([named("RDS_LOGIN_EVENTS", "ENABLED")]),
                [Disabled, NotOffered],
            ),
            (json!([]), [Disabled, NotOffered]),
            (Value::Null, [Unknown, NotOffered]),
        ] {
            let response = json!({"status": "ENABLED", "features": features});
            let found = ["aws", "aws-us-gov"]
                .map(|one| parsed(response.clone(), one).unwrap().runtime_monitoring);
            assert_eq!(found, expected, "{response}");
        }
    }

    fn covered(resource: Value) -> Result<Option<(String, RuntimeCoverage)>, &'static str> {
        coverage(serde_json::from_value(resource).unwrap(), "111122223333")
    }

    fn details(details: Value) -> Value {
        json!({"resourceDetails": {"resourceType": "EKS", "eksClusterDetails": details}})
    }

    #[test]
    fn a_coverage_has_the_facts_in_its_entry() {
        let mut entry = details(json!({
            "clusterName": "payments", "coveredNodes": 2, "compatibleNodes": 3, "managementType": "MANUAL",
        }));
        entry["accountId"] = json!("111122223333");
        entry["coverageStatus"] = json!("UNHEALTHY");
        entry["issue"] = json!("é".repeat(401));
        let (name, coverage) = covered(entry).unwrap().unwrap();
        let expected = RuntimeCoverage {
            status: Some(CoverageStatus::Unhealthy),
            issue: Some("é".repeat(400)),
            is_excluded: false,
            covered_nodes: Some(2),
            compatible_nodes: Some(3),
        };
        assert_eq!((name.as_str(), coverage), ("payments", expected));
    }

    #[test]
    fn a_cluster_may_be_excluded_and_parts_may_be_absent() {
        for (management, is_excluded) in [
            (json!("DISABLED"), true),
            (json!("AUTO_MANAGED"), false),
            (Value::Null, false),
        ] {
            let entry = details(json!({"clusterName": "a", "managementType": management}));
            let (_, coverage) = covered(entry).unwrap().unwrap();
            assert_eq!(coverage.is_excluded, is_excluded, "{management}");
            assert_eq!((coverage.status, coverage.issue), (None, None));
            assert_eq!(
                (coverage.covered_nodes, coverage.compatible_nodes),
                (None, None)
            );
        }
    }

    #[test]
    fn only_clusters_of_the_account_with_a_name_are_covered() {
        let mut of_member = details(json!({"clusterName": "a"}));
        of_member["accountId"] = json!("444455556666");
        for (entry, expected) in [
            (of_member, Ok(None)),
            (details(json!({})), Err("the name of a cluster")),
            (details(Value::Null), Err("the details of a cluster")),
            (json!({}), Err("the details of a cluster")),
        ] {
            assert_eq!(covered(entry.clone()), expected, "{entry}");
        }
    }
}
