//! The responses of GuardDuty, as far as they are read. Members that are not named here are ignored.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DetectorIds {
    pub(super) detector_ids: Option<Vec<String>>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DetectorResponse {
    pub(super) status: Option<String>,
    pub(super) features: Option<Vec<FeatureStatus>>,
    pub(super) data_sources: Option<DataSources>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FeatureStatus {
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DataSources {
    pub(super) kubernetes: Option<Kubernetes>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kubernetes {
    pub(super) audit_logs: Option<DataSource>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DataSource {
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CoveragePage {
    pub(super) resources: Option<Vec<CoverageResource>>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CoverageResource {
    pub(super) account_id: Option<String>,
    pub(super) resource_details: Option<ResourceDetails>,
    pub(super) coverage_status: Option<String>,
    pub(super) issue: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceDetails {
    pub(super) eks_cluster_details: Option<ClusterDetails>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClusterDetails {
    pub(super) cluster_name: Option<String>,
    pub(super) covered_nodes: Option<u64>,
    pub(super) compatible_nodes: Option<u64>,
    pub(super) management_type: Option<String>,
}
