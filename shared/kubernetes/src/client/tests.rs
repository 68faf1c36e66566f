use std::io::ErrorKind;

use futures::future::join_all;

use super::*;
use crate::script::{Answer, ENDPOINT, Script};
use crate::token::TokenError;

/// Answers of kube-apiserver 1.36.
const UNAUTHORIZED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
const FORBIDDEN: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"secrets is forbidden: User \"eksentry\" cannot list resource \"secrets\" in API group \"\" at the cluster scope","reason":"Forbidden","details":{"kind":"secrets"},"code":403}"#;
const BUSY: &str = "Too many requests, please try again later.\n";
const UNAVAILABLE: &str = "service unavailable\n";
const TIMEOUT: &str = r#"{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}"#;
const INTERNAL: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"etcdserver: request timed out","reason":"InternalError","code":500}"#;

fn ok() -> Answer {
    Answer::new(200, "{}")
}

fn busy() -> Answer {
    Answer::text(429, BUSY).with("retry-after", "1")
}

async fn fetch(script: &Script) -> Result<Vec<u8>, NoContent> {
    script.client().fetch(&Request::path("/version")).await
}

/// Returns the text of the problem of a request, and when the requests arrived, in whole seconds.
async fn problem(script: Script) -> (String, Vec<u64>) {
    let problem = match fetch(&script).await {
        Err(NoContent::Failed(problem)) => problem.to_string(),
        Err(NoContent::Broken(problem)) => format!("broken: {problem}"),
        other => panic!("{other:?}"),
    };
    (problem, seconds(&script))
}

