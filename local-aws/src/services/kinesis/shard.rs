//! A shard: a part of the hash-key space, and the records that came for it, in order.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use serde::Serialize;
use tokio::sync::Notify;

use super::{
    hash_key::{HashKeyRange, HashRange},
    record::Record,
    sequence::Sequence,
    shard_id::ShardId,
};
use crate::wire::timestamp::Timestamp;

/// A shard and its records. Places count its records from 1, trimmed ones included.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) id: ShardId,
    pub(super) parent: Option<ShardId>,
    pub(super) adjacent_parent: Option<ShardId>,
    pub(super) range: HashRange,
    pub(super) closed: Option<Timestamp>,
    pub(super) opened: Timestamp,
    /// Once it is closed.
    pub(super) children: Vec<ShardId>,
    /// A second, later than the era of every parent.
    era: u64,
    /// The place of the first record that is still there.
    first: u64,
    records: VecDeque<Record>,
    bytes: u64,
    /// Wakes who waits for records, for the end, or for the shard to be gone.
    wake: Arc<Notify>,
}

/// What a read found.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) records: Vec<(Sequence, Record)>,
    /// Where the next read goes on.
    pub(super) next: u64,
    /// The keys and the data.
    pub(super) bytes: usize,
    /// The age of the first record that was not read; 0 if there is none.
    pub(super) behind: u64,
    /// The shard is closed and was read to its end.
    pub(super) ended: bool,
}

/// How much a read may bring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

/// Where a reader starts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    TrimHorizon,
    Latest,
    At(Sequence),
    After(Sequence),
    Time(Timestamp),
}

impl Shard {
    pub(super) fn new(id: ShardId, range: HashRange, era: u64, now: Timestamp) -> Self {
        Self {
            id,
            parent: None,
            adjacent_parent: None,
            range,
            closed: None,
            opened: now,
            children: Vec::new(),
            era,
            first: 1,
            records: VecDeque::new(),
            bytes: 0,
            wake: Arc::default(),
        }
    }

    /// A shard that follows others, with numbers above theirs.
    pub(super) fn child(id: ShardId, range: HashRange, parents: &[&Self], now: Timestamp) -> Self {
        let after = parents.iter().map(|parent| parent.era + 1).max().unwrap_or_default();
        let mut child = Self::new(id, range, now.seconds().max(after), now);
        child.parent = parents.first().map(|parent| parent.id);
        child.adjacent_parent = parents.get(1).map(|parent| parent.id);
        child
    }

    /// The place of the next record.
    pub(super) fn next(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    pub(super) fn append(&mut self, now: Timestamp, key: &str, data: &[u8]) -> Sequence {
        let arrived = self.records.back().map_or(now, |last| now.max(last.arrived));
        let place = self.next();
        let record = Record::new(arrived, key, data);
        self.bytes += record.size() as u64;
        self.records.push_back(record);
        self.number(place, arrived)
    }

    /// Who waits on it after this learns of what comes.
    pub(super) fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    pub(super) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// No more records come.
    pub(super) fn close(&mut self, now: Timestamp, children: Vec<ShardId>) {
        self.closed = Some(now);
        self.children = children;
        self.wake.notify_waiters();
    }

    /// Forgets the records that came before a time.
    pub(super) fn trim(&mut self, horizon: Timestamp) {
        while let Some(old) = self.records.pop_front_if(|record| record.arrived < horizon) {
            self.first += 1;
            self.bytes -= old.size() as u64;
        }
    }

    fn number(&self, place: u64, at: Timestamp) -> Sequence {
        Sequence::new(self.era, place, at.seconds(), self.id.0)
    }

    pub(super) fn starting_number(&self) -> Sequence {
        self.number(0, Timestamp::default())
    }

    pub(super) fn ending_number(&self) -> Option<Sequence> {
        self.closed.map(|closed| self.number(self.next(), closed))
    }

    /// A number below that of the record at a place, and above all before it; the later it is asked for, the
    /// larger.
    pub(super) fn number_before(&self, place: u64, now: Timestamp) -> Sequence {
        self.number(place - 1, now)
    }

    /// Whether a number is one of this shard's.
    pub(super) fn gave(&self, number: Sequence) -> bool {
        let last = Sequence::new(self.era, self.next(), (1 << 36) - 1, self.id.0);
        number.era() == self.era && number.shard() == self.id.0 && number <= last
    }

    /// The place where a reader starts.
    pub(super) fn place(&self, start: Start) -> u64 {
        let before = |is_before: &dyn Fn(Sequence, &Record) -> bool| {
            let (mut low, mut high) = (0, self.records.len());
            while low < high {
                let middle = usize::midpoint(low, high);
                let record = &self.records[middle];
                if is_before(self.number(self.first + middle as u64, record.arrived), record) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            self.first + low as u64
        };
        match start {
            Start::TrimHorizon => self.first,
            Start::Latest => self.next(),
            Start::At(number) => before(&|known, _| known < number),
            Start::After(number) => before(&|known, _| known <= number),
            Start::Time(time) => before(&|_, record| record.arrived < time),
        }
    }

    /// Reads from a place on; at least one record, if there is one.
    pub(super) fn read(&self, place: u64, most: Most, now: Timestamp) -> Batch {
        let skip = usize::try_from(place.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let skip = skip.min(self.records.len());
        let (mut bytes, mut end) = (0, skip);
        while let Some(record) = self.records.get(end) {
            let size = record.size();
            if end - skip == most.records || (end > skip && bytes + size > most.bytes) {
                break;
            }
            bytes += size;
            end += 1;
        }
        let records = self.numbered(skip..end).map(|(number, record)| (number, record.clone())).collect();
        // An unread record of this very millisecond is behind as well.
        let age = |record: &Record| (now.millis().saturating_sub(record.arrived.millis())).max(1);
        let behind = self.records.get(end).map_or(0, age);
        let ended = !self.is_open() && end == self.records.len();
        Batch { records, next: self.first + end as u64, bytes, behind, ended }
    }

    /// All records that are there, with their numbers.
    pub(super) fn records(&self) -> impl Iterator<Item = (Sequence, &Record)> {
        self.numbered(0..self.records.len())
    }

    fn numbered(&self, range: Range<usize>) -> impl Iterator<Item = (Sequence, &Record)> {
        let first = self.first + range.start as u64;
        self.records
            .range(range)
            .zip(first..)
            .map(|(record, place)| (self.number(place, record.arrived), record))
    }

    /// How many records are there, and their keys and data in bytes.
    pub(super) fn size(&self) -> (usize, u64) {
        (self.records.len(), self.bytes)
    }

    /// As the API describes it.
    pub(super) fn view(&self) -> ShardView {
        ShardView {
            shard_id: self.id,
            parent_shard_id: self.parent,
            adjacent_parent_shard_id: self.adjacent_parent,
            hash_key_range: self.range.view(),
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: self.starting_number(),
                ending_sequence_number: self.ending_number(),
            },
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.wake.notify_waiters();
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShardView {
    shard_id: ShardId,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_shard_id: Option<ShardId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjacent_parent_shard_id: Option<ShardId>,
    hash_key_range: HashKeyRange,
    sequence_number_range: SequenceNumberRange,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SequenceNumberRange {
    starting_sequence_number: Sequence,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_sequence_number: Option<Sequence>,
}
