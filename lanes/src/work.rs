//! [`Work`]: an item, with what it has been through.

use std::{sync::Arc, time::Duration};

use crate::{Attempt, Backoff, Envelope, Item, Outcome, policy::Trouble, wall};

/// An item, with what it has been through.
#[derive(Debug)]
pub(crate) struct Work<T, C> {
    pub(crate) item: T,
    pub(crate) claim: C,
    /// Nothing, for an item that has not failed.
    pub(crate) past: Option<Box<Past>>,
}

/// What an item has been through.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) trouble: Trouble,
    pub(crate) error: String,
    pub(crate) letter: Option<Letter>,
}

/// The dead letter that is to be written.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) outcome: Outcome,
    pub(crate) diverts: bool,
    pub(crate) delays: Backoff,
}

impl<T: Item, C> Work<T, C> {
    pub(crate) fn new(item: T, claim: C) -> Self {
        Self { item, claim, past: None }
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.past.as_ref().map_or(0, |past| past.trouble.attempts)
    }

    pub(crate) fn letter(&self) -> Option<&Letter> {
        self.past.as_ref()?.letter.as_ref()
    }

    /// The next attempt.
    pub(crate) fn attempt(&self, now: Duration) -> Attempt {
        let Some(past) = &self.past else { return Attempt::FIRST };
        Attempt::again(past.trouble.attempts, now.saturating_sub(past.trouble.began))
    }

    pub(crate) fn past(&mut self, began: Duration) -> &mut Past {
        self.past.get_or_insert_with(|| {
            Box::new(Past { trouble: Trouble::new(began), error: String::new(), letter: None })
        })
    }

    /// Settles that it goes to the dead letters.
    pub(crate) fn give_up(&mut self, outcome: Outcome, diverts: bool, now: Duration) {
        let mut envelope = self.item.envelope();
        let past = self.past(now);
        let failed_at = wall::now();
        let age = now.saturating_sub(past.trouble.began);
        envelope.attempts = past.trouble.attempts;
        envelope.error.clone_from(&past.error);
        envelope.failed_at_ms = wall::millis(failed_at);
        envelope.first_seen_ms = wall::millis(failed_at.saturating_sub(age));
        let envelope = Arc::new(envelope);
        past.letter = Some(Letter { envelope, outcome, diverts, delays: Backoff::default() });
    }
}
