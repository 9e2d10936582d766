//! [`Log`]: what happened, for whoever looks into a seed.

use std::time::Duration;

/// What happened, if anybody wants to know.
pub(crate) enum Log {
    Off,
    /// Printed as it happens.
    Print,
    /// Only a number that tells two logs apart.
    Digest(u64),
}

impl Log {
    pub(crate) fn note(&mut self, now: Duration, what: impl FnOnce() -> String) {
        match self {
            Self::Off => {}
            Self::Print => println!("{:>10.3} {}", now.as_secs_f64(), what()),
            Self::Digest(digest) => {
                let line = format!("{now:?} {}", what());
                let add = |digest: u64, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                *digest = line.bytes().fold(*digest, add);
            }
        }
    }
}