fn seconds(script: &Script) -> Vec<u64> {
    let received = script.received();
    received.iter().map(|one| one.at.as_secs()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_has_the_headers_of_a_reader() {
    let script = Script::new([ok()]);
    assert_eq!(fetch(&script).await, Ok(b"{}".to_vec()));
    let [received] = &script.received()[..] else {
        panic!("there must be one request")
    };
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("GET", "/version")
    );
    let mut headers = received.headers.clone();
    headers.sort_unstable();
    let expected = [
        ("accept", "application/json"),
        ("authorization", "Bearer token-1"),
        (
            "user-agent",
            concat!("eksentry/", env!("CARGO_PKG_VERSION")),
        ),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(headers, expected);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_replaced_once() {
    let rejected = || Answer::new(401, UNAUTHORIZED);
    let script = Script::new([rejected(), ok()]);
    assert_eq!(fetch(&script).await, Ok(b"{}".to_vec()));
    let received = script.received();
    let tokens: Vec<_> = received
        .iter()
        .flat_map(|one| &one.headers)
        .filter_map(|(name, value)| (name == "authorization").then_some(value.as_str()))
        .collect();
    assert_eq!(tokens, ["Bearer token-1", "Bearer token-2"]);
    assert_eq!(seconds(&script), [0, 5]);

    let (problem, at) = problem(Script::new([rejected(), rejected()])).await;
    assert!(
        problem.starts_with("get /version was refused (401): "),
        "{problem}"
    );
    assert_eq!(at, [0, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again_when_it_says_so() {
    let cases = [
        (busy(), 1),
        (Answer::text(503, UNAVAILABLE).with("retry-after", "7"), 7),
        (
            Answer::text(503, UNAVAILABLE).with("retry-after", "3600"),
            30,
        ),
        // A date, and no hint.
        (
            busy().with("retry-after", "Sat, 28 Nov 2026 13:02:08 GMT"),
            0,
        ),
        (Answer::text(504, TIMEOUT), 0),
        (Answer::text(502, ""), 0),
    ];
    for (answer, wait) in cases {
        let script = Script::new([answer.clone(), ok()]);
        assert!(fetch(&script).await.is_ok());
        let waited = script.received()[1].at;
        let range = Duration::from_secs(wait)..=Duration::from_secs(wait + 1);
        assert!(range.contains(&waited), "{waited:?} after {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_five_times() {
    let script = Script::new((0..4).map(|_| busy()).chain([ok()]));
    assert!(fetch(&script).await.is_ok());

    for (answer, expected) in [
        (
            busy(),
            "get /version was throttled (429) after 5 tries. The next evaluation tries again.",
        ),
        (
            Answer::text(503, UNAVAILABLE),
            "get /version failed: the server was unavailable (503) after 5 tries. The next evaluation tries again.",
        ),
    ] {
        let (problem, at) = problem(Script::always(answer)).await;
        assert_eq!((problem.as_str(), at.len()), (expected, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn other_responses_are_not_requested_again() {
    let html = "<html>Sign in to the proxy</html>";
    for (answer, expected) in [
        (
            Answer::new(403, FORBIDDEN),
            "get /version was refused (403). Allow it in the cluster, by the role that is bound to the group of \
             eksentry's access entry.",
        ),
        (
            Answer::cut(403, "{"),
            "get /version was refused (403). Allow it in the cluster, by the role that is bound to the group of \
             eksentry's access entry.",
        ),
        (
            Answer::text(302, "").with("location", "https://elsewhere.example.com/"),
            "get /version failed: the server redirects to another URL (302), which is not followed. The next evaluation tries \
             again.",
        ),
        (
            Answer::text(200, html).with("content-type", "text/html"),
            "get /version failed: the response is not JSON. The next evaluation tries again.",
        ),
        (
            Answer::new(400, "{}"),
            "get /version failed: the server responded with the status 400. The next evaluation tries again.",
        ),
        (
            Answer::new(204, ""),
            "get /version failed: the server responded with the status 204. The next evaluation tries again.",
        ),
        (
            Answer::new(500, INTERNAL),
            "broken: get /version failed: the server responded with the status 500. The next evaluation tries again.",
        ),
        (
            Answer::cut(200, "{\"kind\":"),
            "broken: get /version failed: the response is incomplete. The next evaluation tries again.",
        ),
        (
            Answer::large(33),
            "broken: get /version failed: the response has more than 32 MiB. The next evaluation tries again.",
        ),
    ] {
        let (problem, at) = problem(Script::new([answer])).await;
        assert_eq!((problem.as_str(), at), (expected, vec![0]));
    }
    let largest = fetch(&Script::new([Answer::large(32)])).await;
    assert_eq!(largest.map(|body| body.len()), Ok(32 << 20));
    for status in [404, 410] {
        let failure = fetch(&Script::new([Answer::new(status, "body")])).await;
        let body = match failure.unwrap_err() {
            NoContent::NotFound(body) if status == 404 => body,
            NoContent::Expired(body) if status == 410 => body,
            other => panic!("{other:?}"),
        };
        assert_eq!(body, b"body");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_reached_is_tried_twice() {
    let late = Duration::from_secs(30);
    for (answer, expected, wait) in [
        (
            Answer::failure(ErrorKind::ConnectionRefused),
            "connection refused",
            0,
        ),
        (
            Answer::failure(ErrorKind::UnexpectedEof),
            "unexpected end of file",
            0,
        ),
        (
            ok().after(late),
            "the server did not respond within 20 s",
            20,
        ),
    ] {
        let script = Script::new([answer.clone(), ok()]);
        assert!(fetch(&script).await.is_ok(), "the second try succeeds");
        let (problem, at) = problem(Script::new([answer.clone(), answer])).await;
        let begin = format!(
            "get /version failed: the endpoint of the cluster was not reached ({expected}). "
        );
        assert!(problem.starts_with(&begin), "{problem}");
        assert!(at[1] == wait || at[1] == wait + 1, "{at:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_requests_end_before_the_deadline() {
    let request = Request::path("/version");
    let out_of_time =
        "get /version was not completed: time ran out. The next evaluation tries again.";
    let throttled =
        "get /version was throttled (429) after 1 try. The next evaluation tries again.";
    for (answer, time, expected, end) in [
        (ok().after(Duration::from_secs(10)), 3, out_of_time, 3),
        (ok(), 0, out_of_time, 0),
        // There is no time for the wait, so nothing is waited for.
        (busy().with("retry-after", "20"), 10, throttled, 0),
    ] {
        let begin = Instant::now();
        let client = Script::always(answer).client_for(Duration::from_secs(time));
        let Err(NoContent::Failed(problem)) = client.fetch(&request).await else {
            panic!("the time must be over")
        };
        assert_eq!(problem.to_string(), expected);
        assert_eq!(begin.elapsed().as_secs(), end);
    }
}

#[tokio::test(start_paused = true)]
async fn four_requests_are_in_flight_at_most() {
    let script = Script::always(ok().after(Duration::from_secs(1)));
    let client = script.client();
    let request = Request::path("/version");
    let fetched = join_all((0..10).map(|_| client.fetch(&request))).await;
    assert!(fetched.iter().all(Result::is_ok));
    assert_eq!(script.most_in_flight(), 4);
    assert_eq!(seconds(&script), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
}

#[tokio::test]
async fn nothing_is_sent_without_a_token() {
    let script = Script::new([]);
    let deadline = Instant::now() + Duration::from_mins(1);
    let without = |tokens| {
        Client::new(
            ENDPOINT,
            Route::Direct(script.connector()),
            tokens,
            Clock::default(),
            deadline,
        )
        .unwrap()
    };
    let none = TokenSource::new(|| {
        let error = TokenError::NoCredentials("the role is gone".to_owned());
        std::future::ready(Err(error))
    });
    let request = Request::path("/version");
    let failure = without(none).fetch(&request).await.unwrap_err();
    let expected = NoContent::Failed(Problem::NoToken {
        call: "get /version".to_owned(),
        cause: "there are no credentials: the role is gone".to_owned(),
    });
    assert_eq!(failure, expected);

    let invalid = TokenSource::new(|| {
        let token = crate::token::Token::new("to\nken", jiff::Timestamp::MAX);
        std::future::ready(Ok(token))
    });
    let failure = without(invalid).fetch(&request).await.unwrap_err();
    assert!(
        matches!(&failure, NoContent::Failed(Problem::NoToken { cause, .. }) if !cause.contains("ken")),
        "{failure:?}"
    );
}

#[test]
fn an_endpoint_is_the_url_of_a_server_with_tls() {
    for (endpoint, expected) in [
        (
            "https://ABC.gr7.eu-west-1.eks.amazonaws.com",
            Some("https://ABC.gr7.eu-west-1.eks.amazonaws.com"),
        ),
        ("https://localhost:8443/", Some("https://localhost:8443")),
        ("https://[::1]:443", Some("https://[::1]:443")),
        ("http://localhost", None),
        ("https://user@localhost", None),
        ("https://localhost/path", None),
        ("https://localhost/?query", None),
        ("localhost:443", None),
        ("/version", None),
        ("", None),
    ] {
        assert_eq!(origin(endpoint).as_deref(), expected, "{endpoint}");
    }
}
