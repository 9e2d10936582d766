//! The server of the measured calls, in a process of its own, so that its instructions are not counted.

use std::{
    env,
    io::{self, BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What every call is answered.
pub(crate) const ANSWER: &str =
    r#"{"OpenShardCount":1,"ShardLimit":500,"OnDemandStreamCount":0,"OnDemandStreamCountLimit":50}"#;

pub(crate) const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amzn-requestid", "ee0e6ba4-6d5b-4a3c-9a40-8f1f5a2a6d5e"),
];

/// Prints its address, and answers whatever it is asked until it is killed.
///
/// # Errors
///
/// If it cannot listen.
pub async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that goes away ends its connection, and nothing else.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER.as_bytes())));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The process that runs [`serve`]; ends when dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    endpoint: String,
}

impl Server {
    /// Starts this program again, as the server.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start() -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut endpoint = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut endpoint)?;
        }
        endpoint.truncate(endpoint.trim_end().len());
        Ok(Self { process, endpoint })
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
