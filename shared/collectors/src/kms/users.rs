//! The clusters and repositories that name a key. They are read only if a key is pending deletion.

use std::collections::{BTreeSet, HashMap};

use eksentry_core::Unread;
use eksentry_core::facts::List;

use crate::Reader;

/// The most names of clusters or repositories that are kept for a key.
const MAX_NAMES: usize = 100;

/// The users of all keys in a Region.
#[derive(Debug)]
pub(super) struct Users {
    clusters: Names,
    repositories: Names,
}

/// The names of the resources of one kind, by the ARNs of the keys that they name.
#[derive(Debug, Default)]
struct Names {
    by_key: HashMap<String, BTreeSet<String>>,
    /// The reason why there may be others.
    missing: Option<Unread>,
}

impl Names {
    /// Adds a resource. If there are many for a key, those that are first by name are kept.
    fn add(&mut self, key: &str, name: &str) {
        let names = self.by_key.entry(key.to_owned()).or_default();
        names.insert(name.to_owned());
        if names.len() > MAX_NAMES {
            names.pop_last();
        }
    }

    fn of(&self, key: &str) -> List<String> {
        let names = self.by_key.get(key);
        List {
            items: names.into_iter().flatten().cloned().collect(),
            missing: self.missing.clone(),
        }
    }
}

impl Reader<'_> {
    /// Returns the clusters and the repositories in the Region that name a key.
    pub(super) async fn users_of(&self, key: &str) -> (List<String>, List<String>) {
        let read = || Box::pin(self.users());
        let users = self.kms.users.get_or_init(read).await;
        (users.clusters.of(key), users.repositories.of(key))
    }

    async fn users(&self) -> Users {
        let (clusters, repositories) =
            futures::join!(self.clusters.named_keys(), self.keys_of_repositories());
        let (clusters, repositories) =
            futures::join!(self.names(&clusters), self.names(&repositories));
        Users {
            clusters,
            repositories,
        }
    }

    /// Returns the names of resources by the ARNs of their keys, given each with the key as it names it. Aliases are
    /// resolved.
    async fn names<K: AsRef<str>>(&self, users: &List<(String, K)>) -> Names {
        let mut names = Names {
            missing: users.missing.clone(),
            ..Names::default()
        };
        for (name, key) in &users.items {
            let key = key.as_ref();
            if key.contains(":key/") {
                names.add(key, name);
                continue;
            }
            match self.described_key(key).await {
                Ok(Some(key)) => names.add(&key.arn, name),
                Ok(None) => {}
                Err(reason) => names.missing = names.missing.or(Some(reason)),
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_names_of_a_key_are_kept() {
        let mut names = Names::default();
        for number in (0..300).rev() {
            names.add("key", &format!("{number:03}"));
        }
        names.add("other", "one");
        let kept = names.of("key").items;
        assert_eq!((kept.len(), kept[0].as_str()), (MAX_NAMES, "000"));
        assert_eq!(kept[MAX_NAMES - 1], "099");
        assert_eq!(names.of("other").items, ["one"]);
        assert!(names.of("none").items.is_empty());
    }
}
