//! [`Query`]: a service of the query protocol, as a table of its operations.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Action, Request, Response, Scope, Service, accounts::Accounts};
use crate::{
    front::full,
    wire::{document::Document, form::Form},
};

/// An API of the query protocol, or of EC2's form of it.
#[derive(Debug)]
pub(crate) struct Api {
    /// The service, as counters and limits name it.
    pub(crate) service: &'static str,
    /// The version that its requests name: two APIs sign as `elasticloadbalancing`.
    pub(crate) version: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) envelope: Envelope,
    pub(crate) operations: &'static [Operation],
}

/// What stands around an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `<XResponse><XResult>…</XResult><ResponseMetadata>…`.
    Result,
    /// `<XResponse><requestId>…`, of EC2.
    Ec2,
}

/// An operation: it writes the members of its answer.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Asked<'_>, &mut Document) -> Result<(), Failure>,
}

/// What an operation is asked, of whom.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) form: Form,
    pub(crate) scope: &'a Scope,
    pub(crate) accounts: &'a Accounts,
}

/// Why an operation did not do as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Failure {
    /// A 400.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }
}

/// The APIs that sign with one name, over the accounts.
#[derive(Debug)]
pub(crate) struct Query {
    /// Not empty; a request whose version none of them has is the first one's.
    apis: &'static [&'static Api],
    accounts: Accounts,
    requests: AtomicU64,
}

impl Query {
    pub(crate) fn new(apis: &'static [&'static Api], accounts: Accounts) -> Self {
        Self { apis, accounts, requests: AtomicU64::new(0) }
    }

    fn api(&self, form: &Form) -> &'static Api {
        let version = form.get("Version");
        self.apis.iter().find(|api| version == Some(api.version)).unwrap_or(&self.apis[0])
    }

    fn request_id(&self) -> String {
        format!("00000000-0000-4000-8002-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

#[async_trait]
impl Service for Query {
    fn action(&self, request: &Request) -> Action {
        let form = Form::of(request);
        let api = self.api(&form);
        let operation = api.operation(form.get("Action").unwrap_or_default());
        // Names that the API does not have share one row of the counters.
        let name = operation.map_or("Unknown", |operation| operation.name).into();
        Action { service: api.service, name, resource: None }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        let (form, id) = (Form::of(&request), self.request_id());
        let api = self.api(&form);
        let name = form.get("Action").unwrap_or_default().to_owned();
        let Some(operation) = api.operation(&name) else {
            let names = api.operations.iter().map(|operation| operation.name).collect::<Vec<_>>().join(", ");
            let message =
                format!("tidegate-local-aws has no operation \"{name}\" of {}; it has: {names}", api.service);
            return api.fail(&Failure::new("InvalidAction", message), &id);
        };
        let asked = Asked { form, scope, accounts: &self.accounts };
        let mut members = Document::default();
        match (operation.run)(&asked, &mut members) {
            Ok(()) => api.answer(operation.name, &members, &id),
            Err(failure) => api.fail(&failure, &id),
        }
    }

    fn error(&self, _asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        // All APIs that sign with one name write their errors alike.
        self.apis[0].error(status, code, message, &self.request_id())
    }
}

impl Api {
    fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    fn answer(&self, operation: &str, members: &Document, id: &str) -> Response {
        let mut xml = Document::default();
        xml.root(&format!("{operation}Response"), self.namespace, |xml| match self.envelope {
            Envelope::Result => {
                xml.node(&format!("{operation}Result"), |xml| xml.append(members));
                xml.node("ResponseMetadata", |xml| xml.text("RequestId", id));
            }
            Envelope::Ec2 => {
                xml.text("requestId", id);
                xml.append(members);
            }
        });
        answer(StatusCode::OK, xml, id)
    }

    fn fail(&self, failure: &Failure, id: &str) -> Response {
        self.error(failure.status, failure.code, &failure.message, id)
    }

    fn error(&self, status: StatusCode, code: &str, message: &str, id: &str) -> Response {
        let mut xml = Document::default();
        match self.envelope {
            Envelope::Result => return failed(self.namespace, status, code, message, id),
            // EC2's errors are in no namespace.
            Envelope::Ec2 => xml.node("Response", |xml| {
                xml.node("Errors", |xml| {
                    xml.node("Error", |xml| {
                        xml.text("Code", code);
                        xml.text("Message", message);
                    });
                });
                xml.text("RequestID", id);
            }),
        }
        answer(status, xml, id)
    }
}

/// An error as all XML protocols of AWS write it but S3's and EC2's.
pub(super) fn failed(namespace: &str, status: StatusCode, code: &str, message: &str, id: &str) -> Response {
    let mut xml = Document::default();
    xml.root("ErrorResponse", namespace, |xml| {
        xml.node("Error", |xml| {
            xml.text("Type", if status.is_server_error() { "Receiver" } else { "Sender" });
            xml.text("Code", code);
            xml.text("Message", message);
        });
        xml.text("RequestId", id);
    });
    answer(status, xml, id)
}

pub(super) fn answer(status: StatusCode, xml: Document, id: &str) -> Response {
    let mut response = Response::new(full(xml.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml;charset=UTF-8"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
