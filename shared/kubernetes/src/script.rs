//! An API server in memory for tests, which plays answers in their order.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use eksentry_aws::Clock;
use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::route::Route;
use crate::token::Token;
use crate::tokens::TokenSource;

pub(crate) const ENDPOINT: &str = "https://prod.example.com";

/// The reaction of the server to a request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
    delay: Duration,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(String),
    /// The connection closes after this part.
    Cut(String),
    /// This number of mebibytes.
    Large(usize),
    /// The connection fails in this way before there is a response.
    Failure(io::ErrorKind),
}

impl Answer {
    /// Returns an answer in JSON.
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: Body::Whole(body.into()),
            delay: Duration::ZERO,
        }
    }

    /// Returns an answer in plain text, as some of those of the server.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::new(status, body).with("content-type", "text/plain; charset=utf-8")
    }

    pub(crate) fn cut(status: u16, body: &str) -> Self {
        Self {
            body: Body::Cut(body.to_owned()),
            ..Self::new(status, "")
        }
    }

    pub(crate) fn large(mebibytes: usize) -> Self {
        Self {
            body: Body::Large(mebibytes),
            ..Self::new(200, "")
        }
    }

    pub(crate) fn failure(kind: io::ErrorKind) -> Self {
        Self {
            body: Body::Failure(kind),
            ..Self::new(200, "")
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A request that the server received.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// The path and the query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    /// When it arrived, after the server was created.
    pub(crate) at: Duration,
}

impl Received {
    fn is_for(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }
}

/// A server. Clones share its state.
#[derive(Debug, Clone)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    created: Instant,
    answers: VecDeque<Answer>,
    /// The answers to requests for one path, without its query.
    routes: Vec<(&'static str, VecDeque<Answer>)>,
    /// The answer to all further requests.
    last: Option<Answer>,
    received: Vec<Received>,
    in_flight: usize,
    most_in_flight: usize,
}

impl Script {
    /// Creates a server that answers each request with the next answer, and expects no other request.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self(Arc::new(Mutex::new(State {
            created: Instant::now(),
            answers: answers.into_iter().collect(),
            routes: Vec::new(),
            last: None,
            received: Vec::new(),
            in_flight: 0,
            most_in_flight: 0,
        })))
    }

    /// Creates a server that gives one answer to each request.
    pub(crate) fn always(answer: Answer) -> Self {
        let script = Self::new([]);
        script.0.lock().unwrap().last = Some(answer);
        script
    }

    /// Adds answers to the requests for a path, in their order, whatever their query and the requests in between.
    pub(crate) fn route(
        self,
        path: &'static str,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let answers = answers.into_iter().collect();
        self.0.lock().unwrap().routes.push((path, answers));
        self
    }

    pub(crate) fn connector(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    /// Returns a client of the server, which has a minute of time. Its first token is `token-1`, the next `token-2`.
    pub(crate) fn client(&self) -> Client {
        self.client_for(Duration::from_mins(1))
    }

    pub(crate) fn client_for(&self, time: Duration) -> Client {
        let signed = Mutex::new(0);
        let tokens = TokenSource::new(move || {
            let mut signed = signed.lock().unwrap();
            *signed += 1;
            let token = Token::new(format!("token-{signed}"), Timestamp::MAX);
            std::future::ready(Ok(token))
        });
        let deadline = Instant::now() + time;
        let clock = Clock::default();
        let route = Route::Direct(self.connector());
        Client::new(ENDPOINT, route, tokens, clock, deadline).unwrap()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        let state = self.0.lock().unwrap();
        assert!(state.answers.is_empty(), "requests are missing");
        state.received.clone()
    }

    /// Returns the paths of the requests.
    pub(crate) fn paths(&self) -> Vec<String> {
        let received = self.received();
        received.into_iter().map(|request| request.path).collect()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.0.lock().unwrap().most_in_flight
    }

    async fn answer(
        self,
        request: HttpRequest,
    ) -> Result<aws_smithy_runtime_api::client::orchestrator::HttpResponse, ConnectorError> {
        let answer = {
            let mut state = self.0.lock().unwrap();
            let path = request.uri().strip_prefix(ENDPOINT).unwrap().to_owned();
            let headers = request.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let received = Received {
                method: request.method().to_owned(),
                headers: headers.collect(),
                at: state.created.elapsed(),
                path,
            };
            let routed = state
                .routes
                .iter_mut()
                .find(|(route, _)| received.is_for(route));
            let routed = routed.and_then(|(_, answers)| answers.pop_front());
            let next = routed.or_else(|| state.answers.pop_front());
            let next = next.or_else(|| state.last.clone());
            let answer = next.unwrap_or_else(|| panic!("one request too many: {}", received.path));
            state.received.push(received);
            state.in_flight += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            answer
        };
        sleep(answer.delay).await;
        self.0.lock().unwrap().in_flight -= 1;
        let chunks = |chunks: Vec<Result<String, io::ErrorKind>>| {
            let chunks = chunks.into_iter().map(|chunk| {
                let chunk = chunk.map(|chunk| Frame::data(chunk.into()));
                chunk.map_err(io::Error::from)
            });
            SdkBody::from_body_1_x(StreamBody::new(stream::iter(chunks)))
        };
        let body = match answer.body {
            Body::Whole(body) => SdkBody::from(body),
            Body::Cut(body) => chunks(vec![Ok(body), Err(io::ErrorKind::UnexpectedEof)]),
            Body::Large(mebibytes) => chunks(vec![Ok(" ".repeat(1 << 20)); mebibytes]),
            Body::Failure(kind) => return Err(ConnectorError::io(io::Error::from(kind).into())),
        };
        let mut response = http::Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        Ok(response.body(body).unwrap().try_into().unwrap())
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}
