//! [`Target`]: a stream that records are republished to.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use aws_sdk_kinesis::primitives::Blob;
use tidegate_kinesis_consumer::{Failure, Record};
use tokio::time::Instant;

use crate::{
    delays::Delays,
    publisher::{Message, Publisher},
};

/// How often a target is tried that is down.
const PROBE: Duration = Duration::from_secs(1);

/// A stream that records are republished to, and how that goes.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    publisher: Publisher,
    /// It is down when nothing has succeeded for so long.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when nothing has succeeded.
    failing_since: Option<Instant>,
    failed: Option<Instant>,
    kept: u64,
    tried: Option<Instant>,
    delays: Delays,
    published: u64,
}

/// How it went with a target.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) records: u64,
    /// Records that are to be replayed.
    pub(crate) kept: u64,
    /// From when the source took each record until the target had.
    pub(crate) delays: Delays,
}

impl Target {
    pub(crate) fn new(name: String, publisher: Publisher, patience: Duration) -> Self {
        Self { name, publisher, patience, state: Mutex::default() }
    }

    /// Puts a record once.
    ///
    /// # Errors
    ///
    /// It may not be there.
    pub(crate) async fn put(&self, record: Record) -> Result<(), Failure> {
        if !self.may_try() {
            return Err(Failure::retry(format!("stream {} is down", self.name)));
        }
        let message = Message {
            partition_key: record.partition_key().to_owned(),
            explicit_hash_key: record.explicit_hash_key().map(|key| key.to_string()),
            data: Blob::new(record.data().as_ref()),
        };
        let result = self.publisher.put(message).await;
        let mut state = self.state();
        match result {
            Ok(()) => {
                state.failing_since = None;
                state.published += 1;
                state.delays.add(since(record.arrived_at().0));
                Ok(())
            }
            Err(error) => {
                let now = Instant::now();
                // What failed long ago, and was not tried since, says nothing of now.
                if state.failed.is_none_or(|failed| failed.elapsed() >= self.patience) {
                    state.failing_since = None;
                }
                (state.failing_since, state.failed) = (state.failing_since.or(Some(now)), Some(now));
                Err(Failure::retry(error))
            }
        }
    }

    /// Whether nothing has succeeded for so long that nothing waits for it any more.
    pub(crate) fn is_down(&self) -> bool {
        let state = self.state();
        let long = |time: Option<Instant>| time.is_some_and(|time| time.elapsed() >= self.patience);
        long(state.failing_since) && !long(state.failed)
    }

    pub(crate) fn published(&self) -> Published {
        let state = self.state();
        Published { records: state.published, kept: state.kept, delays: state.delays.clone() }
    }

    /// Takes note that a record was kept.
    pub(crate) fn note_kept(&self) {
        self.state().kept += 1;
    }

    /// One that is down is tried now and then.
    fn may_try(&self) -> bool {
        let is_down = self.is_down();
        let mut state = self.state();
        let may = !is_down || state.tried.is_none_or(|tried| tried.elapsed() >= PROBE);
        if may {
            state.tried = Some(Instant::now());
        }
        may
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that compares with a time that Kinesis tells")]
fn since(unix_millis: u64) -> Duration {
    let then = SystemTime::UNIX_EPOCH + Duration::from_millis(unix_millis);
    SystemTime::now().duration_since(then).unwrap_or_default()
}
