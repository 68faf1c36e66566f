//! The owners of objects.

use eksentry_core::facts::kubernetes::{ApiList, ObjectName};

use super::lists::{CREATORS, api_version_and_kind};

/// The characters of the end of a name that Kubernetes generates, and their number.
///
/// Source: <https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go>.
const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";
const RANDOM_LENGTH: usize = 5;

/// An object that owns others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Owner {
    /// The API group and its version: `apps/v1`.
    pub(super) api_version: String,
    /// The kind: `StatefulSet`.
    pub(super) kind: String,
    /// The name.
    pub(super) name: String,
}

impl Owner {
    /// Returns an owner of a kind that is listed.
    pub(super) fn listed(list: ApiList, name: &str) -> Self {
        let (api_version, kind) = api_version_and_kind(list);
        Self {
            api_version,
            kind: kind.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Returns the API group: `apps`; empty for the core group.
    fn group(&self) -> &str {
        let group = self.api_version.split_once('/');
        group.map_or("", |(group, _)| group)
    }

    /// Returns `true` if the owner is of this kind, in any version.
    pub(super) fn is(&self, group: &str, kind: &str) -> bool {
        self.group() == group && self.kind == kind
    }

    /// Returns `true` if the list contains objects of the owner's kind.
    pub(super) fn is_in(&self, list: ApiList) -> bool {
        let listed = Self::listed(list, "");
        self.is(listed.group(), &listed.kind)
    }

    /// Returns the list that contains objects of the owner's kind.
    pub(super) fn list(&self) -> Option<ApiList> {
        CREATORS.iter().copied().find(|list| self.is_in(*list))
    }

    /// Returns the owner, or all owners of its kind that are created like it. Tasks of pipelines, for example, get a new
    /// name with each run: `build-x7k2p`, which becomes `build-*`. `generate_name` is that of the object it owns.
    pub(super) fn or_siblings(self, generate_name: Option<&str>) -> Self {
        let from = generate_name.filter(|stem| self.name.starts_with(stem) && *stem != self.name);
        let Some(stem) = from.or_else(|| stem(&self.name)) else {
            return self;
        };
        Self {
            name: all_from(stem),
            ..self
        }
    }

    /// Returns the owner as the manager of a workload: `postgresql.acid.zalan.do/db`.
    pub(super) fn as_manager(&self) -> String {
        let kind = self.kind.to_lowercase();
        match self.group() {
            "" => format!("{kind}/{}", self.name),
            group => format!("{kind}.{group}/{}", self.name),
        }
    }

    /// Returns the name of the owner, which is in the namespace of what it owns.
    pub(super) fn object_name(self, namespace: &str) -> ObjectName {
        ObjectName {
            namespace: Some(namespace.to_owned()),
            plural: plural(&self.kind),
            kind: self.kind,
            api_version: self.api_version,
            name: self.name,
        }
    }
}

/// Returns the name that stands for all objects whose names begin in this way.
pub(super) fn all_from(stem: &str) -> String {
    format!("{stem}*")
}

/// Returns the beginning of a name that Kubernetes seems to have generated: `build-` of `build-x7k2p`.
fn stem(name: &str) -> Option<&str> {
    let (stem, end) = name.rsplit_once('-')?;
    let is_random = end.len() == RANDOM_LENGTH && end.chars().all(|c| RANDOM.contains(c));
    (is_random && !stem.is_empty()).then(|| &name[..=stem.len()])
}

/// Returns the name of a kind in paths, as Kubernetes guesses it. The definitions of custom resources are not read.
///
/// Source: `UnsafeGuessKindToResource` in
/// <https://github.com/kubernetes/apimachinery/blob/master/pkg/api/meta/restmapper.go>.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    if kind.ends_with("endpoints") {
        return kind;
    }
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plural_of_a_kind_is_guessed() {
        for (kind, expected) in [
            ("Deployment", "deployments"),
            ("TaskRun", "taskruns"),
            ("Policy", "policies"),
            ("Ingress", "ingresses"),
            ("Endpoints", "endpoints"),
        ] {
            assert_eq!(plural(kind), expected);
        }
    }

    #[test]
    fn a_generated_name_has_a_stem() {
        for (name, expected) in [
            ("build-x7k2p", Some("build-")),
            ("a-b-x7k2p", Some("a-b-")),
            ("build-nginx", None),
            ("build-x7k2", None),
            ("build-x7k2pp", None),
            ("-x7k2p", None),
            ("x7k2p", None),
            ("", None),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}
