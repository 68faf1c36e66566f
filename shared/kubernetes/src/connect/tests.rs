//! These tests connect over TLS on the loopback interface.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eksentry_aws::Clock;
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::certificates::{EXPIRED, Identity, Issuer, NOT_YET_VALID, VALID};
use crate::client::Client;
use crate::problem::Problem;
use crate::route::Route;
use crate::send::{NoResponse, send};
use crate::token::Token;
use crate::tokens::TokenSource;

/// The longest time of a request.
const LIMIT: Duration = Duration::from_secs(20);

const VERSION: &str = r#"{"major":"1","minor":"33","gitVersion":"v1.33.5"}"#;

/// A server that gives one answer to each request, and closes the connection if the answer says so. It stops with the
/// runtime of the test.
struct Server {
    endpoint: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(identity: Identity, answer: String) -> Self {
        let (certificate, key) = identity;
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self {
            endpoint: format!("https://localhost:{port}"),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                let (acceptor, requests) = (acceptor.clone(), requests.clone());
                let answer = answer.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut request = Vec::new();
                    while let Ok(byte) = stream.read_u8().await {
                        request.push(byte);
                        if !request.ends_with(b"\r\n\r\n") {
                            continue;
                        }
                        assert!(request.starts_with(b"GET /version HTTP/1.1\r\n"));
                        requests.fetch_add(1, Ordering::Relaxed);
                        request.clear();
                        stream.write_all(answer.as_bytes()).await.unwrap();
                        if answer.contains("connection: close") {
                            return;
                        }
                    }
                });
            }
        });
        server
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn authority(issuer: &Issuer) -> Authority {
    Authority::parse(&STANDARD.encode(issuer.pem())).unwrap()
}

fn client(endpoint: &str, authority: &Authority) -> Client {
    let http = Connector::tls().connect(authority);
    let tokens = TokenSource::new(|| {
        let token = Token::new("token", Timestamp::MAX);
        std::future::ready(Ok(token))
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    let route = Route::Direct(http);
    Client::new(endpoint, route, tokens, Clock::default(), deadline).unwrap()
}

/// Returns the text of the problem with a request to a server.
async fn problem(endpoint: &str, authority: &Authority) -> String {
    let problem: Problem = client(endpoint, authority).version().await.unwrap_err();
    problem.to_string()
}

#[tokio::test]
async fn a_connection_to_a_server_of_the_authority_is_used_again() {
    let issuer = Issuer::new();
    let server = Server::start(issuer.issue("localhost", VALID), answer("200 OK", VERSION)).await;
    let client = client(&server.endpoint, &authority(&issuer));
    for _ in 0..3 {
        assert_eq!(client.version().await.unwrap().minor, "33");
    }
    assert_eq!(server.requests(), 3);
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn any_of_several_certificates_can_be_the_authority() {
    let (one, two) = (Issuer::new(), Issuer::new());
    let both = STANDARD.encode(format!("{}{}", one.pem(), two.pem()));
    let both = Authority::parse(&both).unwrap();
    for issuer in [one, two] {
        let server =
            Server::start(issuer.issue("localhost", VALID), answer("200 OK", VERSION)).await;
        let version = client(&server.endpoint, &both).version().await;
        assert!(version.is_ok(), "{version:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let authority = authority(&issuer);
    for (identity, expected) in [
        (
            other.issue("localhost", VALID),
            "The endpoint's certificate is not of the cluster's authority. get /version was not sent, nor was a token. \
             Check where the endpoint's name leads from the function.",
        ),
        (
            issuer.issue("other.example.com", VALID),
            "The endpoint's certificate is for another name. get /version was not sent",
        ),
        (
            issuer.issue("localhost", EXPIRED),
            "The endpoint's certificate has expired or is not valid yet. get /version was not sent",
        ),
        (
            issuer.issue("localhost", NOT_YET_VALID),
            "The endpoint's certificate has expired or is not valid yet. get /version was not sent",
        ),
    ] {
        let server = Server::start(identity, answer("200 OK", VERSION)).await;
        let problem = problem(&server.endpoint, &authority).await;
        assert!(problem.starts_with(expected), "{problem}");
        assert_eq!(server.requests(), 0);
        assert_eq!(
            server.connections.load(Ordering::Relaxed),
            1,
            "it is not tried again"
        );
    }
}

#[tokio::test]
async fn a_server_without_tls_is_not_trusted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    let problem = problem(&endpoint, &authority(&Issuer::new())).await;
    assert!(
        problem.starts_with("The endpoint's TLS handshake failed ("),
        "{problem}"
    );
}

#[tokio::test]
async fn a_closed_port_is_not_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let endpoint = format!("https://127.0.0.1:{port}");
    let problem = problem(&endpoint, &authority(&Issuer::new())).await;
    let expected = "get /version failed: the endpoint of the cluster was not reached (Connection refused (os error ";
    assert!(problem.starts_with(expected), "{problem}");
}

/// The server accepts the connection but does not answer the handshake.
#[tokio::test]
async fn a_connection_that_is_not_established_in_time_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = tokio::spawn(async move {
        let mut streams = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            streams.push(stream);
        }
    });
    tokio::time::pause();
    let endpoint = format!("https://127.0.0.1:{port}");
    let problem = problem(&endpoint, &authority(&Issuer::new())).await;
    accepted.abort();
    let expected = "get /version failed: the endpoint of the cluster was not reached (no connection within 3 s). ";
    assert!(problem.starts_with(expected), "{problem}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let issuer = Issuer::new();
    let identity = issuer.issue("localhost", VALID);
    let head = "307 Temporary Redirect\r\nlocation: /version";
    let server = Server::start(identity, answer(head, "")).await;
    let problem = problem(&server.endpoint, &authority(&issuer)).await;
    assert!(
        problem.contains("redirects to another URL (307), which is not followed"),
        "{problem}"
    );
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_response_that_breaks_off_is_broken() {
    let issuer = Issuer::new();
    for part in [
        "content-length: 100\r\n\r\n{",
        "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{part}");
        let server = Server::start(issuer.issue("localhost", VALID), answer).await;
        let http = connect(&authority(&issuer));
        let url = format!("{}/version", server.endpoint);
        let response = send(&http, &url, "application/json", "token", LIMIT).await;
        let expected = NoResponse::Broken("the response is incomplete".to_owned());
        assert_eq!(response, Err(expected));
    }
}

#[tokio::test]
async fn a_connection_without_tls_is_not_made() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/version", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            let answer = answer("200 OK", VERSION);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let http = connect(&authority(&Issuer::new()));
    let response = send(&http, &url, "application/json", "token", LIMIT).await;
    assert!(
        matches!(response, Err(NoResponse::NotReached(_))),
        "{response:?}"
    );
}

#[test]
fn a_connector_can_be_replaced() {
    let called = Arc::new(AtomicUsize::new(0));
    let counter = called.clone();
    let connector = Connector::new(move |authority| {
        counter.fetch_add(authority.certificates().len(), Ordering::Relaxed);
        connect(authority)
    });
    connector.clone().connect(&authority(&Issuer::new()));
    assert_eq!(called.load(Ordering::Relaxed), 1);
    assert_eq!(format!("{connector:?}"), "Connector");
}
