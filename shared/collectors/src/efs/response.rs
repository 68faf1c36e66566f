//! The responses of Amazon EFS, as far as they are read. Members that are not named here are ignored.

use serde::Deserialize;

/// The response of DescribeFileSystems.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FileSystems {
    pub(super) file_systems: Option<Vec<FileSystem>>,
    pub(super) next_marker: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FileSystem {
    #[serde(rename = "FileSystemId")]
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) life_cycle_state: Option<String>,
    pub(super) encrypted: Option<bool>,
    pub(super) kms_key_id: Option<String>,
    pub(super) tags: Option<Vec<Tag>>,
}

/// The response of DescribeAccessPoints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccessPoints {
    pub(super) access_points: Option<Vec<AccessPoint>>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccessPoint {
    pub(super) file_system_id: Option<String>,
    pub(super) tags: Option<Vec<Tag>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
}
