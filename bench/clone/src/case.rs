//! [`Case`]: the conditions of a clone, and the bar that it must meet under them.

use crate::{
    data::Data,
    server::{Conditions, Mode},
};

/// The conditions of a clone, and the bar that it must meet under them.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) conditions: Conditions,
    pub(crate) bar: Bar,
    /// How often each tool runs, unless the command line says otherwise.
    pub(crate) runs: Option<u32>,
    /// Whether s5cmd runs it too.
    pub(crate) has_rival: bool,
    /// Whether it runs only if it is asked for by name, for it takes long.
    pub(crate) is_long: bool,
}

/// What a clone must do, beside losing nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// Take no longer than s5cmd.
    NoSlower,
    /// Be so many times as fast as s5cmd.
    Faster(f64),
    /// Use at least this share of the limit, and be throttled at most that share of its calls; in percent.
    Limit { used: f64, throttled: f64 },
    /// Be so many times as fast as s5cmd, and hold at most so many MB.
    Unchanged { faster: f64, megabytes: u64 },
    /// Hold at most so many MB.
    Memory { megabytes: u64 },
    /// Take at most so many times what the limit allows, so many MB, and so many milliseconds of CPU a copy.
    Outage { times: f64, megabytes: u64, cpu: f64 },
    /// Report exactly what the server holds.
    Exact,
}

impl Case {
    fn new(name: &str, data: Data, writes: u32, bar: Bar) -> Self {
        let conditions = Conditions { data, writes, copy_ms: 60, list_ms: 60, fault: None };
        Self { name: name.to_owned(), conditions, bar, runs: None, has_rival: true, is_long: false }
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let limit = Bar::Limit { used: 97.0, throttled: 1.0 };
        let unchanged = Bar::Unchanged { faster: 6.0, megabytes: 150 };
        let outage = Bar::Outage { times: 1.1, megabytes: 200, cpu: 0.3 };
        let mut flat = Self::new("flat, 200 ms a copy", Data::Flat, 3_500, Bar::Faster(2.5));
        flat.conditions.copy_ms = 200;
        let alone = |case: Self| Self { has_rival: false, runs: Some(1), ..case };
        let timed = [
            Self::new("story", Data::Story, 3_500, Bar::NoSlower),
            flat,
            Self::new("1000 writes/s", Data::TenThousand, 1_000, limit),
            Self::new("half under no prefix", Data::Half, 3_500, Bar::NoSlower),
            Self { runs: Some(1), ..Self::new("unchanged", Data::Equal, 3_500, unchanged) },
            alone(Self::new("unchanged million", Data::EqualMillion, 3_500, Bar::Memory { megabytes: 200 })),
            Self { is_long: true, ..alone(Self::new("outage", Data::Outage, 2_000, outage)) },
        ];
        let faulty = |mode: Mode| {
            let name = format!("1 % {}", mode.name());
            let mut case = Self::new(&name, Data::Story, 3_500, Bar::Exact);
            case.conditions.fault = Some(mode);
            Self { runs: Some(1), ..case }
        };
        timed.into_iter().chain(Mode::ALL.map(faulty))
    }
}
