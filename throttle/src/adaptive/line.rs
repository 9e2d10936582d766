//! [`Line`]: the callers of one limit.

mod state;

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

pub(super) use self::state::{Expiring, Expiry};
use self::state::{State, Step};
use super::{
    Event, LimitState,
    explanation::{Wait, Why},
    pass::Pass,
    queue::Place,
    settings::Settings,
    shed::{QueueFull, WaitTooLong},
};
use crate::{
    Class, Limit, Outcome, Priority, QuotaCode, Refused,
    coordinator::Share,
    limiter::{Decision, Hint, Learnt, Limiter, Next},
};

/// A limit that nobody has called for so long is nobody's to share.
const IDLE: Duration = Duration::from_secs(10);

/// The callers of one limit.
///
/// Only the one whose turn it is waits for the limiter, so that there is one timer however many callers there
/// are, and one of them wakes per token.
pub(super) struct Line {
    pub(super) limit: Limit,
    pub(super) quota: Option<QuotaCode>,
    hint: Option<Hint>,
    settings: Arc<Settings>,
    start: Instant,
    state: Mutex<State>,
}

/// What a caller asks of one limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) cost: NonZeroU32,
    pub(super) class: Class,
    pub(super) priority: Priority,
    pub(super) deadline: Option<Instant>,
    /// Where one of a bounded number of slots is to be had, if it takes one.
    pub(super) slots: Option<&'a Arc<Semaphore>>,
}

/// What a caller gets: leave to go, and a slot if it takes one.
pub(super) type Admission = (Pass, Option<OwnedSemaphorePermit>);

impl Line {
    pub(super) fn new(
        limit: Limit,
        quota: Option<QuotaCode>,
        hint: Option<Hint>,
        learnt: Option<Learnt>,
        settings: Arc<Settings>,
        start: Instant,
    ) -> Self {
        let limiter = match (learnt, hint) {
            (Some(learnt), _) => Limiter::resumed(learnt),
            (None, Some(hint)) => Limiter::hinted(hint),
            (None, None) => Limiter::new(),
        };
        let state = State::new(limiter, start);
        Self { limit, quota, hint, settings, start, state: Mutex::new(state) }
    }

    /// Goes at once, if nobody waits and the limiter lets it.
    pub(super) fn admit_now(self: &Arc<Self>, ask: &Ask<'_>) -> Option<Admission> {
        let mut slot = None;
        match self.step(ask, &mut slot, None) {
            Step::Send(stamp) => Some((Pass::new(Arc::clone(self), stamp, ask), slot)),
            _ => None,
        }
    }

    /// Waits for its turn, then for the limiter.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the line: a token is taken in the same step in which the pass is made.
    pub(super) async fn wait(self: &Arc<Self>, ask: &Ask<'_>) -> Result<Admission, Refused> {
        let began = Instant::now();
        let turn = self.queue_up(ask, began)?;
        let mut slot = None;
        loop {
            let until = match self.step(ask, &mut slot, Some(&turn.caller)) {
                Step::Send(stamp) => return Ok((Pass::new(Arc::clone(self), stamp, ask), slot)),
                Step::Slot => {
                    slot = free_slot(ask.slots, self.gives_up(ask, began)).await;
                    self.check(ask, began, Instant::now())?;
                    continue;
                }
                Step::Queue => None,
                Step::Until(at) => {
                    self.check(ask, began, at)?;
                    Some(at)
                }
                Step::Finish(at) => at,
            };
            slot = None;
            match until.into_iter().chain(self.gives_up(ask, began)).min() {
                // Either way, it asks again. Boxed, for most have no timer.
                Some(at) => drop(Box::pin(timeout_at(at, turn.caller.notified())).await),
                None => turn.caller.notified().await,
            }
            self.check(ask, began, Instant::now())?;
        }
    }

    /// When a caller gives up who began to wait then.
    fn gives_up(&self, ask: &Ask<'_>, began: Instant) -> Option<Instant> {
        // A wait that is too long for the clock is none.
        let patience = self.settings.max_wait.and_then(|most| began.checked_add(most));
        patience.into_iter().chain(ask.deadline).min()
    }

    /// Refuses a caller who gives up by `at`.
    fn check(&self, ask: &Ask<'_>, began: Instant, at: Instant) -> Result<(), Refused> {
        match self.gives_up(ask, began) {
            Some(give_up) if give_up <= at => Err(self.too_long(ask, at - began, give_up - began)),
            _ => Ok(()),
        }
    }

