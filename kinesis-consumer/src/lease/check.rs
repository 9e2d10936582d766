//! [`check`]: what is wrong with a lease table.

use std::{collections::BTreeMap, fmt};

use super::Lease;
use crate::{Checkpoint, HashRange, Shard, ShardId, worker::hole};

/// Something that is wrong with a lease table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Records of these hash keys, and perhaps of more, are read by nobody: no lease has them whose shard has not ended.
    Hole(HashRange),
    /// The stream has this open shard, no lease is there for it, and none that is will make it.
    NoLease(ShardId),
    /// A lease has not ended, and the stream has its shard no more: its records are gone, or it is another stream's.
    NoShard(ShardId),
    /// Records of the shard were processed before its parent had ended: records of one key may be out of order.
    Early {
        /// The shard.
        shard: ShardId,
        /// The parent.
        parent: ShardId,
    },
}

/// Looks for what is wrong with the leases of a stream, given all leases and all shards.
///
/// What a running application repairs by itself within a minute is found, too: look again before you act.
///
/// ```
/// use tidegate_kinesis_consumer::{Checkpoint, HashRange, Shard, lease::{Finding, Lease, check}};
///
/// let shard = Shard {
///     id: "shardId-000000000000".into(),
///     parents: [].into(),
///     hash_range: HashRange::ALL,
///     closed: false,
///     first_sequence: None,
/// };
/// let mut lease = Lease::unowned(shard.id.clone(), Checkpoint::TrimHorizon);
/// lease.hash_range = Some(shard.hash_range);
/// assert_eq!(check(&[lease], &[shard.clone()]), []);
/// assert_eq!(check(&[], &[shard.clone()]), [Finding::Hole(HashRange::ALL), Finding::NoLease(shard.id)]);
/// ```
#[must_use]
pub fn check(leases: &[Lease], shards: &[Shard]) -> Vec<Finding> {
    let leases: BTreeMap<_, _> = leases.iter().map(|lease| (&lease.key, lease)).collect();
    let shards: BTreeMap<_, _> = shards.iter().map(|shard| (&shard.id, shard)).collect();
    let live = || leases.values().filter(|lease| lease.checkpoint != Checkpoint::ShardEnd);
    let range =
        |lease: &&&Lease| lease.hash_range.or_else(|| shards.get(&lease.key).map(|shard| shard.hash_range));
    let ranges = live().filter_map(|lease| range(&lease));
    let hole = hole(ranges).map(Finding::Hole);
    let open = shards.values().filter(|shard| !shard.closed && !leases.contains_key(&shard.id));
    let no_lease = open.filter(|shard| !is_to_come(shard, &leases, &shards));
    let no_shard = live().filter(|lease| !shards.contains_key(&lease.key));
    let early = leases.values().filter(|lease| !lease.checkpoint.is_beginning()).flat_map(|lease| {
        let parents = lease.parents.iter().filter_map(|parent| leases.get(parent));
        let running = parents.filter(|parent| parent.checkpoint != Checkpoint::ShardEnd);
        running.map(|parent| Finding::Early { shard: lease.key.clone(), parent: parent.key.clone() })
    });
    hole.into_iter()
        .chain(no_lease.map(|shard| Finding::NoLease(shard.id.clone())))
        .chain(no_shard.map(|lease| Finding::NoShard(lease.key.clone())))
        .chain(early)
        .collect()
}

/// Whether a shard's lease is made when one that is there has ended.
fn is_to_come(
    shard: &Shard,
    leases: &BTreeMap<&ShardId, &Lease>,
    shards: &BTreeMap<&ShardId, &Shard>,
) -> bool {
    let mut to_visit: Vec<_> = shard.parents.iter().collect();
    while let Some(parent) = to_visit.pop() {
        match leases.get(parent) {
            Some(lease) if lease.checkpoint != Checkpoint::ShardEnd => return true,
            // Its end made, or should have made, the lease of its child.
            Some(_) => {}
            // A parent is older than its child: this ends.
            None => to_visit.extend(shards.get(parent).into_iter().flat_map(|shard| &shard.parents)),
        }
    }
    false
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hole(range) => write!(f, "no lease has the hash keys {} to {}", range.first, range.last),
            Self::NoLease(shard) => write!(f, "the open shard {shard} has no lease"),
            Self::NoShard(shard) => {
                write!(f, "the lease {shard} has not ended, and the stream does not have the shard")
            }
            Self::Early { shard, parent } => {
                write!(f, "the shard {shard} was begun before its parent {parent} had ended")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    const MIDDLE: u128 = u128::MAX / 2;
    const LOW: HashRange = HashRange { first: 0, last: MIDDLE };
    const HIGH: HashRange = HashRange { first: MIDDLE + 1, last: u128::MAX };

    fn shard(id: &str, parents: &[&str], hash_range: HashRange, closed: bool) -> Shard {
        let parents = parents.iter().map(|parent| (*parent).into()).collect();
        Shard { id: id.into(), parents, hash_range, closed, first_sequence: None }
    }

    fn lease(of: &Shard, checkpoint: Checkpoint) -> Lease {
        let mut lease = Lease::unowned(of.id.clone(), checkpoint);
        (lease.parents, lease.hash_range) = (of.parents.clone(), Some(of.hash_range));
        lease
    }

    fn split() -> [Shard; 3] {
        [
            shard("a", &[], HashRange::ALL, true),
            shard("b", &["a"], LOW, false),
            shard("c", &["a"], HIGH, false),
        ]
    }

    #[test]
    fn a_table_that_is_as_it_should_be() {
        let [a, b, c] = split();
        let shards = [a.clone(), b.clone(), c.clone()];
        // The children's leases come with the end of their parent.
        assert_eq!(check(&[lease(&a, Checkpoint::TrimHorizon)], &shards), []);
        let ended = [
            lease(&a, Checkpoint::ShardEnd),
            lease(&b, Checkpoint::TrimHorizon),
            lease(&c, Checkpoint::At(Position::default())),
        ];
        assert_eq!(check(&ended, &shards), []);
        // A table of 1.x knows no hash keys.
        let old = ended.clone().map(|lease| Lease { hash_range: None, ..lease });
        assert_eq!(check(&old, &shards), []);
        // A parent that was cleaned up.
        assert_eq!(check(&ended[1..], &shards), []);
    }

    #[test]
    fn what_is_wrong_is_found() {
        let [a, b, c] = split();
        let shards = [a.clone(), b.clone(), c.clone()];
        let torn = [lease(&a, Checkpoint::ShardEnd), lease(&b, Checkpoint::TrimHorizon)];
        assert_eq!(check(&torn, &shards), [Finding::Hole(HIGH), Finding::NoLease(c.id.clone())]);
        let early = [
            lease(&a, Checkpoint::TrimHorizon),
            lease(&b, Checkpoint::At(Position::default())),
            lease(&c, Checkpoint::TrimHorizon),
        ];
        assert_eq!(check(&early, &shards), [Finding::Early { shard: b.id.clone(), parent: a.id.clone() }]);
        let other = shard("z", &[], HashRange::ALL, false);
        let foreign =
            [lease(&b, Checkpoint::Latest), lease(&c, Checkpoint::Latest), lease(&other, Checkpoint::Latest)];
        assert_eq!(check(&foreign, &shards), [Finding::NoShard(other.id)]);
    }
}
