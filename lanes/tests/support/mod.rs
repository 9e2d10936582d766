//! Items, and dead letters that break.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{
    error::Error,
    fmt::Debug,
    hash::Hash,
    sync::atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use tidegate_lanes::{DeadLetter, Envelope, Finished, Handler, Item, Lanes};

/// An item with a number to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered(pub u32);

impl Item for Numbered {
    fn envelope(&self) -> Envelope {
        Envelope::new("numbers", self.0.to_string(), self.0.to_string())
    }
}

/// Runs all that is there.
pub async fn drain<K, T, C, H>(lanes: &mut Lanes<K, T, C, H>) -> Vec<Finished<K, T, C>>
where
    K: Hash + Eq + Clone + Debug,
    T: Item + Debug,
    C: Debug,
    H: Handler<T>,
{
    let mut finished = Vec::new();
    while let Some(next) = lanes.next().await {
        finished.push(next.unwrap_or_else(|stopped| panic!("{stopped:?}")));
    }
    finished
}

/// Dead letters of which the first so many cannot be written, and every second of these panics.
#[derive(Debug)]
pub struct Broken {
    failures: AtomicU32,
    panics: bool,
    written: AtomicU32,
}

impl Broken {
    pub fn new(failures: u32) -> Self {
        Self { failures: AtomicU32::new(failures), panics: true, written: AtomicU32::new(0) }
    }

    /// Without panics.
    pub fn even(failures: u32) -> Self {
        Self { panics: false, ..Self::new(failures) }
    }

    pub fn written(&self) -> u32 {
        self.written.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl DeadLetter for Broken {
    async fn put(&self, _: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        let left = self.failures.load(Ordering::Relaxed);
        if left > 0 {
            self.failures.store(left - 1, Ordering::Relaxed);
            assert!(!self.panics || left.is_multiple_of(2), "dead letters may panic, too");
            return Err("broken".into());
        }
        self.written.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
