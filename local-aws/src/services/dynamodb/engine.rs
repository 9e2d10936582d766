//! The operations, each from the body of a request to the body of its answer.

use dynoxide::{Database, DynoxideError};
use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};

use super::arn;
use crate::services::Scope;

type Run = fn(&Database, &str) -> Result<String, DynoxideError>;

/// One operation of the API.
pub(super) struct Operation {
    pub(super) name: &'static str,
    run: Run,
    /// Whether its texts name ARNs. None of these has items, whose text is not ours to change.
    names_arns: bool,
}

impl Operation {
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|known| known.name == name)
    }

    /// Runs it: the status and the body of the answer.
    pub(super) fn answer(&self, database: &Database, scope: &Scope, body: &[u8]) -> (StatusCode, String) {
        let (status, body) = match self.run(database, scope, body) {
            Ok(body) => (StatusCode::OK, body),
            Err(error) => refusal(self.name, &envelope(self.name, error)),
        };
        (status, if self.names_arns { arn::of_scope(&body, scope) } else { body })
    }

    fn run(&self, database: &Database, scope: &Scope, body: &[u8]) -> Result<String, DynoxideError> {
        let body = std::str::from_utf8(body)
            .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
        let body = if self.names_arns { arn::of_engine(body, scope) } else { body.into() };
        (self.run)(database, &body)
    }
}

/// The answer to an operation that failed. What failed in here is logged: the client cannot mend it.
pub(super) fn refusal(operation: &str, error: &DynoxideError) -> (StatusCode, String) {
    let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(%error, operation, "the engine failed");
    }
    (status, error.to_json())
}

const OPERATIONS: &[Operation] = &[
    with_arns("CreateTable", |db, body| write(&db.create_table(read(body)?)?)),
    with_arns("DeleteTable", |db, body| write(&db.delete_table(read(body)?)?)),
    with_arns("DescribeTable", |db, body| write(&db.describe_table(read(body)?)?)),
    with_arns("UpdateTable", |db, body| write(&db.update_table(read(body)?)?)),
    with_arns("ListStreams", |db, body| write(&db.list_streams(read(body)?)?)),
    with_arns("DescribeStream", |db, body| write(&db.describe_stream(read(body)?)?)),
    with_arns("GetShardIterator", |db, body| write(&db.get_shard_iterator(read(body)?)?)),
    without_arns("ListTables", |db, body| write(&db.list_tables(read(body)?)?)),
    without_arns("TagResource", |db, body| write(&db.tag_resource(read(body)?)?)),
    without_arns("UntagResource", |db, body| write(&db.untag_resource(read(body)?)?)),
    without_arns("ListTagsOfResource", |db, body| write(&db.list_tags_of_resource(read(body)?)?)),
    without_arns("UpdateTimeToLive", |db, body| write(&db.update_time_to_live(read(body)?)?)),
    without_arns("DescribeTimeToLive", |db, body| write(&db.describe_time_to_live(read(body)?)?)),
    without_arns("PutItem", |db, body| write(&db.put_item(read(body)?)?)),
    without_arns("GetItem", |db, body| write(&db.get_item(read(body)?)?)),
    without_arns("UpdateItem", |db, body| write(&db.update_item(read(body)?)?)),
    without_arns("DeleteItem", |db, body| write(&db.delete_item(read(body)?)?)),
    without_arns("Query", |db, body| write(&db.query(read(body)?)?)),
    without_arns("Scan", |db, body| write(&db.scan(read(body)?)?)),
    without_arns("BatchGetItem", |db, body| write(&db.batch_get_item(read(body)?)?)),
    without_arns("BatchWriteItem", |db, body| write(&db.batch_write_item(read(body)?)?)),
    without_arns("TransactGetItems", |db, body| write(&db.transact_get_items(read(body)?)?)),
    without_arns("TransactWriteItems", |db, body| write(&db.transact_write_items(read(body)?)?)),
    without_arns("ExecuteStatement", |db, body| write(&db.execute_statement(read(body)?)?)),
    without_arns("ExecuteTransaction", |db, body| write(&db.execute_transaction(read(body)?)?)),
    without_arns("BatchExecuteStatement", |db, body| write(&db.batch_execute_statement(read(body)?)?)),
    without_arns("GetRecords", |db, body| write(&db.get_records(read(body)?)?)),
];

const fn with_arns(name: &'static str, run: Run) -> Operation {
    Operation { name, run, names_arns: true }
}

const fn without_arns(name: &'static str, run: Run) -> Operation {
    Operation { name, run, names_arns: false }
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, DynoxideError> {
    serde_json::from_str(body).map_err(|error| unreadable(&error))
}

fn write(answer: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// The engine checks a request while it is read, and marks the errors that it words itself; what is not
/// marked is an error of the JSON.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let (mark, message) = text.split_once(':').unwrap_or(("", text));
    match mark {
        "VALIDATION_REQUEST" => DynoxideError::EnvelopedValidation(message.to_owned()),
        "VALIDATION" | "VALIDATION_AS_READ" => DynoxideError::ValidationException(message.to_owned()),
        "SERIALIZATION" | "SERIALIZATION_AS_READ" => {
            DynoxideError::SerializationException(message.to_owned())
        }
        _ if text.contains("missing field") || text.contains("AttributeValue") => {
            DynoxideError::ValidationException(text.to_owned())
        }
        _ => DynoxideError::SerializationException(text.to_owned()),
    }
}

/// The item writes count their validation errors; nothing else does.
fn envelope(operation: &str, error: DynoxideError) -> DynoxideError {
    match (operation, error) {
        ("PutItem" | "UpdateItem" | "DeleteItem", DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(format!("1 validation error detected: {message}"))
        }
        (_, error) => error,
    }
}
