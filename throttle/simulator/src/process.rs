//! [`Process`]: callers who share a control.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// Attempts are known by their number within their operation.
pub(crate) struct Process<C> {
    pub(crate) control: C,
    /// Attempts that wait for the control, first come, first served.
    pub(crate) line: VecDeque<u32>,
    /// Attempts that sleep, by when they wake.
    asleep: BTreeMap<Duration, Vec<u32>>,
    /// When the line is asked again.
    pub(crate) wake_at: Option<Duration>,
}

impl<C> Process<C> {
    pub(crate) fn new(control: C, callers: usize) -> Self {
        Self { control, line: vec![1; callers].into(), asleep: BTreeMap::new(), wake_at: None }
    }

    /// Puts an attempt to sleep; says whether it is the first to wake then.
    pub(crate) fn sleep(&mut self, until: Duration, attempt: u32) -> bool {
        let together = self.asleep.entry(until).or_default();
        together.push(attempt);
        together.len() == 1
    }

    /// Wakes who slept until `now`.
    pub(crate) fn rise(&mut self, now: Duration) {
        self.line.extend(self.asleep.remove(&now).unwrap_or_default());
    }
}
