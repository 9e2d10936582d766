//! The result: a table for people, an object for programs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{args::Args, client::Paced, load::Measured};

/// What came of a run.
pub(crate) struct Report {
    mode: &'static str,
    tasks: u32,
    seconds: f64,
    ok: usize,
    failed: u64,
    throttled: u64,
    p50: Duration,
    p99: Duration,
    first_failure: Option<String>,
}

impl Report {
    pub(crate) fn new(args: &Args, client: &Paced, mut measured: Measured) -> Self {
        measured.times.sort_unstable();
        let percentile = |percent: usize| {
            let last = measured.times.len().saturating_sub(1);
            measured.times.get(last * percent / 100).copied().unwrap_or_default()
        };
        Self {
            mode: args.mode.name(),
            tasks: args.tasks.get(),
            seconds: measured.elapsed.as_secs_f64(),
            ok: measured.times.len(),
            failed: measured.failed,
            throttled: client.throttled(),
            p50: percentile(50),
            p99: percentile(99),
            first_failure: measured.first_failure,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate to one decimal")]
    fn per_second(&self) -> f64 {
        self.ok as f64 / self.seconds.max(0.001)
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "mode": self.mode,
            "tasks": self.tasks,
            "seconds": self.seconds,
            "ok": self.ok,
            "failed": self.failed,
            "throttled": self.throttled,
            "ok_per_s": self.per_second(),
            "p50_ms": milliseconds(self.p50),
            "p99_ms": milliseconds(self.p99),
        })
    }

    pub(crate) fn table(&self) -> String {
        format!(
            "mode      tasks  seconds       ok   failed  throttled  ok_per_s   p50_ms   p99_ms\n\
             {:<8} {:>6} {:>8.1} {:>8} {:>8} {:>10} {:>9.1} {:>8.1} {:>8.1}",
            self.mode,
            self.tasks,
            self.seconds,
            self.ok,
            self.failed,
            self.throttled,
            self.per_second(),
            milliseconds(self.p50),
            milliseconds(self.p99),
        )
    }

    /// Why the run was not whole, if it was not.
    pub(crate) fn problem(&self) -> Option<String> {
        let first = self.first_failure.as_ref()?;
        Some(format!("{} operations failed, the first with: {first}", self.failed))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
