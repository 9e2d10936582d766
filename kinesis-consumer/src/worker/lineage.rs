//! Lineage: parents before children, no shard forgotten, and no lease kept for ever.

use std::collections::BTreeSet;

use super::{
    InitialPosition,
    coverage::covers,
    listing::Listing,
    table::{Seen, Table},
};
use crate::{
    Checkpoint, Shard, ShardId,
    lease::{Lease, Timestamp},
};

/// The parents whose end a shard waits for.
///
/// A parent without a lease is waited for, unless it is proved that it was processed, that it is gone, or that
/// the application began after it.
pub(super) fn waits_for<'a>(seen: &'a Seen, table: &Table, listing: Option<&Listing>) -> Vec<&'a ShardId> {
    let lease = &seen.lease;
    // The KCL begins with open shards, at the newest record or at a time that it does not write down.
    let first = lease.checkpoint == Checkpoint::Latest
        || lease.checkpoint == Checkpoint::AtTimestamp && lease.started_at.is_none();
    let is_gone = |parent: &ShardId| {
        first
            || !lease.checkpoint.is_beginning()
            || has_progressed_children(parent, table)
            || listing.is_some_and(|listing| listing.lacks(parent, seen.first))
    };
    let finished = |parent: &&ShardId| {
        let known = table.lease(parent).map(|lease| lease.checkpoint == Checkpoint::ShardEnd);
        known.unwrap_or_else(|| is_gone(parent))
    };
    lease.parents.iter().filter(|parent| !finished(parent)).collect()
}

/// The leases that are to be made, so that each shard that takes records will be read in its turn: of shards that
/// have none, the first of each line.
pub(super) fn missing(
    table: &Table,
    listing: &Listing,
    initial: InitialPosition,
    now: Timestamp,
) -> Vec<Lease> {
    let start = Start::of(table, initial, now);
    // One that is seen as it was before its parents' leases went waits for nothing.
    let blocked = table.live().filter(|seen| seen.is_confirmed());
    let blocked_by = blocked.flat_map(|seen| waits_for(seen, table, Some(listing)));
    // A list may be older than what is known of the leases: where others have all of a shard's keys, it is read.
    let ranges: Vec<_> = table
        .live()
        .filter_map(|seen| {
            let listed = || Some(listing.get(&seen.lease.key)?.hash_range);
            seen.lease.hash_range.or_else(listed)
        })
        .collect();
    let lacks = |shard: &&Shard| {
        !shard.closed && table.lease(&shard.id).is_none() && !covers(ranges.iter().copied(), shard.hash_range)
    };
    let open = listing.shards().filter(lacks).map(|shard| &shard.id);
    let mut to_visit: Vec<_> = open.chain(blocked_by).collect();
    let mut visited = BTreeSet::new();
    let mut leases = Vec::new();
    while let Some(id) = to_visit.pop() {
        let Some(shard) = listing.get(id) else { continue };
        if table.lease(id).is_some() || !visited.insert(id) {
            continue;
        }
        match Parents::of(shard, table, listing) {
            _ if matches!(start, Start::Open(_)) => leases.push(start.lease(shard)),
            Parents::Missing(missing) => to_visit.extend(missing),
            Parents::Unfinished => {}
            Parents::None => leases.push(start.lease(shard)),
            Parents::Finished => leases.push(Start::Oldest.lease(shard)),
        }
    }
    leases
}

/// A lease for the child of a shard that has ended.
///
/// It starts at its first record: it is younger than the end of its parent. Only where the parent never had a
/// position, and starts at a time, that time is the child's too.
pub(super) fn child(shard: &Shard, parent: &Lease, reached: Checkpoint) -> Lease {
    let from = match reached {
        Checkpoint::AtTimestamp => Checkpoint::AtTimestamp,
        _ => Checkpoint::TrimHorizon,
    };
    let mut lease = Lease::unowned(shard.id.clone(), from);
    if from == Checkpoint::AtTimestamp {
        lease.started_at = parent.started_at;
    }
    lease.parents.clone_from(&shard.parents);
    lease.parents.insert(parent.key.clone());
    lease.hash_range = Some(shard.hash_range);
    lease
}

