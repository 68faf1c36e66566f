//! The members of a response.

use serde_json::Value;

use super::{
    Model,
    shape::{Kind, Member},
};

/// The place of a value in a response, and its description in the model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResponseMember {
    /// The JSON pointer of the value.
    pub pointer: String,
    /// `true` if the value is one of those that the model enumerates, to which the service may add others.
    pub is_enumerated: bool,
    /// `true` if the value is a member of a structure, `false` if it is an entry of a list or a map.
    pub is_member: bool,
}

/// Lists the values in an operation's response that are not null, from the outside to the inside. Only the first entry
/// of each list and map is included. Values that the model does not know are skipped.
pub fn response_members(service: &str, operation: &str, response: &Value) -> Vec<ResponseMember> {
    let mut found = Vec::new();
    if let Some(model) = Model::of(service)
        && let Some(operation) = model.operations.get(operation)
        && let Some(output) = &operation.output
    {
        inside(model, output, "", response, &mut found);
    }
    found
}

/// Adds the values inside a value.
fn inside(
    model: &Model,
    shape: &str,
    pointer: &str,
    value: &Value,
    found: &mut Vec<ResponseMember>,
) {
    let Some(shape) = model.shapes.get(shape) else {
        return;
    };
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            for (name, value) in members {
                if let Some((_, member)) = shape.member_called(name) {
                    let pointer = format!("{pointer}/{}", escaped(name));
                    add(model, member, true, pointer, value, found);
                }
            }
        }
        (Kind::List, Value::Array(entries)) => {
            if let (Some(member), Some(first)) = (&shape.member, entries.first()) {
                add(model, member, false, format!("{pointer}/0"), first, found);
            }
        }
        (Kind::Map, Value::Object(entries)) => {
            if let (Some(member), Some((name, first))) = (&shape.value, entries.iter().next()) {
                let pointer = format!("{pointer}/{}", escaped(name));
                add(model, member, false, pointer, first, found);
            }
        }
        _ => {}
    }
}

/// Adds a value and the values inside it.
fn add(
    model: &Model,
    member: &Member,
    is_member: bool,
    pointer: String,
    value: &Value,
    found: &mut Vec<ResponseMember>,
) {
    let Some(shape) = model.shapes.get(&member.shape).filter(|_| !value.is_null()) else {
        return;
    };
    found.push(ResponseMember {
        pointer: pointer.clone(),
        is_enumerated: !shape.words.is_empty(),
        is_member,
    });
    inside(model, &member.shape, &pointer, value, found);
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
