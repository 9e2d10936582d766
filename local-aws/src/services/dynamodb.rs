//! Amazon DynamoDB and DynamoDB Streams: the `dynoxide` engine, one database in memory per account and region.

mod answer;
mod arn;
mod engine;
mod target;

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use dynoxide::{Database, DynoxideError};
use http::{HeaderMap, StatusCode};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::{JoinError, spawn_blocking},
};

use self::engine::Operation;
use super::{Action, Request, Response, Scope, Service};

/// DynamoDB and its state.
#[derive(Default)]
pub(crate) struct DynamoDb {
    databases: Mutex<HashMap<Scope, Database>>,
}

impl DynamoDb {
    /// The database of an account and region, made when it is first asked for.
    fn database(&self, scope: &Scope) -> Result<Database, DynoxideError> {
        let mut databases = self.databases.lock().unwrap_or_else(PoisonError::into_inner);
        match databases.entry(scope.clone()) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(new) => Ok(new.insert(Database::memory()?).clone()),
        }
    }

    async fn run(
        &self,
        operation: &'static Operation,
        scope: &Scope,
        request: Request,
    ) -> (StatusCode, String) {
        let database = match self.database(scope) {
            Ok(database) => database,
            Err(error) => return engine::refusal(operation.name, &error),
        };
        let scope = scope.clone();
        let work = move || operation.answer(&database, &scope, request.body());
        // On a runtime of one thread it runs in place, so that concurrent calls meet in the same order in
        // every run, and a paused clock stands still meanwhile.
        let many_threads =
            Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        if !many_threads {
            return work();
        }
        let panicked = |error: JoinError| {
            engine::refusal(operation.name, &DynoxideError::InternalServerError(error.to_string()))
        };
        spawn_blocking(work).await.unwrap_or_else(panicked)
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDb").finish_non_exhaustive()
    }
}

#[async_trait]
impl Service for DynamoDb {
    fn action(&self, request: &Request) -> Action {
        // Names that the API does not have share one row of the counters.
        let name = Operation::of(target::operation(request)).map_or("Unknown", |operation| operation.name);
        Action { service: "dynamodb", name: name.into(), resource: target::resource(request.body()) }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        let name = target::operation(&request);
        let Some(operation) = Operation::of(name) else {
            let message = format!("tidegate-local-aws has no operation \"{name}\"");
            return answer::error(
                StatusCode::BAD_REQUEST,
                "com.amazon.coral.service#UnknownOperationException",
                &message,
            );
        };
        let (status, body) = self.run(operation, scope, request).await;
        answer::json(status, body)
    }

    fn error(&self, _asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        // The one code of a fault that DynamoDB has another name for.
        let code = if code == "InternalError" { "InternalServerError" } else { code };
        answer::error(status, &format!("com.amazonaws.dynamodb.v20120810#{code}"), message)
    }
}
