//! [`Interner`]: small numbers for things that recur.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

/// Small numbers for things that recur.
#[derive(Debug)]
pub(super) struct Interner<T> {
    all: Vec<T>,
    numbers: HashMap<T, u32, foldhash::fast::RandomState>,
}

impl<T: Clone + Eq + Hash> Interner<T> {
    pub(super) fn new() -> Self {
        Self { all: Vec::new(), numbers: HashMap::default() }
    }

    pub(super) fn number<Q>(&mut self, thing: &Q) -> u32
    where
        T: Borrow<Q> + for<'q> From<&'q Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(number) = self.numbers.get(thing) {
            return *number;
        }
        self.add(T::from(thing))
    }

    /// The same for what is there already, or is worth a copy.
    pub(super) fn number_of(&mut self, thing: &T) -> u32 {
        match self.numbers.get(thing) {
            Some(number) => *number,
            None => self.add(thing.clone()),
        }
    }

    fn add(&mut self, thing: T) -> u32 {
        // There are fewer scopes, fields and reasons than nodes.
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }

    /// What has a number that was given out.
    pub(super) fn get(&self, number: u32) -> &T {
        &self.all[number as usize]
    }
}
