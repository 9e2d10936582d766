//! The handle that seeds queues and looks into them, without a request.

use std::{
    collections::BTreeMap,
    error, fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Regions,
    failure::Failure,
    queue::Queue,
    region::{self, Region},
    send::{self, Message},
    view::{ClientView, MessageView, QueueReport, QueueView},
};
#[cfg(feature = "s3")]
use crate::services::Queues;
use crate::{
    services::{Scope, clock::Clock},
    wire::timestamp::Timestamp,
};

/// Seeds SQS and looks into it without a request: no limit, latency, fault or counter is in the way.
///
/// It shows the queues of one account and region. Cheap to clone; every clone shows the same state.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let aws = tidegate_local_aws::LocalAws::builder().in_process().start().await?;
/// let handle = aws.sqs();
/// handle.create_queue("orders", [("VisibilityTimeout", "60")])?;
/// handle.send("orders", (0..100).map(|n| format!("order {n}")))?;
///
/// let sqs = aws_sdk_sqs::Client::new(&aws.sdk_config());
/// let url = sqs.get_queue_url().queue_name("orders").send().await?.queue_url.unwrap_or_default();
/// let received = sqs.receive_message().queue_url(url).max_number_of_messages(10).send().await?;
/// assert_eq!(received.messages().len(), 10);
/// let queue = handle.queue("orders")?;
/// assert_eq!((queue.visible, queue.in_flight), (90, 10));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqsHandle {
    regions: Arc<Regions>,
    scope: Scope,
    clock: Clock,
}

/// Why the handle of SQS could not do it: an error of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqsError {
    code: String,
    message: String,
}

/// A message to send: a body, and on FIFO queues a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueMessage {
    body: String,
    group: Option<String>,
    deduplication: Option<String>,
}

impl QueueMessage {
    /// A message with a body.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// Its group: needed on a FIFO queue, a tenant on a standard one.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Its deduplication id. Default: on a FIFO queue one of its own.
    #[must_use]
    pub fn deduplication(mut self, id: impl Into<String>) -> Self {
        self.deduplication = Some(id.into());
        self
    }
}

impl From<String> for QueueMessage {
    fn from(body: String) -> Self {
        Self::new(body)
    }
}

impl From<&str> for QueueMessage {
    fn from(body: &str) -> Self {
        Self::new(body)
    }
}

impl SqsHandle {
    pub(super) const fn new(regions: Arc<Regions>, scope: Scope, clock: Clock) -> Self {
        Self { regions, scope, clock }
    }

    /// The queues of another region of the account.
    #[must_use]
    pub fn region(&self, region: &str) -> Self {
        let mut other = self.clone();
        region.clone_into(&mut other.scope.region);
        other
    }

    /// The queues of another account, by its 12 digits, in this region.
    #[must_use]
    pub fn account(&self, account: &str) -> Self {
        let mut other = self.clone();
        account.clone_into(&mut other.scope.account);
        other
    }

