//! [`Publisher`]: sends messages to a queue.

mod calls;
mod error;
mod event;
mod line;
mod owner;
mod pending;
mod publication;
mod sent;
mod turns;

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::Client;
use tidegate_lanes::{Amount, Budget};
use tidegate_throttle::{Adaptive, Throttle, aws};
use tokio::sync::{mpsc, oneshot};

use self::{
    calls::Calls,
    event::{Event, Waiting},
    owner::Owner,
    pending::Pending,
};
pub use self::{
    error::{PublishError, PublishErrorKind},
    publication::Publication,
    sent::Sent,
};
use crate::{Error, ErrorKind, consumer::queue_name, outgoing};

/// Sends messages to a queue, ten in a call, and says of each what became of it.
///
/// Clones share one task, which sends what it has taken even if nobody waits for it, and ends when the last clone is dropped
/// and everything is sent. A runtime that is shut down does not wait for it: [`flush`](Self::flush) first.
///
/// - A call goes when it has 10 messages, or 1 MiB, or when its oldest message has lingered.
/// - What fails is sent again, until SQS has it, refuses it for good, or the [patience](Builder::patience) is at its end. On a
///   standard queue a message whose answer was lost is in the queue twice then; on a FIFO queue SQS knows it again.
/// - On a FIFO queue, the messages of a group are in the order of the calls of [`send`](Self::send), whatever fails: of each
///   group one message is sent at a time, and the next when that one has come to its end. So a group has as many messages a second
///   as there are round trips, and full calls need ten groups.
///
/// ```no_run
/// # async fn of(config: &aws_types::SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use tidegate_sqs_consumer::{Publication, Publisher};
///
/// let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo";
/// let publisher = Publisher::builder(aws_sdk_sqs::Client::new(config), url).start()?;
/// let sent = publisher.send(Publication::new("paid").group("order 7").deduplication("order 7, version 3")).await?;
/// println!("{} at {:?}", sent.message_id, sent.sequence_number);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Publisher {
    events: mpsc::UnboundedSender<Event>,
    budget: Budget,
    is_fifo: bool,
}

/// What a [`Publisher`] is to be like.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    client: Client,
    url: Arc<str>,
    throttle: Arc<dyn Throttle>,
    unsent: Amount,
    parent: Option<Budget>,
    linger: Duration,
    parallelism: usize,
    patience: Duration,
}

impl Publisher {
    /// A publisher to the queue with this URL.
    ///
    /// The client is yours, and its HTTP client, credentials, endpoint and interceptors are used; its retries are not.
    pub fn builder(client: Client, queue_url: impl Into<Arc<str>>) -> Builder {
        let batches = outgoing::Settings::default();
        Builder {
            client,
            url: queue_url.into(),
            throttle: Arc::new(Adaptive::new()),
            unsent: Amount::new(10_000, 64 << 20),
            parent: None,
            linger: batches.linger,
            parallelism: batches.parallelism,
            patience: Duration::from_mins(4),
        }
    }

    /// Sends a message: waits for room, and until SQS has it. Its place in the order is that of the call, not of the first poll.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](PublishErrorKind::TooLarge) and [`InvalidInput`](PublishErrorKind::InvalidInput) before anything is sent; then
    /// what [`PublishErrorKind`] says.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits for room, it is not sent; later, it is sent all the same.
    #[must_use = "dropped before it has room, it is not sent"]
    pub fn send(
        &self,
        publication: Publication,
    ) -> impl Future<Output = Result<Sent, PublishError>> + Send + use<> {
        let entered = publication.check(self.is_fifo).map(|bytes| {
            let (reply, answer) = oneshot::channel();
            let waiting = Waiting { publication, bytes, reply };
            // Where nobody hears, the answer says so.
            let _ = self.events.send(Event::Send(waiting));
            Pending::new(answer, self.events.clone())
        });
        async move { entered?.await }
    }

    /// Waits until every message that was given to [`send`](Self::send) of any clone before has come to its end, of whatever
    /// kind. Nothing lingers meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves everything as it was.
    pub async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        // Where nobody hears, there is nothing to wait for.
        let _ = self.events.send(Event::Flush(reply));
        let _ = done.await;
    }

    /// What was taken and has not come to its end, and the one message that waits for the room of others: never more than was
    /// allowed, but for one message that alone weighs more.
    #[must_use]
    pub fn unsent(&self) -> Amount {
        self.budget.in_use()
    }
}

impl Builder {
    /// Messages that may be taken and not be sent yet, 1 or more. Those beyond wait with their callers. Default: 10,000.
    pub fn max_unsent(mut self, messages: usize) -> Self {
        self.unsent.count = messages;
        self
    }

    /// Bytes of messages that may be taken and not be sent yet, 1 or more; a message that weighs more is taken when there is no
    /// other. Default: 64 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.unsent.bytes = bytes;
        self
    }

    /// What is taken counts in this budget, too, which several publishers may share.
    pub fn within(mut self, budget: &Budget) -> Self {
        self.parent = Some(budget.clone());
        self
    }

    /// How long a message waits for others to be sent with. Default: 50 ms.
    pub fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }

    /// Calls in flight at once, 1 or more. Default: 16.
    pub fn parallelism(mut self, calls: usize) -> Self {
        self.parallelism = calls;
        self
    }

    /// How long a message is sent again when it fails, from its first call on, 1 s or more. Default: 4 min, so that on a FIFO queue
    /// it cannot come twice: SQS knows a message again for 5 min.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// Who admits every request. Default: an [`Adaptive`] of its own. Give it the one that the rest of your service uses, if
    /// they share a limit.
    pub fn throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        self.throttle = throttle;
        self
    }

    /// Begins, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) names the setting that is out of its range.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(self) -> Result<Publisher, Error> {
        let name = self.check()?;
        let plain = self.client.config().to_builder().retry_config(aws::no_retries()).build();
        let calls = Calls {
            name: name.into(),
            client: Client::from_conf(plain),
            throttle: self.throttle,
            url: self.url,
        };
        let is_fifo = calls.is_fifo();
        let mut budget = Budget::new(self.unsent.count, self.unsent.bytes);
        if let Some(parent) = &self.parent {
            budget = budget.within(parent);
        }
        let mut batches = outgoing::Settings::default();
        (batches.linger, batches.parallelism) = (self.linger, self.parallelism);
        batches.patience = Some(self.patience);
        let (events, inbox) = mpsc::unbounded_channel();
        tokio::spawn(Owner::new(calls, batches, budget.clone(), inbox).run());
        Ok(Publisher { events, budget, is_fifo })
    }

    /// The name of its queue, if all is as it should be.
    fn check(&self) -> Result<&str, Error> {
        let numbers = [
            ("max_unsent", self.unsent.count),
            ("max_bytes", self.unsent.bytes),
            ("parallelism", self.parallelism),
        ];
        if let Some((name, _)) = numbers.into_iter().find(|it| it.1 == 0) {
            return Err(Error::new(ErrorKind::InvalidInput, format!("{name} is 0; it must be 1 or more")));
        }
        if self.patience < Duration::from_secs(1) {
            let message = format!("patience is {:?}; it must be 1 s or more", self.patience);
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        queue_name(&self.url)
    }
}
