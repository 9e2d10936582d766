//! [`Memory`]: dead letters of a test.

use std::{collections::BTreeMap, error::Error};

use async_trait::async_trait;

use super::{DeadLetter, Envelope};
use crate::sync::{Mutex, lock};

/// Dead letters in memory, for tests: they are gone with the process.
#[derive(Debug)]
pub struct Memory(Mutex<BTreeMap<(String, String), Envelope>>);

impl Memory {
    /// Without letters.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The letters, in the order of their sources and positions.
    #[must_use]
    pub fn letters(&self) -> Vec<Envelope> {
        lock(&self.0).values().cloned().collect()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl DeadLetter for Memory {
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        let identity = (letter.source.clone(), letter.position.clone());
        lock(&self.0).entry(identity).or_insert_with(|| letter.clone());
        Ok(())
    }
}
