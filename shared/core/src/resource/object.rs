//! Objects in clusters as resources.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Resource, ResourceError};
use crate::details::Details;
use crate::facts::kubernetes::object::{API_VERSION, KIND, NAME, NAMESPACE};
use crate::facts::kubernetes::{self as kinds, ObjectName};

/// The characters of a name that an id contains as they are. `~` is not among them, since it marks an id that is cut
/// off.
const UNCHANGED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b':')
    .remove(b'@');

impl ObjectName {
    /// Returns the object as a resource. The version of the API group and the UID of the object are not part of the id,
    /// so an object that is created again is the same resource.
    ///
    /// # Errors
    ///
    /// Returns an error if the object has no name, or another name is missing.
    pub fn resource(&self, cluster: &Resource) -> Result<Resource, ResourceError> {
        let encoded = |text: &str| utf8_percent_encode(text, UNCHANGED).to_string();
        let mut path = vec![cluster.name().to_owned()];
        if let Some(namespace) = &self.namespace {
            path.extend(["namespaces".to_owned(), encoded(namespace)]);
        }
        let group = Some(self.group()).filter(|group| !group.is_empty());
        let dot = group.map_or("", |_| ".");
        path.push(encoded(&format!(
            "{}{dot}{}",
            self.plural,
            group.unwrap_or_default()
        )));
        path.push(encoded(&self.name));
        Resource::named(&kinds::OBJECT, &path.join("/"), &cluster.location())
    }

    /// Returns a namespace as a resource.
    ///
    /// # Errors
    ///
    /// Returns an error if the namespace has no name.
    pub fn namespace(name: &str, cluster: &Resource) -> Result<Resource, ResourceError> {
        let name = utf8_percent_encode(name, UNCHANGED);
        let path = format!("{}/namespaces/{name}", cluster.name());
        Resource::named(&kinds::NAMESPACE, &path, &cluster.location())
    }

    /// Returns the namespace of a resource in a cluster, or the namespace that it is; `None` if it is in no namespace.
    /// Namespaces have names that are not encoded.
    pub fn namespace_of(resource: &Resource) -> Option<&str> {
        let (_, path) = resource.name().split_once('/')?;
        path.strip_prefix("namespaces/")?.split('/').next()
    }

    /// Returns the properties of a namespace that reports show.
    pub fn details_of_namespace(name: &str, cluster: &Resource) -> Details {
        details_of_cluster(cluster)
            .text(NAMESPACE, Some(name))
            .text(KIND, Some("Namespace"))
            .text(NAME, Some(name))
            .text(API_VERSION, Some("v1"))
    }

    /// Returns the properties of a cluster, or of an object in one, that its id alone shows. The name of an object is not
    /// among them if the id is cut off.
    pub(crate) fn details_of_unread(resource: &Resource) -> Details {
        let Some(cluster) = resource.parent() else {
            return Details::default()
                .text("arn", Some(resource.id()))
                .text("name", Some(resource.name()));
        };
        let namespace = Self::namespace_of(resource);
        if resource.kind() == &kinds::NAMESPACE {
            return Self::details_of_namespace(namespace.unwrap_or_default(), &cluster);
        }
        let name = resource.name().rsplit('/').next();
        let name = name.filter(|name| !name.contains('~'));
        let name = name.and_then(|name| percent_decode_str(name).decode_utf8().ok());
        details_of_cluster(&cluster)
            .text(NAMESPACE, namespace)
            .text(NAME, name.as_deref())
    }

    /// Returns the properties of the object that reports show.
    pub fn details(&self, cluster: &Resource) -> Details {
        details_of_cluster(cluster)
            .text(NAMESPACE, self.namespace.as_deref())
            .text(KIND, Some(&self.kind))
            .text(NAME, Some(&self.name))
            .text(API_VERSION, Some(&self.api_version))
    }

    /// Returns the kind, the name and the API group of an object from its details; `None` if these are not the details
    /// of an object. The core group is empty.
    pub fn in_details(details: &Details) -> Option<(&str, &str, &str)> {
        let [kind, name, version] = [KIND, NAME, API_VERSION].map(|part| details.get_text(part));
        let group = version?.split_once('/').map_or("", |(group, _)| group);
        Some((kind?, name?, group))
    }
}

