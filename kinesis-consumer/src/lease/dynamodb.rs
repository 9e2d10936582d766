//! [`DynamoDb`]: leases in a DynamoDB table, in the form of the KCL's.

mod doubt;
mod expression;
mod fleet;
mod item;
mod mark;
mod request;
mod rows;
mod table;

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::{
        delete_item::DeleteItemError, get_item::GetItemError, put_item::PutItemError,
        update_item::UpdateItemError,
    },
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure, error::ConditionalCheckFailedException},
};
use tidegate_throttle::{Adaptive, Throttle, aws};
use tracing::warn;

use self::{
    doubt::Fate,
    expression::Update,
    fleet::Place,
    item::{Item, Read, Row, n, s},
    request::{Direction, Failure, Request, Requests},
};
use super::{Answer, Change, Lease, LeaseStore, Unavailable};
use crate::ShardId;

/// Leases in a DynamoDB table, in the form of the KCL's: a Java application of the same name works on them too.
///
/// The table has the application's name. It is one that a KCL made, 1.x to 3.x, or is made when it is
/// [prepared](LeaseStore::prepare), paid by request. Rows keep what is not ours, and what we add the KCL ignores:
///
/// | attribute | type | |
/// |---|---|---|
/// | `tidegateMark` | S | `<weight> <incarnation> <write> <worker>`: who of us wrote the lease last; the middle two in hexadecimal digits |
/// | `tidegateStartedAt` | N | when a shard without a position was first taken, in milliseconds since 1970 |
/// | `tidegateDiverted` | SS | keys whose records go to the dead letters |
///
/// An ordinary row is less than a kibibyte, so that a write is one write unit.
///
/// Every request but the writes is admitted by a [throttle](Self::throttle), and each is answered within a
/// [time](Self::patience). One that has no answer is sent again, twice at most, and whether it had been made the
/// first time is read from the row; see the contract of [`LeaseStore`].
///
/// Clones share what was learnt of the table.
///
/// ```no_run
/// # async fn of(config: &aws_types::SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use tidegate_kinesis_consumer::lease::{DynamoDb, LeaseStore};
///
/// let leases = DynamoDb::new(aws_sdk_dynamodb::Client::new(config), "orders");
/// leases.prepare().await?;
/// for lease in leases.scan().await? {
///     println!("{} {:?} {:?}", lease.key, lease.owner, lease.checkpoint);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DynamoDb {
    requests: Requests,
    application: Arc<str>,
    table: Arc<str>,
    provisioned: Option<(u32, u32)>,
    learnt: Arc<Learnt>,
}

/// What was learnt of a table, with the last look at it.
#[derive(Debug, Default)]
struct Learnt {
    /// Whether the leases say that they are leases, as those that a KCL 3.5 made do.
    says_entity: AtomicBool,
    /// Where workers report, if a KCL 3.x wants to know of them.
    reports: Mutex<Option<Place>>,
}

impl DynamoDb {
    /// Leases in the table that has the application's name, as its KCL would call it.
    ///
    /// The client's own retries do not matter: they are off here.
    #[expect(clippy::needless_pass_by_value, reason = "who gives a client away need not keep it")]
    pub fn new(client: Client, application: impl Into<Arc<str>>) -> Self {
        let config = client.config().to_builder().retry_config(aws::no_retries()).build();
        let application = application.into();
        Self {
            requests: Requests {
                client: Client::from_conf(config),
                throttle: Arc::new(Adaptive::new()),
                paces_writes: false,
                patience: Duration::from_secs(5),
            },
            table: Arc::clone(&application),
            application,
            provisioned: None,
            learnt: Arc::default(),
        }
    }

    /// The table, if it has another name than the application: the KCL's `tableName`.
    #[must_use]
    pub fn table(mut self, name: impl Into<Arc<str>>) -> Self {
        self.table = name.into();
        self
    }

    /// Who admits every request, and sends again what is throttled. Default: an [`Adaptive`] of its own for all but the
    /// writes. A write that is throttled is [`Unavailable`] at once, so that a worker chooses anew which of its writes
    /// is the most urgent; in a queue, they would be made in the order in which they came.
    #[must_use]
    pub fn throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        (self.requests.throttle, self.requests.paces_writes) = (throttle, true);
        self
    }

    /// How long one call may take, with the waits for the throttle and all tries: then it is [`Unavailable`]. Of
    /// a scan, each page. It should be well below the time after which a worker is taken for dead. Default: 5 s.
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.requests.patience = time;
        self
    }

    /// A table that is made is given so many read and write units a second. Default: it is paid by request.
    #[must_use]
    pub fn provisioned(mut self, reads: u32, writes: u32) -> Self {
        self.provisioned = Some((reads, writes));
        self
    }

    /// The answer to a write that was refused because of this row, if it is known whether an earlier try was made.
    fn refused(
        request: &Request<'_>,
        refusal: ConditionalCheckFailedException,
        fate: impl Fn(&Read) -> Fate,
    ) -> Result<Answer, Unavailable> {
        let row = refusal.item.and_then(|item| lease_of(&item));
        if !request.maybe_done {
            return Ok(Answer::Refused(row.map(|row| row.lease)));
        }
        // A row that is gone tells nothing.
        match (row.as_ref().map_or(Fate::Unknown, fate), row) {
            (Fate::Made, Some(row)) => Ok(Answer::Done(row.lease)),
            (Fate::NotMade, Some(row)) => Ok(Answer::Refused(Some(row.lease))),
            _ => Err(request.unknown()),
        }
    }
}

