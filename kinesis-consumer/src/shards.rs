//! [`Shards`]: the shards that this process has, each a stream of its records.

mod delivery;
mod shard_stream;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use tokio::sync::mpsc;

pub(crate) use self::delivery::Returns;
use self::shard_stream::Chunk;
pub use self::{delivery::Delivery, shard_stream::ShardStream};
use crate::{
    Error, Health, Running,
    consumer::{End, Fed, Feed, Layer, ShardRun, Signal, Tracker},
};

/// The shards that this process has: a stream of streams.
///
/// A [`ShardStream`] comes whenever a shard is taken, and ends when the shard is at its end or goes to another
/// process. Records come in order; whoever takes them says which are finished by [`Delivery::ack`], in any
/// order.
///
/// ```no_run
/// # async fn of(consumer: tidegate_kinesis_consumer::Consumer) -> Result<(), tidegate_kinesis_consumer::Error> {
/// use futures_util::StreamExt as _;
///
/// let mut shards = consumer.shards();
/// while let Some(mut shard) = shards.next().await {
///     tokio::spawn(async move {
///         while let Some(delivery) = shard.next().await {
///             println!("{:?}", delivery.record().data());
///             delivery.ack();
///         }
///     });
/// }
/// shards.wait().await
/// # }
/// ```
///
/// Dropped, the consumer is cut off, as [`Running`] is.
#[derive(Debug)]
#[must_use = "a consumer that is dropped is cut off"]
pub struct Shards {
    running: Running,
    streams: mpsc::UnboundedReceiver<ShardStream>,
}

impl Shards {
    pub(crate) fn start(run: impl FnOnce(Arc<dyn Layer>) -> Running) -> Self {
        let (sender, streams) = mpsc::unbounded_channel();
        Self { running: run(Arc::new(Streams(sender))), streams }
    }

    /// How the consumer stands.
    #[must_use]
    pub fn health(&self) -> Health {
        self.running.health()
    }

    /// See [`Running::wait`].
    ///
    /// # Errors
    ///
    /// Why it stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the consumer at work.
    pub async fn wait(&mut self) -> Result<(), Error> {
        self.running.wait().await
    }

    /// Ends all streams, waits until every delivery was acked or dropped, and hands the shards over. See
    /// [`Running::shutdown`].
    ///
    /// # Errors
    ///
    /// As [`Running::shutdown`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the consumer shutting down.
    pub async fn shutdown(&mut self, deadline: Duration) -> Result<(), Error> {
        self.running.shutdown(deadline).await
    }
}

/// Ends when the consumer has stopped.
impl Stream for Shards {
    type Item = ShardStream;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ShardStream>> {
        self.streams.poll_recv(context)
    }
}

/// Gives each shard out as a stream.
#[derive(Debug)]
struct Streams(mpsc::UnboundedSender<ShardStream>);

impl Layer for Streams {
    fn process(&self, run: ShardRun) -> Pin<Box<dyn Future<Output = End> + Send>> {
        // At most one chunk waits beside the one that is being taken.
        let (chunks, receiver) = mpsc::channel(1);
        let returns = Arc::new(Returns::new(Arc::clone(&run.tracker)));
        let stream = ShardStream::new(run.shard.clone(), receiver, run.signals.clone(), Arc::clone(&returns));
        // A receiver that is gone has dropped the consumer as well.
        let _ = self.0.send(stream);
        Box::pin(supply(run, chunks, returns))
    }
}

/// Supplies a stream until its shard is at its end and all is acked, or until a signal.
async fn supply(run: ShardRun, chunks: mpsc::Sender<Chunk>, returns: Arc<Returns>) -> End {
    let ShardRun { mut feed, tracker, signals, .. } = run;
    let (mut lost, mut drain) = (signals.clone(), signals);
    tokio::select! {
        biased;
        () = lost.reaches(Signal::Lost) => return End::Stopped,
        () = drain.reaches(Signal::Drain) => {}
        end = pump(&mut feed, &tracker, &chunks, &returns) => if let Some(end) = end {
            return end;
        }
    }
    // What is on its way to the stream is not begun any more.
    drop((chunks, feed));
    tokio::select! {
        () = lost.reaches(Signal::Lost) => {}
        () = returns.none_out() => {}
    }
    End::Stopped
}

/// Moves records to a stream until all is acked; `None` if nobody takes them any more.
async fn pump(
    feed: &mut Feed,
    tracker: &Tracker,
    chunks: &mpsc::Sender<Chunk>,
    returns: &Returns,
) -> Option<End> {
    let mut children = None;
    loop {
        let room = chunks.reserve().await.ok()?;
        tokio::select! {
            again = returns.next() => room.send(Chunk::Again(again)),
            read = feed.next(), if children.is_none() => match read {
                Fed::Records(items) => room.send(Chunk::New(items)),
                Fed::End(became) => children = Some(became),
                Fed::Failed(error) => return Some(End::Failed(error)),
            },
            () = tracker.quiet(), if children.is_some() => {
                return Some(End::Finished(children.unwrap_or_default()));
            }
            () = chunks.closed() => return None,
        }
    }
}
