//! Facts about Amazon EFS file systems.

use super::{Fact, Facts, FactsOf};
use crate::details::Details;
use crate::kind::{ConfigType, Family, Identity, ResourceKind, TagSource};

/// A file system.
/// Source: <https://docs.aws.amazon.com/efs/latest/ug/API_FileSystemDescription.html>.
#[derive(Debug, Clone, PartialEq)]
pub struct EfsFileSystem {
    /// The ID of the file system.
    pub id: String,
    /// The ARN of the file system.
    pub arn: String,
    /// The value of the tag `Name`.
    pub name: Option<String>,
    /// The state: `creating`, `available`, `updating`, `error`, `deleting` or `deleted`; empty if the response has none.
    pub state: String,
    /// `true` if the data is encrypted at rest. Responses from before file systems could be encrypted don't state it.
    pub is_encrypted: bool,
    /// The ARN of the KMS key that encrypts the data.
    pub kms_key: Option<String>,
    /// `true` if the tags of the file system, or of one of its access points, show that Amazon EKS uses it.
    pub is_used_by_eks: Fact<bool>,
    /// The file system's tags, sorted.
    pub tags: Vec<(String, String)>,
}

impl EfsFileSystem {
    /// Returns `true` if the file system is being created.
    pub fn is_being_created(&self) -> bool {
        self.state == "creating"
    }

    fn details(&self) -> Details {
        Details::default()
            .text("FileSystemId", Some(&self.id))
            .text("FileSystemArn", Some(&self.arn))
            .text("Name", self.name.as_deref())
            .text("LifeCycleState", Some(&self.state))
            .flag("Encrypted", self.is_encrypted)
            .text("KmsKeyId", self.kms_key.as_deref())
    }
}

/// Amazon EFS file systems. ASFF has a type for access points only.
pub static KIND: ResourceKind = ResourceKind {
    name: "EfsFileSystem",
    noun: "file system",
    title: "EFS file system",
    placeholder: "<file system>",
    events: None,
    identity: Identity::Arn {
        service: "elasticfilesystem",
        prefix: "file-system/",
        owns: |_| true,
        allows: is_id,
    },
    family: Family::FileSystems,
    parent: None,
    asff_type: "AwsEfsFileSystem",
    ocsf_type: "AwsEfsFileSystem",
    config: Some(ConfigType {
        name: "AWS::EFS::FileSystem",
        records_changes: true,
    }),
    tags: TagSource::Description,
    sends_every_pass: true,
};

/// Returns `true` if the text can be the ID of a file system.
/// Source: <https://docs.aws.amazon.com/efs/latest/ug/API_DescribeFileSystems.html>.
fn is_id(text: &str) -> bool {
    text.strip_prefix("fs-").is_some_and(|digits| {
        (8..=40).contains(&digits.len())
            && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
    })
}

impl Facts for EfsFileSystem {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn details(&self) -> Details {
        self.details()
    }

    fn tags(&self) -> Option<&[(String, String)]> {
        Some(&self.tags)
    }

    fn inapplicable(&self) -> Option<String> {
        ["deleting", "deleted"]
            .contains(&self.state.as_str())
            .then(|| format!("The file system's state is {}.", self.state))
    }
}

impl FactsOf for EfsFileSystem {
    const KIND: &'static ResourceKind = &KIND;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::file_system;

    #[test]
    fn only_ids_of_efs_are_accepted() {
        for (id, is_valid) in [
            ("fs-01234567", true),
            ("fs-0123456789abcdef0", true),
            ("fs-0123456789abcdef0123456789abcdef01234567", true),
            ("fs-0123456789abcdef0123456789abcdef012345678", false),
            ("fs-0123456", false),
            ("fs-0123456G", false),
            ("fs-0123456A", false),
            ("fsap-01234567", false),
            ("fs-01234567/x", false),
            ("", false),
        ] {
            assert_eq!(is_id(id), is_valid, "{id}");
        }
    }

    #[test]
    fn no_check_applies_to_a_file_system_that_is_being_deleted() {
        for (state, text) in [
            ("available", None),
            ("creating", None),
            ("error", None),
            ("", None),
            ("deleting", Some("The file system's state is deleting.")),
            ("deleted", Some("The file system's state is deleted.")),
        ] {
            let file_system = EfsFileSystem {
                state: state.into(),
                ..file_system()
            };
            assert_eq!(file_system.inapplicable().as_deref(), text);
        }
    }

    #[test]
    fn a_file_system_has_its_tags() {
        let tags = vec![("team".to_owned(), "cards".to_owned())];
        let tagged = EfsFileSystem {
            tags: tags.clone(),
            ..file_system()
        };
        assert_eq!(tagged.tags(), Some(tags.as_slice()));
    }

    #[test]
    fn details_have_the_names_of_the_efs_api() {
        let named = EfsFileSystem {
            name: Some("media".into()),
            ..file_system()
        };
        let details = serde_json::to_value(Facts::details(&named)).unwrap();
        let expected = serde_json::json!({
            "FileSystemId": "fs-0123456789abcdef0",
            "FileSystemArn": "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-0123456789abcdef0",
            "Name": "media",
            "LifeCycleState": "available",
            "Encrypted": true,
            "KmsKeyId": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd",
        });
        assert_eq!(details, expected);
    }
}
