//! The paths of the operations of REST services.

use axum::http::Method;
use percent_encoding::percent_decode_str;

use crate::{
    account::Record,
    model::{Location, Model, Shape},
};

/// The routes of a service. Of two that match the same path, the one with more fixed segments is first.
#[derive(Debug)]
pub(in crate::stand_in) struct Routes(Vec<Route>);

/// The method and the path of an operation.
#[derive(Debug)]
struct Route {
    operation: &'static str,
    method: Method,
    segments: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Fixed(&'static str),
    /// The text of this member.
    Label(&'static str),
    /// The text of this member, which may contain slashes.
    Greedy(&'static str),
}

impl Routes {
    /// Reads the routes of a service from its model.
    pub(in crate::stand_in) fn of(model: &'static Model) -> Self {
        let mut routes: Vec<Route> = model
            .operations
            .iter()
            .map(|(name, operation)| {
                let path = operation.http.request_uri.split('?').next();
                let input = model.input(name);
                let segments = path.unwrap_or_default().split('/').skip(1);
                Route {
                    operation: name,
                    method: operation.http.method.parse().unwrap_or_default(),
                    segments: segments.map(|text| Segment::of(text, input)).collect(),
                }
            })
            .collect();
        let fixed = |route: &Route| {
            let segments = route.segments.iter();
            segments
                .filter(|segment| matches!(segment, Segment::Fixed(_)))
                .count()
        };
        routes.sort_by_key(|route| std::cmp::Reverse(fixed(route)));
        Self(routes)
    }

    /// Returns the operation of a request and the members in its path.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<(&'static str, Record)> {
        self.0
            .iter()
            .filter(|route| route.method == *method)
            .find_map(|route| Some((route.operation, route.members(path)?)))
    }
}

impl Route {
    /// Returns the members in a path; `None` if it is not a path of this operation.
    fn members(&self, path: &str) -> Option<Record> {
        let mut members = Record::new();
        let mut add = |name: &str, text: &str| {
            let text = percent_decode_str(text).decode_utf8_lossy();
            members.insert(name.to_owned(), text.into_owned().into());
        };
        let mut rest = Some(path.strip_prefix('/')?);
        for segment in &self.segments {
            let remaining = rest?;
            let (text, after) = match remaining.split_once('/') {
                Some((text, after)) => (text, Some(after)),
                None => (remaining, None),
            };
            match segment {
                Segment::Fixed(fixed) if *fixed == text => {}
                Segment::Label(name) if !text.is_empty() => add(name, text),
                Segment::Greedy(name) if !remaining.is_empty() => {
                    add(name, remaining);
                    return Some(members);
                }
                _ => return None,
            }
            rest = after;
        }
        rest.is_none().then_some(members)
    }
}

impl Segment {
    fn of(text: &'static str, input: Option<&'static Shape>) -> Self {
        let Some(label) = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        else {
            return Self::Fixed(text);
        };
        let (label, is_greedy) = match label.strip_suffix('+') {
            Some(label) => (label, true),
            None => (label, false),
        };
        let members = input.into_iter().flat_map(|input| &input.members);
        let name = members
            .filter(|(_, member)| member.location == Some(Location::Uri))
            .find(|(name, member)| member.wire_name(name) == label)
            .map_or(label, |(name, _)| name);
        if is_greedy {
            Self::Greedy(name)
        } else {
            Self::Label(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn paths_lead_to_operations_with_the_members_in_them() {
        for (service, method, path, wanted) in [
            ("eks", "GET", "/clusters", Some(("ListClusters", json!({})))),
            (
                "eks",
                "GET",
                "/clusters/a%2Fb/node-groups/c",
                Some((
                    "DescribeNodegroup",
                    json!({"clusterName": "a/b", "nodegroupName": "c"}),
                )),
            ),
            ("eks", "POST", "/clusters/a", None),
            ("eks", "GET", "/clusters/a/other", None),
            ("eks", "GET", "/clusters//node-groups", None),
            (
                "securityhub",
                "POST",
                "/findings/import",
                Some(("BatchImportFindings", json!({}))),
            ),
            (
                "s3",
                "PUT",
                "/plans/a/b%20c",
                Some(("PutObject", json!({"Bucket": "plans", "Key": "a/b c"}))),
            ),
            ("s3", "GET", "/plans", None),
            ("s3", "GET", "/plans/", None),
        ] {
            let routes = Routes::of(Model::of(service).unwrap());
            let method: Method = method.parse().unwrap();
            let found = routes.find(&method, path);
            let found = found.map(|(operation, members)| (operation, Value::Object(members)));
            assert_eq!(found, wanted, "{service} {method} {path}");
        }
    }
}
