//! Members in forms and in query strings, where every value is text.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::{
    account::Record,
    model::{Kind, Location, Member, Model, Protocol, Shape},
};

/// Returns the operation and the members in a form of the protocol `query` or `ec2`. A name that the model does not
/// have stays as it is.
pub(super) fn operation_and_members(model: &Model, form: &[u8]) -> Option<(String, Record)> {
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(form).collect();
    let (_, operation) = pairs.iter().find(|(name, _)| name == "Action")?;
    let input = model.input(operation);
    let mut members = json!({});
    for (name, text) in &pairs {
        if name == "Action" || name == "Version" {
            continue;
        }
        let path: Vec<&str> = name.split('.').collect();
        let is_known =
            input.is_some_and(|input| insert(model, input, false, &mut members, &path, text));
        if !is_known {
            members[name.as_ref()] = text.as_ref().into();
        }
    }
    let members = match members {
        Value::Object(members) => members,
        _ => Record::new(),
    };
    Some((operation.clone().into_owned(), members))
}

/// Adds the members in a query string to others. A name that the model does not have stays as it is.
pub(super) fn add_query(model: &Model, input: Option<&Shape>, query: &str, members: &mut Record) {
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let known = input.into_iter().flat_map(|input| &input.members);
        let known = known
            .filter(|(_, member)| member.location == Some(Location::Querystring))
            .find(|(own, member)| member.wire_name(own) == name)
            .and_then(|(own, member)| Some((own, model.shape_of(member)?)));
        let Some((own, shape)) = known else {
            members.insert(name.into_owned(), text.into());
            continue;
        };
        let entry = shape
            .member
            .as_ref()
            .and_then(|entry| model.shape_of(entry));
        match (shape.kind, entry) {
            (Kind::List, Some(entry)) => {
                let list = members.entry(own.as_str()).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(scalar(entry, &text));
                }
            }
            _ => {
                members.insert(own.clone(), scalar(shape, &text));
            }
        }
    }
}

/// Inserts a value at a path of names and numbers. Returns `false` if the shape has no such path.
fn insert(
    model: &Model,
    shape: &Shape,
    is_flattened: bool,
    target: &mut Value,
    path: &[&str],
    text: &str,
) -> bool {
    match (shape.kind, path) {
        (Kind::Structure, [name, rest @ ..]) => {
            let is_named =
                |(own, member): &(&String, &Member)| form_name(model, own, member) == *name;
            let Some((own, member)) = shape.members.iter().find(is_named) else {
                return false;
            };
            let Some(inner) = model.shape_of(member) else {
                return false;
            };
            let mut value = target.get(own).cloned().unwrap_or_else(|| empty(inner));
            let is_known = insert(model, inner, member.flattened, &mut value, rest, text);
            if is_known {
                target[own] = value;
            }
            is_known
        }
        // A list without entries.
        (Kind::List, []) => text.is_empty(),
        (Kind::List, path) => {
            let Some(entry) = &shape.member else {
                return false;
            };
            let is_flat = model.protocol == Protocol::Ec2 || shape.flattened || is_flattened;
            let (number, rest) = match path {
                [number, rest @ ..] if is_flat => (number, rest),
                [element, number, rest @ ..] if *element == entry.wire_name("member") => {
                    (number, rest)
                }
                _ => return false,
            };
            let (Some(inner), Some(entries)) = (model.shape_of(entry), target.as_array_mut())
            else {
                return false;
            };
            // The entries are in order, so a number is that of the last entry or of the next.
            match number.parse::<usize>() {
                Ok(number) if number == entries.len() + 1 => entries.push(empty(inner)),
                Ok(number) if number == entries.len() && number > 0 => {}
                _ => return false,
            }
            entries
                .last_mut()
                .is_some_and(|last| insert(model, inner, false, last, rest, text))
        }
        (_, []) => {
            *target = scalar(shape, text);
            true
        }
        _ => false,
    }
}

/// Returns the name of a member in a form. In the protocol `ec2`, it begins with a capital letter.
fn form_name<'a>(model: &Model, name: &'a str, member: &'a Member) -> Cow<'a, str> {
    let wire_name = member.wire_name(name);
    if model.protocol != Protocol::Ec2 {
        return wire_name.into();
    }
    if let Some(name) = &member.query_name {
        return name.into();
    }
    let mut letters = wire_name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn empty(shape: &Shape) -> Value {
    match shape.kind {
        Kind::List => json!([]),
        Kind::Structure | Kind::Map => json!({}),
        _ => Value::Null,
    }
}

/// Returns a text as the value that it stands for, or as it is if it stands for none of the shape.
fn scalar(shape: &Shape, text: &str) -> Value {
    let value = match shape.kind {
        Kind::Integer | Kind::Long => text.parse::<i64>().ok().map(Value::from),
        Kind::Double | Kind::Float => text.parse::<f64>().ok().map(Value::from),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    value.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(service: &str, form: &str) -> Value {
        let (_, members) = operation_and_members(Model::of(service).unwrap(), form.as_bytes())
            .expect("the form names an operation");
        members.into()
    }

    #[test]
    fn forms_hold_texts_numbers_and_unknown_names() {
        let form = "Action=AssumeRole&Version=1&RoleArn=a%2Bb+c&DurationSeconds=900&Odd.1=x\
                    &PolicyArns.member.1.arn=p&PolicyArns.member.2.arn=q&Tags.member.1.Key=k&Tags.member.1.Value=v";
        assert_eq!(
            members("sts", form),
            json!({
                "RoleArn": "a+b c",
                "DurationSeconds": 900,
                "Odd.1": "x",
                "PolicyArns": [{"arn": "p"}, {"arn": "q"}],
                "Tags": [{"Key": "k", "Value": "v"}],
            })
        );
        assert_eq!(
            members(
                "sts",
                "Action=AssumeRole&PolicyArns.1.arn=p&PolicyArns.member.2.arn=q"
            ),
            json!({"PolicyArns.1.arn": "p", "PolicyArns.member.2.arn": "q"})
        );
        assert!(operation_and_members(Model::of("sts").unwrap(), b"Version=1").is_none());
    }

    #[test]
    fn forms_of_ec2_have_names_of_their_own_and_flat_lists() {
        let form = "Action=DescribeSubnets&Version=2016-11-15&SubnetId.1=a&SubnetId.2=b&DryRun=true\
                    &Filter.1.Name=vpc-id&Filter.1.Value.1=v&Filter.1.Value.2=w&Filter.2.Name=state\
                    &Filter.2.Value.1=available&MaxResults=5&NextToken=t";
        assert_eq!(
            members("ec2", form),
            json!({
                "SubnetIds": ["a", "b"],
                "DryRun": true,
                "Filters": [
                    {"Name": "vpc-id", "Values": ["v", "w"]},
                    {"Name": "state", "Values": ["available"]},
                ],
                "MaxResults": 5,
                "NextToken": "t",
            })
        );
    }

    #[test]
    fn query_strings_hold_texts_numbers_and_lists() {
        let model = Model::of("eks").unwrap();
        let mut members = Record::new();
        let query = "maxResults=7&nextToken=8&include=all&include=none&odd=1";
        add_query(model, model.input("ListClusters"), query, &mut members);
        assert_eq!(
            Value::Object(members),
            json!({"maxResults": 7, "nextToken": "8", "include": ["all", "none"], "odd": "1"})
        );
    }
}
