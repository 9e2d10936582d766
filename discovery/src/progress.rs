//! [`Progress`]: how far a discovery is.

/// How far a discovery is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Resources that are known of, wanted or not.
    pub known: u64,
    /// Those that were found.
    pub found: u64,
    /// Those that are not there.
    pub absent: u64,
    /// Those that could not be looked at: denied, unsupported, failed.
    pub unseen: u64,
    /// Answers that are still owed: of resources, and of lists.
    pub open: u64,
}
