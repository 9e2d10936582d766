//! Runs this program under valgrind, which counts exactly, and reads what it reports.

use std::{env, io, process::Command};

/// Runs this program with `arguments` under `tool`; gives the number that its report has behind `label`.
pub(crate) fn count(tool: &[&str], arguments: &[&str], label: &str) -> io::Result<u64> {
    let output =
        Command::new("valgrind").args(tool).arg(env::current_exe()?).args(arguments).output().map_err(
            |error| match error.kind() {
                io::ErrorKind::NotFound => io::Error::new(
                    io::ErrorKind::NotFound,
                    "valgrind is not installed: apt-get install valgrind, or dnf install valgrind",
                ),
                _ => error,
            },
        )?;
    let report = String::from_utf8_lossy(&output.stderr);
    match report.split_once(label).and_then(|(_, rest)| number(rest)) {
        Some(number) if output.status.success() => Ok(number),
        _ => Err(io::Error::other(format!("valgrind failed:\n{report}"))),
    }
}

/// The number that `text` begins with; valgrind puts commas into some.
fn number(text: &str) -> Option<u64> {
    let digits = text.trim_start().split_ascii_whitespace().next()?;
    digits.replace(',', "").parse().ok()
}

pub(crate) fn median(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    counts[counts.len() / 2]
}
