//! A server for the API of a cluster over TLS. It runs on its own thread, so that tests need no runtime.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::Arc,
    thread::{self, JoinHandle},
};

use futures::{StreamExt as _, future::ready, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    sync::oneshot,
    task::yield_now,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::{api::KubernetesApi, cluster::Endpoint, identity::LOOPBACK_HOST, status::Body};

type ResponseBody = BoxBody<Bytes, io::Error>;

/// A server for the API of a cluster over TLS. It stops when it is dropped.
#[derive(Debug)]
pub struct TlsServer {
    api: KubernetesApi,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl KubernetesApi {
    /// Serves the API over TLS on a free port of the loopback interface.
    pub fn serve(&self) -> io::Result<TlsServer> {
        TlsServer::start(self.clone())
    }
}

impl TlsServer {
    fn start(api: KubernetesApi) -> io::Result<Self> {
        let tls = api.identity().tls().map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let served = api.clone();
        // The port of an endpoint that is closed is not listened on.
        let listener = (api.endpoint() != Endpoint::Closed).then_some(listener);
        let serve = move || {
            let Some(listener) = listener else {
                return;
            };
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, acceptor, served) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new()
            .name("kubernetes-api".to_owned())
            .spawn(serve)?;
        Ok(Self {
            api,
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Returns the URL of the endpoint, for DescribeCluster.
    pub fn url(&self) -> String {
        format!("https://{LOOPBACK_HOST}:{}", self.address.port())
    }

    /// Returns the certificate authority that EKS reports, for DescribeCluster: PEM in base64.
    pub fn authority_data(&self) -> String {
        self.api.authority_data()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread's panic, if any, was already printed when it occurred.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: StdListener, acceptor: TlsAcceptor, api: KubernetesApi) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, acceptor.clone(), api.clone()));
    }
}

/// Serves a connection. A client that does not trust the server breaks it off, which is no error here.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, api: KubernetesApi) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| respond(api.clone(), request));
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Responds to a request. An error closes the connection without an answer.
async fn respond(
    api: KubernetesApi,
    request: Request<Incoming>,
) -> io::Result<Response<ResponseBody>> {
    let _in_flight = api.begin();
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let answer = api.answer_to(&parts, &body, Timestamp::now());
    sleep(answer.delay).await;
    let body = match answer.body {
        Body::Closed => return Err(io::ErrorKind::ConnectionReset.into()),
        Body::Whole(text) => Full::from(text)
            .map_err(|never: Infallible| match never {})
            .boxed(),
        Body::Cut(text) => {
            let part = stream::once(ready(Ok(Frame::data(Bytes::from(text)))));
            let end = stream::once(async {
                // The part is sent while this waits.
                yield_now().await;
                Err(io::ErrorKind::UnexpectedEof.into())
            });
            BodyExt::boxed(StreamBody::new(part.chain(end)))
        }
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(body).map_err(io::Error::other)
}
