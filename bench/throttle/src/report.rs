//! The report of a case: rows of a table, lines of JSON, and the bar.

use std::fmt;

use serde_json::{Value, json};

use crate::{case::Case, load::Measured, mode::Mode};

pub(crate) const HEADER: &str = "\
    | case | mode | share of the limit used | calls throttled | after 10 s | evenness | operations failed |\n\
    |---|---|---|---|---|---|---|";

/// A row of the table.
pub(crate) fn row(case: &Case, mode: Mode, measured: &Measured) -> String {
    let evenness = measured.evenness().map_or_else(String::new, |even| format!("{even:.1} %"));
    format!(
        "| {} | {} | {:.1} % | {:.1} % | {:.1} % | {evenness} | {} |",
        case.name,
        mode.name(),
        measured.used,
        measured.throttled_share(),
        measured.later_share(),
        measured.failed,
    )
}

/// A line of JSON.
pub(crate) fn line(case: &Case, mode: Mode, measured: &Measured) -> Value {
    let verdict = Verdict::of(case, mode, measured);
    json!({
        "case": case.name,
        "mode": mode.name(),
        "refills": case.refills,
        "burst": case.burst,
        "processes": case.processes,
        "tasks": case.tasks,
        "seconds": case.seconds(),
        "accepted": measured.accepted,
        "throttled": measured.throttled,
        "failed": measured.failed,
        "share_of_limit": measured.used,
        "share_throttled": measured.throttled_share(),
        "share_throttled_after_10_s": measured.later_share(),
        "evenness": measured.evenness(),
        "operations_after_30_s": measured.shares,
        "bar": verdict.as_ref().map(|it| &it.bar),
        "met": verdict.as_ref().map(|it| it.met),
    })
}

/// What the bar of a case is, and whether it is met.
pub(crate) struct Verdict {
    pub(crate) met: bool,
    bar: String,
    of: String,
}

impl Verdict {
    /// Nothing for a mode that has no bar.
    pub(crate) fn of(case: &Case, mode: Mode, measured: &Measured) -> Option<Self> {
        let marks = marks(case, mode, measured);
        let met = marks.iter().all(Mark::is_met) && measured.failed == 0;
        let bar: Vec<_> = marks.iter().map(Mark::to_string).collect();
        let bar = format!("{}; {} failed (0)", bar.join("; "), measured.failed);
        mode.is_judged().then(|| Self { met, bar, of: format!("{}, {}", case.name, mode.name()) })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", if self.met { "met" } else { "MISSED" }, self.of, self.bar)
    }
}

/// One number of a bar, and what was measured.
struct Mark {
    what: &'static str,
    measured: f64,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Mark {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.measured >= least,
            Bound::AtMost(most) => self.measured <= most,
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, bound) = match self.bound {
            Bound::AtLeast(least) => ('≥', least),
            Bound::AtMost(most) => ('≤', most),
        };
        write!(f, "{} {:.1} % ({sign} {bound} %)", self.what, self.measured)
    }
}

fn marks(case: &Case, mode: Mode, measured: &Measured) -> Vec<Mark> {
    let bar = &case.bar;
    let mut marks = vec![
        Mark { what: "used", measured: measured.used, bound: Bound::AtLeast(bar.used) },
        Mark { what: "throttled", measured: measured.throttled_share(), bound: Bound::AtMost(bar.throttled) },
    ];
    if let Some(most) = bar.later {
        marks.push(Mark {
            what: "throttled after 10 s",
            measured: measured.later_share(),
            bound: Bound::AtMost(most),
        });
    }
    if let (Mode::Coordinated, Some(least), Some(even)) = (mode, bar.even, measured.evenness()) {
        marks.push(Mark { what: "evenness", measured: even, bound: Bound::AtLeast(least) });
    }
    marks
}
