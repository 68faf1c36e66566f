//! The manifests that are installed in every cluster: the roles that the documentation has users apply, and those of
//! Kubernetes.

use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde_json::Value;

use super::rbac::{Policy, Right};

/// The prefix of the names of eksentry's roles.
const ROLES: &str = "eksentry-";

const READER: &str = include_str!("../../../docs/kubernetes/eksentry-reader.yaml");
const OPTIONAL: &str = include_str!("../../../docs/kubernetes/eksentry-reader-optional.yaml");
const DISCOVERY: &str = include_str!("discovery-roles.yaml");

/// Returns the objects that are installed in a cluster.
///
/// # Panics
///
/// If a manifest is not valid YAML.
pub(super) fn installed(has_optional_roles: bool) -> Vec<Value> {
    let optional = if has_optional_roles { OPTIONAL } else { "" };
    let texts = [DISCOVERY, READER, optional];
    texts
        .into_iter()
        .filter(|text| !text.is_empty())
        .flat_map(documents)
        .collect()
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    let documents =
        documents.map(|document| Value::deserialize(document).expect("a manifest is YAML"));
    documents.collect()
}

/// Returns the rights that the manifests in `docs/kubernetes` grant: those of `eksentry-reader.yaml`, or those that
/// `eksentry-reader-optional.yaml` adds. Each of them should be among [`KubernetesApi::used_rights`] of some test.
///
/// [`KubernetesApi::used_rights`]: super::KubernetesApi::used_rights
///
/// # Panics
///
/// If a manifest is not valid YAML.
pub fn granted_rights(is_optional: bool) -> BTreeSet<Right> {
    let text = if is_optional { OPTIONAL } else { READER };
    Policy::of(&documents(text)).rights_of(ROLES)
}

/// Returns `true` if a right is granted by a role of eksentry.
pub(super) fn is_of_eksentry(right: &Right) -> bool {
    right
        .role
        .rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with(ROLES))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rights can't be widened without a change here.
    #[test]
    fn the_manifests_grant_only_lists_and_two_config_maps() {
        let read = granted_rights(false);
        let other: Vec<_> = read
            .iter()
            .filter(|right| right.verb != "list")
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            other,
            [
                "kube-system/Role/eksentry-reader: get configmaps/amazon-vpc-cni",
                "kube-system/Role/eksentry-reader: get configmaps/aws-auth",
            ]
        );
        for right in read.iter().chain(&granted_rights(true)) {
            let is_narrow = !right.resource.contains(['*', '/']) && right.group != "*";
            let is_secret = right.resource == "secrets";
            assert!(is_narrow && !is_secret && is_of_eksentry(right), "{right}");
        }
        assert_eq!((read.len(), granted_rights(true).len()), (22, 5));
    }

    #[test]
    fn the_access_entry_has_the_group_of_the_roles() {
        let entry = include_str!("../../../docs/kubernetes/access-entry.yaml");
        assert!(entry.contains("Type: AWS::EKS::AccessEntry\n"));
        assert!(entry.contains("KubernetesGroups: [eksentry-readers]\n"));
        let bindings = [READER, OPTIONAL].into_iter().flat_map(documents);
        let mut bindings = bindings
            .filter(|object| object["subjects"].is_array())
            .peekable();
        assert!(bindings.peek().is_some());
        for binding in bindings {
            let subjects = binding["subjects"].as_array().unwrap();
            let groups: Vec<_> = subjects
                .iter()
                .map(|subject| subject["name"].as_str())
                .collect();
            assert_eq!(groups, [Some("eksentry-readers")]);
            assert_eq!(binding["roleRef"]["name"], binding["metadata"]["name"]);
        }
    }
}
