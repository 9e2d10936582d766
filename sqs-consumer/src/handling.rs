//! [`Handling`]: what is done with each message, and how.

mod until_lost;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use tidegate_lanes::{Concurrency, Handler, Lanes, Outcome, Policy};

use self::until_lost::UntilLost;
use crate::{
    Error, ErrorKind, Message, MessageId,
    consumer::{Claim, Draining, Feed, Halted, Layer, default_policy},
};

/// What is done with each message, and how: a handler, how many run at once, and what happens on failure.
///
/// The handler is any `Fn(Message, Attempt) -> impl Future<Output = Result<(), Failure>>`. It runs at least once for each
/// message. All handlers of a consumer run on one task: what computes for long belongs into a task of its own, which the
/// handler awaits.
///
/// ```
/// use tidegate_sqs_consumer::{Concurrency, Failure, Handling, Message};
///
/// let handling = Handling::new(|message: Message, _| async move {
///     let amount: u64 = message.body().parse().map_err(Failure::dead_letter)?; // not retried
///     std::fs::write("/nowhere/at/all", amount.to_string())?; // retried, by the policy
///     Ok(())
/// })
/// .concurrency(Concurrency::per_key(256))
/// .key_by(|message| message.body().chars().take(1).collect());
/// # let _ = handling;
/// ```
///
/// # Cancel safety
///
/// A handler's future is dropped where it waits when its message is lost to others.
#[must_use = "a handling does nothing until a consumer runs it"]
pub struct Handling<H> {
    handler: Arc<H>,
    concurrency: Concurrency,
    policy: Policy,
    key: Option<KeyOf>,
}

type KeyOf = Arc<dyn Fn(&Message) -> String + Send + Sync>;

/// What the order of messages depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// One that its owner gave.
    Given(String),
    Group(Arc<str>),
    /// None: it has its own.
    Alone(MessageId),
    /// All have the same.
    All,
}

impl<H> Handling<H>
where
    H: Handler<Message> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    /// Each message is given to this handler.
    pub fn new(handler: H) -> Self {
        Self {
            handler: Arc::new(handler),
            concurrency: Concurrency::per_key(64),
            policy: default_policy(),
            key: None,
        }
    }

    /// How many run at once, and in which order. Default: 64 keys at once.
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// What happens to a message that fails. Default: it is retried here ten times, in about a minute, and its key waits; then that
    /// is halted.
    ///
    /// A key that is [halted](Policy::halt) is given back to the queue: the message that failed for the policy's last delay, and
    /// those behind it for a little longer. What else comes of the key goes back, too, until the message has come again, with
    /// new retries. So it holds nobody's place here, and the queue counts how often it came: its redrive policy may end that.
    /// It counts those behind, too: their receives have to be within the policy's `maxReceiveCount` as well.
    ///
    /// [`Policy::stop`] stops the consumer, and gives the message back. Keys that are diverted are so in this process, for as
    /// long as it runs.
    pub fn on_failure(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What the order of messages depends on. Default: on a FIFO queue the group; on a standard queue, which keeps no order, each
    /// message is alone.
    pub fn key_by(mut self, key: impl Fn(&Message) -> String + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(key));
        self
    }

    fn key(&self, message: &Message, is_fifo: bool) -> Key {
        match (&self.key, message.group_id()) {
            (Some(key), _) => Key::Given(key(message)),
            (None, Some(group)) if is_fifo => Key::Group(group.into()),
            (None, _) => Key::Alone(message.id().clone()),
        }
    }

    /// What waits for a message that fails.
    fn order(&self, message: &Message, is_fifo: bool) -> Key {
        match self.concurrency {
            Concurrency::Serial => Key::All,
            Concurrency::Unordered(_) => Key::Alone(message.id().clone()),
            _ => self.key(message, is_fifo),
        }
    }

    async fn work(self: Arc<Self>, mut feed: Feed) -> Result<(), Error> {
        let handler = UntilLost::new(Arc::clone(&self.handler));
        let lanes: Lanes<Key, Message, Claim, _> = Lanes::new(self.concurrency, self.policy.clone(), handler);
        let mut lanes = lanes.give_back_halted();
        let mut halted = Halted::new();
        let drain = feed.drain();
        let mut drain = std::pin::pin!(drain);
        let mut draining = Draining::default();
        let mut ends = false;
        loop {
            if draining.is_over() || lanes.is_empty() && ends {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = &mut drain, if !draining.has_begun() => {
                    draining.begin();
                    lanes.discard(|_| true);
                }
                finished = draining.next(&mut lanes), if !lanes.is_empty() => match finished {
                    // What was not to begin is given back.
                    None => {}
                    Some(Ok(finished)) => match finished.outcome {
                        Outcome::GivenBack(after) => {
                            let order = self.order(&finished.item, feed.is_fifo);
                            halted.give_back(order, &finished.item, finished.claim, after);
                        }
                        _ => finished.claim.finish_unheard(),
                    },
                    Some(Err(stopped)) => {
                        let message = format!("message {} failed, and the policy is to stop", stopped.item.id());
                        return Err(Error::new(ErrorKind::Handler, message).because(stopped.failure.text()));
                    }
                },
                message = feed.messages.recv(), if !ends => match message {
                    Some((message, claim)) => {
                        let order = self.order(&message, feed.is_fifo);
                        if let Some(claim) = halted.admit(&order, &message, claim) {
                            lanes.push(self.key(&message, feed.is_fifo), message, claim);
                        }
                    }
                    None => ends = true,
                },
            }
        }
    }
}

impl<H> Layer for Handling<H>
where
    H: Handler<Message> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    fn run(self: Arc<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        Box::pin(self.work(feed))
    }
}

impl<H> fmt::Debug for Handling<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handling")
            .field("concurrency", &self.concurrency)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
