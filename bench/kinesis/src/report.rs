//! The table, and whether the bar was met.

use crate::{Measured, Result, case::Case};

/// The CPU of a record through the consumer, of that through a bare loop, at most.
const BAR: f64 = 1.15;

/// A case, as measured.
pub(crate) struct Row {
    case: Case,
    bare: Measured,
    consumer: Measured,
}

impl Row {
    /// Of several runs, the one with the least CPU counts: noise only adds.
    pub(crate) fn new(case: Case, bare: &[Measured], consumer: &[Measured]) -> Self {
        Self { case, bare: least(bare), consumer: least(consumer) }
    }

    fn ratio(&self) -> f64 {
        self.consumer.cpu_seconds / self.bare.cpu_seconds
    }
}

fn least(runs: &[Measured]) -> Measured {
    let least = runs.iter().min_by(|a, b| a.cpu_seconds.total_cmp(&b.cpu_seconds));
    *least.unwrap_or(&Measured { records: 0, seconds: 0.0, cpu_seconds: 0.0, at_rest: None, peak_mib: 0.0 })
}

pub(crate) fn print(rows: &[Row]) {
    println!(
        "| records | side | CPU µs a record | of the bare loop | at the tip, CPU ms a second | records/s | peak memory |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        for (side, measured, ratio) in [
            ("bare GetRecords loop", row.bare, String::new()),
            ("consumer", row.consumer, format!("{:.3}", row.ratio())),
        ] {
            #[expect(clippy::cast_precision_loss, reason = "a count of records is far below 2^52")]
            let records = measured.records as f64;
            let at_rest = measured.at_rest.map(|share| format!("{:.1}", share * 1e3)).unwrap_or_default();
            println!(
                "| {} | {side} | {:.2} | {ratio} | {at_rest} | {:.0} | {:.0} MiB |",
                row.case.name(),
                measured.cpu_seconds * 1e6 / records,
                records / measured.seconds,
                measured.peak_mib,
            );
        }
    }
}

/// # Errors
///
/// Names the cases that miss the bar.
pub(crate) fn judge(rows: &[Row]) -> Result<()> {
    let missed = rows.iter().filter(|row| row.ratio() > BAR);
    let missed: Vec<_> = missed.map(|row| format!("{} ({:.3})", row.case.name(), row.ratio())).collect();
    if missed.is_empty() {
        return Ok(());
    }
    Err(format!("more than {BAR} times the CPU of a bare loop: {}", missed.join("; ")).into())
}
