//! The table, and whether the bars were met.

use crate::{Measured, Result, case::Case};

/// The CPU of a message through the consumer, of that through a bare loop, at most.
const CPU: f64 = 1.2;
/// Receives and deletes for a message, at most.
const CALLS: f64 = 0.21;
/// Calls a minute on an empty queue, at most.
const IDLE: u64 = 6;
/// Messages a second that the story's cluster handled.
const GOAL: f64 = 45_000.0;

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

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn each(&self, all: f64) -> f64 {
        all / self.messages as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn calls_each(&self) -> f64 {
        self.each(self.calls as f64)
    }
}

fn least(runs: &[Measured]) -> Measured {
    let least = runs.iter().min_by(|a, b| a.cpu_seconds.total_cmp(&b.cpu_seconds));
    *least.unwrap_or(&Measured { messages: 0, calls: 0, seconds: 0.0, cpu_seconds: 0.0, peak_mib: 0.0 })
}

pub(crate) fn print(rows: &[Row], idle: &Measured) {
    println!(
        "| messages, handler | side | CPU µs a message | of the bare loop | calls a message | messages/s | peak memory | cores \
         for 45,000/s |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        for (side, measured, ratio) in [
            ("bare loop", row.bare, String::new()),
            ("consumer", row.consumer, format!("{:.2}", row.ratio())),
        ] {
            println!(
                "| {} | {side} | {:.1} | {ratio} | {:.3} | {:.0} | {:.0} MiB | {:.1} |",
                row.case.name(),
                measured.each(measured.cpu_seconds) * 1e6,
                measured.calls_each(),
                1.0 / measured.each(measured.seconds),
                measured.peak_mib,
                measured.each(measured.cpu_seconds) * GOAL,
            );
        }
    }
    println!("an empty queue: {} calls a minute, {:.0} ms of CPU", idle.calls, idle.cpu_seconds * 1e3);
}

/// # Errors
///
/// Names the cases that miss a bar.
pub(crate) fn judge(rows: &[Row], idle: &Measured) -> Result<()> {
    let mut missed = Vec::new();
    for row in rows {
        if row.ratio() > CPU {
            missed.push(format!("{}: {:.2} times the CPU of a bare loop", row.case.name(), row.ratio()));
        }
        // Handlers that take longer leave fewer messages to be gathered.
        if row.consumer.calls_each() > CALLS {
            missed.push(format!("{}: {:.3} calls a message", row.case.name(), row.consumer.calls_each()));
        }
    }
    if idle.calls > IDLE {
        missed.push(format!("{} calls a minute on an empty queue", idle.calls));
    }
    if missed.is_empty() { Ok(()) } else { Err(missed.join("; ").into()) }
}
