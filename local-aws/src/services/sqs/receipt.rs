//! Receipt handles: which receive of which message in which queue.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};

/// As those of SQS begin.
const HEAD: [u8; 3] = [1, 1, 1];

/// A receive of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The number of the queue: one that is made anew under its name has another.
    pub(super) queue: u64,
    /// The entry of the queue.
    pub(super) entry: u64,
    /// The number of the receive, which no other has.
    pub(super) receive: u64,
}

impl Receipt {
    /// Reads a handle; `None` for what was never one.
    pub(super) fn read(handle: &str) -> Option<Self> {
        let bytes = STANDARD.decode(handle).ok()?;
        let rest = bytes.strip_prefix(&HEAD)?;
        let numbers =
            rest.chunks_exact(8).map(|chunk| chunk.try_into().map(u64::from_be_bytes).unwrap_or_default());
        let [queue, entry, receive, check] = numbers.collect::<Vec<_>>().try_into().ok()?;
        let receipt = Self { queue, entry, receive };
        (rest.len() == 32 && check == receipt.check()).then_some(receipt)
    }

    /// So that no other text is taken for a handle.
    fn check(self) -> u64 {
        [self.queue, self.entry, self.receive].into_iter().fold(0xcbf2_9ce4_8422_2325, |sum, part| {
            (sum ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = HEAD.to_vec();
        for part in [self.queue, self.entry, self.receive, self.check()] {
            bytes.extend(part.to_be_bytes());
        }
        f.write_str(&STANDARD.encode(bytes))
    }
}

impl Serialize for Receipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_comes_back_and_nothing_else_is_one() {
        let receipt = Receipt { queue: 1, entry: u64::MAX, receive: 7 };
        let handle = receipt.to_string();
        assert!(handle.starts_with("AQEB"), "{handle}");
        assert_eq!(Receipt::read(&handle), Some(receipt));
        for text in ["", "AQEB", "not base64!", &handle[4..], &handle.replacen("AQEBA", "AQEBB", 1)] {
            assert_eq!(Receipt::read(text), None, "{text}");
        }
    }
}
