//! [`ShardProcessor`]: processes a shard with a state of its own.

use std::{
    any::Any,
    fmt,
    future::{self, Future},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use tidegate_lanes::{Answer, Backoff, Failure};
use tokio::time::sleep;
use tracing::warn;

use crate::{
    Delivery, Error, ErrorKind, Shard, ShardId,
    consumer::{End, Fed, Layer, ShardRun, Signal, Signals},
    shards::Returns,
};

/// Processes a shard with a state of its own, a batch at a time.
///
/// There is one for each tenure of a shard: it begins with the first record that is not acked yet, and ends with
/// one of [`shard_ended`](Self::shard_ended), [`shutdown_requested`](Self::shutdown_requested) and
/// [`lease_lost`](Self::lease_lost).
///
/// # Contract
///
/// - Each delivery is acked when what it asks for is durable; a processor may keep some, and ack them later.
/// - What is acked may still come again, after a crash.
///
/// ```
/// use tidegate_kinesis_consumer::{Delivery, Failure, ShardProcessor};
///
/// /// Writes a file for every thousand records.
/// #[derive(Default)]
/// struct Files {
///     gathered: Vec<Delivery>,
/// }
///
/// impl ShardProcessor for Files {
///     async fn process(&mut self, deliveries: Vec<Delivery>) -> Result<(), Failure> {
///         self.gathered.extend(deliveries);
///         if self.gathered.len() >= 1_000 {
///             self.write().await?;
///         }
///         Ok(())
///     }
///
///     async fn shard_ended(&mut self) -> Result<(), Failure> {
///         self.write().await
///     }
///
///     async fn shutdown_requested(&mut self) -> Result<(), Failure> {
///         self.write().await
///     }
/// }
///
/// impl Files {
///     async fn write(&mut self) -> Result<(), Failure> {
///         // … and when the file is written:
///         self.gathered.drain(..).for_each(Delivery::ack);
///         Ok(())
///     }
/// }
/// ```
pub trait ShardProcessor: Send + 'static {
    /// Processes records, in their order.
    ///
    /// After an error or a panic, what was dropped comes again, after a while; what was kept is still the
    /// processor's.
    ///
    /// # Errors
    ///
    /// Whatever went wrong. [`Failure::retry_after`] says when to try again; the other answers are the same as
    /// [`Failure::retry`].
    ///
    /// # Cancel safety
    ///
    /// It is dropped where it waits when the lease is lost.
    fn process(&mut self, deliveries: Vec<Delivery>) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The shard is closed, and all of it was delivered: what is kept is to be acked now, for the shard's
    /// children wait for it.
    ///
    /// # Errors
    ///
    /// Whatever went wrong: it is called again.
    fn shard_ended(&mut self) -> impl Future<Output = Result<(), Failure>> + Send {
        future::ready(Ok(()))
    }

    /// The shard goes to another process, or this one ends: what is kept should be acked now, or it comes again
    /// there.
    ///
    /// # Errors
    ///
    /// Whatever went wrong: what is not acked comes again there.
    fn shutdown_requested(&mut self) -> impl Future<Output = Result<(), Failure>> + Send {
        future::ready(Ok(()))
    }

    /// The shard is another process's already: acks count no more.
    fn lease_lost(&mut self) -> impl Future<Output = ()> + Send {
        future::ready(())
    }
}

/// Makes a processor for each shard.
pub(crate) struct Processors<M>(pub(crate) M);

impl<M, P> Layer for Processors<M>
where
    M: Fn(&ShardId) -> P + Send + Sync + 'static,
    P: ShardProcessor,
{
    fn process(&self, run: ShardRun) -> Pin<Box<dyn Future<Output = End> + Send>> {
        let processor = (self.0)(&run.shard);
        let signals = run.signals.clone();
        Box::pin(tend(processor, run, signals))
    }
}

impl<M> fmt::Debug for Processors<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processors").finish_non_exhaustive()
    }
}

/// Runs a processor until its shard is at its end, or until a signal.
async fn tend<P: ShardProcessor>(mut processor: P, run: ShardRun, mut lost: Signals) -> End {
    let returns = Arc::new(Returns::new(Arc::clone(&run.tracker)));
    let mut drain = lost.clone();
    let ended = tokio::select! {
        biased;
        () = lost.reaches(Signal::Lost) => None,
        end = deliver(&mut processor, run, &mut drain, &returns) => Some(end),
    };
    let Some(end) = ended else {
        processor.lease_lost().await;
        return End::Stopped;
    };
    // What it keeps, and will not ack any more, comes back.
    drop(processor);
    tokio::select! {
        () = lost.reaches(Signal::Lost) => {}
        () = returns.none_out() => {}
    }
    end
}

/// Delivers records until the shard is at its end and all is acked, or until it is to drain.
async fn deliver<P: ShardProcessor>(
    processor: &mut P,
    mut run: ShardRun,
    drain: &mut Signals,
    returns: &Arc<Returns>,
) -> End {
    let mut children: Option<Vec<Shard>> = None;
    let mut delays = Backoff::default();
    let mut told = false;
    loop {
        let deliveries = tokio::select! {
            biased;
            () = drain.reaches(Signal::Drain) => break,
            again = returns.next() => Delivery::again(again, returns),
            fed = run.feed.next(), if children.is_none() => match fed {
                Fed::Records(items) => Delivery::first(items, returns),
                Fed::End(became) => {
                    children = Some(became);
                    continue;
                }
                Fed::Failed(error) => return End::Failed(error),
            },
            () = run.tracker.quiet(), if told => return End::Finished(children.unwrap_or_default()),
            // Polled last: all that came again has been delivered.
            () = future::ready(()), if children.is_some() && !told => Vec::new(),
        };
        told = children.is_some() && deliveries.is_empty();
        let result = if told {
            caught(processor.shard_ended()).await
        } else {
            caught(processor.process(deliveries)).await
        };
        let Err(failure) = result else {
            delays = Backoff::default();
            continue;
        };
        told = false;
        warn!(failure = failure.text(), "a processor failed");
        let delay = match failure.answer() {
            Answer::RetryAfter(delay) => delay,
            _ => delays.next().unwrap_or(Duration::from_secs(1)),
        };
        tokio::select! {
            biased;
            () = drain.reaches(Signal::Drain) => break,
            () = sleep(delay) => {}
        }
    }
    drop(run.feed);
    if let Err(failure) = caught(processor.shutdown_requested()).await {
        warn!(failure = failure.text(), "a processor failed at its shutdown");
    }
    End::Stopped
}

/// A panic as a failure.
async fn caught(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let panicked = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Failure::retry(Error::new(ErrorKind::Handler, format!("a processor panicked: {text}"))))
    };
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(panicked)
}