/// Whether the lease of a shard that has ended is needed no more: its children have begun, or it is gone from the
/// stream, and nothing before it is left.
pub(super) fn is_garbage(seen: &Seen, table: &Table, listing: Option<&Listing>) -> bool {
    let lease = &seen.lease;
    if lease.checkpoint != Checkpoint::ShardEnd
        || lease.parents.iter().any(|parent| table.lease(parent).is_some())
    {
        return false;
    }
    let gone = |id: &ShardId| listing.is_some_and(|listing| listing.lacks(id, seen.since));
    let listed = listing.into_iter().flat_map(|listing| listing.children(&lease.key)).map(|shard| &shard.id);
    let mut children = lease.children.iter().chain(listed).peekable();
    if children.peek().is_none() {
        return gone(&lease.key);
    }
    children.all(|child| match table.lease(child) {
        Some(child) => !child.checkpoint.is_beginning(),
        None => gone(child) && gone(&lease.key),
    })
}

fn has_progressed_children(parent: &ShardId, table: &Table) -> bool {
    let progressed = |lease: &Lease| !lease.checkpoint.is_beginning() && lease.parents.contains(parent);
    table.rows().any(|seen| progressed(&seen.lease))
}

/// What is known of the parents of a shard without a lease.
enum Parents<'a> {
    /// There are none that are still in the stream.
    None,
    /// These are in the stream, and have no lease.
    Missing(Vec<&'a ShardId>),
    /// One has a lease, and will make the child's when it ends.
    Unfinished,
    /// All have been processed.
    Finished,
}

impl<'a> Parents<'a> {
    fn of(shard: &'a Shard, table: &Table, listing: &Listing) -> Self {
        let mut missing = Vec::new();
        let mut unfinished = false;
        let mut finished = false;
        for parent in &shard.parents {
            match table.lease(parent) {
                Some(lease) if lease.checkpoint == Checkpoint::ShardEnd => finished = true,
                Some(_) => unfinished = true,
                None if has_progressed_children(parent, table) => finished = true,
                None if listing.get(parent).is_some() => missing.push(parent),
                None => {}
            }
        }
        match (missing.is_empty(), unfinished, finished) {
            (false, ..) => Self::Missing(missing),
            (true, true, _) => Self::Unfinished,
            (true, false, true) => Self::Finished,
            (true, false, false) => Self::None,
        }
    }
}

/// Where shards start whose parents the application never had.
#[derive(Clone, Copy)]
enum Start {
    /// At the oldest record there is.
    Oldest,
    /// At this time, from the oldest shards on: those that closed before it have nothing, and end at once.
    Time(Timestamp),
    /// The application begins now: with the open shards.
    Open(Timestamp),
}

impl Start {
    fn of(table: &Table, initial: InitialPosition, now: Timestamp) -> Self {
        match initial {
            InitialPosition::TrimHorizon => Self::Oldest,
            InitialPosition::At(time) => Self::Time(time),
            InitialPosition::Latest if table.len() == 0 => Self::Open(now),
            // A lease that is lacking later is not new: all since the application began is wanted.
            InitialPosition::Latest => {
                let began = table.rows().filter_map(|seen| seen.lease.started_at).min();
                began.map_or(Self::Oldest, Self::Time)
            }
        }
    }

