//! The HTTP server around the state. It runs on its own thread, so that tests need no runtime.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::{self, Body},
    extract::{Request, State as Shared},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use tokio::{task::spawn_blocking, time::sleep};

use super::{state::State, wire::Reply};
use crate::background::Background;

/// The running server; it stops when it is dropped.
#[derive(Debug)]
pub(super) struct Server(Background);

impl Server {
    pub(super) fn start(state: Arc<Mutex<State>>, address: SocketAddr) -> io::Result<Self> {
        Background::serve(Router::new().fallback(handle).with_state(state), address).map(Self)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

async fn handle(Shared(state): Shared<Arc<Mutex<State>>>, request: Request) -> Response {
    let (parts, request_body) = request.into_parts();
    let Ok(bytes) = body::to_bytes(request_body, usize::MAX).await else {
        return broken();
    };
    let reply = state
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .respond(&parts, &bytes, Timestamp::now());
    let delay = reply.delay;
    let reply = if reply.invokes_function() {
        // The function takes its real time, and may call this server.
        let completed = spawn_blocking(|| reply.complete()).await;
        completed.ok().and_then(|completed| completed.reply)
    } else {
        reply.reply
    };
    sleep(delay).await;
    reply.map_or_else(broken, response)
}

fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::empty());
    head(&mut response, &reply);
    *response.body_mut() = Body::from(reply.body);
    response
}

/// Sets the status and the headers of a reply.
pub(super) fn head<B>(response: &mut Response<B>, reply: &Reply) {
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(reply.content_type),
    );
    headers.insert("x-amzn-requestid", HeaderValue::from_static("stand-in"));
    for (name, value) in &reply.headers {
        headers.extend(
            HeaderValue::from_str(value).map(|value| (HeaderName::from_static(name), value)),
        );
    }
    if let Some(value) = reply
        .error_type
        .as_ref()
        .and_then(|code| HeaderValue::from_str(code).ok())
    {
        headers.insert("x-amzn-errortype", value);
    }
}

/// Returns a response whose body fails before its first byte, which makes the server drop the connection.
fn broken() -> Response {
    let failure = io::Error::from(io::ErrorKind::ConnectionReset);
    Response::new(Body::from_stream(futures::stream::iter([Err::<
        body::Bytes,
        _,
    >(failure)])))
}
