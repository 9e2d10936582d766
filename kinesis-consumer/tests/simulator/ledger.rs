//! [`Ledger`]: what was processed, and the invariants that hold of it and of the table on every step.

use std::{collections::BTreeSet, time::Duration};

use tidegate_kinesis_consumer::{
    Checkpoint,
    lease::{Edit, Lease, Switches},
};

use super::{
    store::{Actor, Store, Written},
    stream::{Stream, number},
};

/// What was processed, by whom. Its methods panic where an invariant does not hold; the numbers are those of the
/// list in `simulator.rs`.
#[derive(Default)]
pub(crate) struct Ledger {
    shards: Vec<ShardBook>,
    /// The last record of each key before which all are finished.
    done: Vec<u32>,
    /// Since which record each key is durably diverted.
    diverted: Vec<Option<u32>>,
    /// Whether all hash keys were covered once.
    covered: bool,
    /// Until when a lease that an operator deleted may be lacking.
    healing: Duration,
    pub(crate) duplicates: u64,
    pub(crate) switches: u64,
    /// When a lease changed hands last.
    pub(crate) switched: Duration,
}

/// What was processed of a shard.
#[derive(Default)]
struct ShardBook {
    finished: Vec<bool>,
    /// What was trimmed or not asked for before it was finished. Who has read it already may finish it yet.
    waived: BTreeSet<usize>,
    /// All below this are finished.
    low: usize,
    /// All that were finished are below this.
    high: usize,
    /// Below this a repeat is excused: who processed it died, was frozen, or lost the lease.
    excused: usize,
    /// Who processed it last came to no orderly end.
    torn: bool,
    /// Its rows' checkpoints were beyond the beginning.
    progressed: bool,
    /// Its row has been at its end.
    ended: bool,
    /// Who has taken the lease last and may write it.
    tenant: Option<Actor>,
    /// Keys that were diverted, and the record that did it, which no checkpoint has passed yet.
    given_up: Vec<(usize, u16)>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Handled,
    /// It failed, and its key was diverted with it.
    GivenUp,
    /// Its key was diverted already.
    DeadLettered,
    /// Handled by a KCL in Java, which knows of no diversions.
    Foreign,
}

pub(crate) fn name(key: u16) -> String {
    format!("k{key}")
}

/// How many records a checkpoint says are finished.
pub(crate) fn passed(checkpoint: Checkpoint) -> Option<usize> {
    match checkpoint {
        Checkpoint::At(position) => Some(usize::try_from(position.sub_sequence).unwrap()),
        _ => None,
    }
}

impl Ledger {
    pub(crate) fn new(keys: u16) -> Self {
        let keys = usize::from(keys);
        Self { done: vec![0; keys], diverted: vec![None; keys], ..Self::default() }
    }

    fn book(&mut self, shard: usize) -> &mut ShardBook {
        if self.shards.len() <= shard {
            self.shards.resize_with(shard + 1, ShardBook::default);
        }
        &mut self.shards[shard]
    }

    /// A record that nobody needs to process: it is trimmed, or the application began after it.
    pub(crate) fn waive(&mut self, stream: &Stream, shard: usize, record: usize) {
        let stock = &stream.stocks[shard].records[record];
        let done = &mut self.done[usize::from(stock.key)];
        *done = (*done).max(stock.nth);
        let book = self.book(shard);
        if book.finish(record) {
            book.waived.insert(record);
        }
    }

    /// A record is finished. `zombie`: another has the lease, which this one does not know yet.
    pub(crate) fn finished(
        &mut self,
        now: Duration,
        stream: &Stream,
        shard: usize,
        record: usize,
        outcome: Outcome,
        zombie: bool,
    ) {
        let stock = &stream.stocks[shard].records[record];
        let key = usize::from(stock.key);
        let done = &mut self.done[key];
        assert!(
            stock.nth <= *done + 1,
            "2, order: key {key} goes from {done} to {} in shard {shard}",
            stock.nth
        );
        *done = (*done).max(stock.nth);
        if outcome == Outcome::Handled
            && !zombie
            && let Some(since) = self.diverted[key]
        {
            assert!(
                stock.nth <= since,
                "9: key {key} is diverted since {since}, and {} is handled",
                stock.nth
            );
        }
        let healing = now < self.healing;
        let book = self.book(shard);
        if zombie {
            book.excused = book.excused.max(record + 1);
        }
        if !book.finish(record) && !book.waived.remove(&record) {
            assert!(
                record < book.excused || healing,
                "a repeat in shard {shard}: record {record}, excused below {}",
                book.excused
            );
            self.duplicates += 1;
        }
        if outcome == Outcome::GivenUp && !zombie && !healing {
            self.book(shard).given_up.push((record, stock.key));
        }
    }

