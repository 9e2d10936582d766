//! AWS Lambda: functions and their tags.

mod functions;
mod name;
mod write;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{Action, Request, Response, Scope, Service, accounts::Accounts, query::Failure};
use crate::{
    front::full,
    wire::{form::Form, rest},
};

/// Lambda over the accounts.
#[derive(Debug)]
pub(crate) struct Lambda {
    accounts: Accounts,
}

/// An operation, all of which are GETs: from what it is asked to its answer.
struct Operation {
    name: &'static str,
    path: &'static str,
    run: fn(&Asked<'_>) -> Result<Value, Failure>,
}

/// What an operation is asked, of whom.
struct Asked<'a> {
    /// What the path holds.
    path: Vec<String>,
    query: Form,
    account: &'a str,
    region: &'a str,
    scope: &'a Scope,
    accounts: &'a Accounts,
}

const OPERATIONS: &[Operation] = &[
    Operation { name: "GetFunction", path: "/2015-03-31/functions/{}", run: functions::get },
    Operation {
        name: "GetFunctionConfiguration",
        path: "/2015-03-31/functions/{}/configuration",
        run: functions::configuration,
    },
    Operation {
        name: "ListEventSourceMappings",
        path: "/2015-03-31/event-source-mappings",
        run: functions::mappings,
    },
    Operation { name: "ListFunctions", path: "/2015-03-31/functions", run: functions::list },
    Operation { name: "ListTags", path: "/2017-03-31/tags/{}", run: functions::tags },
];

impl Operation {
    /// The operation that a request names, and what its path holds.
    fn of(request: &Request) -> Option<(&'static Self, Vec<String>)> {
        let path = request.uri().path();
        let mut found = OPERATIONS.iter().filter(|_| *request.method() == Method::GET);
        found.find_map(|operation| Some((operation, rest::captures(operation.path, path)?)))
    }
}

fn not_found(message: impl Into<String>) -> Failure {
    Failure { status: StatusCode::NOT_FOUND, ..Failure::new("ResourceNotFoundException", message) }
}

/// An error; Lambda writes its members in upper case or lower, as it comes.
fn failed(status: StatusCode, code: &str, message: &str) -> Response {
    let blamed = if status.is_server_error() { "Service" } else { "User" };
    let body = match code {
        "ResourceNotFoundException" | "ServiceException" => json!({ "Type": blamed, "Message": message }),
        "TooManyRequestsException" => json!({
            "Reason": "CallerRateLimitExceeded", "Type": blamed, "message": message,
        }),
        _ => json!({ "Type": blamed, "message": message }),
    };
    let mut response = answer(&body);
    *response.status_mut() = status;
    if let Ok(code) = HeaderValue::from_str(code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

fn answer(body: &Value) -> Response {
    let mut response = Response::new(full(body.to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Lambda {
    pub(crate) fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    fn run(&self, scope: &Scope, request: &Request) -> Result<Value, Failure> {
        let (operation, path) = Operation::of(request).ok_or_else(|| {
            let names = OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>().join(", ");
            let (method, path) = (request.method(), request.uri().path());
            let message =
                format!("tidegate-local-aws has no operation \"{method} {path}\" of lambda; it has: {names}");
            Failure { status: StatusCode::NOT_FOUND, ..Failure::new("UnknownOperationException", message) }
        })?;
        let query = Form::parse(request.uri().query().unwrap_or_default());
        let Scope { account, region } = scope;
        (operation.run)(&Asked { path, query, account, region, scope, accounts: &self.accounts })
    }
}

#[async_trait]
impl Service for Lambda {
    fn action(&self, request: &Request) -> Action {
        // Paths that the API does not have share one row of the counters.
        let name = Operation::of(request).map_or("Unknown", |(operation, _)| operation.name).into();
        Action { service: "lambda", name, resource: None }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        match self.run(scope, &request) {
            Ok(body) => answer(&body),
            Err(failure) => failed(failure.status, failure.code, &failure.message),
        }
    }

    fn error(&self, _asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        // The one code of a fault that Lambda has another name for.
        failed(status, if code == "InternalError" { "ServiceException" } else { code }, message)
    }
}
