//! [`Queue`]: callers that wait, first come, first served within a priority, by weight between them.

use std::collections::BTreeMap;

use crate::Priority;

/// Turns of the weightest priority for which the lightest gets one.
const TURNS: u64 = 16;

/// Callers that wait, first come, first served within a priority, by weight between them.
///
/// Stride scheduling: a priority's pass says when its next turn is due, and moves on by a stride that is the
/// smaller the greater its weight.
///
/// Source: Waldspurger and Weihl, Stride Scheduling, MIT/LCS/TM-528, 1995.
#[derive(Debug)]
pub(super) struct Queue<T> {
    lanes: [Lane<T>; Priority::ALL.len()],
    /// The pass of the last turn: a lane that was empty begins there, and has nothing saved up.
    pass: u64,
    next: u64,
}

/// The callers of one priority.
#[derive(Debug)]
struct Lane<T> {
    waiting: BTreeMap<u64, (u32, T)>,
    /// What they cost together.
    tokens: u64,
    pass: u64,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    priority: Priority,
    number: u64,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let lane = || Lane { waiting: BTreeMap::new(), tokens: 0, pass: 0 };
        Self { lanes: [lane(), lane(), lane()], pass: 0, next: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting.len()).sum()
    }

    /// The tokens that callers of `priority` wait for: at least so many go before a new one.
    pub(super) fn ahead(&self, priority: Priority) -> u64 {
        self.lanes[priority as usize].tokens
    }

    /// Queues up a caller who wants `cost` tokens.
    pub(super) fn join(&mut self, priority: Priority, cost: u32, caller: T) -> Place {
        let number = self.next;
        self.next += 1;
        let pass = self.pass;
        let lane = &mut self.lanes[priority as usize];
        if lane.waiting.is_empty() {
            lane.pass = lane.pass.max(pass);
        }
        lane.tokens += u64::from(cost);
        lane.waiting.insert(number, (cost, caller));
        Place { priority, number }
    }

    /// Gives up a place. False if its turn has come already.
    pub(super) fn leave(&mut self, place: Place) -> bool {
        self.lanes[place.priority as usize].take(place.number).is_some()
    }

    /// Whose turn it is: that caller leaves the queue.
    pub(super) fn next(&mut self) -> Option<(Place, T)> {
        // Of lanes whose turn is due at once, the weightest goes first.
        let occupied =
            Priority::ALL.into_iter().rev().filter(|it| !self.lanes[*it as usize].waiting.is_empty());
        let priority = occupied.min_by_key(|it| self.lanes[*it as usize].pass)?;
        let lane = &mut self.lanes[priority as usize];
        self.pass = lane.pass;
        lane.pass += TURNS / u64::from(priority.weight());
        let number = *lane.waiting.first_key_value()?.0;
        let caller = lane.take(number)?;
        Some((Place { priority, number }, caller))
    }
}

impl<T> Lane<T> {
    fn take(&mut self, number: u64) -> Option<T> {
        let (cost, caller) = self.waiting.remove(&number)?;
        self.tokens -= u64::from(cost);
        Some(caller)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turns(queue: &mut Queue<usize>) -> Vec<usize> {
        std::iter::from_fn(|| queue.next().map(|(_, caller)| caller)).collect()
    }

    #[test]
    fn first_come_first_served_within_a_priority() {
        let mut queue = Queue::new();
        let places: Vec<_> = (0..5).map(|caller| queue.join(Priority::Normal, 1, caller)).collect();
        assert!(queue.leave(places[2]));
        assert!(!queue.leave(places[2]));
        assert_eq!(turns(&mut queue), [0, 1, 3, 4]);
        assert!(!queue.leave(places[0]));
    }

    #[test]
    fn turns_go_by_weight_and_nobody_starves() {
        let mut queue = Queue::new();
        for priority in Priority::ALL {
            for _ in 0..1_000 {
                queue.join(priority, 1, priority as usize);
            }
        }
        let mut counts = [0_u32; 3];
        for _ in 0..210 {
            counts[queue.next().map_or(0, |(_, lane)| lane)] += 1;
        }
        assert_eq!(counts, [10, 40, 160]);
    }

    #[test]
    fn a_priority_that_was_idle_has_saved_up_nothing() {
        let mut queue = Queue::new();
        for _ in 0..200 {
            queue.join(Priority::Normal, 1, 0);
        }
        for _ in 0..100 {
            queue.next();
        }
        for _ in 0..100 {
            queue.join(Priority::Background, 1, 1);
        }
        let background = turns(&mut queue).into_iter().take(50).filter(|caller| *caller == 1).count();
        assert!((9..=11).contains(&background), "{background} of 50 turns");
    }

    proptest! {
        /// Whoever joins is served once or leaves, and what is ahead adds up.
        #[test]
        fn loses_nobody(steps in prop::collection::vec((0..3_usize, 1..9_u32, 0..4_u8), 1..200)) {
            let mut queue = Queue::new();
            let mut waiting = Vec::new();
            for (caller, (priority, cost, step)) in steps.into_iter().enumerate() {
                match step {
                    0 => {
                        let served = queue.next();
                        prop_assert_eq!(served.is_none(), waiting.is_empty());
                        if let Some((_, served)) = served {
                            waiting.retain(|(_, _, _, caller)| *caller != served);
                        }
                    }
                    1 if !waiting.is_empty() => {
                        let (place, ..) = waiting.swap_remove(caller % waiting.len());
                        prop_assert!(queue.leave(place));
                    }
                    _ => {
                        let priority = Priority::ALL[priority];
                        waiting.push((queue.join(priority, cost, caller), priority, cost, caller));
                    }
                }
                prop_assert_eq!(queue.len(), waiting.len());
                for priority in Priority::ALL {
                    let ahead = waiting.iter().filter(|it| it.1 == priority).map(|it| u64::from(it.2)).sum::<u64>();
                    prop_assert_eq!(queue.ahead(priority), ahead);
                }
            }
        }
    }
}
