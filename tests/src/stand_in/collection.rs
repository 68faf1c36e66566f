//! Collections of an account file, and the operations that list and describe their entries.

use std::{iter, ptr, sync::LazyLock};

use serde_json::{Value, json};

use super::{
    collections::COLLECTIONS,
    filters::{self, Filters},
    operation::{Member, Operation},
    placeholders::{fill, fill_text},
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Record, partition, text};

/// A collection of resources of one kind.
#[derive(Debug)]
pub(crate) struct Collection {
    /// The member of the account file, or of an entry of the parent, that holds the entries.
    pub name: &'static str,
    /// The collection whose entries hold this one.
    pub parent: Option<&'static Collection>,
    /// The member that identifies an entry; `None` if there is at most one, which is then not in a list.
    pub key: Option<&'static str>,
    /// The member of requests about a collection in an entry that identifies the entry.
    pub reference: &'static str,
    /// The keys of entries that every account has, with the defaults.
    pub everywhere: &'static [&'static str],
    /// Returns `true` for the entries that a list contains.
    pub is_listed: fn(&Record) -> bool,
    /// Returns the members that an entry has unless the account file states others, with placeholders: other members of
    /// the entry, `parent.` and a member of the entry that holds it, `account`, `region` and `partition`.
    pub defaults: fn(&Record) -> Value,
    /// Returns the members of members that an entry has unless the account file states others, even if the file states
    /// the member that holds them.
    pub nested_defaults: fn() -> Value,
    /// Returns the item for a described entry in a list of descriptions.
    pub item: fn(Record) -> Value,
    /// The error for an entry that does not exist; `None` if one with the defaults always exists.
    pub missing: Option<Missing>,
}

/// The error for an entry that does not exist.
#[derive(Debug)]
pub(crate) struct Missing {
    pub code: &'static str,
    /// The message, with members of the request as placeholders. `key` is the key of the entry.
    pub message: &'static str,
}

/// An entry with the entry that holds it.
#[derive(Clone)]
struct Entry<'a> {
    account: &'a Account,
    collection: &'static Collection,
    members: &'a Record,
    parent: Option<Box<Entry<'a>>>,
}

impl Collection {
    /// Creates a collection of entries that the member `key` identifies.
    pub(super) const fn new(name: &'static str, key: &'static str, missing: Missing) -> Self {
        Self {
            name,
            parent: None,
            key: Some(key),
            reference: key,
            everywhere: &[],
            is_listed: |_| true,
            defaults: |_| json!({}),
            nested_defaults: || json!({}),
            item: Value::Object,
            missing: Some(missing),
        }
    }

    /// Returns the members of requests that identify the entries that hold this collection.
    fn references(&self) -> impl Iterator<Item = &'static str> {
        let parents = iter::successors(self.parent, |parent| parent.parent);
        parents.map(|parent| parent.reference)
    }

    /// Returns `true` if the account file or, if there is a parent, one of its entries may hold this collection.
    pub(crate) fn is_in(&self, parent: Option<&Collection>) -> bool {
        match (self.parent, parent) {
            (None, None) => true,
            (Some(own), Some(parent)) => ptr::eq(own, parent),
            _ => false,
        }
    }
}

/// Returns the entries in a member of an account file or of an entry.
pub(crate) fn entries(value: Option<&Value>) -> impl Iterator<Item = &Record> {
    let entries = value.and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(Value::as_object)
}

/// Lists the requested page of a collection.
pub(super) fn list(
    collection: &'static Collection,
    operation: &'static Operation,
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let parent = parent(collection, account, request)?;
    let all = all(collection, account, parent.as_ref());
    let mut known = paging_members(operation);
    known.extend(collection.references());
    known.extend(operation.row.ignored);
    request.allow_members(&known)?;
    page(operation, account, request, &all, |entry| {
        (collection.is_listed)(entry.members)
    })
}

/// Describes the entry that a request names or, if the response is a list, all that the request does not exclude.
pub(super) fn describe(
    collection: &'static Collection,
    operation: &'static Operation,
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    if operation
        .result
        .as_ref()
        .is_some_and(|result| result.is_list)
    {
        return describe_many(collection, operation, account, request);
    }
    let entry = find(collection, collection.key, account, request)?;
    let description = entry.description();
    let mut response = match &operation.result {
        Some(result) => Record::from_iter([(result.name.to_owned(), description.into())]),
        None => description,
    };
    if let Some(also) = operation.row.also {
        let mut also = also();
        fill(&mut also, &|name| entry.value(name));
        response.extend(record(also));
    }
    copy_request_members(request, &mut response);
    Ok(response.into())
}

