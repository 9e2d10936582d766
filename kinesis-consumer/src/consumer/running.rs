//! [`Running`]: a consumer at work.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{
    Builder,
    clock::Clock,
    coordinator::{Coordinator, Order, Parts},
    feed::Feeds,
    health::Health,
    identity,
    layer::Layer,
    listing::Listing,
    watchdog::Watchdog,
};
use crate::{
    Error, ErrorKind,
    worker::{Event, Listed, Settings, Worker},
};

/// A consumer at work.
///
/// Dropped, it is cut off: handlers are dropped where they wait, nothing more is checkpointed, and the leases
/// expire. To hand them over, [`shutdown`](Self::shutdown).
#[derive(Debug)]
#[must_use = "a consumer that is dropped is cut off"]
pub struct Running {
    /// Until its end has been told.
    task: Option<JoinHandle<Result<(), Error>>>,
    orders: mpsc::UnboundedSender<Order>,
    health: Arc<Mutex<Health>>,
}

impl Running {
    pub(crate) fn start(builder: &Arc<Builder>, layer: Arc<dyn Layer>) -> Self {
        let clock = Clock::start();
        let worker = builder.worker.clone().unwrap_or_else(identity::worker_id);
        let mut settings = Settings::new(worker, identity::incarnation(), clock.epoch());
        settings.weight = builder.weight;
        settings.max_leases = builder.max_leases;
        settings.failover = builder.failover;
        settings.checkpoint = builder.checkpoint;
        settings.drain = builder.drain;
        settings.initial = builder.initial;
        settings.scan_units = builder.scan_units;
        let health = Arc::new(Mutex::new(Health::default()));
        let (orders, inbox) = mpsc::unbounded_channel();
        let task =
            tokio::spawn(consume(Arc::clone(builder), settings, clock, layer, Arc::clone(&health), inbox));
        Self { task: Some(task), orders, health }
    }

    /// How it stands: for probes, and for people.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it stops by itself, which it does only if it cannot go on.
    ///
    /// # Errors
    ///
    /// Why it stopped. Asked again, it is told no more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the consumer at work.
    pub async fn wait(&mut self) -> Result<(), Error> {
        let Some(task) = &mut self.task else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        let interrupted = "the consumer was cut off before it handed its leases over";
        ended.unwrap_or_else(|error| Err(Error::new(ErrorKind::Interrupted, interrupted).because(error)))
    }

    /// Reads no more, finishes what is under way, checkpoints, and releases the leases, so that other processes
    /// go on at once. Handlers that take longer than [`drain`](Builder::drain) are dropped; after `deadline` what is
    /// left is cut off, and its leases expire.
    ///
    /// # Errors
    ///
    /// [`Interrupted`](ErrorKind::Interrupted) if the deadline came first, or else why the consumer stopped by
    /// itself.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the consumer shutting down.
    pub async fn shutdown(&mut self, deadline: Duration) -> Result<(), Error> {
        // A task that has ended takes no orders, and `wait` says why.
        let _ = self.orders.send(Order::Shutdown);
        if let Ok(result) = timeout(deadline, self.wait()).await {
            return result;
        }
        self.cut_off();
        let message = format!("not all shards were handed over within {deadline:?}; their leases expire");
        Err(Error::new(ErrorKind::Interrupted, message))
    }

    fn cut_off(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cut_off();
    }
}

async fn consume(
    builder: Arc<Builder>,
    settings: Settings,
    clock: Clock,
    layer: Arc<dyn Layer>,
    health: Arc<Mutex<Health>>,
    orders: mpsc::UnboundedReceiver<Order>,
) -> Result<(), Error> {
    let name = settings.worker.clone();
    let unusable = |error| Error::new(ErrorKind::Leases, "the lease table cannot be used").because(error);
    builder.store.prepare().await.map_err(unusable)?;
    // Before anything is taken: what another fleet expects of a worker must be known.
    let fleet = builder.fleets.look().await.map_err(unusable)?;
    let listing =
        Listing::new(builder.kinesis.clone(), Arc::clone(&builder.throttle), Arc::clone(&builder.stream));
    // One that is not there at the start is more often misspelt than late.
    match listing.list().await {
        Listed::Shards(_) => {}
        Listed::NoStream => {
            let message = format!("there is no stream {} in this account and region", builder.stream);
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Listed::Unavailable(error) => {
            let message = format!("the shards of stream {} cannot be listed", builder.stream);
            return Err(Error::new(ErrorKind::Stream, message).because(error));
        }
    }
    let feeds = Feeds::new(&builder, listing.clone());
    feeds.prepare().await?;
    let mut worker = Worker::new(settings, clock.now());
    worker.handle(clock.now(), Event::Fleet(fleet));
    let parts = Parts {
        worker,
        name,
        clock,
        store: Arc::clone(&builder.store),
        fleets: Arc::clone(&builder.fleets),
        feeds,
        listing,
        layer,
        health,
        watchdog: Watchdog::new(builder.stalled_after),
    };
    Coordinator::new(parts).run(orders).await
}
