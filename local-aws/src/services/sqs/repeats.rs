//! What a FIFO queue remembers of messages that were sent, so that it takes none of them twice.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::content::MessageId;
use crate::wire::timestamp::Timestamp;

/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>.
const INTERVAL: Duration = Duration::from_mins(5);

/// A deduplication id, within its group if that is its scope.
type Key = (Option<Arc<str>>, Arc<str>);

/// The messages of the last five minutes.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    sent: HashMap<Key, Sent>,
    ages: VecDeque<(Timestamp, Key)>,
}

/// What a send was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) id: MessageId,
    pub(super) number: u64,
}

impl Repeats {
    /// The same message, if it was sent within the interval.
    pub(super) fn find(&mut self, key: &Key, now: Timestamp) -> Option<Sent> {
        while let Some((since, old)) = self.ages.front() {
            if now.since(*since) < INTERVAL {
                break;
            }
            self.sent.remove(old);
            self.ages.pop_front();
        }
        self.sent.get(key).copied()
    }

    pub(super) fn keep(&mut self, key: Key, sent: Sent, now: Timestamp) {
        self.ages.push_back((now, key.clone()));
        self.sent.insert(key, sent);
    }
}