    /// Creates a queue with these attributes; one whose name ends in `.fifo` is a FIFO queue.
    ///
    /// # Errors
    /// Those of `CreateQueue`: `QueueAlreadyExists` if it is there with other attributes,
    /// `InvalidAttributeValue`, `InvalidAttributeName`, `InvalidParameterValue` for a name that is none or a
    /// dead-letter queue that is not there.
    pub fn create_queue<N: Into<String>, V: Into<String>>(
        &self,
        name: &str,
        attributes: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), SqsError> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.into(), value.into()));
        let mut attributes = attributes.collect::<BTreeMap<_, _>>();
        if region::is_fifo(name)? {
            attributes.entry("FifoQueue".to_owned()).or_insert_with(|| "true".to_owned());
        }
        let state = self.state();
        Ok(lock(&state).create(name, &attributes, BTreeMap::new(), self.now())?)
    }

    /// The ARN of a queue, as redrive policies name it. The queue need not be there.
    #[must_use]
    pub fn arn(&self, name: &str) -> String {
        lock(&self.state()).arn(name)
    }

    /// Sends messages. How many there were.
    ///
    /// # Errors
    /// Those of `SendMessage`; the messages before the one that fails stay.
    pub fn send<M: Into<QueueMessage>>(
        &self,
        queue: &str,
        messages: impl IntoIterator<Item = M>,
    ) -> Result<usize, SqsError> {
        let (state, now) = (self.state(), self.now());
        let mut region = lock(&state);
        let mut count = 0;
        for message in messages {
            let QueueMessage { body, group, mut deduplication } = message.into();
            let fifo = region.queue(queue, now)?.settings.fifo;
            if fifo.is_some_and(|fifo| !fifo.by_content) && deduplication.is_none() {
                deduplication = Some(region.message_id().to_string());
            }
            let message = Message {
                message_body: body,
                message_group_id: group,
                message_deduplication_id: deduplication,
                ..Message::default()
            };
            send::send(&mut region, queue, message, now)?;
            count += 1;
        }
        let queue = region.queue(queue, now)?;
        if queue.has_some() {
            queue.wake().notify_one();
        }
        Ok(count)
    }

    /// How many messages are where.
    ///
    /// # Errors
    /// `AWS.SimpleQueueService.NonExistentQueue`.
    pub fn queue(&self, queue: &str) -> Result<QueueView, SqsError> {
        self.with(queue, |queue| QueueView::of(queue))
    }

    /// What each client has in flight and has asked for, by the access key of its credentials.
    ///
    /// Any access key will do, and all but those of 12 digits mean the same account: so give each process of a
    /// test a key of its own. A client is listed from its first receive on.
    ///
    /// # Errors
    /// `AWS.SimpleQueueService.NonExistentQueue`.
    pub fn clients(&self, queue: &str) -> Result<BTreeMap<String, ClientView>, SqsError> {
        self.with(queue, |queue| ClientView::all(queue))
    }

    /// The messages of a queue, in the order of their arrival.
    ///
    /// # Errors
    /// `AWS.SimpleQueueService.NonExistentQueue`.
    pub fn messages(&self, queue: &str) -> Result<Vec<MessageView>, SqsError> {
        self.with(queue, |queue| queue.entries().map(MessageView::of).collect())
    }

    /// How many messages of a queue may be in flight. Default: 120,000, as AWS has it; a test meets a smaller
    /// number sooner.
    ///
    /// # Errors
    /// `AWS.SimpleQueueService.NonExistentQueue`.
    pub fn set_in_flight_limit(&self, queue: &str, most: usize) -> Result<(), SqsError> {
        self.with(queue, |queue| {
            queue.most_in_flight = most;
            queue.wake().notify_waiters();
        })
    }

    /// All queues of all accounts and regions.
    pub(crate) fn report(&self) -> Vec<QueueReport> {
        let now = self.now();
        let mut reports = Vec::new();
        for state in self.regions.all() {
            let mut region = lock(&state);
            let Scope { account, region: place } = region.scope.clone();
            let names = region.queues.keys().cloned().collect::<Vec<_>>();
            for name in names {
                // The names are those of a moment ago, under the same lock.
                let Ok(queue) = region.queue(&name, now) else { continue };
                reports.push(QueueReport {
                    account: account.clone(),
                    region: place.clone(),
                    name: name.to_string(),
                    queue: QueueView::of(queue),
                    clients: ClientView::all(queue),
                });
            }
        }
        reports
    }

    fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    fn state(&self) -> Arc<Mutex<Region>> {
        self.regions.of(&self.scope)
    }

    fn with<T>(&self, queue: &str, work: impl FnOnce(&mut Queue) -> T) -> Result<T, SqsError> {
        let state = self.state();
        let mut region = lock(&state);
        Ok(work(region.queue(queue, self.now())?))
    }
}

/// Events go to standard queues; those of S3 are not of the account that a request is for.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>.
#[cfg(feature = "s3")]
impl Queues for SqsHandle {
    fn takes(&self, arn: &str) -> bool {
        let named = self.named(arn);
        named.is_some_and(|(handle, name)| handle.with(name, |queue| !queue.is_fifo()).unwrap_or(false))
    }

    fn send(&self, arn: &str, body: String) {
        let sent = self.named(arn).map(|(handle, name)| Self::send(&handle, name, [body]));
        if let Some(Err(error)) = sent {
            tracing::warn!(%error, arn, "an event of a bucket is lost");
        }
    }
}

#[cfg(feature = "s3")]
impl SqsHandle {
    /// The handle of an ARN's account and region, and the name in it.
    fn named<'a>(&self, arn: &'a str) -> Option<(Self, &'a str)> {
        let mut parts = arn.strip_prefix("arn:aws:sqs:")?.splitn(3, ':');
        let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
        Some((self.region(region).account(account), name))
    }
}

fn lock(region: &Mutex<Region>) -> std::sync::MutexGuard<'_, Region> {
    region.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SqsError {
    /// The code of the error, such as `AWS.SimpleQueueService.NonExistentQueue`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl From<Failure> for SqsError {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code.into_owned(), message: failure.message }
    }
}

impl fmt::Display for SqsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl error::Error for SqsError {}
