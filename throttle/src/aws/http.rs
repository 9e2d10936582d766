//! [`Judging`]: the HTTP client of [`sdk_config`](super::sdk_config), which reads the verdict where no interceptor
//! can.

use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        connector_metadata::ConnectorMetadata,
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream, config_bag::ConfigBag};

use super::{
    Verdict,
    handoff::{Admitted, Handoff},
    identity::operation_id,
    reply,
};

/// A user's HTTP client, whose answers are read on the way back.
#[derive(Debug)]
pub(crate) struct Judging {
    inner: SharedHttpClient,
    handoff: Handoff,
}

impl Judging {
    pub(crate) fn new(inner: SharedHttpClient, handoff: Handoff) -> Self {
        Self { inner, handoff }
    }
}

impl HttpClient for Judging {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        match self.handoff.take(operation_id(components)) {
            Some(admitted) => {
                SharedHttpConnector::new(JudgingConnector { inner, admitted: Mutex::new(Some(admitted)) })
            }
            // Admitted elsewhere, or not at all.
            None => inner,
        }
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        cfg: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, cfg)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, cfg: &ConfigBag) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, cfg)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

/// The connector of one attempt.
#[derive(Debug)]
struct JudgingConnector {
    inner: SharedHttpConnector,
    admitted: Mutex<Option<Admitted>>,
}

impl HttpConnector for JudgingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.inner.call(request);
        match self.admitted.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(admitted) => HttpConnectorFuture::new(judge(answer, admitted)),
            None => answer,
        }
    }
}

/// Dropped, it drops the permit: so ends an attempt that is given up.
async fn judge(answer: HttpConnectorFuture, admitted: Admitted) -> Result<HttpResponse, ConnectorError> {
    let Admitted { mut permit, service, .. } = admitted;
    permit.sent();
    let mut response = answer.await?;
    let verdict = if response.status().as_u16() < 400 {
        Verdict::Accepted
    } else {
        buffer(&mut response).await?;
        reply::verdict(&service, &response)
    };
    verdict.settle(permit);
    Ok(response)
}

/// Reads the body, and leaves it for the SDK to read again.
async fn buffer(response: &mut HttpResponse) -> Result<(), ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let bytes = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    *response.body_mut() = SdkBody::from(bytes.into_bytes());
    Ok(())
}