    /// Tries to go, as far as it is the turn of `caller`; nobody is somebody who has not queued up.
    fn step(
        &self,
        ask: &Ask<'_>,
        slot: &mut Option<OwnedSemaphorePermit>,
        caller: Option<&Arc<Notify>>,
    ) -> Step {
        let mut state = self.lock();
        let now = Instant::now();
        state.used = now;
        if self.settings.observe_only {
            let stamp = state.limiter.send_anyway(now - self.start, ask.cost.get());
            return Step::Send(state.sent(stamp, ask.class));
        }
        let turn = match (&state.head, caller) {
            (Some(head), Some(caller)) => Arc::ptr_eq(head, caller),
            (head, _) => head.is_none(),
        };
        if !turn {
            return Step::Queue;
        }
        state.reap(now, self.start);
        if ask.class == Class::Request && !self.settings.concurrency.has_room(state.requests, &state.limiter)
        {
            return state.wait_for_finish();
        }
        if let (Some(slots), None) = (ask.slots, &slot) {
            *slot = Arc::clone(slots).try_acquire_owned().ok();
            if slot.is_none() {
                return Step::Slot;
            }
        }
        match state.limiter.admit(now - self.start, ask.cost.get()) {
            Decision::Send(stamp) => {
                let stamp = state.sent(stamp, ask.class);
                if caller.is_some() {
                    state.next_turn();
                }
                Step::Send(stamp)
            }
            Decision::WaitUntil(until) => {
                state.head_waits = false;
                Step::Until(self.start + until)
            }
            Decision::WaitForFinish => state.wait_for_finish(),
        }
    }

    fn queue_up(&self, ask: &Ask<'_>, now: Instant) -> Result<Turn<'_>, Refused> {
        let mut state = self.lock();
        let waiting = state.waiting();
        let wait = state.least_wait(ask, now - self.start);
        let most = self
            .settings
            .max_wait
            .into_iter()
            .chain(ask.deadline.map(|at| at.saturating_duration_since(now)));
        if let Some(most) = most.min().filter(|most| wait > *most) {
            drop(state);
            return Err(self.too_long(ask, wait, most));
        }
        if waiting >= self.settings.max_waiting {
            drop(state);
            let retry_after = (wait > Duration::ZERO).then_some(wait);
            return Err(self.shed(ask, retry_after, QueueFull::refuse(&self.limit, waiting, retry_after)));
        }
        state.wanted_more = true;
        let caller = Arc::new(Notify::new());
        let place = if state.head.is_none() {
            state.head = Some(Arc::clone(&caller));
            None
        } else {
            Some(state.queue.join(ask.priority, ask.cost.get(), Arc::clone(&caller)))
        };
        Ok(Turn { line: self, caller, place })
    }

    fn too_long(&self, ask: &Ask<'_>, wait: Duration, most: Duration) -> Refused {
        let refused = WaitTooLong::refuse(&self.limit, wait, most);
        self.shed(ask, refused.retry_after(), refused)
    }

    fn shed(&self, ask: &Ask<'_>, retry_after: Option<Duration>, refused: Refused) -> Refused {
        self.lock().shed += 1;
        self.emit(&Event::Shed { limit: &self.limit, priority: ask.priority, retry_after });
        refused
    }

    /// Why a call of this `cost` and `class` would wait now, and how long at the least.
    pub(super) fn explain(
        &self,
        cost: NonZeroU32,
        class: Class,
        slots: Option<&Arc<Semaphore>>,
    ) -> Option<Wait> {
        let state = self.lock();
        let now = Instant::now() - self.start;
        let room =
            class != Class::Request || self.settings.concurrency.has_room(state.requests, &state.limiter);
        let blocked = state.limiter.blocked_until().saturating_sub(now);
        let (why, at_least) = match state.limiter.next(now, cost.get()) {
            _ if !blocked.is_zero() => (Why::Paused, Some(blocked)),
            _ if !room => (Why::Concurrency, None),
            Next::At(until) => (Why::Pace, Some(until.saturating_sub(now))),
            Next::AfterFinish => (Why::Opening, None),
            Next::Now if slots.is_some_and(|slots| slots.available_permits() == 0) => (Why::Slots, None),
            Next::Now if state.waiting() > 0 => (Why::Queue, None),
            Next::Now => return None,
        };
        Some(Wait { limit: self.limit.clone(), why, at_least, queued: state.waiting() })
    }

    pub(super) fn state(&self) -> LimitState {
        let state = self.lock();
        let now = Instant::now() - self.start;
        let blocked = state.limiter.blocked_until().saturating_sub(now);
        LimitState {
            limit: self.limit.clone(),
            rate: state.limiter.rate(),
            burst: state.limiter.burst(),
            level: state.limiter.level(now),
            documented: self.hint,
            paused: (!blocked.is_zero()).then_some(blocked),
            queued: state.waiting(),
            in_flight: state.requests + state.long_polls,
            accepted: state.accepted,
            throttled: state.throttled,
            unknown: state.unknown,
            shed: state.shed,
        }
    }

    /// How many tokens it holds, if it is known to be about to stop a call.
    pub(super) fn nearly_empty(&self) -> Option<u64> {
        let state = self.lock();
        let rate = state.limiter.learnt()?.rate();
        let level = state.limiter.level(self.since_start(Instant::now()))?;
        // What a twentieth of a second refills is not known better than that.
        let few = rate.as_micros_per_second() / 20_000_000 + 2;
        (level <= few).then_some(level)
    }

    pub(super) fn learnt(&self) -> Option<Learnt> {
        self.lock().limiter.learnt()
    }

    /// What this process gets of the limit; `None` if nothing was ever refused, or nobody calls.
    pub(super) fn share(&self, now: Instant) -> Option<Share> {
        let mut state = self.lock();
        if state.throttled == 0 || now.saturating_duration_since(state.used) > IDLE {
            return None;
        }
        let (at, accepted) = state.exchanged;
        state.exchanged = (now, state.accepted);
        let gets = u128::from(state.accepted - accepted) * 1_000_000_000_000_000;
        let gets = gets / now.saturating_duration_since(at).as_nanos().max(1);
        let wants_more = std::mem::take(&mut state.wanted_more) || state.waiting() > 0;
        let learnt = state.limiter.learnt().filter(|_| wants_more);
        let gets = learnt.map_or_else(
            || u64::try_from(gets).unwrap_or(u64::MAX),
            |learnt| learnt.rate().as_micros_per_second(),
        );
        let pause = state.limiter.blocked_until().saturating_sub(self.since_start(now));
        Some(Share { wants_more, pause, ..Share::new(gets) })
    }

    /// Takes the share that is fair, and the longest pause.
    pub(super) fn take_share(&self, now: Instant, own: &Share, others: &[Share]) {
        let since_start = self.since_start(now);
        let mut state = self.lock();
        if let Some(pause) = others.iter().map(|other| other.pause).max() {
            state.limiter.pause(since_start, pause);
        }
        if let Some(rate) = own.fair(others) {
            state.limiter.share(since_start, rate);
        }
        state.wake_head(true);
    }

    /// When it was used last, unless somebody uses it now.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.waiting() == 0 && state.requests + state.long_polls == 0).then_some(state.used)
    }

