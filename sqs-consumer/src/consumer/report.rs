//! [`Report`]: what came of a consumer's messages.

use super::Totals;

/// What came of a consumer's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says whether messages are left"]
pub struct Report {
    /// What it did.
    pub totals: Totals,
    /// Messages that were neither finished nor given back when the deadline came: they are received again when their visibility
    /// ends.
    pub abandoned: usize,
    /// Receives that SQS had not answered by then: what they bring is in flight until its visibility ends.
    pub receives: usize,
}

impl Report {
    /// Whether every message was finished or given back, and no receive is left.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.abandoned == 0 && self.receives == 0
    }
}
