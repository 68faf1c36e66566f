//! The filters of Amazon EC2's Describe operations.

use serde_json::Value;

use super::{collection::entries, service::AwsError, wire::Request};
use crate::account::{Record, text};

/// The members of requests that may have filters.
pub(super) const MEMBERS: [&str; 2] = ["Filters", "Filter"];

/// The filters whose names are not those of members, with the members that they stand for.
const ALIASES: [(&str, &str); 1] = [("instance-state-name", "state.name")];

/// The most values of a filter.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
const MOST_VALUES: usize = 200;

/// The filter by the keys of tags.
const TAG_KEY: &str = "tag-key";

/// The filters of a request. A resource must pass all of them.
#[derive(Default)]
pub(super) struct Filters<'a>(Vec<(&'a str, Vec<&'a str>)>);

/// Returns the filters in a member of a request for resources with these members.
pub(super) fn of<'a>(
    request: &'a Request,
    member: &str,
    members: &[&str],
) -> Result<Filters<'a>, AwsError> {
    let given = request.list(member)?.unwrap_or_default();
    let filter = |filter: &'a Value| -> Option<(&'a str, Vec<&'a str>)> {
        let values = filter.get("Values")?.as_array()?;
        let values: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
        let name = filter.get("Name")?.as_str()?;
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
        Some((alias.map_or(name, |(_, members)| *members), values?))
    };
    let filters: Result<Vec<_>, _> = given
        .iter()
        .map(|given| filter(given).ok_or(given))
        .collect();
    let filters = filters
        .map_err(|given| request.invalid(format!("the filter {given} has no Name or no Values")))?;
    for (name, values) in &filters {
        if values.len() > MOST_VALUES {
            let message = format!("the filter {name} has more than {MOST_VALUES} values");
            return Err(request.invalid(message));
        }
        let member = member_name(name.split('.').next().unwrap_or_default());
        let is_known = members
            .iter()
            .any(|known| *known == member || known.strip_suffix('s') == Some(&member));
        if !is_known && !name.starts_with("tag:") && *name != TAG_KEY {
            return Err(request.invalid(format!("the stand-in does not know the filter {name}")));
        }
    }
    Ok(Filters(filters))
}

impl Filters<'_> {
    /// Returns `true` if a resource passes all filters. It is described only if there are filters, since to describe
    /// each resource of a large account takes long.
    pub(super) fn accept(&self, describe: impl FnOnce() -> Record) -> bool {
        self.0.is_empty() || self.accept_described(&describe())
    }

    fn accept_described(&self, resource: &Record) -> bool {
        let passes = |(name, values): &(&str, Vec<&str>)| {
            let path: Vec<String> = name.split('.').map(member_name).collect();
            if *name == TAG_KEY {
                return tags(resource).any(|tag| matches(values, text(tag, "Key")));
            }
            match name.strip_prefix("tag:") {
                Some(key) => tag(resource, key).is_some_and(|tag| matches(values, tag)),
                None => passes(&path, values, resource),
            }
        };
        self.0.iter().all(passes)
    }
}

/// Returns `true` if one of the values at a path is accepted. Lists are searched, under the plural of the name as well.
fn passes(path: &[String], values: &[&str], members: &Record) -> bool {
    let Some((name, rest)) = path.split_first() else {
        return false;
    };
    let value = members.get(name);
    let value = value.or_else(|| members.get(&format!("{name}s")));
    let accepts = |value: &Value| match value {
        Value::Object(members) => passes(rest, values, members),
        Value::String(text) => rest.is_empty() && matches(values, text),
        Value::Bool(_) | Value::Number(_) => rest.is_empty() && matches(values, &value.to_string()),
        Value::Array(_) | Value::Null => false,
    };
    match value {
        Some(Value::Array(items)) => items.iter().any(accepts),
        Some(value) => accepts(value),
        None => false,
    }
}

/// Returns `true` if a text is one of the values, in which `*` stands for any text.
fn matches(values: &[&str], text: &str) -> bool {
    values
        .iter()
        .any(|value| wildmatch::WildMatch::new(value).matches(text))
}

fn tag<'a>(resource: &'a Record, key: &str) -> Option<&'a str> {
    let mut tags = tags(resource);
    let tag = tags.find(|tag| text(tag, "Key") == key)?;
    Some(text(tag, "Value"))
}

fn tags(resource: &Record) -> impl Iterator<Item = &Record> {
    entries(resource.get("Tags"))
}

/// Returns the name of the member that a part of a filter's name stands for: `VpcId` for `vpc-id`.
fn member_name(part: &str) -> String {
    let words = part.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stand_in::wire::record;

    #[test]
    fn a_resource_must_pass_every_filter() {
        let resource = record(json!({
            "VpcId": "vpc-1",
            "DefaultForAz": true,
            "State": {"Name": "running"},
            "Tags": [{"Key": "team", "Value": "payments"}],
            "Associations": [{"SubnetId": "a"}, {"SubnetId": "b"}],
        }));
        let request =
            |filters: Value| Request::of("ec2.DescribeSubnets", json!({"Filters": filters}));
        let members = ["VpcId", "DefaultForAz", "Tags", "Associations", "State"];
        let accepts = |filters: Value| {
            let request = request(filters);
            let filters = of(&request, "Filters", &members).unwrap();
            filters.accept(|| resource.clone())
        };
        let filter = |name: &str, values: &[&str]| json!({"Name": name, "Values": values});
        assert!(accepts(json!([])));
        for (name, values, wanted) in [
            ("vpc-id", &["vpc-2", "vpc-1"][..], true),
            ("vpc-id", &["vpc-2"], false),
            ("vpc-id", &["vpc-*"], true),
            ("default-for-az", &["true"], true),
            ("tag:team", &["payments"], true),
            ("tag:team", &["ledger"], false),
            ("tag:env", &["payments"], false),
            ("tag-key", &["env", "te*"], true),
            ("tag-key", &["env"], false),
            ("instance-state-name", &["running"], true),
            ("instance-state-name", &["pending"], false),
            ("association.subnet-id", &["b"], true),
            ("association.subnet-id", &["c"], false),
            ("state", &["available"], false),
        ] {
            assert_eq!(accepts(json!([filter(name, values)])), wanted, "{name}");
            let with_another = json!([filter("vpc-id", &["vpc-1"]), filter(name, values)]);
            assert_eq!(accepts(with_another), wanted, "{name}");
        }
        let many = |count| json!([filter("vpc-id", &vec!["vpc-1"; count])]);
        assert!(accepts(many(200)));
        for wrong in [
            json!([{"Name": "vpc-id"}]),
            json!([filter("odd", &["a"])]),
            many(201),
        ] {
            let request = request(wrong);
            assert!(of(&request, "Filters", &members).is_err_and(|error| error.violation));
        }
    }
}