fn describe_many(
    collection: &'static Collection,
    operation: &'static Operation,
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let parent = parent(collection, account, request)?;
    let all = all(collection, account, parent.as_ref());
    let paging_members = paging_members(operation);
    let mut known = paging_members.clone();
    known.extend(operation.keys);
    known.extend(operation.row.ignored);
    known.extend(collection.references());
    known.extend(operation.filters);
    request.allow_members(&known)?;
    let filters = match operation.filters {
        Some(member) => filters::of(request, member, &operation.filtered)?,
        None => Filters::default(),
    };
    let keys = match operation.keys {
        Some(keys) => request.texts(keys, usize::MAX)?,
        None => None,
    };
    let Some(keys) = keys else {
        return page(operation, account, request, &all, |entry| {
            (collection.is_listed)(entry.members) && filters.accept(|| entry.description())
        });
    };
    if let Some(name) = paging_members.iter().find(|name| request.has(name)) {
        let keys = operation.keys.unwrap_or_default();
        return Err(request.invalid(format!("{name} can't be used together with {keys}")));
    }
    let mut found = Vec::new();
    for key in keys {
        let mut all = all.iter();
        let entry = all.find(|entry| entry.key() == key);
        let entry = entry.ok_or_else(|| missing(collection, request, account, key))?;
        if filters.accept(|| entry.description()) {
            found.push(entry.clone());
        }
    }
    page(operation, account, request, &found, |_| true)
}

/// Returns the members of a request that are about pages.
fn paging_members(operation: &Operation) -> Vec<&'static str> {
    let paging = operation.paging.iter();
    paging
        .flat_map(|paging| [paging.size, paging.token])
        .collect()
}

/// Returns a response with the requested page of entries. One without paging has all entries.
fn page(
    operation: &'static Operation,
    account: &Account,
    request: &Request,
    all: &[Entry<'_>],
    is_wanted: impl Fn(&Entry<'_>) -> bool,
) -> Result<Value, AwsError> {
    let Some(result) = &operation.result else {
        return Err(AwsError::unknown_operation(&request.name()));
    };
    let mut response = if let Some(paging) = &operation.paging {
        let (entries, next) = paging.page_of(account, request, all, is_wanted)?;
        let items: Vec<Value> = entries
            .iter()
            .map(|entry| entry.item(operation, result))
            .collect();
        paging.response(items, next)
    } else {
        let entries = all.iter().filter(|entry| is_wanted(entry));
        let items: Vec<Value> = entries.map(|entry| entry.item(operation, result)).collect();
        Record::from_iter([(result.name.to_owned(), items.into())])
    };
    copy_request_members(request, &mut response);
    Ok(response.into())
}

/// Adds the texts of a request to a response that has members of the same names.
fn copy_request_members(request: &Request, response: &mut Record) {
    let Some(output) = request.service.model().output(&request.operation) else {
        return;
    };
    for (name, value) in &request.members {
        if value.is_string() && output.members.contains_key(name) {
            response
                .entry(name.as_str())
                .or_insert_with(|| value.clone());
        }
    }
}

/// Returns all entries of a collection, in order.
fn all<'a>(
    collection: &'static Collection,
    account: &'a Account,
    parent: Option<&Entry<'a>>,
) -> Vec<Entry<'a>> {
    let entry = |members: &'a Record| Entry {
        account,
        collection,
        members,
        parent: parent.cloned().map(Box::new),
    };
    if let Some(parent) = parent {
        let held = entries(parent.members.get(collection.name));
        return held.map(entry).collect();
    }

    let stated = account.entries(collection.name);
    let key = collection.key.unwrap_or_default();
    let is_stated = |one: &&Record| {
        let mut stated = stated.iter();
        stated.any(|other| text(one, key) == text(other, key))
    };
    let everywhere = everywhere(collection).filter(|one| !is_stated(one));
    let everywhere: Vec<&Record> = everywhere.collect();
    stated.into_iter().chain(everywhere).map(entry).collect()
}

/// Returns the entries of a collection that every account has.
fn everywhere(collection: &'static Collection) -> impl Iterator<Item = &'static Record> {
    static ENTRIES: LazyLock<Vec<(&str, Record)>> = LazyLock::new(|| {
        let collections = COLLECTIONS.iter();
        let entries = collections.flat_map(|collection| {
            let key = collection.key.unwrap_or_default();
            let keys = collection.everywhere.iter();
            keys.map(move |value| (collection.name, record(json!({key: value}))))
        });
        entries.collect()
    });
    let entries = ENTRIES.iter();
    let entries = entries.filter(|(name, _)| *name == collection.name);
    entries.map(|(_, entry)| entry)
}

/// Returns the entry that holds the collection that a request is about.
fn parent<'a>(
    collection: &Collection,
    account: &'a Account,
    request: &Request,
) -> Result<Option<Entry<'a>>, AwsError> {
    let parent = collection.parent;
    parent
        .map(|parent| find(parent, Some(parent.reference), account, request))
        .transpose()
}

