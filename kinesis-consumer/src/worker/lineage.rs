//! Lineage: parents before children, no shard forgotten, and no lease kept for ever.

use std::collections::BTreeSet;

use super::{
    InitialPosition,
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
    let finished = |parent: &&ShardId| {
        if let Some(lease) = table.lease(parent) {
            return lease.checkpoint == Checkpoint::ShardEnd;
        }
        // The KCL begins with open shards, at the newest record or at a time that it does not write down.
        let first = seen.lease.checkpoint == Checkpoint::Latest
            || seen.lease.checkpoint == Checkpoint::AtTimestamp && seen.lease.started_at.is_none();
        !seen.lease.checkpoint.is_beginning()
            || first
            || has_progressed_children(parent, table)
            || listing.is_some_and(|listing| listing.lacks(parent, seen.first))
    };
    seen.lease.parents.iter().filter(|parent| !finished(parent)).collect()
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
    let blocked_by = table.live().flat_map(|seen| waits_for(seen, table, Some(listing)));
    let open = listing.shards().filter(|shard| !shard.closed).map(|shard| &shard.id);
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
