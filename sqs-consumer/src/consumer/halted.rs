//! [`Halted`]: the keys that wait for a message that failed, and is in the queue again.

use std::{collections::HashMap, hash::Hash, time::Duration};

use foldhash::fast::RandomState;
use tidegate_lanes::{Backoff, Policy};
use tokio::time::Instant;

use super::claim::Claim;
use crate::{Message, MessageId, visibility::LONGEST};

/// Those behind a message that failed come so much later than it, so that it is found first.
const BEHIND: Duration = Duration::from_secs(1);

/// So long after its time may a message come again; later, others have it, or its queue gave it up.
const GRACE: Duration = Duration::from_secs(10);

/// What happens to a message that fails, if nothing is said: about a minute of retries here, and then the queue has it for a while,
/// which counts how often.
pub(crate) fn default_policy() -> Policy {
    Policy::default().retries(|| Backoff::default().take(10))
}

/// The keys of which a message failed and was given back to the queue, with all that were behind it. Until it has come again,
/// what comes of such a key is given back, too.
///
/// A FIFO queue does this for its groups by itself; on a standard queue, nobody else does.
#[derive(Debug)]
pub(crate) struct Halted<K> {
    keys: HashMap<K, Halt, RandomState>,
    /// No halt is at its end before this.
    ends: Option<Instant>,
}

#[derive(Debug)]
struct Halt {
    /// The message that failed.
    message: MessageId,
    due: Instant,
}

impl Halt {
    /// How long those behind it are left to the queue. Where it is late, until nobody waits for it any more: each time that they
    /// come counts.
    fn for_those_behind(&self, now: Instant) -> Duration {
        let at = if now < self.due { self.due + BEHIND } else { self.due + GRACE };
        at.saturating_duration_since(now)
    }
}

impl<K: Hash + Eq> Halted<K> {
    pub(crate) fn new() -> Self {
        Self { keys: HashMap::default(), ends: None }
    }

    /// A message of a key is given back for so long: the one that failed, and then those behind it.
    pub(crate) fn give_back(&mut self, key: K, message: &Message, claim: Claim, after: Duration) {
        let now = Instant::now();
        self.forget(now);
        let due = now + after.min(LONGEST);
        if let Some(halt) = self.keys.get(&key) {
            return claim.give_back(halt.for_those_behind(now));
        }
        self.keys.insert(key, Halt { message: message.id().clone(), due });
        self.ends = self.ends.into_iter().chain([due + GRACE]).min();
        claim.give_back(after);
    }

    /// The claim of a message that may begin. One that is behind a message that failed is given back.
    pub(crate) fn admit(&mut self, key: &K, message: &Message, claim: Claim) -> Option<Claim> {
        if self.keys.is_empty() {
            return Some(claim);
        }
        let now = Instant::now();
        self.forget(now);
        match self.keys.get(key) {
            None => Some(claim),
            Some(halt) if halt.message == *message.id() => {
                self.keys.remove(key);
                Some(claim)
            }
            Some(halt) => {
                claim.give_back(halt.for_those_behind(now));
                None
            }
        }
    }

    /// Those that have waited long enough.
    fn forget(&mut self, now: Instant) {
        if self.ends.is_some_and(|ends| ends <= now) {
            self.keys.retain(|_, halt| halt.due + GRACE > now);
            self.ends = self.keys.values().map(|halt| halt.due + GRACE).min();
        }
    }
}
