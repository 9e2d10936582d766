//! [`Watermark`]: how far all is finished.

use std::collections::VecDeque;

/// How far all is finished, of positions that arrive in order and finish in any.
///
/// A ring of what arrived since the oldest that is not finished: each position costs its own size and a byte, and
/// constant time.
///
/// ```
/// use tidegate_lanes::Watermark;
///
/// let mut watermark = Watermark::new();
/// let [first, second, third] = [100, 101, 105].map(|position| watermark.arrive(position));
/// assert!(!watermark.finish(third) && !watermark.finish(second));
/// assert_eq!((watermark.mark(), watermark.pending()), (None, 1));
///
/// assert!(watermark.finish(first));
/// assert_eq!((watermark.mark(), watermark.pending()), (Some(105), 0));
/// ```
#[derive(Clone, Debug)]
pub struct Watermark<P> {
    /// How many were there before the oldest in the ring.
    passed: u64,
    positions: VecDeque<P>,
    finished: VecDeque<bool>,
    pending: usize,
    mark: Option<P>,
}

/// A position that arrived. It is finished once, by [`Watermark::finish`]; until then, the mark stays below it.
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "the mark stays below a position that is not finished"]
pub struct Ticket(u64);

impl<P: Copy> Watermark<P> {
    /// One at which nothing has arrived.
    #[must_use]
    pub const fn new() -> Self {
        Self { passed: 0, positions: VecDeque::new(), finished: VecDeque::new(), pending: 0, mark: None }
    }

    /// Takes the next position. Positions arrive in order; the watermark does not compare them.
    pub fn arrive(&mut self, position: P) -> Ticket {
        let ticket = Ticket(self.passed + self.positions.len() as u64);
        self.positions.push_back(position);
        self.finished.push_back(false);
        self.pending += 1;
        ticket
    }

    /// Finishes a position, and says whether the mark moved. A ticket of another watermark is without effect
    /// where this one has no such position.
    #[expect(clippy::needless_pass_by_value, reason = "a position is finished once")]
    pub fn finish(&mut self, ticket: Ticket) -> bool {
        let place = ticket.0.checked_sub(self.passed).and_then(|place| usize::try_from(place).ok());
        let Some(finished) = place.and_then(|place| self.finished.get_mut(place)) else { return false };
        if !*finished {
            *finished = true;
            self.pending -= 1;
        }
        let before = self.passed;
        while let Some(true) = self.finished.front() {
            self.finished.pop_front();
            self.mark = self.positions.pop_front();
            self.passed += 1;
        }
        self.passed > before
    }

    /// The last position up to which all is finished, that one included; `None` as long as there is none.
    #[must_use]
    pub fn mark(&self) -> Option<P> {
        self.mark
    }

    /// How many are not finished.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// The oldest that is not finished: what holds the mark back.
    #[must_use]
    pub fn oldest_pending(&self) -> Option<P> {
        self.positions.front().copied()
    }
}

impl<P: Copy> Default for Watermark<P> {
    fn default() -> Self {
        Self::new()
    }
}
