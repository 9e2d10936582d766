//! The most memory that a process held, as Linux tells it; nothing elsewhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{task::JoinHandle, time::sleep};

/// Looks at a process until it is told to end.
pub(crate) struct Watch {
    most: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

/// Looks at a process twenty times a second.
pub(crate) fn watch(process: u32) -> Watch {
    let most = Arc::<AtomicU64>::default();
    let seen = Arc::clone(&most);
    let task = tokio::spawn(async move {
        while let Some(kilobytes) = peak(process) {
            seen.fetch_max(kilobytes, Relaxed);
            sleep(Duration::from_millis(50)).await;
        }
    });
    Watch { most, task }
}

impl Watch {
    /// The most memory that it held, in MB.
    pub(crate) fn end(self) -> u64 {
        self.task.abort();
        self.most.load(Relaxed).div_ceil(1_000)
    }
}

/// The peak of the resident memory in kB; nothing once the process has ended.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
