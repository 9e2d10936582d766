//! What receives with an attempt id were given, so that one whose answer was lost can be asked again.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use super::receipt::Receipt;
use crate::wire::timestamp::Timestamp;

/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
const INTERVAL: Duration = Duration::from_mins(5);

/// Messages by their receipts, and until when each was in flight.
type Given = Vec<(Receipt, Timestamp)>;

/// The attempts of the last five minutes.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    given: HashMap<String, (Timestamp, Given)>,
    ages: VecDeque<(Timestamp, String)>,
}

impl Attempts {
    pub(super) fn find(&self, attempt: &str, now: Timestamp) -> Option<Given> {
        let (since, given) = self.given.get(attempt)?;
        (now.since(*since) < INTERVAL).then(|| given.clone())
    }

    pub(super) fn keep(&mut self, attempt: &str, given: Given, now: Timestamp) {
        while let Some((since, old)) = self.ages.front() {
            if now.since(*since) < INTERVAL {
                break;
            }
            // A later attempt under the same id has an age of its own.
            if self.given.get(old).is_some_and(|(kept, _)| kept == since) {
                self.given.remove(old);
            }
            self.ages.pop_front();
        }
        self.ages.push_back((now, attempt.to_owned()));
        self.given.insert(attempt.to_owned(), (now, given));
    }
}
