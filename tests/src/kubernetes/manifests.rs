//! The manifests that are installed in every cluster: the roles that the documentation has users apply, and those of
//! Kubernetes.

use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde_json::Value;

use super::rbac::{Policy, Right};

/// The prefix of the names of eksentry's roles.
const ROLES: &str = "eksentry-";

const READER: &str = include_str!("../../../docs/kubernetes/eksentry-reader.yaml");
const DISCOVERY: &str = include_str!("discovery-roles.yaml");

/// Returns the objects that are installed in a cluster.
///
/// # Panics
///
/// If a manifest is not valid YAML.
pub(super) fn installed() -> Vec<Value> {
    [DISCOVERY, READER]
        .into_iter()
        .flat_map(documents)
        .collect()
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    let documents =
        documents.map(|document| Value::deserialize(document).expect("a manifest is YAML"));
    documents.collect()
}

/// Returns the rights that `docs/kubernetes/eksentry-reader.yaml` grants.
///
/// # Panics
///
/// If a manifest is not valid YAML.
pub fn granted_rights() -> BTreeSet<Right> {
    Policy::of(&documents(READER)).rights_of(ROLES)
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
    fn the_manifest_grants_only_lists_and_two_config_maps() {
        let rights = granted_rights();
        let others: Vec<_> = rights
            .iter()
            .filter(|right| right.verb != "list")
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            others,
            [
                "kube-system/Role/eksentry-reader: get configmaps/amazon-vpc-cni",
                "kube-system/Role/eksentry-reader: get configmaps/aws-auth"
            ]
        );
        for right in &rights {
            let is_narrow = !right.resource.contains(['*', '/']) && right.group != "*";
            let is_secret = right.resource == "secrets";
            assert!(is_narrow && !is_secret && is_of_eksentry(right), "{right}");
        }
        assert_eq!(rights.len(), 24);
    }

    #[test]
    fn the_access_entry_has_the_group_of_the_roles() {
        let entry = include_str!("../../../docs/kubernetes/access-entry.yaml");
        assert!(entry.contains("Type: AWS::EKS::AccessEntry\n"));
        assert!(entry.contains("KubernetesGroups: [eksentry-readers]\n"));
        let mut bindings = documents(READER)
            .into_iter()
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