    /// A run begins at this record.
    pub(crate) fn begins(&mut self, store: &Store, stream: &Stream, shard: usize, from: usize) {
        for parent in stream.stocks[shard].parents.clone() {
            let book = self.book(parent);
            let all = book.low >= stream.stocks[parent].records.len();
            assert!(all, "2, lineage: shard {shard} begins before {parent} is finished");
            let row = store.get(&stream.stocks[parent].shard.id);
            let ended = row.is_none_or(|row| row.checkpoint == Checkpoint::ShardEnd);
            assert!(
                ended || book.ended,
                "2, lineage: shard {shard} begins before the end of {parent} is written"
            );
        }
        let book = self.book(shard);
        assert!(
            from <= book.low,
            "1, loss: shard {shard} begins at {from}, and only {} are finished",
            book.low
        );
        // What failed is tried again, unless a checkpoint has passed it.
        book.given_up.clear();
        if book.torn {
            book.excused = book.high;
            book.torn = false;
        }
    }

    /// Who processes a shard stops out of order: what it finished may be repeated.
    pub(crate) fn tear(&mut self, shard: usize) {
        self.book(shard).torn = true;
    }

    /// An operator deletes a lease. Until it is healed, shards may be processed again from their beginning, and
    /// those before them, and nobody knows what was diverted.
    pub(crate) fn forgets(&mut self, shard: usize, until: Duration) {
        self.healing = self.healing.max(until);
        self.book(shard).tenant = None;
        self.diverted.fill(None);
        self.shards.iter_mut().for_each(|book| book.given_up.clear());
    }

    /// An operator restores a key, whose records are in this shard.
    pub(crate) fn restores(&mut self, stream: &Stream, shard: usize, key: u16) {
        if stream.has(shard, key) {
            self.diverted[usize::from(key)] = None;
            self.book(shard).given_up.retain(|(_, other)| *other != key);
        }
    }

    fn restore_all(&mut self, stream: &Stream, shard: usize) {
        for (key, diverted) in (0..).zip(&mut self.diverted) {
            if stream.has(shard, key) {
                *diverted = None;
            }
        }
    }

    /// A lease is somebody's who had no need to write it.
    pub(crate) fn occupy(&mut self, shard: usize, by: Actor) {
        self.book(shard).tenant = Some(by);
    }

    /// A lease is nobody's until it is taken.
    pub(crate) fn vacate(&mut self, shard: usize) {
        self.book(shard).tenant = None;
    }

    /// Whether all records of a shard are finished.
    pub(crate) fn is_done(&mut self, stream: &Stream, shard: usize) -> bool {
        self.book(shard).low >= stream.stocks[shard].records.len()
    }

    /// A row was written.
    pub(crate) fn wrote(&mut self, now: Duration, written: &Written<'_>, store: &Store, stream: &Stream) {
        let shard = number(written.key);
        match (written.old, written.new) {
            (Some(old), Some(new)) => {
                self.changed(now, shard, written, old, new, store, stream);
            }
            (None, Some(new)) => {
                is_whole(new);
                let book = self.book(shard);
                book.tenant = new.owner.as_ref().map(|_| written.by);
                let begins = new.started_at.map(|at| Duration::from_millis(at.0 - super::EPOCH.0));
                if let Some(begins) = begins {
                    let stock = &stream.stocks[shard];
                    let before = stock.records.iter().take_while(|record| record.at < begins).count();
                    (0..before).for_each(|record| self.waive(stream, shard, record));
                    for parent in stock.parents.clone() {
                        self.waive_ancestors(stream, parent);
                    }
                }
                if let Some(passed) = passed(new.checkpoint) {
                    self.check_passed(shard, passed, new, stream);
                }
            }
            (Some(old), None) => {
                if written.by != Actor::Operator {
                    self.deleted(now, shard, old, store, stream);
                }
                self.book(shard).tenant = None;
            }
            (None, None) => {}
        }
        let shrinks = written.new.is_none_or(|new| new.checkpoint == Checkpoint::ShardEnd);
        if !self.covered || shrinks {
            self.check_cover(now, store, stream);
        }
    }

