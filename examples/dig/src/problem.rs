//! [`Problem`]: why the program ends with something else than success.

use std::{fmt, process::ExitCode};

/// Why the program ends with something else than success, in one line.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It ran, but something failed or is missing.
    Failed(String),
    /// The input cannot work; nothing has been asked.
    Input(String),
    /// It was asked to stop.
    Stopped(String),
}

impl Problem {
    /// The exit status of every program of this family.
    pub(crate) fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Input(_) => 2,
            Self::Stopped(_) => 130,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) | Self::Input(text) | Self::Stopped(text) => f.write_str(text),
        }
    }
}
