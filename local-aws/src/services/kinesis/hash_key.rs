//! Hash keys: where in a stream a record belongs.

use md5::{Digest as _, Md5};
use serde::Serialize;

/// A part of the hash-key space, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HashRange {
    pub(crate) start: u128,
    pub(crate) end: u128,
}

/// As the API writes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HashKeyRange {
    starting_hash_key: String,
    ending_hash_key: String,
}

impl HashRange {
    /// The whole space in so many equal parts, but for a rounding.
    pub(super) fn uniform(parts: u32) -> Vec<Self> {
        let parts = u128::from(parts.max(1));
        let start = |part: u128| {
            // part * 2^128 / parts, without the overflow.
            let (whole, rest) = (u128::MAX / parts, u128::MAX % parts + 1);
            whole * part + rest * part / parts
        };
        (0..parts)
            .map(|part| {
                let end = if part + 1 == parts { u128::MAX } else { start(part + 1) - 1 };
                Self { start: start(part), end }
            })
            .collect()
    }

    pub(super) fn view(self) -> HashKeyRange {
        HashKeyRange { starting_hash_key: self.start.to_string(), ending_hash_key: self.end.to_string() }
    }
}

/// The hash key of a partition key.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>: MD5, as 128 bits.
pub(crate) fn of_partition_key(key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(key.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_parts_tile_the_space() {
        for parts in [1, 2, 3, 4, 7, 100, 4_099] {
            let ranges = HashRange::uniform(parts);
            assert_eq!((ranges.len(), ranges[0].start), (parts as usize, 0));
            assert_eq!(ranges[ranges.len() - 1].end, u128::MAX);
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].end + 1, pair[1].start);
            }
        }
        assert_eq!(HashRange::uniform(2)[1].start, 1 << 127);
        assert_eq!(HashRange::uniform(3)[1].start, 113_427_455_640_312_821_154_458_202_477_256_070_485);
    }

    #[test]
    fn a_partition_key_is_hashed_as_aws_does() {
        // The MD5 of "a" is 0cc175b9c0f1b6a831c399e269772661.
        assert_eq!(of_partition_key("a"), 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661);
    }
}