    /// The application began with the newest records, after these shards.
    fn waive_ancestors(&mut self, stream: &Stream, shard: usize) {
        for record in 0..stream.stocks[shard].records.len() {
            self.waive(stream, shard, record);
        }
        self.book(shard).ended = true;
        for parent in stream.stocks[shard].parents.clone() {
            self.waive_ancestors(stream, parent);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a write, and all that it is judged by")]
    fn changed(
        &mut self,
        now: Duration,
        shard: usize,
        written: &Written<'_>,
        old: &Lease,
        new: &Lease,
        store: &Store,
        stream: &Stream,
    ) {
        let by = written.by;
        is_whole(new);
        if by != Actor::Operator {
            let counted = match written.change {
                Some(change) => change.count,
                None => new.counter != old.counter,
            };
            assert_eq!(new.counter, old.counter + u64::from(counted), "11, counter");
        }
        assert!(
            new.parents == old.parents && (old.hash_range.is_none() || new.hash_range == old.hash_range),
            "11, kept"
        );
        assert!(
            new.checkpoint >= old.checkpoint,
            "5: {} falls from {:?} to {:?}",
            new.key,
            old.checkpoint,
            new.checkpoint
        );
        if new.owner != old.owner {
            self.switched = now;
            self.switches += 1;
        }

        let book = self.book(shard);
        let takes = new.owner.is_some()
            && new.checkpoint_owner.is_none()
            && written.change.is_some_and(|change| {
                change.count && matches!(change.owner, Edit::Set(_)) && change.checkpoint.is_none()
            });
        let moves = new.checkpoint != old.checkpoint;
        if moves && by != Actor::Operator {
            assert_eq!(book.tenant, Some(by), "3: {by:?} checkpoints {} that {:?} has", new.key, book.tenant);
            if let Some(change) = written.change {
                assert_eq!(change.switches, Switches::Reset, "11: a checkpoint sets the switches to zero");
                assert_eq!(
                    (new.owner_switches, new.pending.is_none()),
                    (0, true),
                    "11: a checkpoint ends what was pending"
                );
            }
        }
        let counted = new.counter != old.counter;
        if takes {
            // A KCL in Java is not asked.
            book.torn |= matches!(book.tenant, Some(Actor::Peer(_))) && book.tenant != Some(by);
            book.tenant = Some(by);
        } else if counted && by != Actor::Operator {
            let writer = written.change.and_then(|change| change.mark.as_ref()).map(|mark| &mark.worker);
            let releases = new.owner.is_none() && writer == old.owner.as_ref();
            assert!(
                book.tenant == Some(by) || releases,
                "3: {by:?} writes {} that {:?} has",
                new.key,
                book.tenant
            );
            let goes =
                new.owner.is_none() || new.checkpoint_owner.is_none() && old.checkpoint_owner.is_some();
            if goes {
                book.tenant = None;
            }
        }
        if !moves {
            return;
        }
        if let Some(passed) = passed(new.checkpoint) {
            self.check_passed(shard, passed, new, stream);
        }
        if new.checkpoint == Checkpoint::ShardEnd {
            self.ended(now, shard, by, new, store, stream);
        }
    }

    fn check_passed(&mut self, shard: usize, passed: usize, new: &Lease, stream: &Stream) {
        let book = self.book(shard);
        assert!(
            passed <= book.low,
            "1, loss: the checkpoint of {} passes {passed}, and only {} are finished",
            new.key,
            book.low
        );
        book.progressed = true;
        self.check_given_up(shard, passed, new, stream);
    }

    fn check_given_up(&mut self, shard: usize, passed: usize, new: &Lease, stream: &Stream) {
        let book = self.book(shard);
        let durable: Vec<_> = book.given_up.extract_if(.., |(record, _)| *record < passed).collect();
        for (record, key) in durable {
            assert!(
                new.diverted.contains(&name(key)),
                "9: {} passes record {record} without its key {key}",
                new.key
            );
            self.diverted[usize::from(key)].get_or_insert(stream.stocks[shard].records[record].nth);
        }
    }

    fn ended(&mut self, now: Duration, shard: usize, by: Actor, new: &Lease, store: &Store, stream: &Stream) {
        let stock = &stream.stocks[shard];
        assert!(stock.shard.closed, "5: {} ends and is open", new.key);
        let book = self.book(shard);
        assert_eq!(book.low, stock.records.len(), "1, loss: {} ends before all is finished", new.key);
        book.ended = true;
        self.check_given_up(shard, usize::MAX, new, stream);
        if matches!(by, Actor::Peer(_)) {
            // The children that it makes inherit nothing.
            self.restore_all(stream, shard);
        }
        for child in &stock.children {
            let child = &stream.stocks[*child];
            let there = store.get(&child.shard.id).is_some() || now < self.healing;
            assert!(
                there || child.gone.is_some() || stock.gone.is_some(),
                "6: {} ends before {} is there",
                new.key,
                child.shard.id
            );
        }
    }

    fn deleted(&mut self, now: Duration, shard: usize, old: &Lease, store: &Store, stream: &Stream) {
        assert_eq!(old.checkpoint, Checkpoint::ShardEnd, "6: {} is deleted and has not ended", old.key);
        // A child that was deleted begins anew, and not everybody has seen it.
        let healing = now < self.healing;
        let stock = &stream.stocks[shard];
        for child in &stock.children {
            let id = &stream.stocks[*child].shard.id;
            let begun = store.get(id).map(|row| !row.checkpoint.is_beginning());
            let book = self.book(*child);
            assert!(
                begun.unwrap_or(book.progressed || book.ended) || stock.gone.is_some() || healing,
                "6: {} is deleted before {id} has begun",
                old.key
            );
        }
    }

    fn check_cover(&mut self, now: Duration, store: &Store, stream: &Stream) {
        let live = |row: &&Lease| row.checkpoint != Checkpoint::ShardEnd;
        let mut ranges: Vec<_> =
            store.leases().filter(live).map(|row| stream.stocks[number(&row.key)].shard.hash_range).collect();
        ranges.sort_unstable();
        let mut next = Some(0);
        for range in ranges {
            let Some(from) = next else { break };
            if range.first > from {
                assert!(!self.covered || now < self.healing, "7: no lease has the hash keys from {from}");
                return;
            }
            next = if range.last == u128::MAX { None } else { Some(from.max(range.last + 1)) };
        }
        assert!(
            next.is_none() || !self.covered || now < self.healing,
            "7: no lease has the hash keys from {next:?}"
        );
        self.covered |= next.is_none();
    }

    /// Who has the lease of a shard, and may write it.
    pub(crate) fn tenant_of(&self, shard: usize) -> Option<Actor> {
        self.shards.get(shard)?.tenant
    }
}

impl ShardBook {
    /// Says whether it is finished for the first time.
    fn finish(&mut self, record: usize) -> bool {
        if self.finished.len() <= record {
            self.finished.resize(record + 1, false);
        }
        let first = !std::mem::replace(&mut self.finished[record], true);
        self.high = self.high.max(record + 1);
        while self.finished.get(self.low) == Some(&true) {
            self.low += 1;
        }
        first
    }
}

/// Whether the KCL can read a row: what its deserialisers demand that a [`Lease`] does not.
fn is_whole(row: &Lease) {
    assert!(row.owner.is_some() || row.checkpoint_owner.is_none(), "11: a handover of {} to nobody", row.key);
    assert!(
        row.owner.as_ref().is_none_or(|owner| !owner.as_str().is_empty()),
        "11: an empty owner of {}",
        row.key
    );
    assert!(
        !row.parents.contains(&row.key) && !row.children.contains(&row.key),
        "11: {} is its own parent",
        row.key
    );
}
