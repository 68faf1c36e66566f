//! The kinds of resource in clusters.

use crate::facts::cluster::CLUSTER_PREFIX;
use crate::kind::{Family, Identity, Parent, ResourceKind, TagSource, is_name};

/// Clusters, as far as their contents are evaluated. Their ARNs are those of EKS clusters, so
/// [`Resource::parse`](crate::Resource::parse) never returns this kind.
pub static KIND: ResourceKind = ResourceKind {
    name: "KubernetesCluster",
    noun: "cluster",
    title: "Kubernetes cluster",
    placeholder: "<cluster>",
    events: None,
    identity: Identity::Arn {
        service: "eks",
        prefix: CLUSTER_PREFIX,
        owns: |path| !path.contains('/'),
        allows: is_name,
    },
    family: Family::Kubernetes,
    parent: None,
    asff_type: "AwsEksCluster",
    ocsf_type: "AWS::EKS::Cluster",
    config: None,
    tags: TagSource::Description,
    sends_every_pass: true,
};

/// Namespaces: `<cluster ARN>/namespaces/<namespace>`.
pub static NAMESPACE: ResourceKind = ResourceKind {
    name: "KubernetesNamespace",
    noun: "namespace",
    title: "Kubernetes namespace",
    placeholder: "<namespace>",
    events: None,
    identity: Identity::Arn {
        service: "eks",
        prefix: CLUSTER_PREFIX,
        owns: is_namespace,
        allows: is_object,
    },
    family: Family::Kubernetes,
    parent: Some(Parent {
        kind: &KIND,
        path: cluster_of,
    }),
    asff_type: "Other",
    ocsf_type: "Namespace",
    config: None,
    tags: TagSource::None,
    sends_every_pass: true,
};

/// All other objects: `<cluster ARN>/namespaces/<namespace>/<resource>.<group>/<name>`, and
/// `<cluster ARN>/<resource>.<group>/<name>` if the object is in no namespace. `.<group>` is absent for the core group.
pub static OBJECT: ResourceKind = ResourceKind {
    name: "KubernetesObject",
    noun: "object",
    title: "Kubernetes object",
    placeholder: "<object>",
    events: None,
    identity: Identity::Arn {
        service: "eks",
        prefix: CLUSTER_PREFIX,
        owns: |path| path.split('/').count() > 2 && !is_namespace(path),
        allows: is_object,
    },
    family: Family::Kubernetes,
    parent: Some(Parent {
        kind: &KIND,
        path: cluster_of,
    }),
    asff_type: "Other",
    ocsf_type: "Object",
    config: None,
    tags: TagSource::None,
    sends_every_pass: true,
};

fn cluster_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

fn is_namespace(path: &str) -> bool {
    let mut segments = path.split('/');
    segments.nth(1) == Some("namespaces") && segments.count() == 1
}

/// Returns `true` if the path can be that of an object: the name of a cluster, and two to four segments, the last of
/// which may be cut off, since an id has a maximum length. The characters are those that
/// [`ObjectName`](super::ObjectName) leaves or writes.
fn is_object(path: &str) -> bool {
    let mut segments = path.split('/');
    let is_segment = |segment: &str| {
        let mut characters = segment.chars();
        !segment.is_empty()
            && characters.all(|c| c.is_ascii_alphanumeric() || "._:@-%~".contains(c))
    };
    segments.next().is_some_and(is_name)
        && (2..=4).contains(&segments.clone().count())
        && segments.all(is_segment)
}

#[cfg(test)]
mod tests {
    use crate::resource::Resource;

    const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/prod";

    #[test]
    fn the_path_tells_the_kind() {
        for (path, kind) in [
            ("", Some("EksCluster")),
            ("/namespaces/shop", Some("KubernetesNamespace")),
            ("/namespaces/shop/pods/web", Some("KubernetesObject")),
            (
                "/namespaces/shop/deployments.apps/web",
                Some("KubernetesObject"),
            ),
            (
                "/clusterroles.rbac.authorization.k8s.io/system:node",
                Some("KubernetesObject"),
            ),
            (
                "/namespaces/shop/x.exa~0123456789abcdef",
                Some("KubernetesObject"),
            ),
            ("/namespaces", None),
            ("/namespaces/", None),
            ("/namespaces/shop/pods/", None),
            ("/namespaces/shop/pods/a/b", None),
            ("/namespaces/shop/pods/a b", None),
            ("/namespaces/shop/pods/<script>", None),
        ] {
            let resource = Resource::parse(&format!("{CLUSTER}{path}"));
            let found = resource.ok().map(|resource| resource.kind().name);
            assert_eq!(found, kind, "{path}");
        }
    }
}
