//! [`Measured`]: what it took to drain a queue.

use bench_measure::{Stopwatch, Took, peak_mib};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What it took to drain a queue.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) messages: u64,
    /// Receives and deletes.
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident, in MiB.
    pub(crate) peak_mib: f64,
}

impl Measured {
    pub(crate) fn new(stopwatch: &Stopwatch, messages: u64, calls: u64) -> Result<Self> {
        let Took { seconds, cpu_seconds } = stopwatch.took();
        Ok(Self { messages, calls, seconds, cpu_seconds, peak_mib: peak_mib()? })
    }

    /// Tells the parent process.
    pub(crate) fn print(&self) -> Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}
