//! [`Serial`]: one item after the other.

use std::{collections::VecDeque, time::Duration};

/// One item after the other, whatever their keys.
pub(super) struct Serial<K, T> {
    items: VecDeque<(K, T)>,
    /// The key of what runs.
    current: Option<K>,
    /// The first item waits for its retry until then.
    retry_at: Option<Duration>,
}

impl<K, T> Serial<K, T> {
    pub(super) fn new() -> Self {
        Self { items: VecDeque::new(), current: None, retry_at: None }
    }

    pub(super) fn push(&mut self, key: K, item: T) {
        self.items.push_back((key, item));
    }

    #[inline]
    pub(super) fn next(&mut self, now: Duration) -> Option<T> {
        if self.current.is_some() || self.retry_at.is_some_and(|due| due > now) {
            return None;
        }
        let (key, item) = self.items.pop_front()?;
        self.current = Some(key);
        self.retry_at = None;
        Some(item)
    }

    pub(super) fn key(&self) -> Option<&K> {
        self.current.as_ref()
    }

    #[inline]
    pub(super) fn finish(&mut self) {
        self.current = None;
    }

    pub(super) fn delay(&mut self, item: T, until: Duration) {
        if let Some(key) = self.current.take() {
            self.items.push_front((key, item));
            self.retry_at = Some(until);
        }
    }

    pub(super) fn take_behind(&mut self) -> Vec<T> {
        self.items.drain(..).map(|(_, item)| item).collect()
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.retry_at
    }

    pub(super) fn running(&self) -> usize {
        usize::from(self.current.is_some())
    }

    pub(super) fn queued(&self) -> usize {
        self.items.len()
    }

    pub(super) fn lanes(&self) -> usize {
        usize::from(self.current.is_some() || !self.items.is_empty())
    }

    pub(super) fn retries(&self) -> Option<(&K, &T)> {
        self.retry_at.and_then(|_| self.items.front()).map(|(key, item)| (key, item))
    }
}
