//! The kinds of objects that a cluster serves.

use std::sync::LazyLock;

use serde_json::Value;

/// A kind of objects.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Kind {
    /// The API group; empty for the core group.
    pub(super) group: String,
    pub(super) version: String,
    /// The name in objects: `Pod`.
    pub(super) name: String,
    /// The name in paths: `pods`.
    pub(super) plural: String,
    pub(super) is_namespaced: bool,
}

/// The kinds that every cluster serves: the version of the API, the kind, the name in paths, and `-` if its objects are
/// not in namespaces. Groups are in the order in which a cluster lists them.
const KINDS: &str = "
v1 ConfigMap configmaps
v1 Endpoints endpoints
v1 Event events
v1 LimitRange limitranges
v1 Namespace namespaces -
v1 Node nodes -
v1 PersistentVolume persistentvolumes -
v1 PersistentVolumeClaim persistentvolumeclaims
v1 Pod pods
v1 PodTemplate podtemplates
v1 ReplicationController replicationcontrollers
v1 ResourceQuota resourcequotas
v1 Secret secrets
v1 Service services
v1 ServiceAccount serviceaccounts
apps/v1 ControllerRevision controllerrevisions
apps/v1 DaemonSet daemonsets
apps/v1 Deployment deployments
apps/v1 ReplicaSet replicasets
apps/v1 StatefulSet statefulsets
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers
batch/v1 CronJob cronjobs
batch/v1 Job jobs
networking.k8s.io/v1 Ingress ingresses
networking.k8s.io/v1 IngressClass ingressclasses -
networking.k8s.io/v1 NetworkPolicy networkpolicies
policy/v1 PodDisruptionBudget poddisruptionbudgets
rbac.authorization.k8s.io/v1 ClusterRole clusterroles -
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings -
rbac.authorization.k8s.io/v1 Role roles
rbac.authorization.k8s.io/v1 RoleBinding rolebindings
storage.k8s.io/v1 StorageClass storageclasses -
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations -
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations -
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions -
scheduling.k8s.io/v1 PriorityClass priorityclasses -
coordination.k8s.io/v1 Lease leases
discovery.k8s.io/v1 EndpointSlice endpointslices
";

impl Kind {
    /// Returns the version as objects name it: `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Returns `true` if the kind is one of custom resources, whose lists always have a token, which may be empty.
    pub(super) fn is_custom(&self) -> bool {
        !self.group.ends_with(".k8s.io") && !builtin().contains(self)
    }

    /// Returns the kind of an object. A custom resource is in a namespace if the object is.
    pub(super) fn of(object: &Value) -> Option<Self> {
        let name = object["kind"].as_str().filter(|name| !name.is_empty())?;
        let api_version = object["apiVersion"].as_str();
        let mut known = builtin().iter().filter(|kind| kind.name == name);
        let known = match api_version {
            None => known.next(),
            Some(api_version) => known.find(|kind| kind.api_version() == api_version),
        };
        known.cloned().or_else(|| {
            let (group, version) = api_version?.split_once('/')?;
            Some(Self {
                group: group.to_owned(),
                version: version.to_owned(),
                name: name.to_owned(),
                plural: plural(&name.to_lowercase()),
                is_namespaced: object["metadata"]["namespace"].is_string(),
            })
        })
    }
}

/// Returns the kinds that every cluster serves.
pub(super) fn builtin() -> &'static [Kind] {
    static BUILTIN: LazyLock<Vec<Kind>> =
        LazyLock::new(|| KINDS.trim().lines().map(kind).collect());
    &BUILTIN
}

/// Returns the kind in a line of [`KINDS`].
fn kind(row: &str) -> Kind {
    let mut words = row.split(' ');
    let mut next = || words.next().unwrap_or_default().to_owned();
    let (api_version, name, plural) = (next(), next(), next());
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        name,
        plural,
        is_namespaced: next().is_empty(),
    }
}

/// Returns the name in paths that the definition of a custom resource usually has.
fn plural(singular: &str) -> String {
    if singular.ends_with("params") {
        return singular.to_owned();
    }
    match singular.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if singular.ends_with(['s', 'x']) => format!("{singular}es"),
        None => format!("{singular}s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_those_of_objects() {
        let of = |object: Value| {
            let kind = Kind::of(&object)?;
            let api_version = kind.api_version();
            Some((api_version, kind.plural, kind.is_namespaced))
        };
        for (object, api_version, plural, is_namespaced) in [
            (json!({"kind": "Pod"}), "v1", "pods", true),
            (
                json!({"kind": "Namespace", "apiVersion": "v1"}),
                "v1",
                "namespaces",
                false,
            ),
            (json!({"kind": "CronJob"}), "batch/v1", "cronjobs", true),
            (
                json!({"kind": "ClusterRole"}),
                "rbac.authorization.k8s.io/v1",
                "clusterroles",
                false,
            ),
            (
                json!({"kind": "IngressClassParams", "apiVersion": "elbv2.k8s.aws/v1beta1"}),
                "elbv2.k8s.aws/v1beta1",
                "ingressclassparams",
                false,
            ),
            (
                json!({"kind": "NodeClass", "apiVersion": "eks.amazonaws.com/v1"}),
                "eks.amazonaws.com/v1",
                "nodeclasses",
                false,
            ),
            (
                json!({"kind": "Policy", "apiVersion": "kyverno.io/v1", "metadata": {"namespace": "a"}}),
                "kyverno.io/v1",
                "policies",
                true,
            ),
        ] {
            let expected = (api_version.to_owned(), plural.to_owned(), is_namespaced);
            assert_eq!(of(object), Some(expected));
        }
        for unknown in [
            json!({}),
            json!({"kind": "Unknown"}),
            json!({"kind": "Unknown", "apiVersion": "v1"}),
            json!([]),
        ] {
            assert_eq!(of(unknown), None);
        }
    }
}
