//! [`Stamp`]: the attribute by which we know our own writes.

use std::fmt;

use crate::lease::{Incarnation, Mark, WorkerId};

/// What the attribute `tidegateMark` says: who of us wrote the lease last, and which of his writes it was.
///
/// Its form is `<weight> <incarnation> <write> <worker>`: the weight in decimal, the next two in hexadecimal
/// digits, and last, because it may hold any character, the worker's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) mark: Mark,
    /// Drawn for each write, so that a write whose answer was lost is told from the writer's others.
    pub(super) write: u32,
}

impl Stamp {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        let weight = parts.next()?.parse().ok()?;
        let incarnation = Incarnation(u64::from_str_radix(parts.next()?, 16).ok()?);
        let write = u32::from_str_radix(parts.next()?, 16).ok()?;
        let worker = WorkerId::from(parts.next()?);
        Some(Self { mark: Mark { worker, incarnation, weight }, write })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mark { worker, incarnation, weight } = &self.mark;
        write!(f, "{weight} {:x} {:x} {worker}", incarnation.0, self.write)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(worker in ".*", incarnation: u64, weight: u32, write: u32) {
            let mark = Mark { worker: worker.as_str().into(), incarnation: Incarnation(incarnation), weight };
            let stamp = Stamp { mark, write };
            prop_assert_eq!(Stamp::parse(&stamp.to_string()), Some(stamp));
        }
    }

    #[test]
    fn what_another_wrote_is_no_stamp() {
        for text in ["", "1", "1 a 2", "x a 2 w", "1 y 2 w", "1 a z w", "1 a 123456789 w"] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
        let stamp = Stamp::parse("1 ff 2a a b").unwrap();
        assert_eq!((stamp.mark.worker.as_str(), stamp.mark.incarnation.0, stamp.write), ("a b", 255, 42));
    }
}
