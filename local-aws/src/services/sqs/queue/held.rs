//! What is done to a message by the receipt of who holds it.

use std::time::Duration;

use super::{
    super::{entry::Place, failure::Failure, receipt::Receipt},
    Queue, Received,
};
use crate::wire::timestamp::Timestamp;

/// How long a message may be in flight since its receive, however often that is prolonged.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>.
const LONGEST: Duration = Duration::from_hours(12);

impl Queue {
    /// Deletes a message by a receipt. One that is gone is no error, and an old receipt deletes nothing.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html>.
    pub(in crate::services::sqs) fn delete(&mut self, handle: &str) -> Result<(), Failure> {
        let receipt = self.receipt(handle)?;
        let Some(entry) = self.entries.get(&receipt.entry) else { return Ok(()) };
        let is_held = matches!(entry.place, Place::InFlight { .. });
        let is_latest = entry.receive == receipt.receive;
        if self.is_fifo() && !(is_latest && is_held) {
            return Err(Failure::value(&handle, "ReceiptHandle", "The receipt handle has expired."));
        }
        if is_latest {
            self.remove(receipt.entry);
        }
        Ok(())
    }

    /// Changes how long a message stays in flight, from now on.
    pub(in crate::services::sqs) fn change(
        &mut self,
        handle: &str,
        visibility: Duration,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let receipt = self.receipt(handle)?;
        let gone = "Message does not exist or is not available for visibility timeout change.";
        let entry = self.entries.get_mut(&receipt.entry).filter(|entry| entry.receive == receipt.receive);
        let Some(entry) = entry else { return Err(Failure::value(&handle, "ReceiptHandle", gone)) };
        let Place::InFlight { since, until, client } = entry.place else {
            return Err(Failure::not_in_flight(format!(
                "Value {handle} for parameter ReceiptHandle is invalid. Reason: The message referred to isn't in flight."
            )));
        };
        let new = now + visibility;
        if new.since(since) > LONGEST {
            let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
            return Err(Failure::value(&visibility.as_secs(), "VisibilityTimeout", reason));
        }
        if visibility.is_zero() {
            self.show(receipt.entry);
            return Ok(());
        }
        entry.place = Place::InFlight { since, until: new, client };
        self.timers.remove(&(until, receipt.entry));
        self.arm(new, receipt.entry);
        Ok(())
    }

    /// The same messages again, if none of them has changed since they were received.
    pub(in crate::services::sqs) fn repeat(
        &mut self,
        attempt: &str,
        visibility: Duration,
        now: Timestamp,
    ) -> Option<Vec<Received>> {
        let given = self.attempts.find(attempt, now)?;
        let mut received = Vec::with_capacity(given.len());
        for (receipt, until) in &given {
            let entry = self.entries.get(&receipt.entry)?;
            let same = matches!(entry.place, Place::InFlight { until: own, .. } if own == *until);
            if !same || entry.receive != receipt.receive {
                return None;
            }
            received.push(Received { receipt: *receipt, entry: entry.clone() });
        }
        for one in &received {
            // In flight, as was looked up above; the timeout counts anew.
            let _ = self.change(&one.receipt.to_string(), visibility, now);
        }
        self.remember(attempt, &received, now);
        Some(received)
    }

    /// Keeps what an attempt was given.
    pub(in crate::services::sqs) fn remember(
        &mut self,
        attempt: &str,
        received: &[Received],
        now: Timestamp,
    ) {
        let until = |one: &Received| match self.entries.get(&one.receipt.entry)?.place {
            Place::InFlight { until, .. } => Some((one.receipt, until)),
            Place::Visible | Place::Delayed(_) => None,
        };
        let given = received.iter().filter_map(until).collect();
        self.attempts.keep(attempt, given, now);
    }

    /// The receipt in a handle of this queue.
    fn receipt(&self, handle: &str) -> Result<Receipt, Failure> {
        Receipt::read(handle).filter(|receipt| receipt.queue == self.number).ok_or_else(|| {
            Failure::receipt(format!("The input receipt handle \"{handle}\" is not a valid receipt handle."))
        })
    }
}
