//! The operations that the stand-in implements: a row for each, and what the published model adds to it.

use serde_json::Value;

use super::{
    access::RequiredPermission,
    collection::Collection,
    faults::Hit,
    filters,
    paging::Paging,
    service::AwsError,
    state::State,
    wire::{Reply, Request},
};
use crate::{
    account::Account,
    model::{ErrorShape, Kind, Model, Shape},
};

/// A row of the table of operations.
#[derive(Debug)]
pub(super) struct Row {
    /// `service.Operation`.
    pub name: &'static str,
    pub response: Response,
    pub permissions: Permissions,
    /// The IAM action, if its name is not that of the operation.
    action: Option<&'static str>,
    /// The members of a request that list resources. The response to such a request has one page.
    by_ids: &'static [&'static str],
    /// The members of a request that the functions send and that do not change the response.
    pub ignored: &'static [&'static str],
    /// The page size if none is requested, and the maximum, if the model does not state them.
    page_sizes: Option<(usize, usize)>,
    /// The codes and the statuses of errors for a missing resource that the model does not list.
    not_found: &'static [(&'static str, u16)],
    /// More members of the response, with placeholders.
    pub also: Option<fn() -> Value>,
}

/// The way to respond to a request.
#[derive(Debug)]
pub(super) enum Response {
    /// Lists the entries of a collection, by their names or with the members that the model has.
    List(&'static Collection),
    /// Describes the entries of a collection: the one that the request names or, if the response is a list, all or
    /// those that the request names.
    Describe(&'static Collection),
    /// Responds from the account in the Region that the request is sent to. IAM's account has the roles of all Regions.
    Account(fn(&Account, &Request) -> Result<Value, AwsError>),
    /// Responds from all that the stand-in holds.
    State(fn(&mut State, &CallContext<'_>) -> Result<Value, AwsError>),
    /// Responds with the bytes of an object.
    Object(fn(&mut State, &Request) -> Result<Reply, AwsError>),
}

/// The permissions that a request needs: the operation's action on resources.
#[derive(Debug)]
pub(super) enum Permissions {
    /// No permission is needed.
    Nothing,
    /// On this resource, with members of the request as placeholders: `*`, an ARN, or the last part of an ARN of the
    /// service in the caller's account and Region.
    On(&'static str),
    /// On the resource that the function returns.
    OnResource(fn(&Account, &Request) -> String),
    /// Those that the function returns for the action.
    Of(fn(&'static str, &Account, &Request) -> Vec<RequiredPermission>),
    /// Those that the function returns for the action, given all that the stand-in holds.
    OfState(fn(&'static str, &State, &Request) -> Vec<RequiredPermission>),
}

/// A call with its caller's account and the fault that hits it.
#[derive(Debug)]
pub(super) struct CallContext<'a> {
    pub caller: &'a str,
    pub request: &'a Request,
    pub fault: Option<&'a Hit>,
}

/// An operation: its row, and what its model adds.
#[derive(Debug)]
pub(super) struct Operation {
    pub row: &'static Row,
    /// The IAM action.
    pub action: String,
    /// The paging; `None` if the response has only one page.
    pub paging: Option<Paging>,
    /// The member of the response that holds the described resources; `None` if the response is the description.
    pub result: Option<Member>,
    /// The member of the request that lists the keys of resources.
    pub keys: Option<&'static str>,
    /// The member of the request with filters.
    pub filters: Option<&'static str>,
    /// The members of resources that filters may name.
    pub filtered: Vec<&'static str>,
    /// The errors for a missing resource that the model does not list.
    pub unlisted_errors: Vec<ErrorShape>,
}

/// The member of a response that holds resources.
#[derive(Debug)]
pub(super) struct Member {
    pub name: &'static str,
    /// `true` if it is a list.
    pub is_list: bool,
    /// The members of a resource in the list; `None` if it lists names.
    pub members: Option<Vec<&'static str>>,
}

impl Row {
    /// Creates a row of an operation that needs a permission on everything.
    pub(super) const fn new(name: &'static str, response: Response) -> Self {
        Self {
            name,
            response,
            permissions: Permissions::On("*"),
            action: None,
            by_ids: &[],
            ignored: &[],
            page_sizes: None,
            not_found: &[],
            also: None,
        }
    }

    /// Sets the permissions.
    pub(super) const fn needs(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// Sets the resource of the permission; see [`Permissions::On`].
    pub(super) const fn on(self, resource: &'static str) -> Self {
        self.needs(Permissions::On(resource))
    }

    /// Sets the IAM action, where its name is not that of the operation.
    pub(super) const fn action(mut self, action: &'static str) -> Self {
        self.action = Some(action);
        self
    }

    /// Sets the members of a request that list resources.
    pub(super) const fn by_ids(mut self, members: &'static [&'static str]) -> Self {
        self.by_ids = members;
        self
    }

    /// Sets the members of a request that do not change the response.
    pub(super) const fn ignores(mut self, members: &'static [&'static str]) -> Self {
        self.ignored = members;
        self
    }

    /// Sets the page size if none is requested, and the maximum.
    pub(super) const fn page_sizes(mut self, usual: usize, most: usize) -> Self {
        self.page_sizes = Some((usual, most));
        self
    }

    /// Sets the codes and the statuses of errors for a missing resource that the model does not list.
    pub(super) const fn not_found(mut self, errors: &'static [(&'static str, u16)]) -> Self {
        self.not_found = errors;
        self
    }

    /// Sets more members of the response.
    pub(super) const fn also(mut self, members: fn() -> Value) -> Self {
        self.also = Some(members);
        self
    }

    fn collection(&self) -> Option<&'static Collection> {
        match self.response {
            Response::List(collection) | Response::Describe(collection) => Some(collection),
            _ => None,
        }
    }
}

impl Operation {
    /// Returns the operation in a row, given the model of its service and the code of the service's error for an
    /// invalid request.
    pub(super) fn of(row: &'static Row, model: &'static Model, invalid: &'static str) -> Self {
        let (_, name) = row.name.split_once('.').unwrap_or_default();
        assert!(
            model.operations.contains_key(name),
            "{} has no model; add it to .ci/models.py",
            row.name
        );
        let has_input = |member: &str| {
            let input = model.input(name);
            input.is_some_and(|input| input.members.contains_key(member))
        };
        let key = row.collection().and_then(|collection| collection.key);
        let is_one = matches!(row.response, Response::Describe(_)) && key.is_none_or(has_input);
        let keys = row.by_ids.first().copied().or_else(|| {
            let key = key.filter(|_| !is_one)?;
            let mut members = model.input(name)?.members.keys().map(String::as_str);
            members.find(|name| name.strip_suffix('s') == Some(key))
        });
        Self {
            row,
            action: row
                .action
                .map_or_else(|| row.name.replace('.', ":"), str::to_owned),
            paging: Paging::of(model, name, row.page_sizes, invalid),
            result: row
                .collection()
                .and_then(|_| result(row, model, name, is_one)),
            keys,
            filters: filters::MEMBERS.into_iter().find(|name| has_input(name)),
            filtered: filtered(model, name),
            unlisted_errors: unlisted_errors(row, model, name),
        }
    }

    /// Returns `true` if the operation lists the entries of a collection.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.row.response, Response::List(_))
    }

    /// Returns `true` if the response to a request with these members may have several pages.
    pub(super) fn is_paged(&self, has: impl Fn(&str) -> bool) -> bool {
        let mut by_ids = self.row.by_ids.iter().copied().chain(self.keys);
        self.paging.is_some() && !by_ids.any(has)
    }
}

/// Returns the errors for a missing resource that the model of an operation does not list: those in its row, and those
/// of the collections whose entries a request names.
fn unlisted_errors(row: &'static Row, model: &'static Model, operation: &str) -> Vec<ErrorShape> {
    let named = match row.response {
        Response::List(collection) => collection.parent,
        Response::Describe(collection) => Some(collection),
        _ => None,
    };
    let collections = std::iter::successors(named, |collection| collection.parent);
    let missing = collections.filter_map(|collection| collection.missing.as_ref());
    let missing = missing.map(|missing| (missing.code, 400));
    let listed = model.errors(operation);
    let errors = row.not_found.iter().copied().chain(missing);
    errors
        .filter(|(code, _)| listed.iter().all(|error| error.code != *code))
        .map(|(code, status)| ErrorShape {
            code: code.to_owned(),
            status,
        })
        .collect()
}

/// Returns the members of the described resources, also of those inside the items of a list.
fn filtered(model: &'static Model, operation: &str) -> Vec<&'static str> {
    let lists = |shape: &'static Shape| {
        let members = shape.members.values();
        let entries = members.filter_map(|member| model.shape_of(member)?.member.as_ref());
        entries.filter_map(|entry| model.shape_of(entry))
    };
    let items = model.output(operation).into_iter().flat_map(lists);
    let shapes = items.flat_map(|item| std::iter::once(item).chain(lists(item)));
    let members = shapes.flat_map(|shape| shape.members.keys());
    members.map(String::as_str).collect()
}

/// Returns the member of a response that holds the listed or described resources. A description is in the only member,
/// apart from those that the row adds; otherwise the response itself is the description.
fn result(
    row: &'static Row,
    model: &'static Model,
    operation: &str,
    is_one: bool,
) -> Option<Member> {
    let output = model.output(operation)?;
    let paginator = model.operations.get(operation)?.paginator.as_ref();
    let listed = paginator.and_then(|paginator| paginator.result_key.first());
    let also = row.also.map(|also| also()).unwrap_or_default();
    let mut members = output.members.iter().filter(|(name, member)| {
        let kind = model.shape_of(member).map(|shape| shape.kind);
        if is_one {
            also.get(name.as_str()).is_none()
        } else {
            kind == Some(Kind::List) && listed.is_none_or(|listed| listed == *name)
        }
    });
    let (name, member) = members.next()?;
    let shape = model.shape_of(member)?;
    if is_one && (shape.kind != Kind::Structure || members.next().is_some()) {
        return None;
    }
    let entry = shape
        .member
        .as_ref()
        .and_then(|entry| model.shape_of(entry));
    let entry = entry.filter(|entry| entry.kind == Kind::Structure);
    Some(Member {
        name,
        is_list: !is_one,
        members: entry.map(|entry| entry.members.keys().map(String::as_str).collect()),
    })
}