/// Returns the entry that a member of a request names.
fn find<'a>(
    collection: &'static Collection,
    member: Option<&str>,
    account: &'a Account,
    request: &Request,
) -> Result<Entry<'a>, AwsError> {
    static EMPTY: LazyLock<Record> = LazyLock::new(Record::new);
    let parent = parent(collection, account, request)?;
    let key = member.map(|member| request.required_text(member));
    let key = key.transpose()?;
    let members = match (&parent, key) {
        (None, Some(key)) => account.entry(collection.name, key).or_else(|| {
            let mut everywhere = everywhere(collection);
            everywhere.find(|entry| collection.key.is_some_and(|name| text(entry, name) == key))
        }),
        (None, None) => account.only_entry(collection.name),
        (Some(parent), Some(key)) => entries(parent.members.get(collection.name))
            .find(|entry| collection.key.is_some_and(|name| text(entry, name) == key)),
        (Some(parent), None) => parent
            .members
            .get(collection.name)
            .and_then(Value::as_object),
    };
    let members = members.or_else(|| collection.missing.is_none().then(|| &*EMPTY));
    let key = key.unwrap_or_default();
    let members = members.ok_or_else(|| missing(collection, request, account, key))?;
    Ok(Entry {
        account,
        collection,
        members,
        parent: parent.map(Box::new),
    })
}

/// Returns the error for an entry that does not exist, with the status that the model states.
pub(super) fn missing(
    collection: &Collection,
    request: &Request,
    account: &Account,
    key: &str,
) -> AwsError {
    let Some(Missing { code, message }) = &collection.missing else {
        return request.invalid(format!("there is no {}", collection.name));
    };
    let message = fill_text(message, &|name| match name {
        "key" => Some(key.into()),
        "account" => Some(account.account.as_str().into()),
        other => request.member(other).cloned(),
    });
    let errors = request.service.model().errors(&request.operation);
    let error = errors.iter().find(|error| error.code == *code);
    AwsError::new(*code, message).status(error.map_or(400, |error| error.status))
}

/// Returns the description of an entry in a collection of the account: its members over the defaults.
pub(super) fn described(
    collection: &'static Collection,
    account: &Account,
    members: &Record,
) -> Record {
    let entry = Entry {
        account,
        collection,
        members,
        parent: None,
    };
    entry.description()
}

impl Entry<'_> {
    fn key(&self) -> &str {
        self.collection
            .key
            .map(|name| text(self.members, name))
            .unwrap_or_default()
    }

    /// Returns the item for this entry in a list.
    fn item(&self, operation: &Operation, result: &Member) -> Value {
        let Some(members) = &result.members else {
            return self.key().into();
        };
        let mut description = self.description();
        if operation.is_list() {
            description.retain(|name, _| members.contains(&name.as_str()));
            return description.into();
        }
        (self.collection.item)(description)
    }

    /// Returns the members in the account file over the defaults, without the collections that the entry holds.
    fn description(&self) -> Record {
        let mut description = (self.collection.defaults)(self.members);
        if let Some(members) = description.as_object_mut() {
            members.retain(|name, _| !self.members.contains_key(name));
        }
        fill(&mut description, &|name| self.value(name));
        let mut description = record(description);
        let is_held = |name: &str| {
            let mut held = COLLECTIONS
                .iter()
                .filter(|one| one.is_in(Some(self.collection)));
            held.any(|one| one.name == name)
        };
        let written = self.members.iter().filter(|(name, _)| !is_held(name));
        description.extend(written.map(|(name, value)| (name.clone(), value.clone())));
        for (name, defaults) in record((self.collection.nested_defaults)()) {
            let Some(Value::Object(members)) = description.get_mut(&name) else {
                continue;
            };
            for (name, value) in record(defaults) {
                members.entry(name).or_insert(value);
            }
        }
        description
    }

    /// Returns the value of a placeholder.
    fn value(&self, name: &str) -> Option<Value> {
        if let Some(name) = name.strip_prefix("parent.") {
            return self.parent.as_ref()?.value(name);
        }
        if let Some(value) = self.members.get(name) {
            return Some(value.clone());
        }
        match name {
            "account" => Some(self.account.account.as_str().into()),
            "region" => Some(self.account.region.as_str().into()),
            "partition" => Some(partition(&self.account.region).into()),
            other => {
                let mut default = (self.collection.defaults)(self.members);
                let mut default = default.get_mut(other)?.take();
                fill(&mut default, &|name| self.value(name));
                Some(default)
            }
        }
    }
}

#[cfg(test)]
mod tests;
