//! [`Tracker`]: what of a run is finished, between those who finish and the one who checkpoints.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tidegate_lanes::{Ticket, Watermark};
use tokio::sync::Notify;

use crate::{Position, fetch::Reading};

/// What of a run is finished.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    state: Mutex<State>,
    quiet: Notify,
}

#[derive(Debug, Default)]
struct State {
    watermark: Watermark<Position>,
    told: Option<Position>,
    diverted: BTreeSet<String>,
    bytes: u64,
    read: Read,
    behind: Option<Duration>,
    dropped: u64,
    reading: Option<Reading>,
    crowded: bool,
    read_error: Option<String>,
}

/// What was read of a run, in all.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    records: u64,
    bytes: u64,
}

/// What is new since the last time.
#[derive(Debug)]
pub(crate) struct Progress {
    /// All up to here is finished.
    pub(crate) mark: Option<Position>,
    /// To be durable before the mark is.
    pub(crate) diverted: BTreeSet<String>,
    /// Bytes that were read.
    pub(crate) bytes: u64,
}

/// How a run stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// Records that were read and are not finished.
    pub(crate) pending: usize,
    /// Records that are finished.
    pub(crate) finished: u64,
    /// Bytes that were read.
    pub(crate) bytes: u64,
    /// How far behind the stream's tip the last answer was.
    pub(crate) behind: Option<Duration>,
    /// Deliveries that were dropped without an answer.
    pub(crate) dropped: u64,
    /// How the shard is read, and what its reader waits for.
    pub(crate) reading: Option<Reading>,
    /// Whether it is read less often, for others read it, too.
    pub(crate) crowded: bool,
    /// Why the shard cannot be read, if the last look failed.
    pub(crate) read_error: Option<String>,
}

impl Tracker {
    /// Takes note of records that were read, in their order.
    pub(crate) fn arrive(
        &self,
        positions: impl Iterator<Item = Position>,
        bytes: u64,
        behind: Duration,
    ) -> Vec<Ticket> {
        let mut state = self.state();
        state.bytes += bytes;
        state.behind = Some(behind);
        state.read_error = None;
        let tickets: Vec<_> = positions.map(|position| state.watermark.arrive(position)).collect();
        state.read.records += tickets.len() as u64;
        state.read.bytes += bytes;
        tickets
    }

    /// Takes note that records are finished.
    pub(crate) fn finish(&self, tickets: impl IntoIterator<Item = Ticket>) {
        let mut state = self.state();
        for ticket in tickets {
            state.watermark.finish(ticket);
        }
        if state.watermark.pending() == 0 {
            self.quiet.notify_waiters();
        }
    }

    /// Takes note that the records of a key go to the dead letters from here on. To be told before the record
    /// that failed is finished.
    pub(crate) fn divert(&self, key: &str) {
        self.state().diverted.insert(key.to_owned());
    }

    /// What is new.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let mut state = self.state();
        let mark = state.watermark.mark();
        let news = mark != state.told || !state.diverted.is_empty();
        news.then(|| {
            state.told = mark;
            Progress { mark, diverted: mem::take(&mut state.diverted), bytes: mem::take(&mut state.bytes) }
        })
    }

    /// Takes note that a delivery was dropped without an answer.
    pub(crate) fn count_dropped(&self) {
        self.state().dropped += 1;
    }

    /// Takes note of how the shard is read.
    pub(crate) fn reads(&self, how: Reading) {
        self.state().reading = Some(how);
    }

    /// Takes note of whether the shard is read by many. Whether that is new.
    pub(crate) fn crowded(&self, crowded: bool) -> bool {
        let before = mem::replace(&mut self.state().crowded, crowded);
        crowded && !before
    }

    /// Takes note that the shard could not be read.
    pub(crate) fn read_failed(&self, why: impl Into<String>) {
        self.state().read_error = Some(why.into());
    }

    /// How it stands.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.state();
        let pending = state.watermark.pending();
        Standing {
            pending,
            finished: state.read.records.saturating_sub(pending as u64),
            bytes: state.read.bytes,
            behind: state.behind,
            dropped: state.dropped,
            reading: state.reading,
            crowded: state.crowded,
            read_error: state.read_error.clone(),
        }
    }

    /// Waits until all that was read is finished.
    ///
    /// # Cancel safety
    /// Dropped, nothing is missed.
    pub(crate) async fn quiet(&self) {
        loop {
            let notified = self.quiet.notified();
            if self.state().watermark.pending() == 0 {
                return;
            }
            notified.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
