//! The socket: HTTP/1.1 and HTTP/2 in clear on one port.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

use super::{Closed, Front, route};
use crate::{Error, ErrorKind, services::Response};

/// How long a stop waits for answers that are under way.
const GRACE: Duration = Duration::from_secs(5);

/// The largest body of a request: beyond it a client is refused, so that none can fill the memory at once.
const LARGEST_BODY: usize = 64 << 20;

/// A listener at work. Dropped, it closes its port and its connections.
#[derive(Debug)]
pub(crate) struct Socket {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinSet<()>,
}

impl Socket {
    pub(crate) async fn open(address: SocketAddr, front: Arc<Front>) -> Result<Self, Error> {
        let taken = |error: std::io::Error| {
            let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
                "; another program has that port, choose another one or 0 for any"
            } else {
                ""
            };
            Error::new(ErrorKind::Bind, format!("cannot listen on {address}: {error}{hint}"))
        };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let (stop, stopped) = watch::channel(false);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, front, stopped));
        Ok(Self { address, stop, accepting })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and lets answers finish that are under way.
    pub(crate) async fn close(mut self) {
        self.stop.send_replace(true);
        while self.accepting.join_next().await.is_some() {}
    }
}

async fn accept(listener: TcpListener, front: Arc<Front>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&front), stopped.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: wait until some connection ends.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    // What is still under way after that is closed as the set is dropped.
    let _ = timeout(GRACE, finished).await;
}

async fn connection(stream: TcpStream, front: Arc<Front>, mut stopped: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = service_fn(move |request| serve(Arc::clone(&front), request));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}

/// An error closes the connection, or resets the stream under HTTP/2.
async fn serve(front: Arc<Front>, request: http::Request<Incoming>) -> Result<Response, Dropped> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(route::too_large(&parts, LARGEST_BODY)),
        Err(_) => return Err(Dropped),
    };
    front.serve(http::Request::from_parts(parts, body)).await.map_err(|Closed| Dropped)
}

/// Why a connection was closed on purpose.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed before an answer")
    }
}

impl std::error::Error for Dropped {}
