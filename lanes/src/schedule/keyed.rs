//! [`Keyed`]: many lanes, which take turns.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    hash::{BuildHasher, Hash},
    time::Duration,
};

use foldhash::fast::RandomState;
use hashbrown::{HashTable, hash_table::Entry};

use super::slab::Slab;

/// Many lanes, which take turns: one for each key that has items, or, without an order, for each item.
pub(super) struct Keyed<K, T> {
    at_once: usize,
    lanes: Slab<Lane<K, T>>,
    /// The lane of each key; `None` if each item has its own.
    by_key: Option<HashTable<u32>>,
    hasher: RandomState,
    /// What stands behind the first items of lanes.
    waiting: Slab<Waiting<T>>,
    /// Lanes whose first item may run, in the order of their turns.
    ready: VecDeque<u32>,
    /// Lanes whose first item waits for its retry; those that are due at one time, in the order of their failures.
    delayed: BinaryHeap<Reverse<(Duration, u64, u32)>>,
    delays: u64,
    running: usize,
}

struct Lane<K, T> {
    key: K,
    hash: u64,
    /// Its oldest item; `None` while that runs.
    first: Option<T>,
    /// Those behind, from the oldest on.
    next: Option<u32>,
    last: Option<u32>,
}

struct Waiting<T> {
    item: T,
    next: Option<u32>,
}

impl<K: Hash + Eq, T> Keyed<K, T> {
    pub(super) fn new(at_once: usize, in_order: bool) -> Self {
        Self {
            at_once,
            lanes: Slab::new(),
            by_key: in_order.then(HashTable::new),
            hasher: RandomState::default(),
            waiting: Slab::new(),
            ready: VecDeque::new(),
            delayed: BinaryHeap::new(),
            delays: 0,
            running: 0,
        }
    }

    pub(super) fn push(&mut self, key: K, item: T) {
        let Some(by_key) = &mut self.by_key else {
            let lane = Lane { key, hash: 0, first: Some(item), next: None, last: None };
            self.ready.push_back(self.lanes.insert(lane));
            return;
        };
        let hash = self.hasher.hash_one(&key);
        let is_it = |lane: &u32| self.lanes.get(*lane).is_some_and(|it| it.key == key);
        let rehash = |lane: &u32| self.lanes.get(*lane).map_or(0, |it| it.hash);
        match by_key.entry(hash, is_it, rehash) {
            Entry::Vacant(place) => {
                let lane = self.lanes.insert(Lane { key, hash, first: Some(item), next: None, last: None });
                place.insert(lane);
                self.ready.push_back(lane);
            }
            Entry::Occupied(lane) => {
                let waiting = self.waiting.insert(Waiting { item, next: None });
                let Some(lane) = self.lanes.get_mut(*lane.get()) else { return };
                match lane.last.replace(waiting).and_then(|last| self.waiting.get_mut(last)) {
                    Some(last) => last.next = Some(waiting),
                    None => lane.next = Some(waiting),
                }
            }
        }
    }

    #[inline]
    pub(super) fn next(&mut self, now: Duration) -> Option<(u32, T)> {
        if self.running == self.at_once {
            return None;
        }
        while let Some(&Reverse((due, _, lane))) = self.delayed.peek()
            && due <= now
        {
            self.delayed.pop();
            self.ready.push_back(lane);
        }
        let index = self.ready.pop_front()?;
        // A lane that is ready has a first item.
        let item = self.lanes.get_mut(index)?.first.take()?;
        self.running += 1;
        Some((index, item))
    }

    pub(super) fn key(&self, lane: u32) -> Option<&K> {
        self.lanes.get(lane).map(|lane| &lane.key)
    }

    #[inline]
    pub(super) fn finish(&mut self, index: u32) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        self.running -= 1;
        if let Some(waiting) = lane.next.and_then(|next| self.waiting.remove(next)) {
            lane.first = Some(waiting.item);
            lane.next = waiting.next;
            if waiting.next.is_none() {
                lane.last = None;
            }
            self.ready.push_back(index);
            return;
        }
        if let Some(by_key) = &mut self.by_key
            && let Ok(place) = by_key.find_entry(lane.hash, |it| *it == index)
        {
            place.remove();
        }
        self.lanes.remove(index);
    }

    pub(super) fn delay(&mut self, index: u32, item: T, until: Duration) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        lane.first = Some(item);
        self.delayed.push(Reverse((until, self.delays, index)));
        self.delays += 1;
        self.running -= 1;
    }

    pub(super) fn take_behind(&mut self, index: u32) -> Vec<T> {
        let Some(lane) = self.lanes.get_mut(index) else { return Vec::new() };
        lane.last = None;
        let mut next = lane.next.take();
        let waiting = std::iter::from_fn(|| {
            let waiting = self.waiting.remove(next?)?;
            next = waiting.next;
            Some(waiting.item)
        });
        waiting.collect()
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        let has_room = self.running < self.at_once;
        self.delayed.peek().filter(|_| has_room).map(|Reverse((due, ..))| *due)
    }

    pub(super) fn running(&self) -> usize {
        self.running
    }

    pub(super) fn queued(&self) -> usize {
        self.lanes.len() - self.running + self.waiting.len()
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    pub(super) fn retries(&self) -> impl Iterator<Item = (&K, &T)> {
        let lanes = self.delayed.iter().filter_map(|Reverse((.., lane))| self.lanes.get(*lane));
        lanes.filter_map(|lane| Some((&lane.key, lane.first.as_ref()?)))
    }
}
