//! [`State`]: what changes about a line, under its lock.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};

use super::Ask;
use crate::{
    Class, Outcome,
    adaptive::{culprit::Culprit, queue::Queue},
    limiter::{Limiter, Rate, Stamp},
};

/// What changes about a line, under its lock.
pub(in crate::adaptive) struct State {
    pub(in crate::adaptive) limiter: Limiter,
    /// Who stops calls that draw from this limit and one of their own.
    pub(in crate::adaptive) culprit: Culprit,
    pub(super) queue: Queue<Arc<Notify>>,
    /// Whose turn it is, if anybody waits.
    pub(super) head: Option<Arc<Notify>>,
    /// Whether the head waits for a call to finish.
    pub(super) head_waits: bool,
    pub(super) requests: u64,
    pub(super) long_polls: u64,
    pub(super) accepted: u64,
    pub(super) throttled: u64,
    pub(super) unknown: u64,
    pub(super) shed: u64,
    pub(super) used: Instant,
    /// Whether a caller had to wait since the last exchange, when that was, and what was let through by then.
    pub(super) wanted_more: bool,
    pub(super) exchanged: (Instant, u64),
    pub(super) expiring: BTreeMap<Expiry, Expiring>,
    next_id: u64,
}

/// When a call in flight is given up, told apart from others at that time.
pub(in crate::adaptive) type Expiry = (Instant, u64);

/// A call in flight that will be given up.
#[derive(Clone, Copy, Debug)]
pub(in crate::adaptive) struct Expiring {
    pub(in crate::adaptive) stamp: Stamp,
    pub(in crate::adaptive) class: Class,
    pub(in crate::adaptive) sent: bool,
}

/// What a caller does next.
pub(super) enum Step {
    Send(Stamp),
    /// Until its turn comes.
    Queue,
    Until(Instant),
    /// For a call to finish, or the first in flight to expire.
    Finish(Option<Instant>),
    /// For one of the slots that all limits share.
    Slot,
}

impl State {
    pub(super) fn new(limiter: Limiter, start: Instant) -> Self {
        Self {
            limiter,
            culprit: Culprit::default(),
            queue: Queue::new(),
            head: None,
            head_waits: false,
            requests: 0,
            long_polls: 0,
            accepted: 0,
            throttled: 0,
            unknown: 0,
            shed: 0,
            used: start,
            wanted_more: false,
            exchanged: (start, 0),
            expiring: BTreeMap::new(),
            next_id: 0,
        }
    }

    pub(super) fn sent(&mut self, mut stamp: Stamp, class: Class) -> Stamp {
        if class == Class::LongPoll {
            self.limiter.park(&mut stamp);
        }
        *self.in_flight(class) += 1;
        stamp
    }

    fn in_flight(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Request => &mut self.requests,
            Class::LongPoll => &mut self.long_polls,
        }
    }

    pub(super) fn wait_for_finish(&mut self) -> Step {
        self.head_waits = true;
        Step::Finish(self.expiring.keys().next().map(|(at, _)| *at))
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.len() + usize::from(self.head.is_some())
    }

    /// How long a new caller waits at the least: others of its priority go first, and no sooner than the
    /// limiter lets them.
    pub(super) fn least_wait(&self, ask: &Ask<'_>, now: Duration) -> Duration {
        let blocked = self.limiter.blocked_until().saturating_sub(now);
        // While the rate is searched for, it is anybody's guess.
        let Some(learnt) = self.limiter.learnt() else { return blocked };
        let there = self.limiter.level(now).unwrap_or_default();
        let wanted = (self.queue.ahead(ask.priority) + u64::from(ask.cost.get())).saturating_sub(there + 1);
        blocked + time(learnt.rate(), wanted)
    }

    /// Gives the turn to whoever is next.
    pub(super) fn next_turn(&mut self) {
        self.head_waits = false;
        self.head = self.queue.next().map(|(_, caller)| caller);
        if let Some(head) = &self.head {
            head.notify_one();
        }
    }

    /// Tells the head that what it waits for may have changed.
    pub(super) fn wake_head(&self, sooner: bool) {
        if let Some(head) = self.head.as_ref().filter(|_| self.head_waits || sooner) {
            head.notify_one();
        }
    }

    pub(super) fn finish(&mut self, now: Instant, start: Instant, pass: Expiring, outcome: Outcome) {
        *self.in_flight(pass.class) -= 1;
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Throttled { .. } => self.throttled += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::Unsent => {}
        }
        self.limiter.finish(now - start, pass.stamp, outcome);
    }

    pub(super) fn reap(&mut self, now: Instant, start: Instant) {
        while let Some(entry) = self.expiring.first_entry()
            && entry.key().0 <= now
        {
            let pass = entry.remove();
            let outcome = if pass.sent { Outcome::Unknown } else { Outcome::Unsent };
            self.finish(now, start, pass, outcome);
        }
    }

    /// Sets when a call in flight is given up.
    pub(in crate::adaptive) fn expire(&mut self, at: Instant, pass: Expiring) -> Expiry {
        let expiry = (at, self.next_id);
        self.next_id += 1;
        self.expiring.insert(expiry, pass);
        self.wake_head(false);
        expiry
    }

    /// Takes a call in flight back from those that will be given up; `None` if it has been.
    pub(in crate::adaptive) fn unexpire(&mut self, expiry: Expiry) -> Option<Expiring> {
        self.expiring.remove(&expiry)
    }
}

/// How long `tokens` take, rounded down.
fn time(rate: Rate, tokens: u64) -> Duration {
    let nanos = u128::from(tokens) * 1_000_000_000_000_000 / u128::from(rate.as_micros_per_second());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
