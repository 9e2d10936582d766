//! [`Amount`]: how much work, by count and bytes.

use std::fmt;

/// How much work: so many items that weigh so many bytes together.
///
/// ```
/// use tidegate_lanes::Amount;
///
/// assert_eq!(Amount::new(10, 4096).to_string(), "10 items, 4096 bytes");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Amount {
    /// How many items.
    pub count: usize,
    /// What they weigh together.
    pub bytes: usize,
}

impl Amount {
    /// Nothing.
    pub const NONE: Self = Self::new(0, 0);

    /// So many items of so many bytes together.
    #[must_use]
    pub const fn new(count: usize, bytes: usize) -> Self {
        Self { count, bytes }
    }

    /// Whether there is none of it.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The smaller of each.
    pub(crate) fn min(self, other: Self) -> Self {
        Self::new(self.count.min(other.count), self.bytes.min(other.bytes))
    }

    /// The larger of each.
    pub(crate) fn max(self, other: Self) -> Self {
        Self::new(self.count.max(other.count), self.bytes.max(other.bytes))
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self::new(self.count.saturating_add(other.count), self.bytes.saturating_add(other.bytes))
    }

    /// What is left of it without the other, and never less than nothing.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self::new(self.count.saturating_sub(other.count), self.bytes.saturating_sub(other.bytes))
    }

    /// Neither has more items nor weighs more.
    pub(crate) fn is_within(self, other: Self) -> bool {
        self.count <= other.count && self.bytes <= other.bytes
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items, {} bytes", self.count, self.bytes)
    }
}
