use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::certificates::Issuer;
use crate::connect::Connector;
use crate::script::{Answer, ENDPOINT, Script};
use crate::send::{Response, send, too_large};

const PODS: &str = "/api/v1/pods?limit=500";

fn authority() -> String {
    STANDARD.encode(Issuer::new().pem())
}

fn request(path: &str) -> ReaderRequest {
    ReaderRequest {
        endpoint: ENDPOINT.to_owned(),
        certificate_authority: authority(),
        path: path.to_owned(),
        token: "k8s-aws-v1.secret".to_owned(),
    }
}

/// Returns a relay that reaches a server, and the number of times that it connected to a cluster.
fn relay(script: &Script) -> (Relay, Arc<AtomicUsize>) {
    let (connected, script) = (Arc::new(AtomicUsize::new(0)), script.clone());
    let counter = connected.clone();
    let connector = Connector::new(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        script.connector()
    });
    (Relay::new(connector), connected)
}

/// Returns the response of the cluster reader as the function that invokes it receives it.
async fn received(relay: &Relay, request: &ReaderRequest) -> Result<Response, NoResponse> {
    let response = serde_json::to_string(&relay.answer(request).await).unwrap();
    let ReaderResponse(response) = serde_json::from_str(&response).unwrap();
    response.and_then(Packed::unpack)
}

#[tokio::test(start_paused = true)]
async fn the_response_is_the_same_as_without_the_reader() {
    let items = json!({"items": vec!["a"; 5_000]}).to_string();
    for answer in [
        Answer::new(200, items),
        Answer::new(200, ""),
        Answer::new(403, r#"{"reason": "Forbidden"}"#),
        Answer::new(429, "{}").with("retry-after", "7"),
        Answer::text(503, "unavailable"),
        Answer::cut(200, r#"{"items": ["#),
        Answer::failure(io::ErrorKind::ConnectionRefused),
    ] {
        let script = Script::always(answer.clone());
        let url = format!("{ENDPOINT}{PODS}");
        let limit = Duration::from_secs(15);
        let direct = send(
            &script.connector(),
            &url,
            "application/json",
            "token",
            limit,
        )
        .await;
        let (relay, _) = relay(&script);
        assert_eq!(received(&relay, &request(PODS)).await, direct, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_respond_is_given_up_before_the_invocation_is() {
    let script = Script::always(Answer::new(200, "{}").after(Duration::from_mins(1)));
    let (relay, _) = relay(&script);
    let late = "the server did not respond within 15 s".to_owned();
    let response = received(&relay, &request(PODS)).await;
    assert_eq!(response, Err(NoResponse::NotReached(late)));
}

#[tokio::test]
async fn the_reader_passes_on_only_what_it_is_for() {
    let script = Script::new([]);
    let (relay, _) = relay(&script);
    let log = request("/api/v1/namespaces/shop/pods/web/log");
    let plain = ReaderRequest {
        endpoint: "http://169.254.169.254".to_owned(),
        ..request(PODS)
    };
    let untrusted = ReaderRequest {
        certificate_authority: "AAAA".to_owned(),
        ..request(PODS)
    };
    for request in [log, plain, untrusted] {
        let response = received(&relay, &request).await;
        assert!(
            matches!(response, Err(NoResponse::NotSent(_))),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn connections_are_kept_while_one_cluster_is_read() {
    let script = Script::always(Answer::new(200, "{}"));
    let (relay, connected) = relay(&script);
    let one = request(PODS);
    let other = ReaderRequest {
        certificate_authority: authority(),
        ..one.clone()
    };
    for (request, connections) in [(&one, 1), (&one, 1), (&other, 2), (&other, 2), (&one, 3)] {
        received(&relay, request).await.unwrap();
        assert_eq!(connected.load(Ordering::Relaxed), connections);
    }
    let tokens = script.received().into_iter();
    let mut tokens = tokens.flat_map(|request| request.headers);
    assert!(tokens.any(|header| header.1 == "Bearer k8s-aws-v1.secret"));
}

/// Returns bytes that can't be compressed.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        // Source: Marsaglia, Xorshift RNGs.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

fn response(body: Vec<u8>) -> Response {
    Response {
        status: 200,
        retry_after: None,
        is_json: true,
        body,
    }
}

#[test]
fn responses_fit_what_a_function_can_return() {
    assert!(Packed::pack(response(noise(4_400_000))).is_ok());
    let large = "the response is larger than the cluster reader can return".to_owned();
    let packed = Packed::pack(response(noise(4_600_000)));
    assert_eq!(packed, Err(NoResponse::Broken(large)));
}

#[test]
fn unpacked_responses_are_not_larger_than_other_responses() {
    for (mebibytes, extra, expected) in [(32, 0, Ok(32 << 20)), (32, 1, Err(too_large()))] {
        let body = vec![b' '; (mebibytes << 20) + extra];
        let unpacked = Packed::pack(response(body)).unwrap().unpack();
        assert_eq!(unpacked.map(|response| response.body.len()), expected);
    }
}

#[test]
fn broken_responses_are_detected() {
    for body in ["", "AAAA", "not base64", "H4sI"] {
        let packed = json!({"status": 200, "isJson": true, "body": body});
        let packed: Packed = serde_json::from_value(packed).unwrap();
        assert!(
            matches!(packed.unpack(), Err(NoResponse::Broken(_))),
            "{body}"
        );
    }
}

#[test]
fn the_debug_view_of_a_request_has_no_token() {
    let view = format!("{:?}", request(PODS));
    assert!(view.contains(PODS) && !view.contains("secret"), "{view}");
}
