//! [`Worker`]: does what a message tells of.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::{Client, error::DisplayErrorContext, operation::get_object::GetObjectError};
use tidegate_clone::{ErrorKind, Journal, SegmentRequest, SegmentResponse, SegmentWorker};
use tidegate_sqs_consumer::{Concurrency, Consumer, Failure, Handling, Message, Policy, Running};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{notice::Notice, place::Place};

/// A message that failed for the first time comes again after so long, and then after twice as long each time.
const AGAIN: Duration = Duration::from_secs(15);

/// It comes again after so long at most.
const MOST: Duration = Duration::from_mins(15);

/// Does what a message tells of.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    segments: SegmentWorker,
    client: Client,
    journal: Place,
    /// A segment is worked on for so long, and what is left then is told of again.
    slice: Duration,
    stop: watch::Receiver<bool>,
}

/// What is told of segments that are done.
pub(crate) type Tell = Arc<dyn Fn(&SegmentResponse) + Send + Sync>;

/// Where a journal is, as the cloner wants to know it.
pub(crate) fn journal(client: &Client, place: &Place) -> Journal {
    Journal::new(client.clone(), &place.bucket).prefix(&place.folder)
}

impl Worker {
    /// Once `stop` says so, all segments are ended where they are, and what is left is told of.
    pub(crate) fn new(
        segments: SegmentWorker,
        client: Client,
        journal: Place,
        slice: Duration,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { segments, client, journal, slice, stop }
    }

    /// Works on so many segments at once, and receives no more messages than that.
    pub(crate) fn consume(self, consumer: &Consumer, segments: usize, tell: Tell) -> Running {
        let handler = move |message: Message, _| {
            let (worker, tell) = (self.clone(), Arc::clone(&tell));
            async move { worker.on(&message, &tell).await }
        };
        // No retries here: a message that fails goes back, so that the queue counts how often, and its redrive policy ends it.
        let policy = Policy::default().retries(Vec::new);
        let handling =
            Handling::new(handler).concurrency(Concurrency::unordered(segments)).on_failure(policy);
        consumer.run(handling)
    }

    async fn on(&self, message: &Message, tell: &Tell) -> Result<(), Failure> {
        let doubled = AGAIN * 2_u32.saturating_pow(message.receive_count().saturating_sub(1).min(10));
        let again = |problem: String| Failure::retry_after(doubled.min(MOST), problem);
        // It will never be understood: whoever looks after the dead letters may as well have it soon.
        let poison = |problem: String| Failure::retry_after(Duration::from_secs(1), problem);
        let requests = match Notice::read(message.body(), &self.journal).map_err(poison)? {
            Notice::Request(request) => vec![*request],
            Notice::Keys(keys) => {
                let mut requests = Vec::new();
                for key in keys {
                    requests.extend(self.request(&key).await?);
                }
                requests
            }
        };
        for request in requests {
            match self.segments.run_until(&request, self.stopped()).await {
                Ok(response) => tell(&response),
                // Another message told of it, too, and whoever has that one goes on.
                Err(error) if error.kind() == ErrorKind::Fenced => {}
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    return Err(poison(error.to_string()));
                }
                Err(error) => return Err(again(text(&error))),
            }
        }
        Ok(())
    }

    /// A request, if it is still there.
    async fn request(&self, key: &str) -> Result<Option<SegmentRequest>, Failure> {
        let get = self.client.get_object().bucket(&self.journal.bucket).key(key).send().await;
        let found = match get {
            Ok(found) => found,
            // Whoever deleted it wants no clone any more.
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(Failure::retry_after(AGAIN, DisplayErrorContext(error).to_string())),
        };
        let bytes =
            found.body.collect().await.map_err(|error| Failure::retry_after(AGAIN, error))?.into_bytes();
        let request = serde_json::from_slice(&bytes);
        request.map(Some).map_err(|error| Failure::retry_after(Duration::from_secs(1), error))
    }

    /// Waits until the segment's time is over, or the process is to stop.
    async fn stopped(&self) {
        let end = Instant::now() + self.slice;
        let mut stop = self.stop.clone();
        tokio::select! {
            () = sleep_until(end) => {}
            // An error means that nobody can say it any more.
            Ok(_) = stop.wait_for(|stop| *stop) => {}
        }
    }
}

/// An error and its causes, in one line.
pub(crate) fn text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
