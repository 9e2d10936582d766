//! [`Tally`]: what a pipeline has done.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Where a pipeline counts. A clone counts the same.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Counters>);

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) loads: AtomicU64,
    pub(super) stored: AtomicU64,
    pub(super) published: AtomicU64,
    pub(super) published_again: AtomicU64,
    pub(super) overtaken: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) conflated: AtomicU64,
}

/// What a pipeline has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipelineTotals {
    /// Loads that ended well.
    pub loads: u64,
    /// Versions that were stored.
    pub stored: u64,
    /// Publications that ended well.
    pub published: u64,
    /// Of these, versions that this run of a message had not stored: an earlier one did, or another process.
    pub published_again: u64,
    /// Conditional writes that another process was faster than.
    pub overtaken: u64,
    /// Messages older than what was stored at their turn.
    pub stale: u64,
    /// Messages whose version was stored and published before their turn.
    pub duplicates: u64,
    /// Messages that were never run, since a newer one that waited with them was stored.
    pub conflated: u64,
}

impl Tally {
    /// What it has done so far.
    #[must_use]
    pub fn totals(&self) -> PipelineTotals {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        PipelineTotals {
            loads: read(&self.0.loads),
            stored: read(&self.0.stored),
            published: read(&self.0.published),
            published_again: read(&self.0.published_again),
            overtaken: read(&self.0.overtaken),
            stale: read(&self.0.stale),
            duplicates: read(&self.0.duplicates),
            conflated: read(&self.0.conflated),
        }
    }

    pub(super) fn add(&self, of: impl Fn(&Counters) -> &AtomicU64, number: usize) {
        of(&self.0).fetch_add(number as u64, Relaxed);
    }
}
