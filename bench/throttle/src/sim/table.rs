//! The table: a row per case, a column per control.

use tidegate_throttle_simulator::Record;

use super::{CONTROLS, Contest, contest::SEEDS};

pub(super) fn header() -> String {
    let names = CONTROLS.map(|control| control.name).join(" | ");
    format!(
        "Share of the limit used, % / attempts throttled, % / operations failed, after the warm-up; \
         means of {SEEDS} seeds.\n\n| case | {names} |\n|---|{}\n",
        "---|".repeat(CONTROLS.len())
    )
}

pub(super) fn row(contest: &Contest) -> String {
    let cells = contest.records.each_ref().map(|records| cell(records)).join(" | ");
    format!("| {} | {cells} |\n", contest.case.name)
}

#[allow(clippy::cast_precision_loss, reason = "counts of operations")]
fn cell(records: &[Record]) -> String {
    let mean = |what: fn(&Record) -> f64| records.iter().map(what).sum::<f64>() / records.len() as f64;
    let failed = mean(|record| record.failed() as f64);
    format!("{:.1} / {:.2} / {failed:.0}", mean(Record::used), mean(Record::throttled))
}
