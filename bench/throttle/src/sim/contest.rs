//! [`Contest`]: every control on one case.

use std::array;

use tidegate_throttle::limiter::Limiter;
use tidegate_throttle_simulator::{
    Case, Record,
    rivals::{Adaptive, Aimd, Behaviour, Breaker, Gradient, Standard},
    run,
};

/// What runs a case with a control, and what tables and plots call it.
pub(super) struct Contender {
    pub(super) name: &'static str,
    /// In plots.
    pub(super) colour: &'static str,
    run: fn(&Case, u64) -> Record,
}

/// AIMD may go down to one call in flight: the original's least, 20, could only do worse here.
pub(super) const CONTROLS: [Contender; 7] = [
    Contender { name: "tidegate", colour: "#e5484d", run: |case, seed| run(case, seed, Limiter::new) },
    Contender {
        name: "SDK adaptive",
        colour: "#3b82f6",
        run: |case, seed| run(case, seed, || Adaptive::new(Behaviour::V2_0)),
    },
    Contender {
        name: "SDK adaptive, 2.1",
        colour: "#0d9fb5",
        run: |case, seed| run(case, seed, || Adaptive::new(Behaviour::V2_1)),
    },
    Contender { name: "SDK standard", colour: "#87898f", run: |case, seed| run(case, seed, Standard::new) },
    Contender { name: "breaker", colour: "#c2790f", run: |case, seed| run(case, seed, Breaker::new) },
    Contender {
        name: "AIMD concurrency",
        colour: "#2f9e5b",
        run: |case, seed| run(case, seed, || Aimd::new(1)),
    },
    Contender { name: "gradient", colour: "#a35cd6", run: |case, seed| run(case, seed, Gradient::new) },
];

/// How many seeds a number of the table is the mean of.
pub(super) const SEEDS: usize = 3;

pub(super) struct Contest {
    pub(super) case: Case,
    /// By control, in the order of [`CONTROLS`], and then by seed.
    pub(super) records: [[Record; SEEDS]; CONTROLS.len()],
}

impl Contest {
    pub(super) fn run(case: Case, seed: u64) -> Self {
        let seeds: [u64; SEEDS] = array::from_fn(|more| seed.wrapping_add(more as u64));
        let records = CONTROLS.each_ref().map(|control| seeds.map(|seed| (control.run)(&case, seed)));
        Self { case, records }
    }
}
