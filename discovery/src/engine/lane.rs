//! [`Lane`]: resources that wait for the same kind of call.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::Notify;

use super::nodes::Id;

/// What is asked with one kind of call: resources of a type, scope and group, or a part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LaneId {
    pub(crate) kind: u16,
    pub(crate) work: Work,
    pub(crate) scope: u32,
    pub(crate) group: u32,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    Fetch,
    /// The number of the part in the plan.
    Part(u16),
    List,
}

/// Resources that wait for the same kind of call.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) queue: VecDeque<Id>,
    /// Halves of a batch that failed as a whole: each is asked for alone.
    pub(super) halves: VecDeque<Vec<Id>>,
    pub(super) in_flight: usize,
    /// A task sees to it.
    pub(super) is_pumped: bool,
    /// Wakes that task.
    pub(super) changed: Arc<Notify>,
}

/// What the task of a lane does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// A batch can be closed. `full`: it would not grow by waiting.
    Ready { full: bool },
    /// Not yet: what is under way will bring more, or make room.
    Wait(Arc<Notify>),
    /// There is nothing to do.
    Rest,
}

impl Lane {
    /// A batch that is not full waits for the calls under way, so that batches fill by themselves; one that is full
    /// waits only for room.
    pub(super) fn step(&mut self, at_once: usize, most_in_flight: usize) -> Step {
        if self.queue.is_empty() && self.halves.is_empty() {
            if self.in_flight == 0 {
                self.is_pumped = false;
                return Step::Rest;
            }
            return Step::Wait(Arc::clone(&self.changed));
        }
        let full = !self.halves.is_empty() || self.queue.len() >= at_once;
        if self.in_flight == 0 || (full && self.in_flight < most_in_flight) {
            return Step::Ready { full };
        }
        Step::Wait(Arc::clone(&self.changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_grows_while_calls_are_under_way() {
        let mut lane = Lane { is_pumped: true, ..Lane::default() };
        lane.queue.push_back(1);
        assert!(matches!(lane.step(2, 2), Step::Ready { full: false }), "alone it leaves at once");
        lane.in_flight = 1;
        assert!(matches!(lane.step(2, 2), Step::Wait(_)));
        lane.queue.push_back(2);
        assert!(matches!(lane.step(2, 2), Step::Ready { full: true }));
        lane.in_flight = 2;
        assert!(matches!(lane.step(2, 2), Step::Wait(_)), "no more than two");
        lane.queue.clear();
        assert!(matches!(lane.step(2, 2), Step::Wait(_)), "an answer may bring more");
        lane.in_flight = 0;
        assert!(matches!(lane.step(2, 2), Step::Rest) && !lane.is_pumped);
    }
}
