//! Rendezvous ranks: the same order of workers for a lease in every process.

use crate::{ShardId, lease::WorkerId};

/// How much this worker is for this lease: every process comes to the same number.
///
/// Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998). The hash is FNV-1a,
/// whose value is fixed for all time, with the finish of splitmix64.
pub(super) fn rank(worker: &WorkerId, key: &ShardId) -> u64 {
    hash(worker.as_str().bytes().chain([0xff]).chain(key.as_str().bytes()))
}

/// A number for a lease that is the same in every process.
pub(super) fn scatter(key: &ShardId) -> u64 {
    hash(key.as_str().bytes())
}

fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut x = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two versions of this crate must agree: these numbers never change.
    #[test]
    fn is_the_same_for_ever() {
        let key = ShardId::from("shardId-000000000000");
        assert_eq!(scatter(&key), 0xe704_7457_9363_728c);
        assert_eq!(rank(&WorkerId::from("worker"), &key), 0x3eb0_5d92_eee5_957f);
    }
}
