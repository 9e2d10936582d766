//! [`Finished`] and [`Stopped`]: what lanes give back.

use std::{error::Error, fmt, time::Duration};

use crate::Failure;

/// How an item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Its handler did it.
    Done,
    /// Its dead letter is durable.
    DeadLettered,
    /// Its dead letter is durable, because its key was diverted: no handler saw it, unless it began before that, which
    /// only [`Unordered`](crate::Concurrency::Unordered) allows.
    Diverted,
    /// It is given up, because its handler said so.
    Dropped,
    /// It is **not** finished: its key is halted for so long, and it is to be left to its source meanwhile. Only lanes that
    /// [give halted keys back](crate::Lanes::give_back_halted) say so, first of the item that failed, then of those behind it.
    GivenBack(Duration),
}

/// An item that is finished, however it ended: its owner may let the watermark pass it, unless it was
/// [given back](Outcome::GivenBack).
#[derive(Debug)]
#[must_use = "a position that nobody finishes holds the watermark back"]
pub struct Finished<K, T, C> {
    /// What was pushed.
    pub item: T,
    /// What was pushed with it.
    pub claim: C,
    /// How it ended.
    pub outcome: Outcome,
    /// How many attempts were made.
    pub attempts: u32,
    /// With this item, its key was diverted. The set of diverted keys must be durable **before** the watermark
    /// passes the item: else its next reader would handle later items of the key, past the one that failed.
    pub diverts: Option<K>,
}

/// An item that stops its source, because its policy says so. It is not finished.
pub struct Stopped<T, C> {
    /// What was pushed.
    pub item: T,
    /// What was pushed with it.
    pub claim: C,
    /// How many attempts were made.
    pub attempts: u32,
    /// What went wrong in the last one.
    pub failure: Failure,
}

impl<T, C> fmt::Display for Stopped<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the source stops, as an item failed {} times", self.attempts)
    }
}

impl<T, C> fmt::Debug for Stopped<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Stopped");
        out.field("attempts", &self.attempts).field("failure", &self.failure).finish_non_exhaustive()
    }
}

impl<T, C> Error for Stopped<T, C> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.failure.error())
    }
}

/// How often what happened, since the lanes were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Items that their handlers did.
    pub done: u64,
    /// Attempts that failed, whatever came of it.
    pub failed_attempts: u64,
    /// Of these, handlers that panicked.
    pub panics: u64,
    /// Of these, handlers that took too long.
    pub timeouts: u64,
    /// Items whose dead letters are durable.
    pub dead_lettered: u64,
    /// Items that went to the dead letters unseen, because their keys were diverted.
    pub diverted: u64,
    /// Items that were given up.
    pub dropped: u64,
    /// Items that were given back unfinished, because their keys were halted.
    pub given_back: u64,
    /// Dead letters that could not be written, each time.
    pub letters_failed: u64,
}

/// An item that failed and waits for its next attempt: what holds its key back.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Retry<'a, K, T> {
    /// Its key.
    pub key: &'a K,
    /// What was pushed.
    pub item: &'a T,
    /// How many attempts were made.
    pub attempts: u32,
    /// What went wrong in the last one, or with its dead letter.
    pub error: &'a str,
}
