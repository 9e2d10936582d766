//! [`Record`]: what is kept of a run, so that another one can go on from it.

use std::{fmt, pin::Pin};

use crate::{Entry, Error, KeyRange, Report};

/// Keeps what a run has done.
pub(crate) trait Record: fmt::Debug + Send + Sync {
    /// An object is as it should be: an object of this `ETag`, if it is known.
    fn note(&self, entry: &Entry, etag: Option<&str>, action: Action);

    /// Saves what is left to be done, and what came of the rest.
    fn save(&self, state: State) -> Saving<'_>;

    /// Gives these ranges, which begin with the first, to others: they are theirs when it returns.
    fn give(&self, ranges: Vec<KeyRange>) -> Saving<'_>;
}

/// The future of something that is being saved.
pub(crate) type Saving<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Copied,
    Unchanged,
}

/// Where a run is.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "journal"), expect(dead_code, reason = "only a journal keeps it"))]
pub(crate) struct State {
    /// What is not settled, in order.
    pub(crate) rest: Vec<KeyRange>,
    /// What came of the rest; its lists are those of the end.
    pub(crate) so_far: Report,
}
