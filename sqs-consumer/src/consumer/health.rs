//! [`Health`]: how a consumer stands.

use std::time::Duration;

use tidegate_lanes::Amount;
use tokio::time::Instant;

use crate::poll::Standing;

/// How a consumer stands: for probes, and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How the receiving stands.
    pub standing: Standing,
    /// What went wrong with the last receive, if it failed.
    pub trouble: Option<String>,
    /// Messages that are held: received, and neither deleted nor given back.
    pub held: usize,
    /// What is held, and what the receives that are out may bring: never more than was allowed but for the bytes of messages
    /// that are larger than those before them.
    pub in_use: Amount,
    /// Receives that are out.
    pub receives: usize,
    /// Messages whose delete is not confirmed.
    pub deletes: usize,
    /// For how long messages were held and none was finished.
    pub stalled: Duration,
    /// Whether it is being shut down.
    pub shutting_down: bool,
    /// What it has done so far.
    pub totals: Totals,
}

/// What a consumer has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Messages that came, those that came again while they were here left out.
    pub received: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that came again while they were here: each joined the first.
    pub joined: u64,
    /// Messages whose delete was confirmed.
    pub deleted: u64,
    /// Messages that were given back, so that others may have them.
    pub given_back: u64,
    /// Of these, messages that were dropped without a word while nobody shut down.
    pub dropped: u64,
    /// Messages that could not be kept: others may have had them before they were finished.
    pub lost: u64,
    /// Messages that were finished, and that SQS would not delete: they come again.
    pub not_deleted: u64,
    /// Calls that receive.
    pub receives: u64,
    /// Calls that delete.
    pub deletes: u64,
    /// Calls that keep messages from others, or give them back.
    pub changes: u64,
    /// Calls that failed.
    pub failed: u64,
}

impl Health {
    /// Whether it receives, as far as is known: for a readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.shutting_down && !matches!(self.standing, Standing::Failing(_) | Standing::Stopped)
    }
}

/// How it stood at the last look.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) health: Health,
    pub(super) waiting_since: Option<Instant>,
}

impl Snapshot {
    pub(super) fn new() -> Self {
        let health = Health {
            standing: Standing::Busy,
            trouble: None,
            held: 0,
            in_use: Amount::NONE,
            receives: 0,
            deletes: 0,
            stalled: Duration::ZERO,
            shutting_down: false,
            totals: Totals::default(),
        };
        Self { health, waiting_since: None }
    }

    pub(super) fn health(&self) -> Health {
        let stalled = self.waiting_since.map(|since| since.elapsed()).unwrap_or_default();
        Health { stalled, ..self.health.clone() }
    }
}
