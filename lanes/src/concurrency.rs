//! [`Concurrency`]: what may run at once.

use std::num::NonZeroUsize;

/// What may run at once, and in which order.
///
/// ```
/// use tidegate_lanes::Concurrency;
///
/// assert_eq!(Concurrency::per_key(64).at_once().get(), 64);
/// assert_eq!(Concurrency::default(), Concurrency::Serial);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Concurrency {
    /// One item after the other, in the order in which they came. Whatever halts a key halts all.
    #[default]
    Serial,
    /// The items of one key in the order in which they came, so many keys at once.
    PerKey(NonZeroUsize),
    /// So many items at once, in no order. An item that waits for its retry holds up nobody, not even its key.
    Unordered(NonZeroUsize),
}

impl Concurrency {
    /// [`Concurrency::PerKey`]. 0 counts as 1.
    #[must_use]
    pub const fn per_key(at_once: usize) -> Self {
        Self::PerKey(at_least_one(at_once))
    }

    /// [`Concurrency::Unordered`]. 0 counts as 1.
    #[must_use]
    pub const fn unordered(at_once: usize) -> Self {
        Self::Unordered(at_least_one(at_once))
    }

    /// How many may run at once.
    #[must_use]
    pub const fn at_once(self) -> NonZeroUsize {
        match self {
            Self::Serial => NonZeroUsize::MIN,
            Self::PerKey(at_once) | Self::Unordered(at_once) => at_once,
        }
    }
}

const fn at_least_one(number: usize) -> NonZeroUsize {
    match NonZeroUsize::new(number) {
        Some(number) => number,
        None => NonZeroUsize::MIN,
    }
}
