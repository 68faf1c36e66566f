//! The responses of CloudTrail, as far as they are read. Members that are not named here are ignored.

use serde::Deserialize;

/// The response of DescribeTrails.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trails {
    pub(super) trail_list: Option<Vec<Trail>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Trail {
    pub(super) name: Option<String>,
    #[serde(rename = "TrailARN")]
    pub(super) arn: Option<String>,
    #[serde(rename = "IsMultiRegionTrail")]
    pub(super) is_multi_region: Option<bool>,
    pub(super) log_file_validation_enabled: Option<bool>,
    pub(super) has_custom_event_selectors: Option<bool>,
    pub(super) has_insight_selectors: Option<bool>,
}

/// The response of GetTrailStatus.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Status {
    pub(super) is_logging: Option<bool>,
    pub(super) latest_delivery_error: Option<String>,
}

/// The response of GetEventSelectors. A trail has selectors of one of both kinds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EventSelectors {
    pub(super) event_selectors: Option<Vec<BasicSelector>>,
    pub(super) advanced_event_selectors: Option<Vec<AdvancedSelector>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BasicSelector {
    pub(super) read_write_type: Option<String>,
    pub(super) include_management_events: Option<bool>,
    pub(super) exclude_management_event_sources: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdvancedSelector {
    pub(super) field_selectors: Option<Vec<FieldSelector>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FieldSelector {
    pub(super) field: Option<String>,
    pub(super) equals: Option<Vec<String>>,
    pub(super) not_equals: Option<Vec<String>>,
    pub(super) starts_with: Option<Vec<String>>,
    pub(super) not_starts_with: Option<Vec<String>>,
    pub(super) ends_with: Option<Vec<String>>,
    pub(super) not_ends_with: Option<Vec<String>>,
}
