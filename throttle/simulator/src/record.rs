//! [`Record`]: what came of a simulation.

use crate::case::Case;

/// What came of a simulation, second by second.
#[derive(Clone, Debug)]
pub struct Record {
    case: Case,
    seconds: Vec<Second>,
    /// Accepted calls by process and second.
    shares: Vec<Vec<u32>>,
}

/// What happened in one second. Answers count when they come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Attempts that left.
    pub sent: u32,
    /// Attempts that came back accepted.
    pub accepted: u32,
    /// Attempts that came back throttled.
    pub throttled: u32,
    /// Operations that were given up.
    pub failed: u32,
    /// Calls of somebody else that took a token.
    pub background: u32,
}

impl Record {
    pub(crate) fn new(case: &Case) -> Self {
        // The last one is for what happens at the very end.
        let seconds = usize::try_from(case.seconds).unwrap_or(usize::MAX).saturating_add(1);
        Self {
            case: case.clone(),
            seconds: vec![Second::default(); seconds],
            shares: vec![vec![0; seconds]; case.processes],
        }
    }

    pub(crate) fn at(&mut self, second: u64) -> &mut Second {
        &mut self.seconds[index(second)]
    }

    pub(crate) fn accepted(&mut self, second: u64, process: usize) {
        self.at(second).accepted += 1;
        self.shares[process][index(second)] += 1;
    }

    /// Second by second, from the start.
    #[must_use]
    pub fn seconds(&self) -> &[Second] {
        &self.seconds
    }

    /// Of what the limit allowed after the warm-up, how much was used, in percent.
    #[must_use]
    pub fn used(&self) -> f64 {
        self.used_from(self.case.warm_up)
    }

    /// Of the attempts that ended after the warm-up, how many were throttled, in percent.
    #[must_use]
    pub fn throttled(&self) -> f64 {
        self.throttled_from(self.case.warm_up)
    }

    /// Operations that were given up after the warm-up.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.sum(self.case.warm_up, |second| second.failed)
    }

    /// Jain's index of the processes' shares after the warm-up.
    #[must_use]
    pub fn jain(&self) -> f64 {
        self.jain_from(self.case.warm_up)
    }

    /// Of what the limit allowed from `second` on, how much was used, in percent.
    ///
    /// What somebody else took was not allowed. The burst counts as allowed from second 0 only.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a percentage")]
    pub fn used_from(&self, second: u64) -> f64 {
        let cost = u64::from(self.case.cost);
        let burst = if second == 0 { self.case.first_burst() * 1_000 } else { 0 };
        let refilled: u64 = (second..self.case.seconds).map(|second| self.case.refill_at(second)).sum();
        let taken = self.sum(second, |second| second.background) * 1_000;
        let accepted = self.sum(second, |second| second.accepted) * cost;
        accepted as f64 * 100_000.0 / (burst + refilled).saturating_sub(taken).max(1) as f64
    }

    /// Of the attempts that ended from `second` on, how many were throttled, in percent.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a percentage")]
    pub fn throttled_from(&self, second: u64) -> f64 {
        let throttled = self.sum(second, |second| second.throttled);
        let ended = throttled + self.sum(second, |second| second.accepted);
        throttled as f64 * 100.0 / ended.max(1) as f64
    }

    /// Jain's index of the processes' shares from `second` on: 1 if they are equal, 1/n if one of n has all.
    ///
    /// Source: Jain, Chiu, Hawe, "A Quantitative Measure of Fairness", DEC-TR-301, 1984.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "an index between 0 and 1")]
    pub fn jain_from(&self, second: u64) -> f64 {
        let from = index(second).min(self.seconds.len());
        let share = |share: &Vec<u32>| share[from..].iter().map(|accepted| f64::from(*accepted)).sum::<f64>();
        let (sum, squares) =
            self.shares.iter().map(share).fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        if squares == 0.0 { 1.0 } else { sum * sum / (squares * self.shares.len() as f64) }
    }

    fn sum(&self, from: u64, what: impl Fn(&Second) -> u32) -> u64 {
        self.seconds.iter().skip(index(from)).map(|second| u64::from(what(second))).sum()
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second).unwrap_or(usize::MAX)
}