    fn lease(self, shard: &Shard) -> Lease {
        let (checkpoint, started_at) = match self {
            Self::Oldest => (Checkpoint::TrimHorizon, None),
            Self::Time(time) => (Checkpoint::AtTimestamp, Some(time)),
            Self::Open(now) => (Checkpoint::Latest, Some(now)),
        };
        let mut lease = Lease::unowned(shard.id.clone(), checkpoint);
        lease.started_at = started_at;
        lease.parents.clone_from(&shard.parents);
        lease.hash_range = Some(shard.hash_range);
        lease
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{HashRange, Position};

    const NOW: Timestamp = Timestamp(1000);
    const MIDDLE: Checkpoint =
        Checkpoint::At(Position { sequence: crate::SequenceNumber::ZERO, sub_sequence: 1 });

    fn id(number: u64) -> ShardId {
        ShardId::from(format!("shardId-{number:012}"))
    }

    fn ids(numbers: &[u64]) -> BTreeSet<ShardId> {
        numbers.iter().map(|number| id(*number)).collect()
    }

    /// 1 and 2 are the halves of the others.
    fn half(number: u64) -> HashRange {
        const MIDDLE: u128 = u128::MAX / 2;
        match number {
            1 => HashRange { first: 0, last: MIDDLE },
            2 => HashRange { first: MIDDLE + 1, last: u128::MAX },
            _ => HashRange::ALL,
        }
    }

    /// Shards, with their parents, and whether they are closed.
    fn listing(shards: &[(u64, &[u64], bool)]) -> Listing {
        let shard = |(number, parents, closed): &(u64, &[u64], bool)| Shard {
            id: id(*number),
            parents: ids(parents),
            hash_range: half(*number),
            closed: *closed,
            first_sequence: None,
        };
        Listing::new(Duration::from_secs(1), shards.iter().map(shard).collect())
    }

    fn table(leases: &[(u64, &[u64], Checkpoint)]) -> Table {
        let mut table = Table::default();
        for (number, parents, checkpoint) in leases {
            let mut lease = Lease::unowned(id(*number), *checkpoint);
            lease.parents = ids(parents);
            table.tell(lease.clone(), Duration::ZERO, Duration::ZERO);
            table.tell(lease, Duration::from_secs(3), Duration::from_secs(3));
        }
        table
    }

    fn made(
        table: &Table,
        listing: &Listing,
        initial: InitialPosition,
    ) -> Vec<(u64, Checkpoint, Option<Timestamp>)> {
        let number = |lease: &Lease| lease.key.as_str()[8..].parse().unwrap();
        let leases = missing(table, listing, initial, NOW);
        let mut leases: Vec<_> =
            leases.iter().map(|lease| (number(lease), lease.checkpoint, lease.started_at)).collect();
        leases.sort_unstable();
        leases
    }

    use Checkpoint::{AtTimestamp, Latest, ShardEnd, TrimHorizon};

    /// 0 was split into 1 and 2, 1 and 2 were merged into 3.
    const DIAMOND: [(u64, &[u64], bool); 4] =
        [(0, &[], true), (1, &[0], true), (2, &[0], true), (3, &[1, 2], false)];

    #[test]
    fn an_application_begins() {
        let (empty, shards) = (table(&[]), listing(&DIAMOND));
        assert_eq!(made(&empty, &shards, InitialPosition::TrimHorizon), [(0, TrimHorizon, None)]);
        assert_eq!(made(&empty, &shards, InitialPosition::Latest), [(3, Latest, Some(NOW))]);
        let time = Timestamp(7);
        assert_eq!(made(&empty, &shards, InitialPosition::At(time)), [(0, AtTimestamp, Some(time))]);
        // 0 is beyond the retention.
        let later = listing(&DIAMOND[1..]);
        let both = [(1, TrimHorizon, None), (2, TrimHorizon, None)];
        assert_eq!(made(&empty, &later, InitialPosition::TrimHorizon), both);
    }

    #[test]
    fn only_what_lacks_is_made() {
        let shards = listing(&DIAMOND);
        let initial = InitialPosition::TrimHorizon;
        // Its parents will make it.
        assert!(made(&table(&[(0, &[], MIDDLE)]), &shards, initial).is_empty());
        // Its parents have ended without it.
        let ended = table(&[(1, &[0], ShardEnd), (2, &[0], ShardEnd)]);
        assert_eq!(made(&ended, &shards, initial), [(3, TrimHorizon, None)]);
        assert_eq!(made(&ended, &shards, InitialPosition::Latest), [(3, TrimHorizon, None)]);
        // One of its parents is lacking, whose sibling proves that theirs has ended.
        assert_eq!(made(&table(&[(1, &[0], MIDDLE)]), &shards, initial), [(2, TrimHorizon, None)]);
        // It waits for parents that are lacking.
        assert_eq!(made(&table(&[(3, &[1, 2], TrimHorizon)]), &shards, initial), [(0, TrimHorizon, None)]);
        // It has begun, so that they had ended.
        assert!(made(&table(&[(3, &[1, 2], MIDDLE)]), &shards, initial).is_empty());
    }

    /// One scan showed a child as it was, and that its parent's lease was gone since: the parent was read once more.
    #[test]
    fn a_late_scan_brings_no_parent_back() {
        let mut child = Lease::unowned(id(3), TrimHorizon);
        child.parents = ids(&[1, 2]);
        child.hash_range = Some(HashRange::ALL);
        let mut table = Table::default();
        let secs = Duration::from_secs;
        table.tell(child.clone(), secs(0), secs(0));
        assert!(made(&table, &listing(&DIAMOND), InitialPosition::TrimHorizon).is_empty());
        table.tell(child, secs(3), secs(3));
        assert_eq!(made(&table, &listing(&DIAMOND), InitialPosition::TrimHorizon), [(0, TrimHorizon, None)]);
    }

    /// A process was frozen between its list and its scan, and read what was processed long ago once more.
    #[test]
    fn an_old_list_brings_nothing_back() {
        let old = listing(&[(0, &[], true), (1, &[0], false), (2, &[0], false)]);
        let mut merged = Lease::unowned(id(3), MIDDLE);
        merged.parents = ids(&[1, 2]);
        merged.hash_range = Some(HashRange::ALL);
        let mut table = Table::default();
        table.tell(merged, Duration::ZERO, Duration::ZERO);
        assert!(made(&table, &old, InitialPosition::TrimHorizon).is_empty());
    }

    #[test]
    fn a_lease_that_lacks_later_starts_with_the_application() {
        let mut began = Lease::unowned(id(1), Latest);
        began.started_at = Some(Timestamp(3));
        let mut table = Table::default();
        table.tell(began, Duration::ZERO, Duration::ZERO);
        let shards = listing(&[(1, &[], false), (2, &[], false)]);
        assert_eq!(made(&table, &shards, InitialPosition::Latest), [(2, AtTimestamp, Some(Timestamp(3)))]);
    }

    #[test]
    fn children_wait_for_both_parents() {
        let waits = |leases: &[(u64, &[u64], Checkpoint)], shards: Option<&Listing>| {
            let table = table(leases);
            waits_for(table.get(&id(3)).unwrap(), &table, shards)
                .into_iter()
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        let child: (u64, &[u64], _) = (3, &[1, 2], TrimHorizon);
        assert_eq!(waits(&[(1, &[], MIDDLE), (2, &[], TrimHorizon), child], None), ids(&[1, 2]));
        assert_eq!(waits(&[(1, &[], ShardEnd), (2, &[], MIDDLE), child], None), ids(&[2]));
        assert_eq!(waits(&[(1, &[], ShardEnd), (2, &[], ShardEnd), child], None), ids(&[]));
        // A parent without a lease may still have records, unless the stream no longer has it.
        assert_eq!(waits(&[(1, &[], ShardEnd), child], None), ids(&[2]));
        assert_eq!(waits(&[(1, &[], ShardEnd), child], Some(&listing(&DIAMOND))), ids(&[2]));
        assert_eq!(waits(&[(1, &[], ShardEnd), child], Some(&listing(&DIAMOND[3..]))), ids(&[]));
        // The KCL began with it.
        assert_eq!(waits(&[(3, &[1, 2], Latest)], Some(&listing(&DIAMOND))), ids(&[]));
    }

    #[test]
    fn the_ended_are_kept_until_their_children_have_begun() {
        let garbage = |leases: &[(u64, &[u64], Checkpoint)], shards: Option<&Listing>| {
            let table = table(leases);
            is_garbage(table.get(&id(1)).unwrap(), &table, shards)
        };
        let shards = listing(&DIAMOND);
        let ended: (u64, &[u64], _) = (1, &[0], ShardEnd);
        assert!(!garbage(&[ended], Some(&shards)), "its child lacks");
        assert!(!garbage(&[ended, (3, &[1, 2], TrimHorizon)], Some(&shards)), "its child has not begun");
        assert!(garbage(&[ended, (3, &[1, 2], MIDDLE)], Some(&shards)));
        assert!(
            !garbage(&[(0, &[], ShardEnd), ended, (3, &[1, 2], MIDDLE)], Some(&shards)),
            "its parent first"
        );
        assert!(!garbage(&[(1, &[0], MIDDLE)], None), "it has not ended");
        assert!(!garbage(&[ended], None), "nobody knows of children");
        assert!(garbage(&[ended], Some(&listing(&[]))), "the stream knows neither");
    }

    #[test]
    fn children_start_with_their_first_record() {
        let shard = listing(&DIAMOND).get(&id(1)).unwrap().clone();
        let mut parent = Lease::unowned(id(0), Latest);
        parent.started_at = Some(NOW);
        let (from, at) = {
            let child = child(&shard, &parent, Latest);
            (child.checkpoint, child.started_at)
        };
        assert_eq!((from, at), (TrimHorizon, None));
        let (from, at) = {
            let child = child(&shard, &parent, AtTimestamp);
            (child.checkpoint, child.started_at)
        };
        assert_eq!((from, at), (AtTimestamp, Some(NOW)));
        assert_eq!(child(&shard, &parent, MIDDLE).parents, ids(&[0]));
    }
}
