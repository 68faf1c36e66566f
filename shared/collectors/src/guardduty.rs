//! Amazon GuardDuty: the detector of a Region, and the coverage of clusters by Runtime Monitoring.

mod parse;
mod response;

use std::collections::HashMap;

use eksentry_aws::{JsonRequest, Service};
use eksentry_core::facts::cluster::RuntimeCoverage;
use eksentry_core::facts::{Detector, Feature};
use eksentry_core::{Fact, Unread};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use tokio::sync::OnceCell;

use self::response::{CoveragePage, DetectorIds, DetectorResponse};
use crate::Reader;
use crate::call::{Call, Next};
use crate::permission::{Arns, Permission};

/// Amazon GuardDuty.
pub(crate) const SERVICE: Service = Service {
    name: "guardduty",
    id: "GuardDuty",
};

/// All detectors of the account in a Region.
const DETECTORS: &[Arns] = &[Arns::InRegion("detector/*")];

const LIST: Permission = Permission::new("guardduty:ListDetectors", &[Arns::Any]);
const GET: Permission = Permission::new("guardduty:GetDetector", DETECTORS);
const LIST_COVERAGE: Permission = Permission::new("guardduty:ListCoverage", DETECTORS);

/// The permissions of the calls that read the detector.
pub(crate) const OF_DETECTOR: &[Permission] = &[LIST, GET];
/// The permissions of the calls about clusters.
pub(crate) const OF_CLUSTERS: &[Permission] = &[LIST, GET, LIST_COVERAGE];

/// The most items of a page.
const PAGE: u32 = 50;

/// The facts of a Region that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    detector: OnceCell<Fact<Option<Detector>>>,
    coverage: OnceCell<Coverage>,
}

/// The coverage of clusters.
#[derive(Debug, Default)]
struct Coverage {
    by_cluster: HashMap<String, RuntimeCoverage>,
    /// The reason why there may be more clusters.
    missing: Option<Unread>,
}

impl Coverage {
    fn of(&self, cluster: &str) -> Fact<Option<RuntimeCoverage>> {
        match (self.by_cluster.get(cluster), &self.missing) {
            (Some(coverage), _) => Ok(Some(coverage.clone())),
            (None, Some(missing)) => Err(missing.clone()),
            (None, None) => Ok(None),
        }
    }
}

impl Reader<'_> {
    /// Returns the detector of the Region; `None` if there is none.
    pub(crate) async fn detector(&self) -> Fact<Option<Detector>> {
        let read = || Box::pin(self.read_detector());
        self.guardduty.detector.get_or_init(read).await.clone()
    }

    /// Returns the first detector that is active, or else the first one. A Region has at most one, but GuardDuty returns
    /// a list.
    async fn read_detector(&self) -> Fact<Option<Detector>> {
        let call = self.guardduty_call(&LIST, self.location.to_string());
        let page = PAGE.to_string();
        let ids = call.list_names(
            |token| {
                let request = JsonRequest::get("ListDetectors", "detector");
                let query = [
                    ("maxResults", Some(page.as_str())),
                    ("nextToken", token.as_deref()),
                ];
                self.clients.guardduty.send(request.query(&query))
            },
            |page: DetectorIds| (page.detector_ids, page.next_token),
        );
        let ids = ids.await;
        let (mut first, mut unread) = (None, ids.missing);
        for id in &ids.items {
            match self.get_detector(id).await {
                Ok(detector) if detector.is_active => return Ok(Some(detector)),
                Ok(detector) => first = first.or(Some(detector)),
                Err(reason) => unread = unread.or(Some(reason)),
            }
        }
        unread.map_or(Ok(first), Err)
    }

    async fn get_detector(&self, id: &str) -> Fact<Detector> {
        let call = self.guardduty_call(&GET, format!("detector {id}"));
        let request = JsonRequest::get("GetDetector", detector_path(id));
        let response: DetectorResponse = call.send(self.clients.guardduty.send(request)).await?;
        let detector = parse::detector(id, &response, &self.location.partition);
        detector.map_err(|missing| call.without(missing))
    }

    /// Returns the coverage of a cluster; `None` if GuardDuty does not list the cluster. It is not read without an
    /// active detector, or if GuardDuty does not offer Runtime Monitoring in the partition.
    pub(crate) async fn runtime_coverage(
        &self,
        cluster: &str,
    ) -> Option<Fact<Option<RuntimeCoverage>>> {
        let detector = self.detector().await.ok().flatten()?;
        if !detector.is_active || detector.runtime_monitoring == Feature::NotOffered {
            return None;
        }
        let id = &detector.id;
        Some(if self.reads_whole_region() {
            let list = || Box::pin(self.list_coverage(id, None));
            self.guardduty.coverage.get_or_init(list).await.of(cluster)
        } else {
            Box::pin(self.list_coverage(id, Some(cluster)))
                .await
                .of(cluster)
        })
    }

    /// Lists the coverage of one cluster, or of all clusters of the account: the detector of an administrator account
    /// also lists those of the members.
    async fn list_coverage(&self, detector: &str, cluster: Option<&str>) -> Coverage {
        let call = self.guardduty_call(&LIST_COVERAGE, format!("detector {detector}"));
        let own = &self.location.account;
        let criterion = |key: &str, value: &str| json!({"criterionKey": key, "filterCondition": {"equals": [value]}});
        let mut criteria = vec![
            criterion("RESOURCE_TYPE", "EKS"),
            criterion("ACCOUNT_ID", own),
        ];
        criteria.extend(cluster.map(|cluster| criterion("EKS_CLUSTER_NAME", cluster)));
        let path = format!("{}/coverage", detector_path(detector));
        let mut found = Coverage::default();
        let read = call.pages(
            |token| {
                let mut input = json!({
                    "filterCriteria": {"filterCriterion": criteria},
                    "maxResults": PAGE,
                });
                if let Some(token) = token {
                    input["nextToken"] = token.into();
                }
                let request = JsonRequest::post("ListCoverage", path.clone(), input);
                self.clients.guardduty.send(request)
            },
            async |page: CoveragePage| {
                match page.resources {
                    Some(resources) => {
                        for resource in resources {
                            match parse::coverage(resource, own) {
                                Ok(Some((name, coverage))) => {
                                    found.by_cluster.insert(name, coverage);
                                }
                                Ok(None) => {}
                                Err(missing) => found.missing = Some(call.without(missing)),
                            }
                        }
                    }
                    None => found.missing = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        if let Err(failure) = read.await {
            found.missing = Some(failure.into());
        }
        found
    }

    fn guardduty_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.guardduty, target)
    }
}

/// Returns the path of a detector.
fn detector_path(id: &str) -> String {
    format!("detector/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_detector_is_one_part_of_the_path() {
        for (id, path) in [
            ("12abc34d", "detector/12abc34d"),
            ("a/../b?c", "detector/a%2F%2E%2E%2Fb%3Fc"),
        ] {
            assert_eq!(detector_path(id), path);
        }
    }
}
