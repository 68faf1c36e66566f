//! Answers, and the statuses by which an API server reports errors.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// The type of most answers.
pub(super) const JSON: &str = "application/json";

/// The type of answers that are not about objects.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// The members that come first in the objects that an API server returns, in their order.
const MEMBERS: [&str; 9] = [
    "kind",
    "apiVersion",
    "metadata",
    "spec",
    "status",
    "message",
    "reason",
    "details",
    "code",
];

/// The reaction of the API server to a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, and how it is sent.
    pub body: Body,
    /// The time until the answer is sent.
    pub delay: Duration,
}

/// The body of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// The whole body is sent.
    Whole(String),
    /// The connection closes after this part of the body.
    Cut(String),
    /// The connection closes without an answer.
    Closed,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: String) -> Self {
        let mut headers = vec![
            ("cache-control".to_owned(), "no-cache, private".to_owned()),
            ("content-type".to_owned(), content_type.to_owned()),
        ];
        if status == 403 || content_type == TEXT {
            headers.push(("x-content-type-options".to_owned(), "nosniff".to_owned()));
        }
        Self {
            status,
            headers,
            body: Body::Whole(body),
            delay: Duration::ZERO,
        }
    }

    /// Returns an answer in JSON. The members of the body are in the order of an API server, and a line break is at its
    /// end.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let members = body.as_object().into_iter().flatten();
        let mut members: Vec<_> = members.collect();
        members.sort_by_key(|(name, _)| {
            let place = MEMBERS.iter().position(|other| other == name);
            place.unwrap_or(MEMBERS.len())
        });
        let members = members.into_iter();
        let members: Vec<_> = members
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
            .collect();
        Self::new(status, JSON, format!("{{{}}}\n", members.join(",")))
    }

    /// Returns an answer in plain text.
    pub(super) fn text(status: u16, line: &str) -> Self {
        Self::new(status, TEXT, format!("{line}\n"))
    }

    /// Sets a header, in place of one of the same name.
    pub(super) fn with(self, name: &str, value: &str) -> Self {
        let mut answer = self.without(name);
        answer.headers.push((name.to_owned(), value.to_owned()));
        answer
    }

    /// Removes a header.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// Returns the text of the body as far as it is sent; empty if the connection closes.
    pub fn text_of_body(&self) -> &str {
        match &self.body {
            Body::Whole(text) | Body::Cut(text) => text,
            Body::Closed => "",
        }
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Returns a status of a failure. Some statuses have details, others don't, as recorded.
pub(super) fn failure(code: u16, reason: &str, message: &str, details: Option<Value>) -> Answer {
    failure_with(code, reason, message, details, json!({}))
}

fn failure_with(
    code: u16,
    reason: &str,
    message: &str,
    details: Option<Value>,
    metadata: Value,
) -> Answer {
    let mut status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": metadata,
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    });
    if let Some(details) = details {
        status["details"] = details;
    }
    Answer::json(code, &status)
}

/// The caller is not known.
pub(super) fn unauthorized() -> Answer {
    failure(401, "Unauthorized", "Unauthorized", None)
}

/// The request is not valid.
pub(super) fn bad_request(message: &str) -> Answer {
    failure(400, "BadRequest", message, None)
}

/// The cluster does not serve the kind, or not in this version.
pub(super) fn not_served() -> Answer {
    let message = "the server could not find the requested resource";
    failure(404, "NotFound", message, Some(json!({})))
}

/// The method is not one for these objects.
pub(super) fn not_allowed() -> Answer {
    let message = "the server does not allow this method on the requested resource";
    failure(405, "MethodNotAllowed", message, Some(json!({})))
}

/// There is no representation that the caller accepts.
pub(super) fn not_acceptable() -> Answer {
    let message = "406: Not Acceptable\n\nAvailable representations: application/json";
    failure(406, "NotAcceptable", message, Some(json!({})))
}

/// Nothing is at the path, not even an API group.
pub(super) fn no_page() -> Answer {
    Answer::text(404, "404 page not found")
}

/// The server has no free seat for the request.
pub(super) fn throttled() -> Answer {
    Answer::text(429, "Too many requests, please try again later.").with("retry-after", "1")
}

/// The versions of a list are gone. `token` leads to the rest of the list as it is now; a first page has none.
pub(super) fn expired(token: Option<&str>) -> Answer {
    let Some(token) = token else {
        let message = "The resourceVersion for the provided list is too old.";
        return failure(410, "Expired", message, None);
    };
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new \
                   list without the continue parameter, or use the continue token in this response to retrieve the \
                   remainder of the results. Continuing with the provided token results in an inconsistent list - \
                   objects that were created, modified, or deleted between the time the first chunk was returned and \
                   now may show up in the list.";
    failure_with(410, "Expired", message, None, json!({"continue": token}))
}

/// Returns details with the members that have a value.
pub(super) fn details(name: &str, group: &str, kind: &str) -> Value {
    let members = [("name", name), ("group", group), ("kind", kind)];
    let members = members.into_iter().filter(|(_, value)| !value.is_empty());
    let members: Map<_, _> = members
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    members.into()
}
