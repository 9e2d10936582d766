//! [`Pipeline`]: load, process, store, publish, acknowledge.

mod job;
mod pipelining;
mod runner;
mod tally;

use std::{error::Error, future::Future, hash::Hash};

use tidegate_lanes::Failure;

pub use self::{
    pipelining::Pipelining,
    tally::{PipelineTotals, Tally},
};
use crate::{Message, version::Committed};

/// What is done for each message of an entity that has versions: load, process, store, publish, acknowledge.
///
/// The consumer makes the calls, for one message of a key at a time, in the order that loses nothing wherever it is cut off:
///
/// | cut off after | what the next delivery finds | what it does |
/// |---|---|---|
/// | [`load`](Self::load), [`process`](Self::process) | nothing new | everything, again |
/// | [`store`](Self::store) | it is stored, and not published | [`publish`](Self::publish), of what is loaded |
/// | `publish` | the same | `publish`, a second time |
/// | [`mark`](Self::mark) | it is stored and published | the acknowledgement |
///
/// A message that is older than what is stored is acknowledged and nothing else, and so is one that is stored and published.
/// What is stored and not published is published before anything newer is stored.
///
/// # Contract
///
/// - `store` and `mark` are conditional, in one atomic step. A store that takes *whatever is newer* is not enough: it would
///   overwrite what was never published.
/// - `load` reads what the last `store` and `mark` wrote: a consistent read.
/// - Every step may be made again, `publish` included, and an older version may be published after a newer one: a reader keeps
///   the newest.
/// - Futures are polled on one task: what computes for long belongs into a task of its own.
///
/// # Cancel safety
///
/// When a message is lost to others, its `load` and `process` are dropped where they wait, and its `store` is not begun. From
/// the `store` to the `mark` it is not cut off, but by [`Policy::timeout`](crate::Policy::timeout), another message's
/// [`Policy::stop`](crate::Policy::stop), a deadline and a crash.
///
/// ```
/// use std::{collections::HashMap, error::Error, sync::Mutex};
///
/// use tidegate_sqs_consumer::{Failure, Message, Pipeline, Pipelining, Write, version::Committed};
///
/// /// Messages like `door 7 open`, and a store that is a map.
/// #[derive(Default)]
/// struct Doors(Mutex<HashMap<String, (Committed<u64>, String)>>);
///
/// impl Pipeline for Doors {
///     type Key = String;
///     type Version = u64;
///     type Message = (String, u64, String);
///     type State = String;
///
///     fn decode(&self, message: &Message) -> Result<Self::Message, Box<dyn Error + Send + Sync>> {
///         let mut words = message.body().split(' ');
///         let mut next = || words.next().ok_or("it is not like \"door 7 open\"");
///         Ok((next()?.to_owned(), next()?.parse()?, next()?.to_owned()))
///     }
///
///     fn key(&self, message: &Self::Message) -> String {
///         message.0.clone()
///     }
///
///     fn version(&self, message: &Self::Message) -> u64 {
///         message.1
///     }
///
///     async fn load(&self, key: &String) -> Result<Option<(Committed<u64>, String)>, Failure> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///
///     async fn process(&self, message: &Self::Message, _: Option<&String>) -> Result<String, Failure> {
///         Ok(message.2.clone())
///     }
///
///     async fn store(&self, key: &String, base: Option<u64>, version: u64, state: &String) -> Result<Write, Failure> {
///         let mut doors = self.0.lock().unwrap();
///         if doors.get(key).map(|it| it.0.version) != base {
///             return Ok(Write::Overtaken);
///         }
///         doors.insert(key.clone(), (Committed { version, published: false }, state.clone()));
///         Ok(Write::Stored)
///     }
///
///     async fn publish(&self, key: &String, version: u64, state: &String) -> Result<(), Failure> {
///         println!("{key} is {state} by version {version}");
///         Ok(())
///     }
///
///     async fn mark(&self, key: &String, version: u64) -> Result<Write, Failure> {
///         match self.0.lock().unwrap().get_mut(key) {
///             Some((committed, _)) if committed.version == version => committed.published = true,
///             _ => return Ok(Write::Overtaken),
///         }
///         Ok(Write::Stored)
///     }
/// }
///
/// let pipelining = Pipelining::new(Doors::default()).concurrency(256).conflate(true);
/// # let _ = pipelining;
/// ```
pub trait Pipeline: Send + Sync + 'static {
    /// What an entity is known by: messages of one key are in order, many keys run at once.
    type Key: Hash + Eq + Clone + Send + Sync + 'static;
    /// Which of two messages of a key is newer.
    type Version: Ord + Copy + Send + Sync + 'static;
    /// What a body says.
    type Message: Send + Sync + 'static;
    /// What is stored of a key, with all that it takes to publish it.
    type State: Send + Sync + 'static;

    /// Reads a message, once, without a call.
    ///
    /// # Errors
    ///
    /// Why it cannot be read. It goes to the [dead letters](crate::Policy::letters) with that reason; where there are none, it
    /// is a failure as others are, and retried.
    fn decode(&self, message: &Message) -> Result<Self::Message, Box<dyn Error + Send + Sync>>;

    /// Of which entity a message is.
    fn key(&self, message: &Self::Message) -> Self::Key;

    /// Which version of it.
    fn version(&self, message: &Self::Message) -> Self::Version;

    /// Reads what is stored of a key, consistently; `None` if nothing is.
    ///
    /// # Errors
    ///
    /// The policy decides, here and below.
    fn load(&self, key: &Self::Key) -> impl Future<Output = Result<Loaded<Self>, Failure>> + Send;

    /// What is to be stored, from the message and what is stored.
    ///
    /// # Errors
    ///
    /// The policy decides.
    fn process(
        &self,
        message: &Self::Message,
        stored: Option<&Self::State>,
    ) -> impl Future<Output = Result<Self::State, Failure>> + Send;

    /// Stores a state under its version, as not published, if `base` is still the version that is stored; `None`: if nothing
    /// is.
    ///
    /// # Errors
    ///
    /// Whatever hinders it but that condition, which is [`Write::Overtaken`].
    fn store(
        &self,
        key: &Self::Key,
        base: Option<Self::Version>,
        version: Self::Version,
        state: &Self::State,
    ) -> impl Future<Output = Result<Write, Failure>> + Send;

    /// Publishes what follows from a state that is stored.
    ///
    /// # Errors
    ///
    /// The policy decides.
    fn publish(
        &self,
        key: &Self::Key,
        version: Self::Version,
        state: &Self::State,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Writes down that a version was published, if it is still what is stored.
    ///
    /// # Errors
    ///
    /// Whatever hinders it but that condition, which is [`Write::Overtaken`].
    fn mark(
        &self,
        key: &Self::Key,
        version: Self::Version,
    ) -> impl Future<Output = Result<Write, Failure>> + Send;
}

/// What a [`load`](Pipeline::load) finds: what is committed, and the state of it.
pub type Loaded<P> = Option<(Committed<<P as Pipeline>::Version>, <P as Pipeline>::State)>;

/// What came of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Write {
    /// It is written.
    Stored,
    /// What is stored is not what was read: another process was faster, and nothing is written. It is loaded again.
    Overtaken,
}
