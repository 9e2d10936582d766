//! Amazon ECS: clusters, services, tasks and what they run.

mod clusters;
mod definitions;
mod names;
mod services;
mod tags;
mod tasks;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Action, Request, Response, Scope, Service, accounts::Accounts, query::Failure};
use crate::{
    front::full,
    resources::Resources,
    wire::{json, page::Page},
};

/// The version of the API, as targets name it.
const TARGET: &str = "AmazonEC2ContainerServiceV20141113.";

/// When everything was created: 2026-01-01T00:00:00Z.
const CREATED: u32 = 1_767_225_600;

/// The most that a page of any list holds.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html>.
const PAGE: usize = 100;

/// ECS over the accounts.
#[derive(Debug)]
pub(crate) struct Ecs {
    accounts: Accounts,
}

/// An operation: from what it is asked to its answer.
struct Operation {
    name: &'static str,
    run: fn(&Asked<'_>) -> Result<Value, Failure>,
}

/// What an operation is asked, of whom.
struct Asked<'a> {
    body: &'a [u8],
    account: &'a str,
    region: &'a str,
    scope: &'a Scope,
    accounts: &'a Accounts,
}

const OPERATIONS: &[Operation] = &[
    Operation { name: "DescribeClusters", run: clusters::describe },
    Operation { name: "DescribeServices", run: services::describe },
    Operation { name: "DescribeTaskDefinition", run: definitions::describe },
    Operation { name: "DescribeTasks", run: tasks::describe },
    Operation { name: "ListClusters", run: clusters::list },
    Operation { name: "ListServices", run: services::list },
    Operation { name: "ListTagsForResource", run: tags::list },
    Operation { name: "ListTasks", run: tasks::list },
];

impl Operation {
    fn of(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|known| known.name == name)
    }
}

impl Asked<'_> {
    /// The body; an empty one is an empty structure.
    fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body = if self.body.is_empty() { b"{}" } else { self.body };
        serde_json::from_slice(body)
            .map_err(|error| Failure::new("SerializationException", error.to_string()))
    }

    /// Looks at the resources of who asks.
    fn look<T>(&self, look: impl FnOnce(&Resources) -> T) -> T {
        self.accounts.of(self.scope, |known| look(known))
    }
}

/// The name that a request's target holds; empty if there is none.
fn name(request: &Request) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.strip_prefix(TARGET)).unwrap_or_default()
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new("InvalidParameterException", message)
}

/// A page of ARNs as they are listed, under the list's name.
fn page(
    (list, member): (&str, &str),
    arns: impl Iterator<Item = String>,
    token: Option<&str>,
    most: usize,
) -> Result<Value, Failure> {
    let page = Page::of(list, arns, token, most).map_err(|_| invalid("Invalid token."))?;
    let mut answer = serde_json::json!({ member: page.items });
    if let Some(next) = page.next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

/// How many items a page is to have; `usual` if nobody says.
fn most(asked: Option<i64>, usual: usize) -> Result<usize, Failure> {
    let Some(asked) = asked else { return Ok(usual) };
    usize::try_from(asked)
        .ok()
        .filter(|most| (1..=PAGE).contains(most))
        .ok_or_else(|| invalid("maxResults must be between 1 and 100, inclusive."))
}

impl Ecs {
    pub(crate) fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    fn run(&self, scope: &Scope, request: &Request) -> Result<Value, Failure> {
        let name = name(request);
        let operation = Operation::of(name).ok_or_else(|| {
            let names = OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>().join(", ");
            let message = format!("tidegate-local-aws has no operation \"{name}\" of ecs; it has: {names}");
            Failure::new("UnknownOperationException", message)
        })?;
        let Scope { account, region } = scope;
        (operation.run)(&Asked { body: request.body(), account, region, scope, accounts: &self.accounts })
    }
}

#[async_trait]
impl Service for Ecs {
    fn action(&self, request: &Request) -> Action {
        // Names that the API does not have share one row of the counters.
        let name = Operation::of(name(request)).map_or("Unknown", |operation| operation.name).into();
        Action { service: "ecs", name, resource: None }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        match self.run(scope, &request) {
            Ok(answer) => {
                let mut response = Response::new(full(answer.to_string()));
                let kind = HeaderValue::from_static(json::CONTENT_TYPE);
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                response
            }
            Err(failure) => json::error(failure.status, failure.code, &failure.message),
        }
    }

    fn error(&self, _asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        // The one code of a fault that ECS has another name for.
        json::error(status, if code == "InternalError" { "ServerException" } else { code }, message)
    }
}
