//! [`Budget`]: how much work may be in flight.

mod amount;
mod gate;
mod pool;
mod reservation;

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use self::pool::Pool;
pub use self::{
    amount::Amount,
    gate::Gate,
    reservation::{Reservation, Slot},
};

/// How much work may be in flight, by count and bytes. A source asks it before it fetches.
///
/// Clones are handles to one budget. Whoever reserves waits in one line, first come, first served. A need that is
/// larger than the whole budget is met when nothing else is in flight, so that no item is too large to be
/// worked on; what is in flight is never more than the budget and one response.
///
/// A [`Reservation`] is taken before the fetch, each item that came is a [`Slot`] until it is finished, and what
/// was reserved for items that did not come returns at once:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use tidegate_lanes::{Amount, Budget};
///
/// let process = Budget::new(10_000, 256 << 20);
/// let shard = Budget::new(1_000, 32 << 20).within(&process);
///
/// let mut reservation = shard.reserve(10, 1 << 20).await;
/// let response = [vec![0_u8; 500], vec![0_u8; 300]];
/// let slots: Vec<_> = response.iter().map(|record| reservation.slot(record.len())).collect();
/// drop(reservation);
/// assert_eq!(process.in_use(), Amount::new(2, 800));
///
/// drop(slots);
/// assert_eq!(process.in_use(), Amount::NONE);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Budget {
    /// From the narrowest to the widest: whoever waits for what is his own holds nothing that others share.
    /// There is at least one pool, its own.
    links: Arc<[Link]>,
}

/// What must agree.
#[derive(Clone, Debug)]
enum Link {
    Gate(Arc<dyn Gate>),
    Pool(Arc<Pool>),
}

impl Link {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Gate(one), Self::Gate(other)) => Arc::ptr_eq(one, other),
            (Self::Pool(one), Self::Pool(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Budget {
    /// So many items, of so many bytes together. 0 counts as 1.
    #[must_use]
    pub fn new(count: usize, bytes: usize) -> Self {
        let pool = Pool::new(Amount::new(count, bytes));
        Self { links: Arc::new([Link::Pool(Arc::new(pool))]) }
    }

    /// This budget within a larger one: whatever this handle takes, it takes of both, all or nothing.
    ///
    /// They are asked from the narrowest to the widest, so that nobody can wait for the narrow one while he
    /// holds the wide one's room.
    #[must_use]
    pub fn within(self, parent: &Self) -> Self {
        // What it is within already is not taken twice: it might wait for itself.
        let wider = parent.links.iter().filter(|link| !self.links.iter().any(|own| own.is(link)));
        Self { links: self.links.iter().chain(wider).cloned().collect() }
    }

    /// This budget behind a gate, which is passed before its room is taken. Of several, the one that was named
    /// first is passed first.
    #[must_use]
    pub fn behind(self, gate: impl Gate + 'static) -> Self {
        let own = self.links.iter().position(|it| matches!(it, Link::Pool(_))).unwrap_or_default();
        let (before, after) = self.links.split_at(own);
        let gate: Arc<dyn Gate> = Arc::new(gate);
        Self {
            links: before.iter().cloned().chain([Link::Gate(gate)]).chain(after.iter().cloned()).collect(),
        }
    }

    /// Waits until there is room for all of it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves every line, and gives back what had been taken.
    pub async fn reserve(&self, count: usize, bytes: usize) -> Reservation {
        self.reserve_between(Amount::new(count, bytes), Amount::new(count, bytes)).await
    }

    /// Waits until there is room for one item, and takes as much as there is, up to `count` and `bytes`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves every line, and gives back what had been taken.
    pub async fn reserve_up_to(&self, count: usize, bytes: usize) -> Reservation {
        self.reserve_between(Amount::new(1, 1), Amount::new(count, bytes)).await
    }

    /// Waits until there is room for `least`, and takes as much as there is, up to `most`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves every line, and gives back what had been taken.
    pub async fn reserve_between(&self, least: Amount, most: Amount) -> Reservation {
        Reservation::pass(&self.links, least.min(most), most).await
    }

    /// Takes all of it, if there is room for it now and nobody waits for it.
    #[must_use]
    pub fn try_reserve(&self, count: usize, bytes: usize) -> Option<Reservation> {
        let reserve = pin!(self.reserve(count, bytes));
        match reserve.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reservation) => Some(reservation),
            Poll::Pending => None,
        }
    }

    /// What is reserved and in flight.
    #[must_use]
    pub fn in_use(&self) -> Amount {
        self.pools().next().map_or(Amount::NONE, Pool::used)
    }

    /// What could be reserved now: the least that it, and every budget that it is within, has left.
    #[must_use]
    pub fn available(&self) -> Amount {
        let left = self.pools().map(|pool| pool.limit().minus(pool.used()));
        left.reduce(Amount::min).unwrap_or_default()
    }

    /// How much may be in flight.
    #[must_use]
    pub fn limit(&self) -> Amount {
        self.pools().next().map_or(Amount::NONE, Pool::limit)
    }

    /// How many wait for room in it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pools().next().map_or(0, Pool::waiting)
    }

    fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.links.iter().filter_map(|link| match link {
            Link::Pool(pool) => Some(&**pool),
            Link::Gate(_) => None,
        })
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Budget");
        out.field("in_use", &self.in_use()).field("limit", &self.limit()).finish_non_exhaustive()
    }
}
