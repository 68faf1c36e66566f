//! An HTTP server on its own thread, so that its callers need no async runtime.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    thread,
};

use axum::Router;
use tokio::{net::TcpListener, runtime, sync::oneshot};

/// Any free port of 127.0.0.1.
pub(crate) const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running server. It stops when it is dropped.
pub(crate) struct Background {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Background {
    /// Starts a server on this address; port 0 selects a free port.
    pub(crate) fn serve(router: Router, address: SocketAddr) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    result = axum::serve(listener, router).into_future() => {
                        if let Err(error) = result {
                            eprintln!("the server at {address} ended: {error}");
                        }
                    }
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new()
            .name("background-server".to_owned())
            .spawn(serve)?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread's panic, if any, was already printed when it occurred.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Background")
            .field(&self.address)
            .finish()
    }
}
