//! [`Report`]: what a clone did, and what it did not do.

mod failures;
mod requests;

use std::time::Duration;

pub use self::{
    failures::{Failure, Failures},
    requests::Requests,
};
use crate::{Key, KeyRange};

/// What a clone did, and what it did not do.
///
/// Every object that was listed is counted once: as copied, unchanged, changed, vanished, failed, unknown or not
/// attempted. In a dry run those that would be copied are not attempted. In a clone of
/// [versions](crate::Cloner::versions), each version and each delete marker counts as an object; after one that could not
/// be copied, the newer ones of its key are not attempted.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(crate) listed: u64,
    pub(crate) left_out: u64,
    pub(crate) unchanged: u64,
    pub(crate) unknown: u64,
    pub(crate) copied: u64,
    pub(crate) changed: u64,
    pub(crate) vanished: u64,
    pub(crate) failed: u64,
    pub(crate) not_attempted: u64,
    pub(crate) stopped: bool,
    pub(crate) bytes_listed: u64,
    pub(crate) bytes_copied: u64,
    pub(crate) delete_markers: u64,
    pub(crate) extra: u64,
    pub(crate) deleted: u64,
    pub(crate) undeleted: Option<Undeleted>,
    pub(crate) dry_run: bool,
    pub(crate) is_resumed: bool,
    pub(crate) elapsed: Duration,
    pub(crate) requests: Requests,
    pub(crate) throttled: u64,
    pub(crate) retries: u64,
    pub(crate) segments: u64,
    pub(crate) hints: Vec<Key>,
    pub(crate) failures: Vec<Failures>,
    pub(crate) unlisted: Vec<Unlisted>,
    pub(crate) orphans: Vec<OrphanedUpload>,
}

/// Whether the destination now has everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The listing covered the whole key space, every object in it was copied or is as it should be, and what was to be
    /// deleted is.
    Complete,
    /// Something is missing: the report says what.
    Incomplete,
    /// It was asked to stop before it was complete: the report says what was not done.
    Stopped,
}

/// Why nothing was deleted, though it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Undeleted {
    /// A side could not be listed to its end, or a copy failed: what is missing in the source is not proven to be.
    Incomplete,
    /// The store does not list in order, so that the sides cannot be compared.
    OutOfOrder,
    /// There is more to be deleted than may be.
    TooMany {
        /// The most that may be deleted.
        max: u64,
    },
}

/// A range of keys that could not be listed: nobody knows which objects are in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unlisted {
    /// The range.
    pub range: KeyRange,
    /// The error code: S3's, or one of those at [`Failures`].
    pub code: String,
    /// What was said.
    pub message: String,
}

/// A multipart upload that could not be aborted, or may have been created unseen: its parts are billed until
/// someone aborts it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrphanedUpload {
    /// The destination bucket.
    pub bucket: String,
    /// The destination key.
    pub key: Key,
    /// The upload, for `AbortMultipartUpload`; none if it may have been created by a request whose reply was
    /// lost, so that `ListMultipartUploads` has to tell.
    pub upload_id: Option<String>,
}

impl Report {
    /// Whether the destination now has everything.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let left = if self.dry_run { self.not_attempted } else { 0 };
        let whole = self.unlisted.is_empty()
            && self.copied + self.unchanged + left == self.listed
            && self.undeleted.is_none()
            && (self.deleted == self.extra || self.dry_run);
        match (whole, self.stopped) {
            (true, _) => Outcome::Complete,
            (false, true) => Outcome::Stopped,
            (false, false) => Outcome::Incomplete,
        }
    }

    /// Objects found in the source.
    #[must_use]
    pub fn listed(&self) -> u64 {
        self.listed
    }

    /// Whether it went on with a clone that another run had begun: then the counts are those of what was left.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Objects of the source that the filter left out; they are not counted as listed.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Objects that the destination had as they should be.
    #[must_use]
    pub fn unchanged(&self) -> u64 {
        self.unchanged
    }

    /// Objects that were not copied because the destination could not be listed beside them: nobody knows whether they
    /// are there.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Objects of the destination that the source does not have, if [they were to be
    /// deleted](crate::Cloner::delete_extra).
    #[must_use]
    pub fn extra(&self) -> u64 {
        self.extra
    }

    /// Objects deleted from the destination.
    #[must_use]
    pub fn deleted(&self) -> u64 {
        self.deleted
    }

    /// Why nothing was deleted, though it was asked for.
    #[must_use]
    pub fn undeleted(&self) -> Option<Undeleted> {
        self.undeleted
    }

    /// Delete markers made, of those [copied](Self::copied): only a clone of [versions](crate::Cloner::versions) makes some.
    #[must_use]
    pub fn delete_markers(&self) -> u64 {
        self.delete_markers
    }

    /// Objects copied.
    #[must_use]
    pub fn copied(&self) -> u64 {
        self.copied
    }

    /// Objects whose content changed between their listing and their copy: they are not copied, because what
    /// would have been copied is not what was listed.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.changed
    }

    /// Objects that were deleted from the source between their listing and their copy.
    #[must_use]
    pub fn vanished(&self) -> u64 {
        self.vanished
    }

    /// Objects whose copy failed; [`Self::failures`] says why.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Objects listed, but not copied because the clone was stopped, or is a dry run.
    #[must_use]
    pub fn not_attempted(&self) -> u64 {
        self.not_attempted
    }

    /// Bytes in the objects found.
    #[must_use]
    pub fn bytes_listed(&self) -> u64 {
        self.bytes_listed
    }

    /// Bytes in the objects copied.
    #[must_use]
    pub fn bytes_copied(&self) -> u64 {
        self.bytes_copied
    }

    /// How long it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Requests sent, by kind.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.requests
    }

    /// Answers that were throttles; each was sent again until it was let through.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.throttled
    }

    /// Requests sent again after a failure that was no throttle.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// Into how many segments the key space was split for listing.
    #[must_use]
    pub fn segments(&self) -> u64 {
        self.segments
    }

    /// Where the keys are: up to 1,000 of them, in order, which cut what was listed into ranges of about equal weight, of about
    /// four pages or more. For [`Cloner::hints`](crate::Cloner::hints) of the next run. None, if there are no more than four
    /// pages, or if workers listed them, or [versions](crate::Cloner::versions) were.
    #[must_use]
    pub fn hints(&self) -> &[Key] {
        &self.hints
    }

    /// What was not copied, by error code and common prefix, the largest group first: failed, changed and
    /// vanished objects.
    #[must_use]
    pub fn failures(&self) -> &[Failures] {
        &self.failures
    }

    /// What could not be listed; with no entries, the listing covered the whole key space.
    #[must_use]
    pub fn unlisted(&self) -> &[Unlisted] {
        &self.unlisted
    }

    /// Multipart uploads that are still there, or may be.
    #[must_use]
    pub fn orphans(&self) -> &[OrphanedUpload] {
        &self.orphans
    }
}
