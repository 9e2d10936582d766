//! [`Handling`]: what is done with each message, and how.

mod until_lost;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use tidegate_lanes::{Concurrency, Handler, Lanes, Policy};

use self::until_lost::UntilLost;
use crate::{
    Error, ErrorKind, Message, MessageId,
    consumer::{Claim, Draining, Feed, Layer},
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
            policy: Policy::default(),
            key: None,
        }
    }

    /// How many run at once, and in which order. Default: 64 keys at once.
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// What happens to a message that fails. Default: it is retried here for ever, and its key waits; it is kept from others as long
    /// as that may be, 12 h.
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

    async fn work(self: Arc<Self>, mut feed: Feed) -> Result<(), Error> {
        let handler = UntilLost::new(Arc::clone(&self.handler));
        let mut lanes: Lanes<Key, Message, Claim, _> =
            Lanes::new(self.concurrency, self.policy.clone(), handler);
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
                    Some(Ok(finished)) => finished.claim.finish_unheard(),
                    Some(Err(stopped)) => {
                        let message = format!("message {} failed, and the policy is to stop", stopped.item.id());
                        return Err(Error::new(ErrorKind::Handler, message).because(stopped.failure.text()));
                    }
                },
                message = feed.messages.recv(), if !ends => match message {
                    Some((message, claim)) => {
                        let key = self.key(&message, feed.is_fifo);
                        lanes.push(key, message, claim);
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
