//! [`Route`]: the limits that a call draws from, one after the other.

use std::{num::NonZeroU32, sync::Arc};

use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    Event,
    explanation::Explanation,
    line::{Admission, Ask, Line},
    pass::Pass,
    settings::Settings,
};
use crate::{Blame, Call, Outcome, Permit, Priority, Refused, Ticket, catalog::Cost};

/// The limits that a call draws from, the narrowest first.
///
/// A call is admitted by one after the other, so that nobody who waits for his own limit holds tokens of one
/// that others share.
pub(super) struct Route {
    settings: Arc<Settings>,
    first: (Arc<Line>, Cost),
    wider: Box<[(Arc<Line>, Cost)]>,
}

impl Route {
    pub(super) fn new(
        settings: Arc<Settings>,
        first: (Arc<Line>, Cost),
        wider: Box<[(Arc<Line>, Cost)]>,
    ) -> Self {
        Self { settings, first, wider }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Arc<Line>> {
        std::iter::once(&self.first).chain(&self.wider).map(|(line, _)| line)
    }

    /// Waits for every limit in turn.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the line that it is in, and gives back what the others admitted.
    pub(super) async fn admit(&self, call: &Call) -> Result<Permit, Refused> {
        let began = self.settings.listens().then(Instant::now);
        // Boxed, all that most calls do without: they draw from one limit, and need not wait.
        let first = self.ask(0, call);
        let admission = match self.first.0.admit_now(&first) {
            Some(admission) => admission,
            None => Box::pin(self.first.0.wait(&first)).await?,
        };
        let admitted = if self.wider.is_empty() {
            Admitted::by(admission)
        } else {
            Box::pin(self.admit_wider(Admitted::by(admission), call)).await?
        };
        if let Some(began) = began {
            let (limit, priority) = (&self.first.0.limit, Priority::current());
            self.settings.emit(&Event::Admitted { limit, priority, waited: began.elapsed() });
        }
        Ok(Permit::new(admitted))
    }

    async fn admit_wider(&self, mut admitted: Admitted, call: &Call) -> Result<Admitted, Refused> {
        for (at, (line, _)) in self.wider.iter().enumerate() {
            let ask = self.ask(at + 1, call);
            let (pass, slot) = match line.admit_now(&ask) {
                Some(admission) => admission,
                None => line.wait(&ask).await?,
            };
            admitted.wider.push(pass);
            admitted.slot = slot;
        }
        admitted.departs(Instant::now());
        Ok(admitted)
    }

    /// What `call` asks of the limit at this place; the last one has the slots.
    fn ask(&self, at: usize, call: &Call) -> Ask<'_> {
        let cost = if at == 0 { self.first.1 } else { self.wider[at - 1].1 };
        let slots = self.settings.slots(call.in_flight_class());
        Ask {
            cost: tokens(cost, call),
            class: call.in_flight_class(),
            priority: Priority::current(),
            deadline: call.deadline_at(),
            slots: slots.filter(|_| at == self.wider.len()),
        }
    }

    pub(super) fn explain(&self, call: &Call) -> Explanation {
        let slots = self.settings.slots(call.in_flight_class());
        let waits = std::iter::once(&self.first)
            .chain(&self.wider)
            .filter_map(|(line, cost)| line.explain(tokens(*cost, call), call.in_flight_class(), slots));
        Explanation { waits: waits.collect() }
    }
}

fn tokens(cost: Cost, call: &Call) -> NonZeroU32 {
    match cost {
        Cost::One => NonZeroU32::MIN,
        Cost::OfCall => call.tokens(),
    }
}

/// A call that all of its limits have admitted.
struct Admitted {
    first: Pass,
    wider: Vec<Pass>,
    slot: Option<OwnedSemaphorePermit>,
    blame: Option<Blame>,
}

impl Admitted {
    fn by((first, slot): Admission) -> Self {
        Self { first, wider: Vec::new(), slot, blame: None }
    }

    fn passes(&mut self) -> impl Iterator<Item = &mut Pass> {
        std::iter::once(&mut self.first).chain(&mut self.wider)
    }

    fn departs(&mut self, now: Instant) {
        self.passes().for_each(|pass| pass.departs(now));
    }

    /// Which of the passes is that of the limit that stopped the call.
    fn stopped_by(&self) -> usize {
        match (self.blame, self.wider.last()) {
            (_, None) | (Some(Blame::Narrowest), _) => 0,
            (Some(Blame::Widest), _) => self.wider.len(),
            (Some(Blame::Quota(code)), _) => {
                let wider = self.wider.iter().position(|pass| pass.line().quota == Some(code));
                wider.map_or(0, |at| at + 1)
            }
            (None, Some(widest)) => {
                let own = Arc::as_ptr(self.first.line()).addr();
                let together = widest.line().lock().culprit.stopped(own, widest.since());
                let expected =
                    self.nearly_empty().filter(|at| *at == 0 || widest.line().lock().culprit.is_expected());
                expected.unwrap_or(if together { self.wider.len() } else { 0 })
            }
        }
    }

    /// Which of the limits is known to have been about to stop a call, if it is one of them.
    fn nearly_empty(&self) -> Option<usize> {
        let passes = std::iter::once(&self.first).chain(&self.wider).enumerate();
        let mut levels: Vec<_> =
            passes.filter_map(|(at, pass)| Some((pass.line().nearly_empty()?, at))).collect();
        levels.sort_unstable();
        match levels.as_slice() {
            [(_, at)] => Some(*at),
            [(level, at), (next, _), ..] if level < next => Some(*at),
            _ => None,
        }
    }
}

impl Ticket for Admitted {
    fn sent(&mut self) {
        let now = Instant::now();
        self.passes().for_each(|pass| pass.sent(now));
    }

    fn expires(&mut self, at: Instant) {
        self.passes().for_each(|pass| pass.expires(at));
    }

    fn blame(&mut self, blame: Blame) {
        self.blame = Some(blame);
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        let now = Instant::now();
        let stopped_by = matches!(outcome, Outcome::Throttled { .. }).then(|| self.stopped_by());
        if let (Outcome::Accepted, Some(widest)) = (outcome, self.wider.last()) {
            widest.line().lock().culprit.let_through(widest.since());
        }
        let Self { first, wider, slot, .. } = *self;
        for (at, pass) in std::iter::once(first).chain(wider).enumerate() {
            // A call that one limit stopped may have taken tokens of another.
            let innocent = stopped_by.is_some_and(|by| by != at);
            pass.finish(now, if innocent { Outcome::Unknown } else { outcome });
        }
        drop(slot);
    }
}
