//! [`Counters`]: what every part of a running clone counts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::{Progress, Requests};

/// What every part of a running clone counts, for [`Progress`] and for the report.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) listed: AtomicU64,
    pub(crate) bytes_listed: AtomicU64,
    pub(crate) list_done: AtomicBool,
    pub(crate) unchanged: AtomicU64,
    pub(crate) copied: AtomicU64,
    pub(crate) bytes_copied: AtomicU64,
    /// Bytes in parts of objects that are under way.
    pub(crate) bytes_in_parts: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) listing: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) retries: AtomicU64,
    requests: [AtomicU64; 10],
}

/// A kind of request, as [`Requests`] counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    Copy,
    Head,
    Tagging,
    Multipart,
    PartCopy,
    Delete,
    Acl,
    Annotation,
    #[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "nothing else is kept"))]
    Journal,
}

impl Counters {
    pub(crate) fn sent(&self, kind: Kind) {
        self.requests[kind as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn requests(&self) -> Requests {
        let [list, copy, head, tagging, multipart, part_copy, delete, acl, annotations, journal] =
            self.requests.each_ref().map(|it| it.load(Relaxed));
        Requests { list, copy, head, tagging, multipart, part_copy, delete, acl, annotations, journal }
    }

    pub(crate) fn progress(&self) -> Progress {
        let get = |counter: &AtomicU64| counter.load(Relaxed);
        Progress {
            // Before the counts that it calls final.
            list_done: self.list_done.load(Relaxed),
            listed: get(&self.listed),
            bytes_listed: get(&self.bytes_listed),
            unchanged: get(&self.unchanged),
            copied: get(&self.copied),
            bytes_copied: get(&self.bytes_copied) + get(&self.bytes_in_parts),
            failed: get(&self.failed),
            in_flight: get(&self.in_flight),
            listing: get(&self.listing),
            requests: self.requests().total(),
            throttled: get(&self.throttled),
            retries: get(&self.retries),
        }
    }
}
