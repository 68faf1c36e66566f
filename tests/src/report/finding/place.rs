//! The place of a finding in a cluster.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{short_name, text};

/// The cluster, the namespace and the object that a finding about the contents of a cluster is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    /// The name of the cluster.
    cluster: String,
    /// The ARN of the cluster, since clusters in several Regions can have the same name.
    cluster_id: String,
    /// The namespace; empty for the cluster itself and for objects in no namespace.
    namespace: String,
    /// The object as a kind and a name, such as `Deployment/web`; the name of the cluster for the cluster itself.
    object: String,
}

impl Place {
    /// Reads the place from the first resource of an ASFF document, of which any part may be missing or invalid.
    pub(super) fn read(asff: &Value) -> Self {
        let resource_id = text(asff, "/Resources/0/Id");
        let of_object = |name: &str| text(asff, &format!("/Resources/0/Details/Other/{name}"));
        let (kind, name) = (of_object("Kind"), of_object("Name"));
        if kind.is_empty() || name.is_empty() {
            let cluster = short_name(resource_id, asff);
            return Self {
                object: cluster.clone(),
                cluster,
                cluster_id: resource_id.to_owned(),
                namespace: String::new(),
            };
        }
        Self {
            cluster: of_object("ClusterName").to_owned(),
            cluster_id: of_object("ClusterArn").to_owned(),
            namespace: of_object("Namespace").to_owned(),
            object: format!("{kind}/{name}"),
        }
    }
}

/// Writes the place, such as `prod/shop/Deployment/web` and `prod/Namespace/shop`. The text ends with the object.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cluster != self.object {
            write!(formatter, "{}/", self.cluster)?;
        }
        let is_namespace = self.object.strip_prefix("Namespace/") == Some(&self.namespace);
        if !self.namespace.is_empty() && !is_namespace {
            write!(formatter, "{}/", self.namespace)?;
        }
        formatter.write_str(&self.object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::tests::{CLUSTER, finding};
    use super::super::Finding;
    use super::*;

    /// Returns a finding about an object, with these properties.
    fn about(check: &str, path: &str, other: Value) -> Finding {
        let mut asff = finding(check, &format!("{CLUSTER}/{path}"), "FAILED", "HIGH");
        asff["Resources"][0]["Type"] = json!("Other");
        asff["Resources"][0]["Details"] = json!({"Other": other});
        asff["Resources"][0]["Details"]["Other"]["ClusterName"] = json!("payments-prod");
        asff["Resources"][0]["Details"]["Other"]["ClusterArn"] = json!(CLUSTER);
        Finding::read(asff)
    }

    #[test]
    fn a_finding_in_a_cluster_names_the_cluster_the_namespace_and_the_object() {
        let deployment = json!({"Namespace": "shop", "Kind": "Deployment", "Name": "web"});
        let namespace = json!({"Namespace": "shop", "Kind": "Namespace", "Name": "shop"});
        let binding = json!({"Kind": "ClusterRoleBinding", "Name": "a b/c"});
        for (path, other, name, namespace, object) in [
            (
                "namespaces/shop/deployments.apps/web",
                deployment,
                "payments-prod/shop/Deployment/web",
                "shop",
                "Deployment/web",
            ),
            (
                "namespaces/shop",
                namespace,
                "payments-prod/Namespace/shop",
                "shop",
                "Namespace/shop",
            ),
            (
                "clusterrolebindings.rbac.authorization.k8s.io/a%20b%2Fc",
                binding,
                "payments-prod/ClusterRoleBinding/a b/c",
                "",
                "ClusterRoleBinding/a b/c",
            ),
        ] {
            let finding = about("k8s-pod-privileged", path, other);
            assert_eq!(finding.resource, name);
            let expected = Place {
                cluster: "payments-prod".to_owned(),
                cluster_id: CLUSTER.to_owned(),
                namespace: namespace.to_owned(),
                object: object.to_owned(),
            };
            assert_eq!(finding.place, Some(expected));
        }
    }

    #[test]
    fn a_finding_about_a_cluster_itself_is_in_no_namespace() {
        let inside = Finding::read(finding("k8s-aws-auth", CLUSTER, "FAILED", "HIGH"));
        let place = inside.place.unwrap();
        assert_eq!(
            (place.cluster.as_str(), place.namespace.as_str()),
            ("payments-prod", "")
        );
        assert_eq!(place.cluster_id, CLUSTER);
        assert_eq!(inside.resource, "payments-prod");
        let of_eks = Finding::read(finding("eks-endpoint-private", CLUSTER, "FAILED", "HIGH"));
        assert_eq!(
            (of_eks.resource.as_str(), of_eks.place),
            ("payments-prod", None)
        );
    }

    #[test]
    fn invalid_places_are_shown_as_they_are() {
        for asff in [
            json!({"GeneratorId": "eksentry/k8s-pod-privileged"}),
            json!({"GeneratorId": "eksentry/k8s-pod-privileged", "Resources": [{"Details": {"Other": {"Kind": 7}}}]}),
            json!({"GeneratorId": "eksentry/k8s-pod-privileged", "Resources": "none"}),
        ] {
            let place = Finding::read(asff).place.unwrap();
            assert_eq!(place.to_string(), "");
        }
    }
}
