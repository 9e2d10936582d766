//! [`Verification`]: what two listings have in common.

mod walk;

use std::{cmp::Ordering, sync::Arc};

use self::walk::Walk;
use crate::{Cloner, Entry, Error, Key, engine};

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

/// Lists both sides and merges the two listings.
pub(crate) async fn verify(cloner: &Cloner) -> Result<Verification, Error> {
    let requester = engine::requester(cloner, Arc::default(), Arc::default());
    let filter = cloner.filter.as_deref();
    let mut source = Walk::new(&cloner.source, filter, &requester);
    let mut destination = Walk::new(&cloner.destination, filter, &requester);
    let mut found = Verification::default();
    // Where a page is missing, both are fetched at once.
    loop {
        tokio::try_join!(source.fill(), destination.fill())?;
        match (source.peek(), destination.peek()) {
            (None, None) => return Ok(found),
            (Some(left), right) => {
                match right.map_or(Ordering::Less, |right| left.within.cmp(right.within)) {
                    Ordering::Less => {
                        found.differ(Difference::Missing(left.entry.key.clone()));
                        source.skip();
                    }
                    Ordering::Equal => {
                        if let Some(right) = right {
                            found.compare(left.entry, right.entry);
                        }
                        source.skip();
                        destination.skip();
                    }
                    Ordering::Greater => {
                        found.surplus(right.and_then(|right| cloner.source_key(right.within)));
                        destination.skip();
                    }
                }
            }
            (None, Some(right)) => {
                found.surplus(cloner.source_key(right.within));
                destination.skip();
            }
        }
    }
}

impl Cloner {
    /// The key in the source, if there can be one.
    fn source_key(&self, within: &str) -> Option<Key> {
        Key::new(format!("{}{within}", self.source.prefix))
    }
}

impl Verification {
    /// The most differences that are named.
    const NAMED: usize = 1000;

    fn compare(&mut self, source: &Entry, destination: &Entry) {
        if source.size != destination.size {
            let (key, source, destination) = (source.key.clone(), source.size, destination.size);
            return self.differ(Difference::Size { key, source, destination });
        }
        match (single_part(source), single_part(destination)) {
            (Some(a), Some(b)) if a == b => self.same += 1,
            (Some(_), Some(_)) => self.differ(Difference::Content(source.key.clone())),
            _ => self.same_size += 1,
        }
    }

    fn differ(&mut self, difference: Difference) {
        self.different += 1;
        self.name(difference);
    }

    /// A key that is too long for the source is not in the source either.
    fn surplus(&mut self, key: Option<Key>) {
        self.extra += 1;
        if let Some(key) = key {
            self.name(Difference::Extra(key));
        }
    }

    fn name(&mut self, difference: Difference) {
        if self.differences.len() < Self::NAMED {
            self.differences.push(difference);
        }
    }
}

/// The `ETag`, if it is one that says what the content is: that of an object in parts has a hyphen.
fn single_part(entry: &Entry) -> Option<&str> {
    entry.etag.as_deref().filter(|etag| !etag.contains('-'))
}
