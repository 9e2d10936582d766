//! [`Verification`]: what two listings have in common.

use crate::Key;

/// What a comparison of both sides found.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    pub(crate) same: u64,
    pub(crate) same_size: u64,
    pub(crate) different: u64,
    pub(crate) extra: u64,
    pub(crate) differences: Vec<Difference>,
}

/// How one key differs. Keys are the source's: without the destination's prefix, with the source's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The source has it, the destination does not.
    Missing(Key),
    /// The destination has it, the source does not. That is no fault of a clone, which deletes nothing.
    Extra(Key),
    /// The sizes differ.
    Size {
        /// The key.
        key: Key,
        /// Bytes in the source.
        source: u64,
        /// Bytes in the destination.
        destination: u64,
    },
    /// The contents differ: both `ETag`s are of a single part, and they are not the same.
    Content(Key),
}

impl Verification {
    /// Whether everything in the source is in the destination, with the same size and, as far as `ETag`s can
    /// tell, the same content.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.different == 0
    }

    /// Keys with the same size and the same content, by their `ETag`.
    #[must_use]
    pub fn same(&self) -> u64 {
        self.same
    }

    /// Keys with the same size, whose `ETag`s cannot tell, because one side was written in parts.
    #[must_use]
    pub fn same_size(&self) -> u64 {
        self.same_size
    }

    /// Keys of the source that are missing in the destination or differ there.
    #[must_use]
    pub fn different(&self) -> u64 {
        self.different
    }

    /// Keys of the destination that the source does not have.
    #[must_use]
    pub fn extra(&self) -> u64 {
        self.extra
    }

    /// How they differ, key by key in order; the first 1,000.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }
}
