//! Callers that wait are cheap, however many there are.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::alloc::System;

use bench_overhead::parked::park;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn heap() -> usize {
    let stats = HEAP.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// One test, as another at the same time would allocate too.
#[test]
fn a_parked_caller_costs_a_kibibyte_and_three_polls_however_many_there_are() {
    let (few, many) = (park(1_000, heap).unwrap(), park(10_000, heap).unwrap());
    // A task alone is larger than this: the allocator does count.
    assert!(few.bytes > 128 && many.bytes > 128, "{few:?} {many:?}");
    assert!(few.bytes <= 1_024 && many.bytes <= 1_024, "{few:?} {many:?}");
    assert!(
        (200..=300).contains(&few.centipolls) && (200..=300).contains(&many.centipolls),
        "{few:?} {many:?}"
    );
    assert!(few.centipolls.abs_diff(many.centipolls) <= 20, "{few:?} {many:?}");
}
