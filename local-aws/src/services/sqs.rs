//! Amazon SQS, in memory: queues that are fed with the time, and operations around them.

mod attempts;
mod attributes;
mod batch;
mod call;
mod clients;
mod content;
mod create;
mod digest;
mod entry;
mod failure;
mod finish;
mod form;
mod groups;
mod handle;
mod moves;
mod operation;
mod permission;
mod protocol;
mod queue;
mod receipt;
mod receive;
mod region;
mod repeats;
mod send;
mod settings;
mod tags;
mod view;
mod visible;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use self::{
    call::Asked,
    failure::Failure,
    operation::{Operation, Session},
    protocol::Protocol,
    region::Region,
};
pub use self::{
    handle::{QueueMessage, SqsError, SqsHandle},
    view::{ClientView, MessageState, MessageView, QueueView},
};
use super::{Action, Caller, Gate, Quirk, Request, Response, Scope, Service, clock::Clock};

/// SQS and its state.
#[derive(Debug)]
pub(crate) struct Sqs {
    regions: Arc<Regions>,
    gate: Arc<dyn Gate>,
    clock: Clock,
    requests: AtomicU64,
}

/// The state of each account and region, made when it is first asked for.
#[derive(Debug, Default)]
struct Regions(Mutex<HashMap<Scope, Arc<Mutex<Region>>>>);

impl Regions {
    fn all(&self) -> Vec<Arc<Mutex<Region>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn of(&self, scope: &Scope) -> Arc<Mutex<Region>> {
        let mut regions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(region) = regions.get(scope) {
            return Arc::clone(region);
        }
        let region = Arc::new(Mutex::new(Region::new(scope.clone())));
        regions.insert(scope.clone(), Arc::clone(&region));
        region
    }
}

impl Sqs {
    pub(crate) fn new(gate: Arc<dyn Gate>) -> Self {
        Self { regions: Arc::default(), gate, clock: Clock::default(), requests: AtomicU64::new(0) }
    }

    /// A handle to seed and to inspect the state of an account and region.
    pub(crate) fn handle(&self, scope: Scope) -> SqsHandle {
        SqsHandle::new(Arc::clone(&self.regions), scope, self.clock)
    }

    fn request_id(&self) -> String {
        format!("00000000-0000-4000-8001-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

/// The queue that a request is about.
fn queue_of(protocol: Protocol, request: &Request) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        queue_url: Option<String>,
        queue_name: Option<String>,
    }
    let Named { queue_url, queue_name } = protocol.read(request).ok()?;
    queue_name.or_else(|| queue_url.and_then(|url| url.rsplit('/').next().map(str::to_owned)))
}

#[async_trait]
impl Service for Sqs {
    fn action(&self, request: &Request) -> Action {
        let protocol = Protocol::of(request.headers());
        let operation = Operation::of(&protocol.operation(request));
        Action {
            service: "sqs",
            // Names that the API does not have share one row of the counters.
            name: operation.map_or("Unknown", |operation| operation.name).into(),
            resource: operation.and_then(|_| queue_of(protocol, request)),
        }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        let (protocol, id) = (Protocol::of(request.headers()), self.request_id());
        let name = protocol.operation(&request);
        let Some(operation) = Operation::of(&name) else {
            let message =
                format!("tidegate-local-aws has no operation \"{name}\"; it has: {}", operation::names());
            return protocol.fail(&Failure::unknown_operation(message), &id);
        };
        let host =
            request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let quirk = request.extensions().get::<Quirk>().copied();
        let caller = request.extensions().get::<Caller>();
        let asked = Asked { operation: operation.name, host, scope, caller, gate: &*self.gate, quirk };
        let (region, clock) = (self.regions.of(scope), self.clock);
        Session { operation, region, clock, protocol, request: &request, asked, id: &id }.run().await
    }

    fn error(&self, asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        let (shape, code) = (code.to_owned().into(), code.to_owned().into());
        let failure = Failure { shape, code, status, message: message.to_owned(), throttled: true };
        let mut response = Protocol::of(asked).fail(&failure, &self.request_id());
        // The front counts what it answers itself.
        response.extensions_mut().remove::<super::Throttled>();
        response
    }
}
