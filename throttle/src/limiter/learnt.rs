//! [`Learnt`]: what a limiter found out of a limit, to begin with next time.

use super::Rate;

/// What a limiter found out of a limit: keep it, and a restart need not learn it anew.
///
/// Tokens are counted in millionths. An old one does no harm: what changed meanwhile is noticed.
///
/// ```
/// use tidegate_throttle::limiter::{Learnt, Limiter, Rate};
///
/// let learnt = Learnt::new(Rate::micros_per_second(20_000_000)).with_burst(100_000_000);
/// assert_eq!(Limiter::resumed(learnt).learnt(), Some(learnt));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learnt {
    rate: Rate,
    burst: Option<u64>,
    lump: u64,
}

impl Learnt {
    /// A limit that refills `rate`, and of which nothing else is known.
    #[must_use]
    pub const fn new(rate: Rate) -> Self {
        Self { rate, burst: None, lump: 0 }
    }

    /// That holds `micros` millionths of a token.
    #[must_use]
    pub const fn with_burst(self, micros: u64) -> Self {
        Self { burst: Some(micros), ..self }
    }

    /// That refills `micros` millionths of a token at a time; 0, the default, where it refills steadily.
    ///
    /// A limit that does not refill steadily is taken to do so once a second.
    #[must_use]
    pub const fn with_lump(self, micros: u64) -> Self {
        Self { lump: micros, ..self }
    }

    /// What it refills.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// How much it holds, in millionths of a token, where that is known.
    #[must_use]
    pub const fn burst(&self) -> Option<u64> {
        self.burst
    }

    /// What comes at a time, in millionths of a token; 0 where it refills steadily.
    #[must_use]
    pub const fn lump(&self) -> u64 {
        self.lump
    }
}
