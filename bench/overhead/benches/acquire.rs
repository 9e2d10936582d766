//! `Adaptive::acquire` and `Permit::finish`, with nothing to wait for.

#![allow(missing_docs, reason = "the macros of criterion")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to report")]

use bench_overhead::acquire::{Callers, time};
use criterion::{Criterion, criterion_group, criterion_main};

fn acquire(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("acquire and finish");
    for callers in Callers::ALL {
        group.bench_function(callers.name(), |bencher| {
            bencher.iter_custom(|times| time(callers, times).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, acquire);
criterion_main!(benches);
