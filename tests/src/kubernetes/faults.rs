//! Faults that a cluster injects into its answers on purpose.

use std::time::Duration;

use serde::Deserialize;

use super::{
    list::Position,
    request::ApiRequest,
    status::{Answer, Body, JSON, TEXT, expired, failure, not_served, throttled},
};

/// A fault of the requests that it fits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The verb and the objects: `list pods`, `list pods in shop`, `get configmaps/aws-auth`, `get /version`. `*` is
    /// any text.
    pub request: String,
    /// The page of a list, from 1; all pages if absent.
    pub page: Option<usize>,
    /// The number of hits that remain; unlimited if absent.
    pub times: Option<u32>,
    /// The kind of fault.
    #[serde(with = "serde_yaml_ng::with::singleton_map")]
    pub kind: FaultKind,
}

/// A kind of fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The versions of the list are gone (410).
    Expired,
    /// The server responds with a status, and with the body that is usual for it.
    Status {
        /// The status.
        status: u16,
        /// Headers in addition, such as `retry-after`. One without a value is left out of the usual answer.
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    /// The connection closes in the middle of the body.
    Cut,
    /// The body ends in the middle, as if it were whole.
    Broken,
    /// The body has more bytes than a client should read. It is valid nevertheless.
    TooLarge,
    /// The connection closes without an answer.
    Closed,
    /// The answer takes this many milliseconds longer; other faults still apply.
    Delay(u64),
    /// The answer is an HTML page, as a proxy on the way would send it, with the status of a success.
    HtmlPage,
    /// The answer claims to be JSON, and is not.
    NotJson,
    /// The `items` of a list are `null`.
    NullItems,
}

impl Fault {
    /// Creates a fault of every request that fits.
    pub fn new(request: &str, kind: FaultKind) -> Self {
        Self {
            request: request.to_owned(),
            page: None,
            times: None,
            kind,
        }
    }

    /// Limits the fault to a page of the list, from 1.
    pub fn on_page(self, page: usize) -> Self {
        Self {
            page: Some(page),
            ..self
        }
    }

    /// Limits the fault to a number of requests.
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// Returns `true` if the fault hits the request, and counts the hit.
    pub(super) fn hits(&mut self, request: &ApiRequest, page: usize) -> bool {
        let fits = matches(&self.request, &request.name())
            && self.page.is_none_or(|wanted| wanted == page)
            && self.times != Some(0);
        if fits {
            self.times = self.times.map(|times| times - 1);
        }
        fits
    }
}

/// The size of a body that is too large: more than 32 MiB, the most that the client of `shared/kubernetes` reads.
const TOO_LARGE: usize = 33 << 20;

/// Applies a fault to the right answer. `position` is that of the list; `None` on its first page.
pub(super) fn apply(kind: &FaultKind, answer: Answer, position: Option<&Position>) -> Answer {
    let body = answer.text_of_body().to_owned();
    match kind {
        FaultKind::Expired => expired(position.map(Position::inconsistent).as_deref()),
        FaultKind::Status { status, headers } => {
            let answer = usual(*status);
            headers
                .iter()
                .fold(answer, |answer, (name, value)| match value.as_str() {
                    "" => answer.without(name),
                    value => answer.with(name, value),
                })
        }
        FaultKind::Cut => Answer {
            body: Body::Cut(first_half(&body)),
            ..answer
        },
        FaultKind::Broken => Answer {
            body: Body::Whole(first_half(&body)),
            ..answer
        },
        FaultKind::TooLarge => Answer {
            body: Body::Whole(body + &" ".repeat(TOO_LARGE)),
            ..answer
        },
        FaultKind::Closed => Answer {
            body: Body::Closed,
            ..answer
        },
        FaultKind::Delay(milliseconds) => Answer {
            delay: answer.delay + Duration::from_millis(*milliseconds),
            ..answer
        },
        FaultKind::HtmlPage => Answer::new(
            200,
            "text/html",
            "<!DOCTYPE html><title>Welcome</title>".to_owned(),
        ),
        FaultKind::NotJson => Answer::new(
            200,
            JSON,
            "<!DOCTYPE html><title>Welcome</title>".to_owned(),
        ),
        FaultKind::NullItems => {
            let Ok(mut page) = serde_json::from_str::<serde_json::Value>(&body) else {
                return answer;
            };
            page["items"] = serde_json::Value::Null;
            Answer::json(answer.status, &page)
        }
    }
}

fn first_half(body: &str) -> String {
    body[..body.floor_char_boundary(body.len() / 2)].to_owned()
}

/// Returns the answer that an API server usually gives with a status.
fn usual(status: u16) -> Answer {
    let message = match status {
        429 => return throttled(),
        500 => ("InternalError", "etcdserver: request timed out"),
        503 => return Answer::text(503, "service unavailable"),
        504 => (
            "Timeout",
            "Timeout: request did not complete within the allotted timeout",
        ),
        401 => ("Unauthorized", "Unauthorized"),
        403 => ("Forbidden", "forbidden"),
        404 => return not_served(),
        300..=399 => return Answer::new(status, TEXT, String::new()).with("location", "/"),
        _ => (
            "Unknown",
            "an error on the server has prevented the request from succeeding",
        ),
    };
    failure(status, message.0, message.1, None)
}

/// Returns `true` if a text fits a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    let mut ends = text
        .char_indices()
        .map(|(index, _)| index)
        .chain([text.len()]);
    ends.any(|index| matches(rest, &text[index..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_the_names_of_requests() {
        for (pattern, text, fits) in [
            ("*", "list pods", true),
            ("list *", "list pods", true),
            ("list *", "get pods/a", false),
            ("list pods", "list pods", true),
            ("list pods", "list pods in shop", false),
            ("list pods*", "list pods in shop", true),
            ("* in shop", "list pods in shop", true),
            ("*pods*sho*p", "list pods in shop", true),
            ("*pods*x*p", "list pods in shop", false),
            ("", "list pods", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_fault_hits_some_requests() {
        let pods = ApiRequest::new("GET", "/api/v1/pods?limit=5");
        let mut fault = Fault::new("list pods", FaultKind::Cut).on_page(2).times(1);
        let hits: Vec<_> = [1, 2, 2]
            .into_iter()
            .map(|page| fault.hits(&pods, page))
            .collect();
        assert_eq!(hits, [false, true, false]);
    }
}
