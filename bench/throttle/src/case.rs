//! [`Case`]: a token bucket, the load on it, and the bar.

use std::time::Duration;

/// A token bucket, the load on it, and the bar.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// How many seconds the bucket refills so many tokens a second, and then.
    pub(crate) refills: &'static [(u32, u32)],
    pub(crate) burst: u32,
    /// Processes that know nothing of each other.
    pub(crate) processes: u32,
    /// Seconds from the start of one process to that of the next.
    pub(crate) apart: u32,
    /// Of each process.
    pub(crate) tasks: u32,
    pub(crate) bar: Bar,
}

/// What the throttle must reach, in percent.
pub(crate) struct Bar {
    /// The least share of the limit that is used.
    pub(crate) used: f64,
    /// The most of the calls that are throttled.
    pub(crate) throttled: f64,
    /// The most of the calls after the first ten seconds that are throttled.
    pub(crate) later: Option<f64>,
    /// The least evenness of what processes with a coordinator get: Jain's index of their calls from
    /// [`Case::EVEN_FROM`] on, 100 if all get the same.
    pub(crate) even: Option<f64>,
}

const ONE: Case = Case {
    name: "",
    refills: &[],
    burst: 0,
    processes: 1,
    apart: 0,
    tasks: 64,
    bar: Bar { used: 98.0, throttled: 2.0, later: None, even: None },
};

const FOUR: Case = Case {
    refills: &[(60, 100)],
    burst: 100,
    processes: 4,
    tasks: 16,
    bar: Bar { used: 97.0, throttled: 4.0, later: None, even: Some(95.0) },
    ..ONE
};

pub(crate) static CASES: [Case; 7] = [
    Case {
        name: "20",
        refills: &[(30, 20)],
        burst: 100,
        bar: Bar { used: 99.0, throttled: 4.0, later: Some(1.0), even: None },
        ..ONE
    },
    Case { name: "200", refills: &[(20, 200)], burst: 200, ..ONE },
    Case { name: "1000", refills: &[(20, 1_000)], burst: 1_000, tasks: 256, ..ONE },
    Case {
        name: "2",
        refills: &[(60, 2)],
        burst: 5,
        bar: Bar { used: 95.0, throttled: 15.0, later: None, even: None },
        ..ONE
    },
    Case {
        name: "changing",
        refills: &[(20, 100), (20, 30), (20, 100)],
        burst: 100,
        bar: Bar { used: 92.0, throttled: 4.0, later: None, even: None },
        ..ONE
    },
    Case { name: "four-apart", apart: 3, ..FOUR },
    Case { name: "four-at-once", ..FOUR },
];

impl Case {
    /// From here on the processes of a case share it evenly, if they do.
    pub(crate) const EVEN_FROM: Duration = Duration::from_secs(30);

    /// From here on what is throttled is not the cold start's.
    pub(crate) const LATER_FROM: Duration = Duration::from_secs(10);

    pub(crate) fn seconds(&self) -> u32 {
        self.refills.iter().map(|(seconds, _)| seconds).sum()
    }

    /// Calls that the bucket can let pass: what it holds at first, and what it refills.
    pub(crate) fn allowed(&self) -> u32 {
        self.burst + self.refills.iter().map(|(seconds, refill)| seconds * refill).sum::<u32>()
    }

    /// Whether its calls are so few that modes can run side by side without disturbing each other.
    pub(crate) fn is_quiet(&self) -> bool {
        self.refills.iter().all(|(_, refill)| *refill <= 100)
    }
}
