//! What this process takes: time, CPU and memory.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// A measurement under way.
#[derive(Debug)]
pub struct Stopwatch {
    time: Instant,
    cpu: f64,
}

/// What was taken since the start.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Of the clock on the wall.
    pub seconds: f64,
    /// Of all threads of this process, user and system.
    pub cpu_seconds: f64,
}

impl Stopwatch {
    /// Begins a measurement.
    #[must_use]
    pub fn start() -> Self {
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let time = Instant::now();
        Self { time, cpu: cpu() }
    }

    /// What was taken so far.
    #[must_use]
    pub fn took(&self) -> Took {
        let cpu_seconds = cpu() - self.cpu;
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let seconds = self.time.elapsed().as_secs_f64();
        Took { seconds, cpu_seconds }
    }
}

/// The most memory that was resident, in MiB.
///
/// # Errors
///
/// On systems other than Linux.
pub fn peak_mib() -> io::Result<f64> {
    memory("VmHWM:")
}

/// The memory that is resident, in MiB.
///
/// # Errors
///
/// On systems other than Linux.
pub fn resident_mib() -> io::Result<f64> {
    memory("VmRSS:")
}

/// The CPU seconds of this process.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // It counts from 0 up.
    Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

fn memory(line: &str) -> io::Result<f64> {
    let find = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|it| it.strip_prefix(line))?;
        let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(f64::from(kib) / 1024.0)
    };
    find().ok_or_else(|| {
        io::Error::other("/proc/self/status does not say what memory is resident: this bench needs Linux")
    })
}
