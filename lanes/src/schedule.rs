//! [`Schedule`]: which item runs next.

mod keyed;
mod serial;
mod slab;

use std::{fmt, hash::Hash, time::Duration};

use self::{keyed::Keyed, serial::Serial};
use crate::Concurrency;

/// Which item runs next: the lanes' arithmetic alone, without handlers, fed with time.
///
/// A key with items has a lane, and a lane whose first item may run stands in one line with the others, so that
/// each key gets a turn before any gets two: whoever is ready runs after at most as many turns as other keys were
/// ready before it. An idle key costs nothing, and an item constant time.
///
/// ```
/// use tidegate_lanes::{Concurrency, Schedule};
///
/// let now = std::time::Duration::ZERO;
/// let mut schedule = Schedule::new(Concurrency::per_key(2));
/// for (key, item) in [("a", 1), ("a", 2), ("b", 3)] {
///     schedule.push(key, item);
/// }
/// let (first, item) = schedule.next(now).expect("an idle schedule starts what it has");
/// assert_eq!((schedule.key(&first), item), (Some(&"a"), 1));
/// assert_eq!(schedule.next(now).map(|(_, item)| item), Some(3));
/// assert!(schedule.next(now).is_none());
///
/// schedule.finish(first);
/// assert_eq!(schedule.next(now).map(|(_, item)| item), Some(2));
/// ```
pub struct Schedule<K, T>(Order<K, T>);

enum Order<K, T> {
    Serial(Serial<K, T>),
    Keyed(Keyed<K, T>),
}

/// A turn: an item of its lane runs, until [`Schedule::finish`] or [`Schedule::delay`].
#[derive(Debug, PartialEq, Eq, Hash)]
#[must_use = "a lane waits until its turn is over"]
pub struct Turn(u32);

impl<K: Hash + Eq, T> Schedule<K, T> {
    /// One without items.
    #[must_use]
    pub fn new(concurrency: Concurrency) -> Self {
        let at_once = concurrency.at_once().get();
        Self(match concurrency {
            Concurrency::Serial => Order::Serial(Serial::new()),
            Concurrency::PerKey(_) => Order::Keyed(Keyed::new(at_once, true)),
            Concurrency::Unordered(_) => Order::Keyed(Keyed::new(at_once, false)),
        })
    }

    /// Takes an item, behind all others of its key.
    #[inline]
    pub fn push(&mut self, key: K, item: T) {
        match &mut self.0 {
            Order::Serial(serial) => serial.push(key, item),
            Order::Keyed(keyed) => keyed.push(key, item),
        }
    }

    /// The next item that may run now, if any. Of one key, that is always its oldest.
    #[inline]
    pub fn next(&mut self, now: Duration) -> Option<(Turn, T)> {
        match &mut self.0 {
            Order::Serial(serial) => serial.next(now).map(|item| (Turn(0), item)),
            Order::Keyed(keyed) => keyed.next(now).map(|(lane, item)| (Turn(lane), item)),
        }
    }

    /// The key of what runs.
    #[must_use]
    pub fn key(&self, turn: &Turn) -> Option<&K> {
        match &self.0 {
            Order::Serial(serial) => serial.key(),
            Order::Keyed(keyed) => keyed.key(turn.0),
        }
    }

    /// Ends a turn: its item is done with, and the next of its lane may run.
    #[inline]
    #[expect(clippy::needless_pass_by_value, reason = "a turn ends once")]
    pub fn finish(&mut self, turn: Turn) {
        match &mut self.0 {
            Order::Serial(serial) => serial.finish(),
            Order::Keyed(keyed) => keyed.finish(turn.0),
        }
    }

    /// Ends a turn: its item is to run again, not before `until`, and before all others of its lane. It takes
    /// nobody's place meanwhile.
    #[expect(clippy::needless_pass_by_value, reason = "a turn ends once")]
    pub fn delay(&mut self, turn: Turn, item: T, until: Duration) {
        match &mut self.0 {
            Order::Serial(serial) => serial.delay(item, until),
            Order::Keyed(keyed) => keyed.delay(turn.0, item, until),
        }
    }

    /// Takes what waits behind a turn out of its lane, from the oldest on.
    pub fn take_behind(&mut self, turn: &Turn) -> Vec<T> {
        match &mut self.0 {
            Order::Serial(serial) => serial.take_behind(),
            Order::Keyed(keyed) => keyed.take_behind(turn.0),
        }
    }

    /// When the next retry is due, if time is all that it waits for: none is while as many run as may.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        match &self.0 {
            Order::Serial(serial) => serial.next_due(),
            Order::Keyed(keyed) => keyed.next_due(),
        }
    }

    /// How many items run.
    #[must_use]
    pub fn running(&self) -> usize {
        match &self.0 {
            Order::Serial(serial) => serial.running(),
            Order::Keyed(keyed) => keyed.running(),
        }
    }

    /// How many items wait, for their turns or for their retries.
    #[must_use]
    pub fn queued(&self) -> usize {
        match &self.0 {
            Order::Serial(serial) => serial.queued(),
            Order::Keyed(keyed) => keyed.queued(),
        }
    }

    /// How many lanes there are: keys with items, or, without an order, items; one, where all share it.
    #[must_use]
    pub fn lanes(&self) -> usize {
        match &self.0 {
            Order::Serial(serial) => serial.lanes(),
            Order::Keyed(keyed) => keyed.lanes(),
        }
    }

    /// The items whose retry is awaited, with their keys, in no order.
    pub fn retries(&self) -> impl Iterator<Item = (&K, &T)> {
        let (serial, keyed) = match &self.0 {
            Order::Serial(serial) => (serial.retries(), None),
            Order::Keyed(keyed) => (None, Some(keyed.retries())),
        };
        serial.into_iter().chain(keyed.into_iter().flatten())
    }
}

impl<K: Hash + Eq, T> fmt::Debug for Schedule<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Schedule");
        out.field("running", &self.running()).field("queued", &self.queued());
        out.field("lanes", &self.lanes()).finish_non_exhaustive()
    }
}
