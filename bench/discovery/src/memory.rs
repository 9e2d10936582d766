//! [`Memory`]: what something takes.

use bench_measure::resident_mib;

/// Something, and the bytes that became resident with it; none where the system does not tell.
pub(crate) struct Memory<T> {
    /// Kept, so that its bytes are not taken again.
    _kept: T,
    pub(crate) bytes: Option<f64>,
}

impl<T> Memory<T> {
    pub(crate) fn of(make: impl FnOnce() -> T) -> Self {
        let before = resident();
        let kept = make();
        let bytes = resident().zip(before).map(|(after, before)| after - before);
        Self { _kept: kept, bytes }
    }
}

/// The bytes that are resident.
pub(crate) fn resident() -> Option<f64> {
    resident_mib().ok().map(|mib| mib * 1_048_576.0)
}
