//! [`Measured`]: what it took to read a stream.

use std::{fs, time::Instant};

use serde::{Deserialize, Serialize};

use crate::Result;

/// Linux tells CPU time in hundredths of a second, whatever the machine.
const TICKS: f64 = 100.0;

/// What it took to read a stream.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) records: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident, in MiB.
    pub(crate) peak_mib: f64,
}

/// A measurement under way.
pub(crate) struct Start {
    time: Instant,
    cpu: Option<f64>,
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
    pub(crate) fn end(self, records: u64) -> Result<Measured> {
        let cpu = self.cpu.zip(cpu()).map(|(before, after)| after - before);
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let seconds = self.time.elapsed().as_secs_f64();
        Ok(Measured {
            records,
            seconds,
            cpu_seconds: cpu.ok_or("no CPU times in /proc/self/stat: this bench needs Linux")?,
            peak_mib: peak_mib().ok_or("no VmHWM in /proc/self/status: this bench needs Linux")?,
        })
    }
}

/// The CPU seconds of this process, user and system.
fn cpu() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, which may hold blanks, is field 1 and ends at the last bracket.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.take(2).map(|ticks| ticks.parse::<u32>().ok()).sum::<Option<u32>>()?;
    Some(f64::from(ticks) / TICKS)
}

fn peak_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) / 1024.0)
}
