//! Leases and changes to put a store to the test with.

use std::collections::BTreeSet;

use fastrand::Rng;

use crate::{
    Checkpoint, HashRange, Position, ShardId,
    lease::{Change, Edit, Expect, Incarnation, Lease, Mark, Pending, Switches, Timestamp},
};

/// A lease that has all there is.
pub(super) fn full(key: &str) -> Lease {
    let position = Position { sequence: sequence(7), sub_sequence: 3 };
    Lease {
        owner: Some("two".into()),
        counter: 41,
        owner_switches: 2,
        pending: Some(Pending { checkpoint: Checkpoint::At(position), state: Some("state".into()) }),
        parents: shards(&[1, 2]),
        children: shards(&[5]),
        hash_range: Some(HashRange { first: 1, last: u128::MAX }),
        checkpoint_owner: Some("one".into()),
        throughput: Some(1_000_003),
        mark: Some(mark("one")),
        started_at: Some(Timestamp(1_700_000_000_123)),
        diverted: keys(&["a key", "ключ"]),
        ..Lease::unowned(key.into(), Checkpoint::At(position))
    }
}

/// A lease that has nothing that it can do without.
pub(super) fn bare(key: &str) -> Lease {
    Lease::unowned(key.into(), Checkpoint::TrimHorizon)
}

pub(super) fn mark(worker: &str) -> Mark {
    Mark { worker: worker.into(), incarnation: Incarnation(u64::MAX), weight: 10 }
}

/// A renewal, as the one who has the lease makes it.
pub(super) fn renewal(lease: &Lease, worker: &str) -> Change {
    let mut change = Change::new(lease.key.clone(), Expect::Counter(lease.counter));
    change.count = true;
    change.mark = Some(mark(worker));
    change
}

/// Each kind of change by itself, and what a take and a last write are made of.
pub(super) fn changes(lease: &Lease, expect: &Expect) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |edit: fn(&mut Change)| {
        let mut change = Change::new(lease.key.clone(), expect.clone());
        edit(&mut change);
        changes.push(change);
    };
    add(|_| {});
    add(|it| it.count = true);
    add(|it| it.owner = Edit::Set("three with a space".into()));
    add(|it| it.owner = Edit::Remove);
    add(|it| it.checkpoint_owner = Edit::Set("four".into()));
    add(|it| it.checkpoint_owner = Edit::Remove);
    add(|it| it.switches = Switches::Count);
    add(|it| it.switches = Switches::Reset);
    for checkpoint in [
        Checkpoint::AtTimestamp,
        Checkpoint::TrimHorizon,
        Checkpoint::Latest,
        Checkpoint::At(Position { sequence: sequence(9), sub_sequence: u64::MAX }),
        Checkpoint::ShardEnd,
    ] {
        let mut change = Change::new(lease.key.clone(), expect.clone());
        change.checkpoint = Some(checkpoint);
        changes.push(change);
    }
    let mut add = |edit: fn(&mut Change)| {
        let mut change = Change::new(lease.key.clone(), expect.clone());
        edit(&mut change);
        changes.push(change);
    };
    add(|it| it.children = Some(shards(&[8, 9])));
    add(|it| it.children = Some(BTreeSet::new()));
    add(|it| it.hash_range = Some(HashRange::ALL));
    add(|it| it.throughput = Some(12_345_678));
    add(|it| (it.mark, it.count) = (Some(mark("five six")), true));
    add(|it| it.started_at = Edit::Set(Timestamp(1)));
    add(|it| it.started_at = Edit::Remove);
    add(|it| it.divert = keys(&["a key", "b", "c"]));
    add(|it| it.restore = keys(&["a key", "none of these"]));
    add(|it| it.restore = keys(&["a key", "ключ"]));
    add(|it| {
        (it.count, it.switches, it.mark) = (true, Switches::Count, Some(mark("six")));
        (it.owner, it.checkpoint_owner) = (Edit::Set("six".into()), Edit::Remove);
        it.started_at = Edit::Set(Timestamp(2));
    });
    add(|it| {
        (it.count, it.switches, it.mark) = (true, Switches::Reset, Some(mark("one")));
        (it.owner, it.checkpoint_owner) = (Edit::Remove, Edit::Remove);
        it.checkpoint = Some(Checkpoint::ShardEnd);
        (it.children, it.throughput) = (Some(shards(&[8, 9])), Some(0));
        it.divert = keys(&["d"]);
    });
    changes
}

/// Any change that one of us could make, often one that the lease permits.
pub(super) fn any_change(rng: &mut Rng, lease: &Lease) -> Change {
    let stale = u64::from(rng.u8(..8) == 0);
    let expect = match rng.u8(..4) {
        0 => Expect::Counter(lease.counter.saturating_sub(stale)),
        1 => Expect::CounterAndNoHandover(lease.counter.saturating_sub(stale)),
        2 if stale > 0 => Expect::Owners { owner: Some("nobody".into()), checkpoint_owner: None },
        2 => {
            let (owner, checkpoint_owner) = (lease.owner.clone(), lease.checkpoint_owner.clone());
            Expect::Owners { owner, checkpoint_owner }
        }
        _ => Expect::Exists,
    };
    let changes = changes(lease, &expect);
    let mut change = changes[rng.usize(..changes.len())].clone();
    if change.count && rng.bool() {
        change.mark = Some(mark("seven"));
    }
    change
}

fn sequence(last: u64) -> crate::SequenceNumber {
    let text = format!("4968047348933237974282904593491601562376800279818403841{last}");
    // Digits alone.
    text.parse().unwrap_or_default()
}

fn shards(numbers: &[u64]) -> BTreeSet<ShardId> {
    numbers.iter().map(|number| ShardId::from(format!("shardId-{number:012}"))).collect()
}

fn keys(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}
