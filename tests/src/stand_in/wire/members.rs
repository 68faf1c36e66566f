//! The names of members and the timestamps on the wire, where they differ from the model and the account file.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    account::Record,
    model::{Kind, Member, Model, Protocol, Shape},
};

/// Gives the members of a request the names that they have in the model.
pub(super) fn from_wire(model: &Model, shape: &Shape, value: &mut Value) {
    convert(model, shape, None, value, Direction::FromWire);
}

/// Gives the members of a response the names that they have on the wire, and converts timestamps from RFC 3339 to their
/// format: the seconds since 1970 in JSON, unless the model states another one.
pub(super) fn to_wire(model: &Model, shape: &Shape, value: &mut Value) {
    convert(model, shape, None, value, Direction::ToWire);
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Direction {
    FromWire,
    ToWire,
}

fn convert(
    model: &Model,
    shape: &Shape,
    timestamp_format: Option<&str>,
    value: &mut Value,
    direction: Direction,
) {
    if shape.is_plain {
        return;
    }
    let convert_part = |part: &Member, value: &mut Value| {
        if let Some(shape) = model.shape_of(part) {
            convert(model, shape, model.timestamp_format(part), value, direction);
        }
    };
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            for (name, value) in members.iter_mut() {
                if let Some((_, member)) = shape.member_called(name) {
                    convert_part(member, value);
                }
            }
            rename(shape, members, direction);
        }
        (Kind::List, Value::Array(entries)) => {
            if let Some(part) = &shape.member {
                for entry in entries {
                    convert_part(part, entry);
                }
            }
        }
        (Kind::Map, Value::Object(entries)) => {
            if let Some(part) = &shape.value {
                for entry in entries.values_mut() {
                    convert_part(part, entry);
                }
            }
        }
        (Kind::Timestamp, value) if direction == Direction::ToWire => {
            let format = timestamp_format.or(shape.timestamp_format.as_deref());
            let is_json = matches!(model.protocol, Protocol::Json | Protocol::RestJson);
            if format.map_or(is_json, |format| format == "unixTimestamp")
                && let Some(seconds) = seconds(value)
            {
                *value = seconds.into();
            }
        }
        _ => {}
    }
}

fn rename(shape: &Shape, members: &mut Record, direction: Direction) {
    if shape
        .members
        .iter()
        .all(|(name, member)| member.wire_name(name) == name)
    {
        return;
    }
    for (name, value) in std::mem::take(members) {
        let new = shape
            .member_called(&name)
            .map(|(own, member)| match direction {
                Direction::FromWire => own,
                Direction::ToWire => member.wire_name(own),
            });
        let new = new.map(str::to_owned);
        members.insert(new.unwrap_or(name), value);
    }
}

fn seconds(value: &Value) -> Option<f64> {
    let time: Timestamp = value.as_str()?.parse().ok()?;
    Some(time.as_duration().as_secs_f64())
}

/// Converts the members of a request in JSON.
pub(super) fn record_from_wire(model: &Model, shape: Option<&Shape>, members: Record) -> Record {
    let Some(shape) = shape.filter(|shape| !shape.is_plain) else {
        return members;
    };
    let mut value = Value::Object(members);
    from_wire(model, shape, &mut value);
    match value {
        Value::Object(members) => members,
        _ => Record::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape(value: Value) -> Shape {
        serde_json::from_value(value).expect("it is a shape")
    }

    #[test]
    fn timestamps_become_seconds_and_members_get_their_names_on_the_wire() {
        let model = Model::of("eks").unwrap();
        let mut value = json!({"cluster": {
            "createdAt": "1970-01-01T00:00:01.5Z",
            "tags": {"createdAt": "1970-01-01T00:00:01Z"},
            "unknown": "1970-01-01T00:00:01Z",
        }});
        let shape_of_response = model.output("DescribeCluster").unwrap();
        to_wire(model, shape_of_response, &mut value);
        assert_eq!(
            value,
            json!({"cluster": {
                "createdAt": 1.5,
                "tags": {"createdAt": "1970-01-01T00:00:01Z"},
                "unknown": "1970-01-01T00:00:01Z",
            }})
        );

        let detector = shape(json!({"type": "structure", "members": {
            "DetectorId": {"shape": "String", "locationName": "detectorId"},
        }}));
        let mut value = json!({"DetectorId": "a", "Other": 1});
        to_wire(model, &detector, &mut value);
        assert_eq!(value, json!({"detectorId": "a", "Other": 1}));
        from_wire(model, &detector, &mut value);
        assert_eq!(value, json!({"DetectorId": "a", "Other": 1}));
    }

    #[test]
    fn timestamps_keep_the_format_that_the_model_states() {
        let model = Model::of("eks").unwrap();
        let text = "1970-01-01T00:00:01Z";
        for (format, wanted) in [
            (json!(null), json!(1.0)),
            (json!("unixTimestamp"), json!(1.0)),
            (json!("iso8601"), json!(text)),
        ] {
            let shape = shape(json!({"type": "timestamp", "timestampFormat": format}));
            let mut value = json!(text);
            to_wire(model, &shape, &mut value);
            assert_eq!(value, wanted);
        }
    }
}
