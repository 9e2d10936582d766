//! [`Part`]: which part of a clone a run does.

use std::sync::Arc;

use crate::{KeyRange, record::Record};

/// Which part of a clone a run does, and how it keeps what it did.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) ranges: Vec<KeyRange>,
    /// When the clone began, if another run has worked on this part: what was written since is not copied again.
    pub(crate) since: Option<i64>,
    pub(crate) record: Option<Arc<dyn Record>>,
    pub(crate) split: Option<Split>,
}

/// When a run gives away what it has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// The keys that it keeps, about.
    pub(crate) keep: u64,
    /// So many segments more may be given away: they are all named in one document.
    pub(crate) most: usize,
}

impl Part {
    /// All of it, without a record.
    pub(crate) fn all() -> Self {
        Self { ranges: vec![KeyRange::ALL], since: None, record: None, split: None }
    }
}
