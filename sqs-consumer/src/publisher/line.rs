//! [`Line`]: the messages that wait for room.

use std::{collections::VecDeque, fmt, future::pending, pin::Pin};

use tidegate_lanes::{Budget, Reservation, Slot};

use super::event::Waiting;

/// The messages that wait for room, in the order in which they came; each with its number.
///
/// The line is here and not at the budget, because whoever is served there may come for it later than one who was served after
/// him.
pub(super) struct Line {
    budget: Budget,
    waiting: VecDeque<(u64, Waiting)>,
    /// The room of the first, while there is none.
    room: Option<Pin<Box<dyn Future<Output = Reservation> + Send>>>,
}

impl Line {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, waiting: VecDeque::new(), room: None }
    }

    pub(super) fn push(&mut self, number: u64, waiting: Waiting) {
        self.waiting.push_back((number, waiting));
    }

    /// The first, if there is room for it now.
    pub(super) fn try_next(&mut self) -> Option<(u64, Waiting, Slot)> {
        let (_, first) = self.waiting.front().filter(|_| self.room.is_none())?;
        let reservation = self.budget.try_reserve(1, first.bytes)?;
        self.serve(reservation)
    }

    /// Waits until there is room for the first: for ever, if nobody is there.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped, and asked for again: the place at the budget is kept.
    pub(super) async fn next(&mut self) -> (u64, Waiting, Slot) {
        let Some((_, first)) = self.waiting.front() else { return pending().await };
        let (budget, bytes) = (&self.budget, first.bytes);
        let room = self.room.get_or_insert_with(|| {
            let budget = budget.clone();
            Box::pin(async move { budget.reserve(1, bytes).await })
        });
        let reservation = room.await;
        self.room = None;
        match self.serve(reservation) {
            Some(served) => served,
            None => pending().await,
        }
    }

    /// Those for whom nobody waits any more leave: their numbers.
    pub(super) fn forget(&mut self) -> Vec<u64> {
        if self.waiting.front().is_some_and(|(_, first)| first.reply.is_closed()) {
            self.room = None;
        }
        let mut gone = Vec::new();
        self.waiting.retain(|(number, waiting)| {
            let stays = !waiting.reply.is_closed();
            if !stays {
                gone.push(*number);
            }
            stays
        });
        gone
    }

    fn serve(&mut self, mut reservation: Reservation) -> Option<(u64, Waiting, Slot)> {
        let (number, first) = self.waiting.pop_front()?;
        let slot = reservation.slot(first.bytes);
        Some((number, first, slot))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;
    use crate::Publication;

    #[test]
    fn who_gives_up_leaves_even_as_the_first() {
        let budget = Budget::new(1, 100);
        let taken = budget.try_reserve(1, 1).unwrap();
        let mut line = Line::new(budget.clone());
        let mut answers = Vec::new();
        for number in 0..4 {
            let (reply, answer) = oneshot::channel();
            line.push(number, Waiting { publication: Publication::new("x"), bytes: 1, reply });
            answers.push(Some(answer));
        }
        assert!(line.next().now_or_never().is_none() && line.try_next().is_none());
        assert_eq!(budget.waiting(), 1, "the first waits at the budget");
        (answers[0], answers[2]) = (None, None);
        assert_eq!(line.forget(), [0, 2]);
        assert_eq!((line.waiting.len(), budget.waiting()), (2, 0));

        assert!(line.next().now_or_never().is_none());
        drop(taken);
        let (number, _, slot) = line.next().now_or_never().unwrap();
        assert_eq!((number, budget.in_use().count), (1, 1));
        drop(slot);
        let (number, _, _slot) = line.try_next().unwrap();
        assert_eq!(number, 3);
        assert!(line.next().now_or_never().is_none() && budget.waiting() == 0, "nobody is there");
    }
}
