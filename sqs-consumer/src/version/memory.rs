//! [`Memory`]: what was last known to be stored, of as many keys as there is room for.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use foldhash::fast::RandomState;

use super::Committed;

/// What was last known to be stored, of as many keys as there is room for: those that were used last.
///
/// It saves loads, and nothing rests on it: another process may have stored something newer since.
///
/// ```
/// use tidegate_sqs_consumer::version::{Committed, Memory};
///
/// let mut memory = Memory::new(2);
/// for key in ["a", "b"] {
///     memory.remember(key, Committed { version: 1, published: true }, "state");
/// }
/// assert!(memory.recall(&"a").is_some());
/// memory.remember("c", Committed { version: 1, published: true }, "state");
/// assert!(memory.recall(&"b").is_none(), "it was used least recently");
/// ```
#[derive(Debug)]
pub struct Memory<K, V, S> {
    capacity: usize,
    uses: u64,
    keys: HashMap<K, Entry<V, S>, RandomState>,
    /// By their last use.
    order: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Entry<V, S> {
    used: u64,
    committed: Committed<V>,
    state: S,
}

impl<K: Hash + Eq + Clone, V: Copy, S> Memory<K, V, S> {
    /// With room for so many keys; 0 remembers nothing.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, uses: 0, keys: HashMap::default(), order: BTreeMap::new() }
    }

    /// What was last known of a key, which it is used by.
    pub fn recall(&mut self, key: &K) -> Option<(Committed<V>, &S)> {
        let entry = self.keys.get_mut(key)?;
        // The order has it: each key is in both.
        let key = self.order.remove(&entry.used)?;
        self.uses += 1;
        entry.used = self.uses;
        self.order.insert(self.uses, key);
        Some((entry.committed, &entry.state))
    }

    /// This is stored. Should there be no room, what was used least recently is forgotten.
    pub fn remember(&mut self, key: K, committed: Committed<V>, state: S) {
        self.forget(&key);
        if self.capacity == 0 {
            return;
        }
        if self.keys.len() >= self.capacity
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.keys.remove(&oldest);
        }
        self.uses += 1;
        self.order.insert(self.uses, key.clone());
        self.keys.insert(key, Entry { used: self.uses, committed, state });
    }

    /// Something else is stored: answers whether anything was remembered.
    pub fn forget(&mut self, key: &K) -> bool {
        let known = self.keys.remove(key);
        known.is_some_and(|entry| self.order.remove(&entry.used).is_some())
    }

    /// Of how many keys something is remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn at(version: u32) -> Committed<u32> {
        Committed { version, published: version.is_multiple_of(2) }
    }

    proptest! {
        /// Beside a list that is searched from end to end.
        #[test]
        fn it_remembers_those_that_were_used_last(
            capacity in 0..6_usize,
            uses in vec((0..8_u8, 0..3_u8), 0..200),
        ) {
            let mut memory = Memory::new(capacity);
            let mut list: Vec<(u8, u32)> = Vec::new();
            for (number, (key, what)) in (0_u32..).zip(uses) {
                let place = list.iter().position(|it| it.0 == key);
                let known = place.map(|place| list.remove(place));
                match what {
                    0 => {
                        let recalled = memory.recall(&key).map(|(committed, state)| (committed, *state));
                        prop_assert_eq!(recalled, known.map(|(_, number)| (at(number), number)));
                        list.extend(known);
                    }
                    1 => {
                        memory.remember(key, at(number), number);
                        list.push((key, number));
                        list.drain(..list.len().saturating_sub(capacity));
                    }
                    _ => prop_assert_eq!(memory.forget(&key), known.is_some()),
                }
                prop_assert_eq!((memory.len(), memory.order.len()), (list.len(), list.len()));
            }
        }
    }
}
