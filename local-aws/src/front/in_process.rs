//! The in-process client: the SDK calls the front without a socket.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::Front;
use crate::services::Body;

/// Calls the front as a connector does, read timeout included.
#[derive(Clone, Debug)]
pub(crate) struct InProcess {
    front: Arc<Front>,
    settings: Option<HttpConnectorSettings>,
}

impl InProcess {
    pub(crate) fn new(front: Arc<Front>) -> Self {
        Self { front, settings: None }
    }
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self { front: Arc::clone(&self.front), settings: Some(settings.clone()) })
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let front = Arc::clone(&self.front);
        let read_timeout = self.settings.as_ref().and_then(HttpConnectorSettings::read_timeout);
        HttpConnectorFuture::new(async move {
            let call = call(&front, request);
            match read_timeout {
                None => call.await,
                Some(limit) => timeout(limit, call)
                    .await
                    .unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into()))),
            }
        })
    }
}

async fn call(front: &Front, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user = |error: aws_smithy_runtime_api::http::HttpError| ConnectorError::user(error.into());
    let (parts, body) = request.try_into_http1x().map_err(user)?.into_parts();
    let body = match body.bytes() {
        Some(bytes) => Bytes::copy_from_slice(bytes),
        None => body.collect().await.map_err(ConnectorError::user)?.to_bytes(),
    };
    let response = front.serve(http::Request::from_parts(parts, body)).await.map_err(|_closed| {
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "connection closed before an answer");
        ConnectorError::io(error.into())
    })?;
    let response = response.map(|body| SdkBody::from_body_1_x(SyncBody(body.into())));
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

/// A body that may be shared between threads, as the SDK asks of one, because nobody can reach it through a
/// shared reference.
struct SyncBody(std::sync::Mutex<Body>);

impl http_body::Body for SyncBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let body = self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        Pin::new(body).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_end_stream()
    }
}
