//! [`Reservation`] and [`Slot`]: work that may be fetched, and work that is in flight.

use std::{mem, sync::Arc};

use super::{Amount, Link};

/// Room for work that is about to be fetched.
///
/// Each item that comes becomes a [`Slot`]. What is left when it is dropped returns at once.
#[derive(Debug)]
#[must_use = "dropping a reservation gives it back"]
pub struct Reservation {
    links: Arc<[Link]>,
    /// So many links agreed so far.
    passed: usize,
    left: Amount,
}

impl Reservation {
    /// Passes one link after the other, and takes of each what all before it agreed to.
    ///
    /// # Cancel safety
    ///
    /// What was taken so far is given back by the drop of the reservation.
    pub(super) async fn pass(links: &Arc<[Link]>, least: Amount, most: Amount) -> Self {
        // A list of its own: what counts its slots is shared with no other reservation's, and so with few threads.
        let mut taken = Self { links: links.iter().cloned().collect(), passed: 0, left: most };
        for link in links.iter() {
            let granted = match link {
                Link::Gate(gate) => gate.pass(least, taken.left).await.max(least).min(taken.left),
                Link::Pool(pool) => pool.take(least, taken.left).await,
            };
            taken.shrink(granted.count, granted.bytes);
            taken.passed += 1;
        }
        taken
    }

    /// What is left of it.
    #[must_use]
    pub fn left(&self) -> Amount {
        self.left
    }

    /// Turns one unit of it into a slot for an item of so many bytes, which are the item's own.
    ///
    /// An item that weighs more than what is left, or comes when no unit is left, is in flight nevertheless:
    /// the budget then owes what was taken too much, and lets nothing new in before that is back.
    pub fn slot(&mut self, bytes: usize) -> Slot {
        let need = Amount::new(1, bytes);
        let over = need.minus(self.left);
        if !over.is_none() {
            pools(&self.links).for_each(|pool| pool.overdraw(over));
        }
        self.left = self.left.minus(need);
        Slot { links: Arc::clone(&self.links), held: need }
    }

    /// Gives back all but so many items and bytes.
    pub fn shrink(&mut self, count: usize, bytes: usize) {
        let keep = self.left.min(Amount::new(count, bytes));
        let unused = self.left.minus(keep);
        self.left = keep;
        if unused.is_none() {
            return;
        }
        for link in self.links.iter().take(self.passed) {
            match link {
                Link::Gate(gate) => gate.unused(unused),
                Link::Pool(pool) => pool.give_back(unused),
            }
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink(0, 0);
    }
}

/// One item of work in flight. Dropping it says that the work is finished, however it ended.
#[derive(Debug)]
#[must_use = "dropping a slot says that the work is finished"]
pub struct Slot {
    links: Arc<[Link]>,
    held: Amount,
}

impl Slot {
    /// What the item weighs.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.held.bytes
    }

    /// What it holds: one item, unless others were [merged](Self::merge) into it.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.held
    }

    /// Takes another's room over, so that both are given back together, at the cost of one: for items that have
    /// finished together. What is from another reservation is given back at once.
    ///
    /// ```
    /// use tidegate_lanes::{Amount, Budget};
    ///
    /// let budget = Budget::new(10, 100);
    /// let mut reservation = budget.try_reserve(2, 20).expect("it is empty");
    /// let (mut first, second) = (reservation.slot(5), reservation.slot(15));
    /// first.merge(second);
    /// assert_eq!((first.amount(), budget.in_use()), (Amount::new(2, 20), Amount::new(2, 20)));
    /// drop(first);
    /// assert_eq!(budget.in_use(), Amount::NONE);
    /// ```
    pub fn merge(&mut self, mut other: Self) {
        if Arc::ptr_eq(&self.links, &other.links) {
            self.held = self.held.plus(mem::take(&mut other.held));
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.held.is_none() {
            pools(&self.links).for_each(|pool| pool.give_back(self.held));
        }
    }
}

fn pools(links: &[Link]) -> impl Iterator<Item = &super::pool::Pool> {
    links.iter().filter_map(|link| match link {
        Link::Pool(pool) => Some(&**pool),
        Link::Gate(_) => None,
    })
}
