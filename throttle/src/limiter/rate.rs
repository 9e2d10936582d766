//! [`Rate`]: tokens per second, in whole millionths.

use std::{fmt, time::Duration};

/// Millionths of a token: levels and rates are counted in them, so that no float decides.
pub(super) const TOKEN: u64 = 1_000_000;

/// Whole tokens in millionths.
pub(super) fn micros(tokens: u64) -> u64 {
    tokens.saturating_mul(TOKEN)
}

const NANOS: u128 = 1_000_000_000;

/// Tokens per second, in whole millionths; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// The slowest rate there is: a token in 11.6 days.
    pub const MIN: Self = Self(1);

    /// Whole tokens per second.
    #[must_use]
    pub const fn per_second(tokens: std::num::NonZeroU32) -> Self {
        Self(tokens.get() as u64 * TOKEN)
    }

    /// Millionths of a token per second; 0 becomes [`Rate::MIN`].
    #[must_use]
    pub const fn micros_per_second(micros: u64) -> Self {
        if micros == 0 { Self::MIN } else { Self(micros) }
    }

    /// `micros` millionths of a token in `time`; a `time` of zero counts as a nanosecond.
    pub(super) fn of(micros: u64, time: Duration) -> Self {
        let rate = u128::from(micros) * NANOS / time.as_nanos().max(1);
        Self::micros_per_second(u64::try_from(rate).unwrap_or(u64::MAX))
    }

    /// Millionths of a token per second.
    #[must_use]
    pub const fn as_micros_per_second(self) -> u64 {
        self.0
    }

    /// How many millionths of a token come in `time`.
    pub(super) fn gain(self, time: Duration) -> u64 {
        u64::try_from(u128::from(self.0).saturating_mul(time.as_nanos()) / NANOS).unwrap_or(u64::MAX)
    }

    /// How long `micros` millionths of a token take, rounded up, so that a wait is never too short.
    pub(super) fn time(self, micros: u64) -> Duration {
        let nanos = (u128::from(micros) * NANOS).div_ceil(u128::from(self.0));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Whether the two differ by less than one part in `parts`.
    pub(super) fn is_within(self, other: Self, parts: u64) -> bool {
        self.0.abs_diff(other.0) < self.0.max(other.0) / parts.max(1)
    }

    /// The geometric mean.
    pub(super) fn mean(self, other: Self) -> Self {
        let product = u128::from(self.0) * u128::from(other.0);
        Self::micros_per_second(u64::try_from(product.isqrt()).unwrap_or(u64::MAX))
    }

    /// This rate times `numerator / denominator`.
    pub(super) fn scale(self, numerator: u64, denominator: u64) -> Self {
        let rate = u128::from(self.0) * u128::from(numerator) / u128::from(denominator.max(1));
        Self::micros_per_second(u64::try_from(rate).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}/s", self.0 / TOKEN, self.0 % TOKEN / 1_000)
    }
}