    /// Ends a call that was admitted.
    pub(super) fn finish(&self, now: Instant, pass: Expiring, outcome: Outcome) {
        let mut state = self.lock();
        let before = state.limiter.rate();
        state.finish(now, self.start, pass, outcome);
        let after = state.limiter.rate();
        state.wake_head(outcome == Outcome::Unsent);
        drop(state);
        if let Outcome::Throttled { retry_after: Some(pause) } = outcome {
            self.emit(&Event::Paused { limit: &self.limit, pause });
        }
        if let Some(rate) = after.filter(|_| before != after) {
            self.emit(&Event::Learnt { limit: &self.limit, rate });
        }
    }

    pub(super) fn emit(&self, event: &Event<'_>) {
        self.settings.emit(event);
    }

    pub(super) fn since_start(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    /// A limiter that another caller's panic left behind is no worse than any other.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a slot, unless the caller gives up before.
///
/// Nobody closes the semaphore, so that each gets one in turn.
async fn free_slot(slots: Option<&Arc<Semaphore>>, give_up: Option<Instant>) -> Option<OwnedSemaphorePermit> {
    let free = Arc::clone(slots?).acquire_owned();
    match give_up {
        Some(at) => Box::pin(timeout_at(at, free)).await.ok()?.ok(),
        None => Box::pin(free).await.ok(),
    }
}

/// A place in the line.
struct Turn<'a> {
    line: &'a Line,
    caller: Arc<Notify>,
    /// None for whoever was the head at once.
    place: Option<Place>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.line.lock();
        let left = self.place.is_some_and(|place| state.queue.leave(place));
        if !left && state.head.as_ref().is_some_and(|head| Arc::ptr_eq(head, &self.caller)) {
            state.next_turn();
        }
    }
}
