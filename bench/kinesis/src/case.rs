//! [`Case`]: what is read, and how.

/// Sizes of a record, in bytes.
pub(crate) const SIZES: [usize; 2] = [200, 2_048];

/// What is read, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Of a record.
    pub(crate) bytes: usize,
    /// Keys at once, or `serial`.
    pub(crate) concurrency: &'static str,
}

impl Case {
    pub(crate) fn all(bytes: usize) -> [Self; 2] {
        [Self { bytes, concurrency: "serial" }, Self { bytes, concurrency: "64" }]
    }

    pub(crate) fn name(&self) -> String {
        let at_once = if self.concurrency == "serial" { "serial" } else { "64 keys at once" };
        format!("{} B, {at_once}", self.bytes)
    }
}
