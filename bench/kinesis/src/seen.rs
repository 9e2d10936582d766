//! [`Seen`]: what both sides do with a record.

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::sync::Notify;

/// What both sides do with a record: look at its key and its data, and count it.
pub(crate) struct Seen {
    records: AtomicU64,
    expected: u64,
    all: Notify,
}

impl Seen {
    pub(crate) fn expecting(records: u64) -> Self {
        Self { records: AtomicU64::new(0), expected: records, all: Notify::new() }
    }

    pub(crate) fn look(&self, key: &str, data: &[u8]) {
        black_box((key.as_bytes().first(), data.first()));
        if self.records.fetch_add(1, Relaxed) + 1 == self.expected {
            self.all.notify_one();
        }
    }

    pub(crate) fn records(&self) -> u64 {
        self.records.load(Relaxed)
    }

    /// Waits until all that is expected was seen.
    pub(crate) async fn all(&self) {
        self.all.notified().await;
    }
}
