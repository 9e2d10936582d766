//! The table.

use crate::{
    Mode,
    load::{Case, Measured},
};

pub(crate) fn header() {
    println!(
        "| refill/s, burst, tasks, seconds | mode | share of the limit used | calls throttled | operations failed | bar |"
    );
    println!("|---|---|---|---|---|---|");
}

pub(crate) fn row(case: &Case, mode: Mode, measured: &Measured, met: bool) {
    let bar = match (mode, met) {
        (Mode::Throttle, true) => format!("≥ {} %, ≤ {} %: met", case.used, case.throttled),
        (Mode::Throttle, false) => format!("≥ {} %, ≤ {} %: MISSED", case.used, case.throttled),
        _ => String::new(),
    };
    println!(
        "| {}, {}, {}, {} | {} | {:.1} % | {:.1} % | {} | {bar} |",
        case.refill,
        case.burst,
        case.tasks,
        case.seconds,
        format!("{mode:?}").to_lowercase(),
        measured.used,
        measured.throttled_share(),
        measured.failed,
    );
}
