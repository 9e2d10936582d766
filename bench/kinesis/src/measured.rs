//! [`Measured`]: what it took to read a stream.

use bench_measure::{Stopwatch, Took, peak_mib};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What it took to read a stream.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) records: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// CPU seconds a second once all was read: what leases and looks at the tip cost. Only of a consumer.
    pub(crate) at_rest: Option<f64>,
    /// The most memory that was resident, in MiB.
    pub(crate) peak_mib: f64,
}

impl Measured {
    pub(crate) fn new(stopwatch: &Stopwatch, records: u64) -> Result<Self> {
        let Took { seconds, cpu_seconds } = stopwatch.took();
        Ok(Self { records, seconds, cpu_seconds, at_rest: None, peak_mib: peak_mib()? })
    }

    /// Tells the parent process.
    pub(crate) fn print(&self) -> Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}