/// Returns the properties that name the cluster of an object.
fn details_of_cluster(cluster: &Resource) -> Details {
    Details::default()
        .text("ClusterName", Some(cluster.name()))
        .text("ClusterArn", Some(cluster.id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(namespace: Option<&str>, api_version: &str, plural: &str, name: &str) -> ObjectName {
        ObjectName {
            namespace: namespace.map(str::to_owned),
            kind: "Kind".into(),
            api_version: api_version.into(),
            plural: plural.into(),
            name: name.into(),
        }
    }

    fn cluster() -> Resource {
        Resource::parse("arn:aws:eks:eu-central-1:111122223333:cluster/prod").unwrap()
    }

    #[test]
    fn the_id_of_an_object_is_its_path_in_the_cluster() {
        for (object, path) in [
            (
                object(Some("shop"), "apps/v1", "deployments", "web"),
                "namespaces/shop/deployments.apps/web",
            ),
            (
                object(Some("shop"), "v1", "pods", "web"),
                "namespaces/shop/pods/web",
            ),
            (
                object(
                    None,
                    "rbac.authorization.k8s.io/v1",
                    "clusterroles",
                    "system:node",
                ),
                "clusterroles.rbac.authorization.k8s.io/system:node",
            ),
            (
                object(None, "v1", "x", "a b*?#~/%ü"),
                "x/a%20b%2A%3F%23%7E%2F%25%C3%BC",
            ),
        ] {
            let resource = object.resource(&cluster()).unwrap();
            assert_eq!(resource.id(), format!("{}/{path}", cluster().id()));
            assert_eq!(Resource::parse(resource.id()).as_ref(), Ok(&resource));
            assert_eq!(
                ObjectName::namespace_of(&resource),
                object.namespace.as_deref()
            );
            assert_eq!(
                resource.parent().map(|parent| parent.id().to_owned()),
                Some(cluster().id().to_owned())
            );
        }
    }

    #[test]
    fn the_details_of_an_object_name_it() {
        for (version, group) in [("apps/v1", "apps"), ("v1", "")] {
            let details = object(Some("shop"), version, "x", "web").details(&cluster());
            assert_eq!(
                ObjectName::in_details(&details),
                Some(("Kind", "web", group))
            );
        }
        let of_namespace = ObjectName::details_of_namespace("shop", &cluster());
        let expected = Some(("Namespace", "shop", ""));
        assert_eq!(ObjectName::in_details(&of_namespace), expected);
        assert_eq!(ObjectName::in_details(&Details::default()), None);
    }

    #[test]
    fn an_id_shows_the_names_of_its_object() {
        let arn = cluster().id().to_owned();
        let of_object = |namespace, name| {
            let details = details_of_cluster(&cluster()).text(NAMESPACE, namespace);
            details.text(NAME, name)
        };
        for (path, expected) in [
            (
                "",
                Details::default()
                    .text("arn", Some(&arn))
                    .text("name", Some("prod")),
            ),
            (
                "/namespaces/shop",
                ObjectName::details_of_namespace("shop", &cluster()),
            ),
            (
                "/namespaces/shop/deployments.apps/web",
                of_object(Some("shop"), Some("web")),
            ),
            (
                "/clusterroles.rbac.authorization.k8s.io/a%20b%7E",
                of_object(None, Some("a b~")),
            ),
            (
                "/namespaces/shop/things.gg/nn~0123456789abcdef",
                of_object(Some("shop"), None),
            ),
        ] {
            let resource = Resource::parse(&format!("{arn}{path}")).unwrap().inside();
            let details = ObjectName::details_of_unread(&resource);
            assert_eq!(details, expected, "{path}");
        }
    }

    #[test]
    fn a_long_id_is_cut_off_and_can_be_parsed() {
        let (name, group) = ("n".repeat(253), "g".repeat(253));
        let one = object(
            Some(&"s".repeat(63)),
            &format!("{group}/v1"),
            "things",
            &name,
        );
        let other = ObjectName {
            name: format!("{name}2"),
            ..one.clone()
        };
        let [one, other] = [one, other].map(|object| object.resource(&cluster()).unwrap());
        assert_ne!(one, other);
        assert_eq!(Resource::parse(one.id()).as_ref(), Ok(&one));
        assert_eq!(
            ObjectName::namespace_of(&one),
            Some("s".repeat(63).as_str())
        );
    }

    #[test]
    fn a_namespace_is_a_resource_of_its_own() {
        let namespace = ObjectName::namespace("shop", &cluster()).unwrap();
        assert_eq!(
            namespace.id(),
            format!("{}/namespaces/shop", cluster().id())
        );
        assert_eq!(Resource::parse(namespace.id()).as_ref(), Ok(&namespace));
        assert_eq!(ObjectName::namespace_of(&namespace), Some("shop"));
        assert_eq!(ObjectName::namespace_of(&cluster()), None);
        assert!(ObjectName::namespace("", &cluster()).is_err());
    }

    #[test]
    fn an_object_without_a_name_is_no_resource() {
        assert!(
            object(Some("shop"), "v1", "pods", "")
                .resource(&cluster())
                .is_err()
        );
        assert!(
            object(Some(""), "v1", "pods", "web")
                .resource(&cluster())
                .is_err()
        );
    }
}
