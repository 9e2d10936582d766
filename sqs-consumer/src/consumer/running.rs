//! [`Running`]: a consumer at work.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{
    Health, Report,
    event::Event,
    health::Snapshot,
    hub::{Hub, Parts},
};
use crate::{Error, ErrorKind};

/// A consumer at work.
///
/// Dropped, it is cut off: handlers are dropped where they wait, and what is not deleted comes again when its visibility ends. To
/// finish, [`shutdown`](Self::shutdown).
#[derive(Debug)]
#[must_use = "a consumer that is dropped is cut off"]
pub struct Running {
    /// Until its end has been told.
    task: Option<JoinHandle<Result<Report, Error>>>,
    events: mpsc::UnboundedSender<Event>,
    health: Arc<Mutex<Snapshot>>,
}

/// A deadline that is no deadline: a clock does not count to every time.
const FAR: Duration = Duration::from_hours(24 * 365 * 30);

impl Running {
    pub(super) fn start(parts: impl FnOnce(Arc<Mutex<Snapshot>>) -> Parts) -> Self {
        let health = Arc::new(Mutex::new(Snapshot::new()));
        let (events, inbox) = mpsc::unbounded_channel();
        let hub = Hub::new(parts(Arc::clone(&health)), inbox, events.clone());
        Self { task: Some(tokio::spawn(hub.run())), events, health }
    }

    /// How it stands: for probes, and for people.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).health()
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
    pub async fn wait(&mut self) -> Result<Report, Error> {
        let interrupted = "the consumer was cut off before it gave its messages back";
        let Some(task) = &mut self.task else {
            return Err(Error::new(ErrorKind::Interrupted, "the consumer has ended, and its end was told"));
        };
        let ended = task.await;
        self.task = None;
        ended.unwrap_or_else(|error| Err(Error::new(ErrorKind::Interrupted, interrupted).because(error)))
    }

    /// Receives no more, gives back what has not begun, finishes what has, and deletes it. What fails and waits for its retry is
    /// given back once nothing else runs, after a second at the earliest. What is not finished after seven eighths of the time is
    /// dropped where it waits, and given back in the rest.
    ///
    /// It waits for the receives that are out, [`wait`](super::Builder::wait) at most: what they bring is given back at once.
    ///
    /// # Errors
    ///
    /// Why the consumer stopped by itself before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the consumer shutting down.
    pub async fn shutdown(&mut self, deadline: Duration) -> Result<Report, Error> {
        let until = self.begin_shutdown(deadline);
        self.ended(until).await
    }

    /// Says that it is to end, and answers until when.
    pub(crate) fn begin_shutdown(&self, deadline: Duration) -> Instant {
        let until = Instant::now() + deadline.min(FAR);
        // One that has ended hears nothing, and `wait` says why.
        let _ = self.events.send(Event::Shutdown { until });
        until
    }

    /// Waits for the end that was asked for.
    pub(crate) async fn ended(&mut self, until: Instant) -> Result<Report, Error> {
        // It ends by itself then; a runtime that is too busy even for that is not waited for.
        let late = Duration::from_secs(1);
        if let Ok(ended) = timeout_at(until + late, self.wait()).await {
            return ended;
        }
        self.cut_off();
        self.wait().await
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
