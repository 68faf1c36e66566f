//! What stands where in an answer.

use serde_json::Value;

use super::{
    Model,
    shape::{Kind, Member},
};

/// A value in an answer that has one, and what the model says of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Where it is: a JSON pointer.
    pub pointer: String,
    /// Whether it is one of the words that the model lists, which may be more some day.
    pub is_enumerated: bool,
    /// Whether it is a member of a structure, and no entry of a list or a map.
    pub is_member: bool,
}

/// All that stands in an operation's answer and is no null, from the outside to the inside. Of lists and maps only the
/// first entry is looked into. What the model does not know is passed over.
pub fn places(service: &str, operation: &str, answer: &Value) -> Vec<Place> {
    let mut places = Vec::new();
    if let Some(model) = Model::of(service)
        && let Some(operation) = model.operations.get(operation)
        && let Some(output) = &operation.output
    {
        inside(model, output, "", answer, &mut places);
    }
    places
}

/// Adds what a value is made of.
fn inside(model: &Model, shape: &str, pointer: &str, value: &Value, places: &mut Vec<Place>) {
    let Some(shape) = model.shapes.get(shape) else {
        return;
    };
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            for (name, value) in members {
                if let Some((_, member)) = shape.member_called(name) {
                    let pointer = format!("{pointer}/{}", escaped(name));
                    add(model, member, true, pointer, value, places);
                }
            }
        }
        (Kind::List, Value::Array(entries)) => {
            if let (Some(member), Some(first)) = (&shape.member, entries.first()) {
                add(model, member, false, format!("{pointer}/0"), first, places);
            }
        }
        (Kind::Map, Value::Object(entries)) => {
            if let (Some(member), Some((name, first))) = (&shape.value, entries.iter().next()) {
                let pointer = format!("{pointer}/{}", escaped(name));
                add(model, member, false, pointer, first, places);
            }
        }
        _ => {}
    }
}

/// Adds a value and what it is made of.
fn add(
    model: &Model,
    member: &Member,
    is_member: bool,
    pointer: String,
    value: &Value,
    places: &mut Vec<Place>,
) {
    let Some(shape) = model.shapes.get(&member.shape).filter(|_| !value.is_null()) else {
        return;
    };
    places.push(Place {
        pointer: pointer.clone(),
        is_enumerated: !shape.words.is_empty(),
        is_member,
    });
    inside(model, &member.shape, &pointer, value, places);
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
