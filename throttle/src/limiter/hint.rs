//! [`Hint`]: what is documented of a limit.

use super::Rate;

/// What is documented of a limit: a guess where to be careful, never a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Tokens that it refills.
    pub rate: Rate,
    /// Tokens that it holds.
    pub burst: u32,
}
