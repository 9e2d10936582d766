//! Who this process is, unless it is told.

use std::{env, fs, process};

use crate::lease::{Incarnation, WorkerId};

/// A number that no other process has.
pub(crate) fn incarnation() -> Incarnation {
    Incarnation(fastrand::u64(..))
}

/// A name that names the host, and is new for each process.
pub(crate) fn worker_id() -> WorkerId {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| env::var("HOSTNAME"));
    let host = host.unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "worker" } else { host };
    WorkerId::from(format!("{host}-{}-{:08x}", process::id(), fastrand::u32(..)))
}
