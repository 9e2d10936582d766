//! The front: every request of every service comes in here.

mod admin;
mod in_process;
mod request_id;
mod route;
mod scope;
mod slow;
mod socket;

use std::{future::Future, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep_until};

pub(crate) use self::{in_process::InProcess, socket::Socket};
use self::{request_id::RequestIds, scope::Credential};
use crate::{
    conditions::{
        desk::{Arrival, Desk, Verdict},
        faults::{FaultMode, Hit},
    },
    services::{Body, Caller, Gate, Quirk, Request, Response, Scope, Service, Services, Throttled},
};

/// The account of every access key that does not name one.
pub(crate) const ACCOUNT: &str = "000000000000";

/// The services behind their conditions.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) desk: Arc<Desk>,
    pub(crate) services: Services,
    region: String,
    request_ids: RequestIds,
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub(crate) struct Closed;

impl Front {
    pub(crate) fn new(desk: Arc<Desk>, region: String) -> Self {
        let scope = Scope { account: ACCOUNT.to_owned(), region: region.clone() };
        let services = Services::new(Arc::clone(&desk) as Arc<dyn Gate>, scope);
        Self { desk, services, region, request_ids: RequestIds::default() }
    }

    /// Answers a request, or closes its connection.
    pub(crate) async fn serve(&self, mut request: Request) -> Result<Response, Closed> {
        if request.uri().path().starts_with(admin::PATH) {
            return Ok(admin::answer(&self.desk, &self.services, &request));
        }
        name_host(&mut request);
        let credential = Credential::of(&request);
        let Some(name) = route::service(credential.as_ref(), &request) else {
            return Ok(route::unknown(None, &request));
        };
        let Some(service) = self.services.get(&name) else {
            return Ok(route::unknown(Some(&name), &request));
        };
        if let Some(credential) = &credential {
            request.extensions_mut().insert(Caller(credential.key.as_str().into()));
        }
        let scope = self.scope(credential, &request);
        let head = request.method() == Method::HEAD;
        let mut response = self.meet(service, &scope, request).await?;
        self.request_ids.put_on(&mut response);
        if head && !response.status().is_success() {
            strip_body(&mut response);
        }
        Ok(response)
    }

    fn scope(&self, credential: Option<Credential>, request: &Request) -> Scope {
        let (account, region) =
            credential.map_or((None, None), |credential| (credential.account, credential.region));
        let region = region.or_else(|| route::region_of_host(request));
        Scope {
            account: account.unwrap_or_else(|| ACCOUNT.to_owned()),
            region: region.unwrap_or_else(|| self.region.clone()),
        }
    }

    /// Serves a request under the conditions. Half of the latency passes before the effect and half after
    /// it, so that a caller who gives up may or may not have had the effect.
    async fn meet(
        &self,
        service: &dyn Service,
        scope: &Scope,
        mut request: Request,
    ) -> Result<Response, Closed> {
        let (action, asked) = (service.action(&request), asked(&request));
        let arrived = Instant::now();
        let mut arrival = self.desk.arrive(scope, &action);
        let latency = arrival.latency;
        let hit = match &arrival.verdict {
            Verdict::Throttled(refusal) => {
                wait_until(arrived, latency).await;
                return Ok(service.error(&asked, refusal.status, &refusal.code, &refusal.message));
            }
            Verdict::Accepted(hit) => *hit,
        };
        wait_until(arrived, latency / 2).await;
        let hit = hit.and_then(|hit| odd(hit, &mut request));
        let result = match hit {
            None => Ok(service.call(scope, request).await),
            Some(hit) => {
                arrival.fail();
                meet_fault(hit, service, &asked, service.call(scope, request)).await
            }
        };
        wait_until(arrived, latency).await;
        note_status(&mut arrival, &result);
        result
    }
}

/// A fault that the service plays itself is written into the request.
fn odd(hit: Hit, request: &mut Request) -> Option<Hit> {
    let quirk = match hit.mode {
        FaultMode::Duplicate => Quirk::Twice,
        FaultMode::EmptyReceive => Quirk::Empty,
        FaultMode::FailedEntry => Quirk::FailedEntry(hit.choice),
        _ => return Some(hit),
    };
    request.extensions_mut().insert(quirk);
    None
}

async fn meet_fault(
    hit: Hit,
    service: &dyn Service,
    asked: &HeaderMap,
    effect: impl Future<Output = Response> + Send,
) -> Result<Response, Closed> {
    let internal = "We encountered an internal error. Please try again.";
    match hit.mode {
        FaultMode::Drop => Err(Closed),
        FaultMode::Error500 => {
            Ok(service.error(asked, StatusCode::INTERNAL_SERVER_ERROR, "InternalError", internal))
        }
        FaultMode::Error503 => {
            let (code, message) = ("ServiceUnavailable", "Service is unable to handle request.");
            Ok(service.error(asked, StatusCode::SERVICE_UNAVAILABLE, code, message))
        }
        FaultMode::ErrorIn200 => {
            let mut response =
                service.error(asked, StatusCode::INTERNAL_SERVER_ERROR, "InternalError", internal);
            *response.status_mut() = StatusCode::OK;
            Ok(response)
        }
        FaultMode::SlowBody => Ok(effect.await.map(|body| slow::trickle(body, hit.over))),
        FaultMode::LostReply => {
            drop(effect.await);
            Err(Closed)
        }
        // The service has played these itself.
        FaultMode::Duplicate | FaultMode::EmptyReceive | FaultMode::FailedEntry => Ok(effect.await),
    }
}

/// What an error of the service goes by: in which form it was asked.
fn asked(request: &Request) -> HeaderMap {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    kind.map(|kind| (header::CONTENT_TYPE, kind)).into_iter().collect()
}

fn note_status(arrival: &mut Arrival, result: &Result<Response, Closed>) {
    if result.as_ref().is_ok_and(|response| response.extensions().get::<Throttled>().is_some()) {
        arrival.throttle();
    }
    if result.as_ref().is_ok_and(|response| response.status().is_server_error()) {
        arrival.fail();
    }
}

/// Waits until so long after an arrival; not at all if that is past.
async fn wait_until(arrived: Instant, after: Duration) {
    if !after.is_zero() {
        sleep_until(arrived + after).await;
    }
}

/// HTTP/2 and the in-process client name the host in the URI; signatures are over the header.
fn name_host(request: &mut Request) {
    if request.headers().contains_key(header::HOST) {
        return;
    }
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    if let Some(host) = authority.and_then(|host| HeaderValue::from_str(host).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// An answer to HEAD has no body, and so no error code either.
fn strip_body(response: &mut Response) {
    *response.body_mut() = empty();
    response.headers_mut().remove(header::CONTENT_LENGTH);
}

/// A body with nothing in it.
pub(crate) fn empty() -> Body {
    full(bytes::Bytes::new())
}

/// A body that is there at once.
pub(crate) fn full(bytes: impl Into<bytes::Bytes>) -> Body {
    http_body_util::Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
