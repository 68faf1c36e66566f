//! The ids that an account file leaves out, and the checks of its entries.

use serde_json::Value;

use super::{
    Account, AccountError, Image, Organization, Record, digest,
    index::{Index, names},
    text, uuid,
};
use crate::stand_in::{COLLECTIONS, Collection, entries};

impl Account {
    /// Assigns the ids that are left out, checks the entries for what the stand-in relies on, and builds the index.
    pub(crate) fn prepare(&mut self, name: &str) -> Result<(), AccountError> {
        self.name_images();
        self.name_keys();
        self.index = self.checked().map_err(|problem| AccountError::Entry {
            name: name.to_owned(),
            problem,
        })?;
        Ok(())
    }

    fn checked(&self) -> Result<Index, String> {
        self.check_place()?;
        let index = Index::of(self)?;
        self.check_collections()?;
        self.check_findings()?;
        self.check_texts()?;
        self.check_organization()?;
        Ok(index)
    }

    fn name_images(&mut self) {
        for repository in &mut self.repositories {
            let repository_name = repository.name().to_owned();
            let unnamed =
                |(_, image): &(usize, &mut Image)| !image.members.contains_key("imageDigest");
            for (index, image) in repository.images.iter_mut().enumerate().filter(unnamed) {
                let tags = image.members.get("imageTags").map(Value::to_string);
                let seed = format!(
                    "{repository_name} {}",
                    tags.unwrap_or_else(|| index.to_string())
                );
                let name = format!("sha256:{}", digest(&seed));
                image.members.insert("imageDigest".to_owned(), name.into());
            }
        }
    }

    fn name_keys(&mut self) {
        for (index, key) in self.keys.iter_mut().enumerate() {
            let seed = key
                .aliases
                .first()
                .cloned()
                .unwrap_or_else(|| format!("key {index}"));
            key.members
                .entry("KeyId")
                .or_insert_with(|| uuid(&seed).into());
        }
    }

    fn check_place(&self) -> Result<(), String> {
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!(
                "account is {:?}; write the twelve digits of an account id",
                self.account
            ));
        }
        if self.region.is_empty() {
            return Err("region is empty; write a Region such as eu-central-1".to_owned());
        }
        if self.page_size == Some(0) {
            return Err("page_size is 0; write 1 or more, or leave it out".to_owned());
        }
        if self.faults.iter().any(|fault| fault.one_in == Some(0)) {
            return Err("one_in is 0; write 1 or more, or leave it out".to_owned());
        }
        Ok(())
    }

    /// Checks the names of collections, and of the entries that are not in the index.
    fn check_collections(&self) -> Result<(), String> {
        let known = || COLLECTIONS.iter().filter(|one| one.is_in(None));
        for (name, value) in &self.collections {
            let Some(collection) = known().find(|one| one.name == name) else {
                let known: Vec<&str> = known().map(|one| one.name).collect();
                return Err(format!(
                    "unknown field `{name}`; the collections are clusters, repositories, keys, roles and {}",
                    known.join(", ")
                ));
            };
            check_list(name, collection, value)?;
        }
        for collection in known() {
            for entry in self.entries(collection.name) {
                check_held(collection, entry)?;
            }
        }
        Ok(())
    }

    fn check_organization(&self) -> Result<(), String> {
        let Some(Organization { units, accounts }) = &self.organization else {
            return Ok(());
        };
        if let Some(unit) = units.iter().find(|unit| !unit.id.starts_with("ou-")) {
            return Err(format!(
                "the unit {} has no id such as ou-ab12-payments1",
                unit.id
            ));
        }
        let is_parent = |id: &str| id.starts_with("r-") || units.iter().any(|unit| unit.id == id);
        let parents = units.iter().map(|unit| (&unit.id, &unit.parent_id));
        let mut parents = parents.chain(
            accounts
                .iter()
                .map(|account| (&account.id, &account.parent_id)),
        );
        match parents.find(|(_, parent)| !is_parent(parent)) {
            Some((id, parent)) => Err(format!(
                "the ParentId of {id} is {parent}; write a root such as r-ab12, or one of the units"
            )),
            None => Ok(()),
        }
    }

    fn check_findings(&self) -> Result<(), String> {
        names("findings", "Id", self.findings.iter())?;
        let is_short = |finding: &&Record| text(finding, "ProductArn").is_empty();
        match self.findings.iter().find(is_short) {
            Some(finding) => Err(format!(
                "the finding {} has no ProductArn; write each finding in full",
                text(finding, "Id")
            )),
            None => Ok(()),
        }
    }

    /// Rejects versions and tags that are not text. YAML reads an unquoted 1.30 as a number and `true` as a Boolean,
    /// where AWS would serve text.
    fn check_texts(&self) -> Result<(), String> {
        let values = self.clusters.iter().flat_map(|one| one.members.values());
        let held = values.flat_map(|value| entries(Some(value)));
        for members in self
            .clusters
            .iter()
            .map(|cluster| &cluster.members)
            .chain(held)
        {
            let tags = members.get("tags").and_then(Value::as_object);
            let texts = tags
                .into_iter()
                .flatten()
                .chain(members.iter().filter(|(name, _)| *name == "version"));
            for (name, value) in texts {
                if !value.is_string() && !value.is_null() {
                    return Err(format!(
                        "{name}: {value} is not text; write {name}: \"{value}\", in quotes"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Checks the collections that an entry holds.
fn check_held(parent: &Collection, entry: &Record) -> Result<(), String> {
    for collection in COLLECTIONS.iter().filter(|one| one.is_in(Some(parent))) {
        let Some(value) = entry.get(collection.name) else {
            continue;
        };
        let key = parent.key.map(|key| text(entry, key)).unwrap_or_default();
        check_list(&format!("{} of {key}", collection.name), collection, value)?;
        for entry in entries(Some(value)) {
            check_held(collection, entry)?;
        }
    }
    Ok(())
}

/// Checks that a collection is a list of entries with different keys or, if it has no key, an entry.
fn check_list(name: &str, collection: &Collection, value: &Value) -> Result<(), String> {
    let Some(key) = collection.key else {
        return match value {
            Value::Object(_) => Ok(()),
            _ => Err(format!("{name} is not an object")),
        };
    };
    let is_list = value
        .as_array()
        .is_some_and(|entries| entries.iter().all(Value::is_object));
    if !is_list {
        return Err(format!("{name} is not a list of objects"));
    }
    names(name, key, entries(Some(value)))?;
    Ok(())
}
