//! [`DynamoDb`]: leases in a DynamoDB table, in the form of the KCL's.

mod expression;
mod item;
mod table;

use std::{collections::HashMap, fmt, future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use tidegate_throttle::{Adaptive, Call, Throttle, aws};
use tokio::time::{sleep, timeout};
use tracing::debug;

use self::expression::Update;
use super::{Answer, Change, Lease, LeaseStore, Unavailable};
use crate::ShardId;

/// How long one attempt may take, its wait for the throttle included.
const PATIENCE: Duration = Duration::from_secs(3);
/// Attempts at one request.
const ATTEMPTS: u32 = 3;

/// Leases in a DynamoDB table, in the form of the KCL's: attributes, types, and conditions of writes.
///
/// The table is made if it is not there, paid by request. What else is in a row stays as it is; a row that is no
/// lease is passed over.
///
/// An application's table has the name of the application, as with the KCL. A multi-stream KCL's leases, whose keys
/// name their stream, are not understood, and are passed over.
///
/// ```no_run
/// # async fn of(config: &aws_types::SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use tidegate_kinesis_consumer::{Consumer, lease::DynamoDb};
///
/// let leases = DynamoDb::new(&aws_sdk_dynamodb::Client::new(config), "orders");
/// let kinesis = aws_sdk_kinesis::Client::new(config);
/// let consumer = Consumer::builder(kinesis, "orders-v1", leases).build()?;
/// # let _ = consumer;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DynamoDb {
    client: Client,
    throttle: Arc<dyn Throttle>,
    table: Arc<str>,
}

/// A row, as DynamoDB has it.
type Row = HashMap<String, AttributeValue>;

/// What came of a conditional write.
enum Written {
    Done(Option<Row>),
    /// The condition does not hold, of this row; `true` if an earlier attempt may have been made all the same.
    Refused(Option<Row>, bool),
}

impl DynamoDb {
    /// Leases in this table. The client's retries are not used.
    pub fn new(client: &Client, table: impl Into<Arc<str>>) -> Self {
        let conf = client.config().to_builder().retry_config(aws::no_retries()).build();
        Self { client: Client::from_conf(conf), throttle: Arc::new(Adaptive::new()), table: table.into() }
    }

    /// Who admits every request. Default: an [`Adaptive`] of its own.
    #[must_use]
    pub fn throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        self.throttle = throttle;
        self
    }

    /// One attempt at a request.
    async fn once<T, E, F>(
        &self,
        operation: &'static str,
        request: impl FnMut() -> F,
    ) -> Result<Result<T, SdkError<E, HttpResponse>>, Unavailable>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let region = self.client.config().region().map(ToString::to_string).unwrap_or_default();
        let call = Call::new("dynamodb", operation).region(region).resource(self.table.to_string());
        let sent = aws::send(&*self.throttle, &call, request);
        timeout(PATIENCE, sent).await.map_err(|_| self.unavailable(operation, "no answer in time"))
    }

    /// A request that changes nothing, until it is answered.
    async fn ask<T, E, F>(
        &self,
        operation: &'static str,
        mut request: impl FnMut() -> F,
    ) -> Result<T, Unavailable>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut pause = Duration::from_millis(25);
        let mut attempt = 1;
        loop {
            let failure = match self.once(operation, &mut request).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => {
                    let last = !may_pass(&error);
                    let failure = self.failed(operation, error);
                    if last {
                        return Err(failure);
                    }
                    failure
                }
                Err(failure) => failure,
            };
            if attempt == ATTEMPTS {
                return Err(failure);
            }
            attempt += 1;
            sleep(pause).await;
            pause *= 4;
        }
    }

    /// A conditional write, until it is answered. An attempt whose answer is lost may have been made.
    async fn write<T, E, F>(
        &self,
        operation: &'static str,
        mut request: impl FnMut() -> F,
        row: impl Fn(T) -> Option<Row>,
        refused: impl Fn(&E) -> Option<Option<Row>>,
    ) -> Result<Written, Unavailable>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut pause = Duration::from_millis(25);
        let mut attempt = 1;
        let mut maybe_made = false;
        loop {
            let failure = match self.once(operation, &mut request).await {
                Ok(Ok(answer)) => return Ok(Written::Done(row(answer))),
                Ok(Err(error)) => {
                    if let Some(there) = error.as_service_error().and_then(&refused) {
                        return Ok(Written::Refused(there, maybe_made));
                    }
                    let last = !may_pass(&error);
                    let failure = self.failed(operation, error);
                    if last {
                        return Err(failure);
                    }
                    failure
                }
                Err(failure) => failure,
            };
            debug!(operation, attempt, error = %failure, "a write of a lease is of unknown effect");
            maybe_made = true;
            if attempt == ATTEMPTS {
                return Err(failure);
            }
            attempt += 1;
            sleep(pause).await;
            pause *= 4;
        }
    }

    fn unavailable(&self, operation: &str, why: &str) -> Unavailable {
        Unavailable::new(format!("dynamodb:{operation} on table {}: {why}", self.table))
    }

    fn failed<E>(&self, operation: &str, error: SdkError<E, HttpResponse>) -> Unavailable
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or("no answer").to_owned();
        self.unavailable(operation, &code).because(error)
    }

    fn lease(&self, operation: &str, row: Option<&Row>) -> Result<Lease, Unavailable> {
        let lease = row.and_then(item::read);
        lease.ok_or_else(|| self.unavailable(operation, "the row is no lease"))
    }
}

