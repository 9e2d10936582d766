//! [`Line`]: the callers of one limit, first come, first served.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, timeout_at},
};

use super::state::LimitState;
use crate::{
    Limit,
    admission::{Call, Class, Outcome, Permit, Ticket},
    limiter::{Decision, Limiter, Stamp},
};

/// The callers of one limit.
///
/// Only the head of the line waits for the limiter, so that there is one timer however many callers there
/// are, and one of them wakes per token.
pub(super) struct Line {
    call: Call,
    start: Instant,
    /// Its one permit makes a caller the head; a semaphore hands it out in order.
    head: Semaphore,
    queued: AtomicUsize,
    /// Tells the head that what it waits for may have changed.
    changed: Notify,
    state: Mutex<State>,
}

struct State {
    limiter: Limiter,
    head_waits: bool,
    accepted: u64,
    throttled: u64,
    in_flight: u64,
    /// The calls in flight that will be given up, by when.
    expiring: BTreeMap<(Instant, u64), Stamp>,
    next_id: u64,
}

impl Line {
    pub(super) fn new(call: &Call, start: Instant) -> Self {
        Self {
            call: call.clone(),
            start,
            head: Semaphore::new(1),
            queued: AtomicUsize::new(0),
            changed: Notify::new(),
            state: Mutex::new(State {
                limiter: Limiter::new(),
                head_waits: false,
                accepted: 0,
                throttled: 0,
                in_flight: 0,
                expiring: BTreeMap::new(),
                next_id: 0,
            }),
        }
    }

    /// Waits in line, then for the limiter.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the line: a token is taken in the same step in which the permit is made.
    pub(super) async fn admit(self: Arc<Self>, cost: NonZeroU32, class: Class) -> Permit {
        let _queued = Queued::new(&self.queued);
        // The semaphore is never closed; if it were, going unpaced would beat never going.
        let _head = self.head.acquire().await.ok();
        loop {
            match self.decide(cost, class) {
                Step::Send(stamp) => {
                    return Permit::new(InFlight { line: Arc::clone(&self), stamp, expiry: None });
                }
                Step::Wait(Some(until)) => {
                    // Either way, the limiter is asked again.
                    let _ = timeout_at(until, self.changed.notified()).await;
                }
                Step::Wait(None) => self.changed.notified().await,
                Step::Sleep(until) => {
                    let _ = timeout_at(until, self.changed.notified()).await;
                }
            }
        }
    }

    fn decide(&self, cost: NonZeroU32, class: Class) -> Step {
        let mut state = self.lock();
        let now = Instant::now();
        state.reap(now, self.start);
        let decision = state.limiter.admit(now - self.start, cost.get());
        state.head_waits = matches!(decision, Decision::WaitForFinish);
        match decision {
            Decision::Send(mut stamp) => {
                if class == Class::LongPoll {
                    state.limiter.park(&mut stamp);
                }
                state.in_flight += 1;
                Step::Send(stamp)
            }
            Decision::WaitUntil(until) => Step::Sleep(self.start + until),
            Decision::WaitForFinish => Step::Wait(state.expiring.keys().next().map(|(at, _)| *at)),
        }
    }

    pub(super) fn state(&self) -> LimitState {
        let state = self.lock();
        LimitState {
            limit: Limit::of(&self.call),
            rate: state.limiter.rate(),
            burst: None,
            level: None,
            documented: None,
            paused: None,
            queued: self.queued.load(Ordering::Relaxed),
            in_flight: state.in_flight,
            accepted: state.accepted,
            throttled: state.throttled,
            unknown: 0,
            shed: 0,
        }
    }

    /// A limiter that another caller's panic left behind is no worse than any other.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the head does next.
enum Step {
    Send(Stamp),
    Sleep(Instant),
    /// For a call to finish, or the first in flight to expire.
    Wait(Option<Instant>),
}

impl State {
    fn finish(&mut self, now: Instant, start: Instant, stamp: Stamp, outcome: Outcome) {
        self.in_flight -= 1;
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Throttled { .. } => self.throttled += 1,
            Outcome::Unknown | Outcome::Unsent => {}
        }
        self.limiter.finish(now - start, stamp, outcome);
    }

    fn reap(&mut self, now: Instant, start: Instant) {
        while let Some(entry) = self.expiring.first_entry()
            && entry.key().0 <= now
        {
            let stamp = entry.remove();
            self.finish(now, start, stamp, Outcome::Unknown);
        }
    }
}

/// A call that was admitted and has not ended.
struct InFlight {
    line: Arc<Line>,
    stamp: Stamp,
    expiry: Option<(Instant, u64)>,
}

impl Ticket for InFlight {
    fn expires(&mut self, at: Instant) {
        let mut state = self.line.lock();
        if let Some(expiry) = self.expiry.take()
            && state.expiring.remove(&expiry).is_none()
        {
            self.expiry = Some(expiry);
            return;
        }
        let expiry = (at, state.next_id);
        state.next_id += 1;
        state.expiring.insert(expiry, self.stamp);
        self.expiry = Some(expiry);
        if state.head_waits {
            self.line.changed.notify_one();
        }
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        let mut state = self.line.lock();
        if let Some(expiry) = self.expiry
            && state.expiring.remove(&expiry).is_none()
        {
            // It was given up before: its tokens have been accounted for.
            return;
        }
        state.finish(Instant::now(), self.line.start, self.stamp, outcome);
        if state.head_waits || outcome == Outcome::Unsent {
            self.line.changed.notify_one();
        }
    }
}

/// Counts a caller that waits.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
