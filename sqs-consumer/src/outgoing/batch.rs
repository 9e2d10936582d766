//! [`Batch`]: entries that are sent in one call.

use std::{fmt, time::Duration};

use tidegate_lanes::Backoff;

/// One entry, from when it is pushed until it is finished: no two have the same.
///
/// Written out, it is the entry's id in the call. It is never the message's, which a batch may hold twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub(super) u64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Entries that are sent in one call: at least one, at most 10, and of at most 1 MiB if they are more than one.
///
/// It holds its entries: whoever drops it has lost them.
#[derive(Debug)]
#[must_use = "its entries are finished by what was answered"]
pub struct Batch<T> {
    pub(super) entries: Vec<Entry<T>>,
}

#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) id: EntryId,
    pub(super) item: T,
    pub(super) bytes: usize,
    /// When it is sent, however few there are.
    pub(super) due: Duration,
    pub(super) until: Option<Duration>,
    /// Its own failures.
    pub(super) pauses: Option<Backoff>,
}

impl<T> Batch<T> {
    /// What to send.
    #[must_use]
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (EntryId, &T)> {
        self.entries.iter().map(|entry| (entry.id, &entry.item))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none, which is never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What they weigh together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }

    /// When it is of no use any more to send one of them, if that is ever.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        self.entries.iter().filter_map(|entry| entry.until).min()
    }
}