/// Whether another attempt may be answered otherwise: not if the service understood it and said no.
fn may_pass<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(answer) => answer.raw().status().is_server_error(),
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    }
}

#[async_trait]
impl LeaseStore for DynamoDb {
    async fn prepare(&self) -> Result<(), Unavailable> {
        table::prepare(self).await
    }

    async fn scan(&self) -> Result<Vec<Lease>, Unavailable> {
        let mut leases = Vec::new();
        let mut from: Option<Row> = None;
        loop {
            let request = self.client.scan().table_name(&*self.table).set_exclusive_start_key(from);
            let page = self.ask("Scan", || request.clone().send()).await?;
            leases.extend(page.items.unwrap_or_default().iter().filter_map(item::read));
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(leases);
            }
        }
    }

    async fn get(&self, key: &ShardId) -> Result<Option<Lease>, Unavailable> {
        let request = self.client.get_item().table_name(&*self.table).consistent_read(true);
        let request = request.key(item::KEY, AttributeValue::S(key.to_string()));
        let answer = self.ask("GetItem", || request.clone().send()).await?;
        Ok(answer.item.as_ref().and_then(item::read))
    }

    async fn create(&self, lease: &Lease) -> Result<Answer, Unavailable> {
        let request = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item::write(lease)))
            .condition_expression("attribute_not_exists(leaseKey)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let written = self
            .write(
                "PutItem",
                || request.clone().send(),
                |_| None,
                |error| match error {
                    aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                        it,
                    ) => Some(it.item.clone()),
                    _ => None,
                },
            )
            .await?;
        Ok(match written {
            Written::Done(_) => Answer::Done(lease.clone()),
            Written::Refused(row, maybe_made) => match row.as_ref().and_then(item::read) {
                Some(there) if maybe_made && there == *lease => Answer::Done(there),
                there => Answer::Refused(there),
            },
        })
    }

    async fn change(&self, change: &Change) -> Result<Answer, Unavailable> {
        let Update { expression, condition, names, values } = Update::of(change);
        let request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(item::KEY, AttributeValue::S(change.key.to_string()))
            .update_expression(expression)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let written = self
            .write(
                "UpdateItem",
                || request.clone().send(),
                |answer| answer.attributes,
                |error| match error {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                        it,
                    ) => Some(it.item.clone()),
                    _ => None,
                },
            )
            .await?;
        Ok(match written {
            Written::Done(row) => Answer::Done(self.lease("UpdateItem", row.as_ref())?),
            Written::Refused(row, maybe_made) => match row.as_ref().and_then(item::read) {
                Some(there) if maybe_made && change.left_its_mark(&there) => Answer::Done(there),
                there => Answer::Refused(there),
            },
        })
    }

    async fn delete(&self, key: &ShardId, counter: u64) -> Result<Answer, Unavailable> {
        let request = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .key(item::KEY, AttributeValue::S(key.to_string()))
            .condition_expression("leaseCounter = :counter")
            .expression_attribute_values(":counter", AttributeValue::N(counter.to_string()))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let written = self
            .write(
                "DeleteItem",
                || request.clone().send(),
                |answer| answer.attributes,
                |error| match error {
                    aws_sdk_dynamodb::operation::delete_item::DeleteItemError::ConditionalCheckFailedException(
                        it,
                    ) => Some(it.item.clone()),
                    _ => None,
                },
            )
            .await?;
        Ok(match written {
            Written::Done(row) => Answer::Done(self.lease("DeleteItem", row.as_ref())?),
            Written::Refused(row, _) => Answer::Refused(row.as_ref().and_then(item::read)),
        })
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDb").field("table", &self.table).finish_non_exhaustive()
    }
}
