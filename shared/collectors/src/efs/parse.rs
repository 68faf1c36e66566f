//! Pure functions that convert the responses of Amazon EFS into facts.

use eksentry_core::facts::EfsFileSystem;
use eksentry_core::{Resource, Unread};

use super::response::{AccessPoint, FileSystem, Tag};
use crate::ec2::OWNED;

/// The key of the tag that the EFS CSI driver sets for access points.
/// Source: <https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/pkg/driver/controller.go>.
const CSI_DRIVER: &str = "efs.csi.aws.com/cluster";

/// Returns the facts in the description of a file system. If its own tags don't show that EKS uses it, this is marked as
/// not read, and `Err` has the name of a member that the tags lack.
pub(super) fn file_system(
    resource: &Resource,
    described: FileSystem,
) -> (EfsFileSystem, Result<(), &'static str>) {
    let is_used = relates_to_eks(described.tags.as_deref());
    let tags_are_known = match &described.tags {
        None => Err("the tags of the file system"),
        Some(tags) if tags.iter().any(|tag| tag.key.is_none()) => Err("the key of a tag"),
        Some(_) => Ok(()),
    };
    let tags = described.tags.into_iter().flatten();
    let tags = tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
    let mut tags: Vec<(String, String)> = tags.collect();
    tags.sort_unstable();
    let facts = EfsFileSystem {
        id: resource.name().to_owned(),
        arn: resource.id().to_owned(),
        name: described.name,
        state: described.life_cycle_state.unwrap_or_default(),
        is_encrypted: described.encrypted == Some(true),
        kms_key: described.kms_key_id,
        is_used_by_eks: if is_used {
            Ok(true)
        } else {
            Err(Unread::not_requested("the file system's access points"))
        },
        tags,
    };
    (facts, tags_are_known)
}

/// Returns the ID of an access point's file system if the tags of the access point show that EKS uses it.
///
/// # Errors
///
/// Returns the name of what the access point lacks.
pub(super) fn in_use(point: AccessPoint) -> Result<Option<String>, &'static str> {
    if !relates_to_eks(point.tags.as_deref()) {
        return Ok(None);
    }
    let id = point.file_system_id;
    id.map(Some).ok_or("the file system of an access point")
}

fn relates_to_eks(tags: Option<&[Tag]>) -> bool {
    let mut keys = tags
        .into_iter()
        .flatten()
        .filter_map(|tag| tag.key.as_deref());
    keys.any(|key| key == CSI_DRIVER || key.starts_with(OWNED))
}

#[cfg(test)]
mod tests {
    use eksentry_core::{FactsOf, Location};
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "fs-0123456789abcdef0";

    fn read(members: Value) -> EfsFileSystem {
        read_with_tags(members).0
    }

    fn read_with_tags(members: Value) -> (EfsFileSystem, Result<(), &'static str>) {
        let location = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        let resource = Resource::named(EfsFileSystem::KIND, ID, &location).unwrap();
        file_system(&resource, serde_json::from_value(members).unwrap())
    }

    #[test]
    fn a_file_system_has_the_facts_of_its_description() {
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
        let found = read(json!({
            "FileSystemId": ID,
            "Name": "media",
            "LifeCycleState": "available",
            "Encrypted": true,
            "KmsKeyId": key,
            "SizeInBytes": {"Value": 6144},
            "Tags": [{"Key": "team", "Value": "web"}, {"Key": "Name", "Value": "media"}, {"Key": "x"}],
        }));
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let expected = EfsFileSystem {
            id: ID.into(),
            arn: format!("arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/{ID}"),
            name: Some("media".into()),
            state: "available".into(),
            is_encrypted: true,
            kms_key: Some(key.into()),
            is_used_by_eks: Err(Unread::not_requested("the file system's access points")),
            tags: vec![pair("Name", "media"), pair("team", "web"), pair("x", "")],
        };
        assert_eq!(found, expected);
        let bare = read(json!({}));
        assert_eq!((bare.state.as_str(), bare.is_encrypted), ("", false));
    }

    #[test]
    fn tags_that_are_missing_may_relate_to_eks() {
        for (members, lacking) in [
            (json!({"Tags": []}), None),
            (json!({"Tags": [{"Key": "a"}]}), None),
            (json!({}), Some("the tags of the file system")),
            (
                json!({"Tags": [{"Key": "a"}, {"Value": "b"}]}),
                Some("the key of a tag"),
            ),
        ] {
            assert_eq!(
                read_with_tags(members.clone()).1.err(),
                lacking,
                "{members}"
            );
        }
    }

    #[test]
    fn tags_of_drivers_and_clusters_relate_to_eks() {
        for (key, is_used) in [
            ("efs.csi.aws.com/cluster", true),
            ("kubernetes.io/cluster/payments", true),
            ("Name", false),
            ("efs.csi.aws.com", false),
        ] {
            let tags = json!([{"Key": "a", "Value": "b"}, {"Key": key, "Value": "true"}]);
            let found = read(json!({"Tags": tags}));
            assert_eq!(found.is_used_by_eks.is_ok(), is_used, "{key}");
            let point = json!({"FileSystemId": ID, "Tags": tags});
            let point = in_use(serde_json::from_value(point).unwrap());
            assert_eq!(point, Ok(is_used.then(|| ID.to_owned())), "{key}");
            let unknown = in_use(serde_json::from_value(json!({"Tags": tags})).unwrap());
            assert_eq!(unknown.is_err(), is_used, "{key}");
        }
        for point in [
            json!({}),
            json!({"FileSystemId": ID}),
            json!({"FileSystemId": ID, "Tags": []}),
        ] {
            assert_eq!(in_use(serde_json::from_value(point).unwrap()), Ok(None));
        }
    }
}
