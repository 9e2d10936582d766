//! [`Measured`]: what it took to drain a queue.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
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

/// A measurement under way.
pub(crate) struct Start {
    time: Instant,
    cpu: f64,
}

impl Measured {
    pub(crate) fn start() -> Start {
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let time = Instant::now();
        Start { time, cpu: cpu() }
    }

    /// Tells the parent process.
    pub(crate) fn print(&self) -> Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}

impl Start {
    pub(crate) fn end(self, messages: u64, calls: u64) -> Result<Measured> {
        let cpu_seconds = cpu() - self.cpu;
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let seconds = self.time.elapsed().as_secs_f64();
        Ok(Measured { messages, calls, seconds, cpu_seconds, peak_mib: memory("VmHWM:")? })
    }
}

/// The CPU seconds of this process, user and system.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // It counts from 0 up.
    Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

/// The most memory that was resident (`VmHWM:`), or what is (`VmRSS:`), in MiB.
pub(crate) fn memory(line: &str) -> Result<f64> {
    let find = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|it| it.strip_prefix(line))?;
        let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(f64::from(kib) / 1024.0)
    };
    Ok(find().ok_or("/proc/self/status does not say what memory is resident: this bench needs Linux")?)
}