#[async_trait]
impl LeaseStore for DynamoDb {
    async fn prepare(&self) -> Result<(), Unavailable> {
        self.prepare_table().await
    }

    async fn scan(&self) -> Result<Vec<Lease>, Unavailable> {
        Ok(self.rows().await?.leases)
    }

    async fn get(&self, key: &ShardId) -> Result<Option<Lease>, Unavailable> {
        let mut request = self.requests.begin("GetItem", &self.table, Direction::Read);
        let operation = self.client().get_item().table_name(&*self.table).key(item::KEY, s(key));
        let operation = operation.consistent_read(true);
        let sent = request.send::<_, GetItemError, _>(|| operation.clone().send()).await;
        let item = sent.map_err(Failure::into_unavailable)?.item;
        Ok(item.and_then(|item| lease_of(&item)).map(|row| row.lease))
    }

    async fn create(&self, lease: &Lease) -> Result<Answer, Unavailable> {
        let write = fastrand::u32(..);
        let item = item::write(lease, self.learnt.says_entity.load(Relaxed), write);
        let operation = self
            .client()
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression(format!("attribute_not_exists({})", item::KEY))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut request = self.requests.begin("PutItem", &self.table, Direction::Write);
        match request.send(|| operation.clone().send()).await {
            Ok(_) => Ok(Answer::Done(lease.clone())),
            Err(Failure::Refused(PutItemError::ConditionalCheckFailedException(refusal), _)) => {
                Self::refused(&request, refusal, |row| doubt::of_creation(lease, write, row))
            }
            Err(failure) => Err(failure.into_unavailable()),
        }
    }

    async fn change(&self, change: &Change) -> Result<Answer, Unavailable> {
        if !(change.divert.is_empty() || change.restore.is_empty()) {
            return Err(Unavailable::new("one change cannot both divert and restore keys: make two"));
        }
        let write = fastrand::u32(..);
        let update = Update::of(change, write);
        let operation = self
            .client()
            .update_item()
            .table_name(&*self.table)
            .key(item::KEY, s(&change.key))
            .set_update_expression(update.expression())
            .condition_expression(update.condition)
            .set_expression_attribute_values(
                Some(update.values.into_iter().collect()).filter(|values: &Item| !values.is_empty()),
            )
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut request = self.requests.begin("UpdateItem", &self.table, Direction::Write);
        let tries = if doubt::is_repeatable(change) { request::TRIES } else { 1 };
        match request.send_up_to(tries, || operation.clone().send()).await {
            Ok(output) => match output.attributes.and_then(|item| lease_of(&item)) {
                Some(row) => Ok(Answer::Done(row.lease)),
                None => Err(Unavailable::new(format!("row {} is no lease any more", change.key))),
            },
            Err(Failure::Refused(UpdateItemError::ConditionalCheckFailedException(refusal), _)) => {
                Self::refused(&request, refusal, |row| doubt::of_change(change, write, row))
            }
            Err(failure) => Err(failure.into_unavailable()),
        }
    }

    async fn delete(&self, key: &ShardId, counter: u64) -> Result<Answer, Unavailable> {
        let operation = self
            .client()
            .delete_item()
            .table_name(&*self.table)
            .key(item::KEY, s(key))
            .condition_expression(format!("{} = :counter", item::COUNTER))
            .expression_attribute_values(":counter", n(counter))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut request = self.requests.begin("DeleteItem", &self.table, Direction::Write);
        match request.send(|| operation.clone().send()).await {
            Ok(output) => match output.attributes.and_then(|item| lease_of(&item)) {
                Some(row) => Ok(Answer::Done(row.lease)),
                None => Err(Unavailable::new(format!("row {key} was deleted, and was no lease"))),
            },
            Err(Failure::Refused(DeleteItemError::ConditionalCheckFailedException(refusal), _)) => {
                // Gone, or made anew: nothing tells who deleted it.
                Self::refused(&request, refusal, |_| Fate::Unknown)
            }
            Err(failure) => Err(failure.into_unavailable()),
        }
    }
}

impl DynamoDb {
    fn client(&self) -> &Client {
        &self.requests.client
    }
}

/// The lease that a row is, if it is one.
fn lease_of(item: &Item) -> Option<Read> {
    match item::read(item) {
        Row::Lease(read) => Some(*read),
        row => {
            warn!(?row, "a row that was asked for as a lease is none");
            None
        }
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDb")
            .field("application", &self.application)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
