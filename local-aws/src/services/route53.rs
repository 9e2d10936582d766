//! Amazon Route 53: hosted zones and their record sets, which an account has in no region.

mod records;
mod tags;
mod zones;

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use http::{HeaderMap, Method, StatusCode};

use super::{
    Action, Request, Response, Scope, Service,
    accounts::Accounts,
    query::{self, Failure},
};
use crate::wire::{document::Document, form::Form, rest};

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// Route 53 over the accounts.
#[derive(Debug)]
pub(crate) struct Route53 {
    accounts: Accounts,
    requests: AtomicU64,
}

/// An operation: it writes the members of its answer.
struct Operation {
    name: &'static str,
    method: Method,
    path: &'static str,
    run: fn(&Asked<'_>, &mut Document) -> Result<(), Failure>,
}

/// What an operation is asked, of whom.
struct Asked<'a> {
    /// What the path holds.
    path: Vec<String>,
    query: Form,
    body: &'a [u8],
    account: &'a str,
    accounts: &'a Accounts,
}

const OPERATIONS: &[Operation] = &[
    get("GetHostedZone", "/2013-04-01/hostedzone/{}", zones::get),
    get("ListHostedZones", "/2013-04-01/hostedzone", zones::list),
    get("ListHostedZonesByName", "/2013-04-01/hostedzonesbyname", zones::by_name),
    get("ListResourceRecordSets", "/2013-04-01/hostedzone/{}/rrset", records::list),
    get("ListTagsForResource", "/2013-04-01/tags/{}/{}", tags::of_one),
    Operation {
        name: "ListTagsForResources",
        method: Method::POST,
        path: "/2013-04-01/tags/{}",
        run: tags::of_many,
    },
];

const fn get(
    name: &'static str,
    path: &'static str,
    run: fn(&Asked<'_>, &mut Document) -> Result<(), Failure>,
) -> Operation {
    Operation { name, method: Method::GET, path, run }
}

impl Operation {
    /// The operation that a request names, and what its path holds.
    fn of(request: &Request) -> Option<(&'static Self, Vec<String>)> {
        OPERATIONS
            .iter()
            .filter(|operation| operation.method == *request.method())
            .find_map(|operation| Some((operation, rest::captures(operation.path, request.uri().path())?)))
    }
}

impl Asked<'_> {
    /// How many items the caller wants, of `most` that a page may have; more is as many as that.
    fn max_items(&self, most: usize) -> Result<usize, Failure> {
        let Some(asked) = self.query.get("maxitems") else { return Ok(most) };
        let number = asked.parse().ok().filter(|number| *number > 0);
        number
            .map(|number: usize| number.min(most))
            .ok_or_else(|| invalid(format!("The value '{asked}' of maxitems is not a positive number.")))
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new("InvalidInput", message)
}

fn no_such_zone(id: &str) -> Failure {
    let message = format!("No hosted zone found with ID: {id}");
    Failure { status: StatusCode::NOT_FOUND, ..Failure::new("NoSuchHostedZone", message) }
}

impl Route53 {
    pub(crate) fn new(accounts: Accounts) -> Self {
        Self { accounts, requests: AtomicU64::new(0) }
    }

    fn run(&self, scope: &Scope, request: &Request) -> Result<(&'static Operation, Document), Failure> {
        let Some((operation, path)) = Operation::of(request) else {
            let names = OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>().join(", ");
            let (method, path) = (request.method(), request.uri().path());
            let message = format!(
                "tidegate-local-aws has no operation \"{method} {path}\" of route53; it has: {names}"
            );
            return Err(Failure {
                status: StatusCode::NOT_FOUND,
                ..Failure::new("UnknownOperation", message)
            });
        };
        let query = Form::parse(request.uri().query().unwrap_or_default());
        let (body, account, accounts) = (request.body(), &scope.account, &self.accounts);
        let mut members = Document::default();
        (operation.run)(&Asked { path, query, body, account, accounts }, &mut members)?;
        Ok((operation, members))
    }

    fn request_id(&self) -> String {
        format!("00000000-0000-4000-8003-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

#[async_trait]
impl Service for Route53 {
    fn action(&self, request: &Request) -> Action {
        // Paths that the API does not have share one row of the counters.
        let name = Operation::of(request).map_or("Unknown", |(operation, _)| operation.name).into();
        Action { service: "route53", name, resource: None }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        match self.run(scope, &request) {
            Ok((operation, members)) => {
                let mut xml = Document::default();
                xml.root(&format!("{}Response", operation.name), NAMESPACE, |xml| xml.append(&members));
                query::answer(StatusCode::OK, xml, &self.request_id())
            }
            Err(failure) => {
                query::failed(NAMESPACE, failure.status, failure.code, &failure.message, &self.request_id())
            }
        }
    }

    fn error(&self, _asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        query::failed(NAMESPACE, status, code, message, &self.request_id())
    }
}
