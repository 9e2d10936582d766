//! [`Delivery`]: a record that must be acked.

use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tracing::warn;

use crate::{
    Record,
    consumer::{Item, Tracker},
};

/// A record, and the duty to say when it is finished.
///
/// Dropped without an [`ack`](Self::ack), it is a [`nack`](Self::nack), counted and warned of: the record comes
/// again, from the same stream, and nothing behind it is checkpointed before it is acked.
#[must_use = "a delivery that is dropped comes again"]
pub struct Delivery {
    /// Until it is answered.
    item: Option<Item>,
    attempt: u32,
    returns: Arc<Returns>,
}

impl Delivery {
    pub(super) fn new(item: Item, attempt: u32, returns: Arc<Returns>) -> Self {
        returns.state().out += 1;
        Self { item: Some(item), attempt, returns }
    }

    /// Records that are delivered for the first time.
    pub(crate) fn first(items: Vec<Item>, returns: &Arc<Returns>) -> Vec<Self> {
        items.into_iter().map(|item| Self::new(item, 1, Arc::clone(returns))).collect()
    }

    /// Records that came back, each with the times that it was delivered.
    pub(crate) fn again(items: VecDeque<(Item, u32)>, returns: &Arc<Returns>) -> Vec<Self> {
        let again =
            |(item, attempts): (Item, u32)| Self::new(item, attempts.saturating_add(1), Arc::clone(returns));
        items.into_iter().map(again).collect()
    }

    /// The record.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "only what consumes it takes the item"
    )]
    pub fn record(&self) -> &Record {
        &self.item.as_ref().expect("a delivery has its item until it is answered").record
    }

    /// How often it was delivered, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// It is finished: it need not come again.
    pub fn ack(mut self) {
        if let Some(item) = self.item.take() {
            self.returns.tracker.finish([item.ticket]);
            // The slot goes with the item.
        }
    }

    /// It is not finished, and is to come again.
    pub fn nack(mut self) {
        self.give_back();
    }

    fn give_back(&mut self) {
        if let Some(item) = self.item.take() {
            self.returns.state().again.push_back((item, self.attempt));
            self.returns.returned.notify_one();
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(item) = &self.item {
            warn!(shard = %item.record.shard(), position = ?item.record.position(),
                "a delivery was dropped without an ack: it comes again");
            self.returns.tracker.count_dropped();
            self.give_back();
        }
        let mut state = self.returns.state();
        state.out -= 1;
        if state.out == 0 {
            self.returns.none_out.notify_waiters();
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.item.as_ref().map(|item| &item.record);
        f.debug_struct("Delivery")
            .field("record", &record)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// The deliveries of a shard that are out, and those that came back.
#[derive(Debug)]
pub(crate) struct Returns {
    tracker: Arc<Tracker>,
    state: Mutex<State>,
    returned: Notify,
    none_out: Notify,
}

#[derive(Debug, Default)]
struct State {
    out: usize,
    /// Each with the times that it was delivered.
    again: VecDeque<(Item, u32)>,
}

impl Returns {
    pub(crate) fn new(tracker: Arc<Tracker>) -> Self {
        Self { tracker, state: Mutex::default(), returned: Notify::new(), none_out: Notify::new() }
    }

    /// Waits for deliveries that came back.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    pub(crate) async fn next(&self) -> VecDeque<(Item, u32)> {
        loop {
            let again = mem::take(&mut self.state().again);
            if !again.is_empty() {
                return again;
            }
            self.returned.notified().await;
        }
    }

    /// Waits until no delivery is out.
    pub(crate) async fn none_out(&self) {
        loop {
            let notified = self.none_out.notified();
            if self.state().out == 0 {
                return;
            }
            notified.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
