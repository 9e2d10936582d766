//! [`Case`]: the conditions of a clone, and the bar that it must meet under them.

use crate::server::{Conditions, Mode};

/// The conditions of a clone, and the bar that it must meet under them.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) conditions: Conditions,
    pub(crate) bar: Bar,
    /// How often each tool runs, unless the command line says otherwise.
    pub(crate) runs: Option<u32>,
}

/// What a clone must do, beside losing nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// Take no longer than s5cmd.
    NoSlower,
    /// Use at least this share of the limit, and be throttled at most that share of its calls; in percent.
    Limit { used: f64, throttled: f64 },
    /// Report exactly what the server holds.
    Exact,
}

impl Case {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let timed = |writes, bar| Self {
            name: format!("{writes} writes/s"),
            conditions: Conditions { writes, fault: None },
            bar,
            runs: None,
        };
        let faulty = |mode: Mode| Self {
            name: format!("1 % {}", mode.name()),
            conditions: Conditions { writes: 3_500, fault: Some(mode) },
            bar: Bar::Exact,
            runs: Some(1),
        };
        [timed(3_500, Bar::NoSlower), timed(1_000, Bar::Limit { used: 95.0, throttled: 2.0 })]
            .into_iter()
            .chain(Mode::ALL.map(faulty))
    }
}
