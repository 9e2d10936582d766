//! [`Stream`]: shards and their records, which are written, split, merged and trimmed.

use std::{collections::BTreeSet, time::Duration};

use tidegate_kinesis_consumer::{HashRange, Shard, ShardId};

/// A record: which of its key it is, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) key: u16,
    pub(crate) nth: u32,
    pub(crate) at: Duration,
}

/// A shard and its records.
pub(crate) struct Stock {
    pub(crate) shard: Shard,
    pub(crate) records: Vec<Record>,
    pub(crate) children: Vec<usize>,
    pub(crate) parents: Vec<usize>,
    opened: Duration,
    closed: Option<Duration>,
    /// So many records are beyond the retention.
    pub(crate) trimmed: usize,
    /// Since when the shard is not listed.
    pub(crate) gone: Option<Duration>,
}

/// Shards and their records.
pub(crate) struct Stream {
    pub(crate) stocks: Vec<Stock>,
    /// Records of each key. Partition keys are the numbers below its length.
    put: Vec<u32>,
}

pub(crate) fn id(number: usize) -> ShardId {
    ShardId::from(format!("shardId-{number:012}"))
}

/// Which shard has this id.
pub(crate) fn number(id: &ShardId) -> usize {
    id.as_str().bytes().skip(8).fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

impl Stream {
    pub(crate) fn new(shards: usize) -> Self {
        let mut stream = Self { stocks: Vec::new(), put: vec![0; 24.max(shards * 4)] };
        let width = u128::MAX / shards as u128;
        for i in 0..shards as u128 {
            let first = i * width + u128::from(i > 0);
            let last = if i + 1 == shards as u128 { u128::MAX } else { (i + 1) * width };
            stream.open(HashRange { first, last }, Vec::new(), Duration::ZERO);
        }
        stream
    }

    fn open(&mut self, hash_range: HashRange, parents: Vec<usize>, now: Duration) -> usize {
        let number = self.stocks.len();
        let shard = Shard {
            id: id(number),
            parents: parents.iter().map(|parent| id(*parent)).collect::<BTreeSet<_>>(),
            hash_range,
            closed: false,
            first_sequence: None,
        };
        for parent in &parents {
            let stock = &mut self.stocks[*parent];
            stock.children.push(number);
            stock.shard.closed = true;
            stock.closed = Some(now);
        }
        let records = Vec::new();
        let (children, closed, gone) = (Vec::new(), None, None);
        self.stocks.push(Stock { shard, records, children, parents, opened: now, closed, trimmed: 0, gone });
        number
    }

    /// The partition keys.
    pub(crate) fn keys(&self) -> u16 {
        u16::try_from(self.put.len()).unwrap()
    }

    /// The hash key of a partition key.
    fn hash(&self, key: u16) -> u128 {
        let width = u128::MAX / u128::from(self.keys());
        width * u128::from(key) + width / 2
    }

    /// Whether a shard has this key.
    pub(crate) fn has(&self, shard: usize, key: u16) -> bool {
        self.stocks[shard].shard.hash_range.contains(self.hash(key))
    }

    /// Adds a record. Says to which shard.
    pub(crate) fn put(&mut self, key: u16, now: Duration) -> usize {
        let hash = self.hash(key);
        let open = |stock: &Stock| stock.closed.is_none() && stock.shard.hash_range.contains(hash);
        let shard = self.stocks.iter().position(open).unwrap();
        self.put[usize::from(key)] += 1;
        let nth = self.put[usize::from(key)];
        self.stocks[shard].records.push(Record { key, nth, at: now });
        shard
    }

    /// The open shards, by their hash keys.
    pub(crate) fn open_shards(&self) -> Vec<usize> {
        let mut open: Vec<_> = (0..self.stocks.len()).filter(|i| self.stocks[*i].closed.is_none()).collect();
        open.sort_by_key(|i| self.stocks[*i].shard.hash_range);
        open
    }

    /// Whether a shard has been open for so long that the stream may change again.
    pub(crate) fn is_settled(&self, shard: usize, now: Duration) -> bool {
        self.stocks[shard].opened + Duration::from_secs(5) <= now
    }

    /// Splits a shard in the middle.
    pub(crate) fn split(&mut self, shard: usize, now: Duration) -> bool {
        let HashRange { first, last } = self.stocks[shard].shard.hash_range;
        if last - first < u128::MAX / 256 {
            return false;
        }
        let middle = first + (last - first) / 2;
        self.open(HashRange { first, last: middle }, vec![shard], now);
        self.open(HashRange { first: middle + 1, last }, vec![shard], now);
        true
    }

    /// Merges two neighbours.
    pub(crate) fn merge(&mut self, left: usize, right: usize, now: Duration) {
        let first = self.stocks[left].shard.hash_range.first;
        let last = self.stocks[right].shard.hash_range.last;
        self.open(HashRange { first, last }, vec![left, right], now);
    }

    /// Forgets what was put before this time, and shards that were closed before it.
    pub(crate) fn trim(&mut self, before: Duration, now: Duration) {
        for stock in &mut self.stocks {
            let old = stock.records.iter().skip(stock.trimmed).take_while(|record| record.at < before);
            stock.trimmed += old.count();
            if stock.closed.is_some_and(|closed| closed < before) && stock.gone.is_none() {
                debug_assert_eq!(stock.trimmed, stock.records.len());
                stock.gone = Some(now);
            }
        }
    }

    /// The shards as they were at this time.
    pub(crate) fn list(&self, at: Duration) -> Vec<Shard> {
        let there = |stock: &&Stock| stock.opened <= at && stock.gone.is_none_or(|gone| gone > at);
        let shard = |stock: &Stock| {
            let closed = stock.closed.is_some_and(|closed| closed <= at);
            Shard { closed, ..stock.shard.clone() }
        };
        self.stocks.iter().filter(there).map(shard).collect()
    }

    /// What a shard became, as its last answer says.
    pub(crate) fn children(&self, shard: usize) -> Vec<Shard> {
        let child = |child: &usize| Shard { closed: false, ..self.stocks[*child].shard.clone() };
        self.stocks[shard].children.iter().map(child).collect()
    }
}
