//! Counts the instructions of one call.

use std::io;

use clap::ValueEnum;

use crate::{
    call::Layer,
    valgrind::{self, median},
};

/// Calls in a short run; a long one has twice as many, and only the difference counts.
const CALLS: u32 = 200;

/// The instructions of one call with each of `layers`, from medians of `runs`, which take turns.
///
/// # Errors
///
/// If valgrind cannot be run, or the program under it fails.
pub fn per_call(layers: &[Layer], endpoint: Option<&str>, runs: u32) -> io::Result<Vec<u64>> {
    // What is freed in which order differs from run to run, and with it the share of malloc, by a percent.
    let mut counted = vec![(Vec::new(), Vec::new()); layers.len()];
    for _ in 0..runs.max(1) {
        for (layer, (short, long)) in layers.iter().zip(&mut counted) {
            short.push(count(*layer, CALLS, endpoint)?);
            long.push(count(*layer, 2 * CALLS, endpoint)?);
        }
    }
    let per_call = |(short, long)| median(long).saturating_sub(median(short)) / u64::from(CALLS);
    Ok(counted.into_iter().map(per_call).collect())
}

/// The instructions of a whole run.
fn count(layer: Layer, calls: u32, endpoint: Option<&str>) -> io::Result<u64> {
    let layer = layer.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let calls = calls.to_string();
    let mut arguments = vec!["call", &layer, &calls];
    arguments.extend(endpoint);
    valgrind::count(&["--tool=callgrind", "--callgrind-out-file=/dev/null"], &arguments, "Collected : ")
}
