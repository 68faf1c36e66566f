//! An index of an account's entries by name. Searching the lists would be too slow for a large account.

use std::collections::HashMap;

use serde_json::Value;

use super::{Account, Record, text};
use crate::stand_in::{COLLECTIONS, entries};

/// Positions in a list, by name.
pub(crate) type Names = HashMap<String, usize>;

/// The positions of an account's entries when the account was last checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub clusters: Names,
    pub repositories: Names,
    /// The positions of images by digest and by tag, for each repository in order.
    pub images: Vec<Names>,
    /// The positions of keys by id and by alias.
    pub keys: Names,
    pub roles: Names,
    /// The positions of the entries of other collections.
    pub collections: HashMap<String, Names>,
    /// The resources whose entries state their ARNs.
    pub arns: HashMap<String, Position>,
    /// The resources that have tags, in order.
    pub tagged: Vec<Position>,
}

/// A resource that can have tags: its list and its position there.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Position {
    Cluster(usize),
    Repository(usize),
    Key(usize),
    LoadBalancer(usize),
}

impl Index {
    /// Builds the index of an account. Returns an error if two entries of a list have the same name, or one has none.
    pub(super) fn of(account: &Account) -> Result<Self, String> {
        let clusters = account.clusters.iter().map(|cluster| &cluster.members);
        let repositories = account.repositories.iter().map(|entry| &entry.members);
        let keys = account.keys.iter().map(|key| &key.members);
        let roles = account.roles.iter().map(|role| &role.members);
        let mut index = Self {
            clusters: names("clusters", "name", clusters)?,
            repositories: names("repositories", "repositoryName", repositories)?,
            images: images(account)?,
            keys: names("keys", "KeyId", keys)?,
            roles: names("roles", "RoleName", roles)?,
            collections: collections(account)?,
            ..Self::default()
        };
        for (position, key) in account.keys.iter().enumerate() {
            for alias in &key.aliases {
                index.keys.entry(alias.clone()).or_insert(position);
            }
        }
        index.find_positions(account);
        Ok(index)
    }

    /// Builds an index of an account as global services see it: of its roles and of its other collections. It has the
    /// first of several entries with the same name.
    pub(crate) fn of_global(account: &Account) -> Self {
        let mut index = Self::default();
        for (name, key, value) in keyed_collections(account) {
            let positions = index.collections.entry(name.to_owned()).or_default();
            for (position, entry) in entries(Some(value)).enumerate() {
                let key = text(entry, key).to_owned();
                positions.entry(key).or_insert(position);
            }
        }
        for (position, role) in account.roles.iter().enumerate() {
            index
                .roles
                .entry(role.name().to_owned())
                .or_insert(position);
        }
        index
    }

    fn find_positions(&mut self, account: &Account) {
        for (position, cluster) in account.clusters.iter().enumerate() {
            let tags = cluster.members.get("tags").and_then(Value::as_object);
            let tagged = tags.is_some_and(|tags| tags.values().any(Value::is_string));
            self.add(
                Position::Cluster(position),
                text(&cluster.members, "arn"),
                tagged,
            );
        }
        for (position, repository) in account.repositories.iter().enumerate() {
            let arn = text(&repository.members, "repositoryArn");
            self.add(
                Position::Repository(position),
                arn,
                !repository.tags.is_empty(),
            );
        }
        for (position, key) in account.keys.iter().enumerate() {
            let arn = text(&key.members, "Arn");
            self.add(Position::Key(position), arn, !key.tags.is_empty());
        }
        for (position, balancer) in account.entries("load_balancers").into_iter().enumerate() {
            let tagged = entries(balancer.get("Tags")).next().is_some();
            let arn = text(balancer, "LoadBalancerArn");
            self.add(Position::LoadBalancer(position), arn, tagged);
        }
    }

    fn add(&mut self, position: Position, arn: &str, tagged: bool) {
        if !arn.is_empty() {
            self.arns.entry(arn.to_owned()).or_insert(position);
        }
        if tagged {
            self.tagged.push(position);
        }
    }
}

/// Returns the name, the key and the entries of each collection that has no type of its own.
fn keyed_collections(account: &Account) -> impl Iterator<Item = (&str, &'static str, &Value)> {
    account.collections.iter().filter_map(|(name, value)| {
        let mut known = COLLECTIONS.iter().filter(|one| one.is_in(None));
        let key = known.find(|one| one.name == name)?.key?;
        Some((name.as_str(), key, value))
    })
}

fn collections(account: &Account) -> Result<HashMap<String, Names>, String> {
    keyed_collections(account)
        .map(|(name, key, value)| Ok((name.to_owned(), names(name, key, entries(Some(value)))?)))
        .collect()
}

fn images(account: &Account) -> Result<Vec<Names>, String> {
    let of_repository = |repository: &super::Repository| {
        let list = format!("images of {}", repository.name());
        let images = repository.images.iter();
        let mut found = names(
            &list,
            "imageDigest",
            images.clone().map(|image| &image.members),
        )?;
        for (position, image) in images.enumerate() {
            for tag in image.tags().iter().filter_map(Value::as_str) {
                found.entry(tag.to_owned()).or_insert(position);
            }
        }
        Ok(found)
    };
    account.repositories.iter().map(of_repository).collect()
}

/// Returns the position of each entry by the text in its member `name`, which must be unique.
pub(super) fn names<'a>(
    list: &str,
    name: &str,
    entries: impl Iterator<Item = &'a Record>,
) -> Result<Names, String> {
    let mut names = Names::new();
    for (position, members) in entries.enumerate() {
        let id = text(members, name);
        if id.is_empty() {
            return Err(format!(
                "{list}[{position}] has no {name}; write {name}: and its text"
            ));
        }
        if names.insert(id.to_owned(), position).is_some() {
            return Err(format!("{list} has {name} {id} twice; leave one out"));
        }
    }
    Ok(names)
}
