//! [`Subscription`]: the events of a shard, as one `SubscribeToShard` pushes them.

use std::{fmt, time::Duration};

use aws_sdk_kinesis::{
    error::ProvideErrorMetadata,
    operation::subscribe_to_shard::SubscribeToShardOutput,
    primitives::event_stream::EventReceiver,
    types::{
        SubscribeToShardEvent, SubscribeToShardEventStream as Pushed,
        error::SubscribeToShardEventStreamError as EventError,
    },
};
use tokio::time::timeout;

use super::{
    RawRecord,
    answer::{child, raw},
};
use crate::{SequenceNumber, Shard};

/// A subscription that says nothing for so long is dead: one that is alive says every few seconds where it is.
const SILENCE: Duration = Duration::from_secs(20);

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The events of a shard, until the service ends it, after five minutes at the latest. Dropped, it is closed.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
pub(super) struct Subscription {
    events: EventReceiver<Pushed, EventError>,
    /// Whether it had an event.
    spoke: bool,
}

/// What was pushed at once.
#[derive(Debug)]
pub(super) struct Event {
    /// In order; maybe none.
    pub(super) records: Vec<RawRecord>,
    /// All up to here has been pushed; none at the end of the shard.
    pub(super) up_to: Option<SequenceNumber>,
    /// How far this is behind the newest record.
    pub(super) behind: Duration,
    /// What the shard became, at its end.
    pub(super) children: Vec<Shard>,
}

/// Why there are no more events.
#[derive(Debug)]
pub(super) enum Stop {
    /// The service ended it, as it does after five minutes.
    Ended,
    /// The service ended it before it had an event.
    Mute,
    /// Nothing came for too long.
    Silent,
    /// The service says why, with this code.
    Told(String, Source),
    /// The connection is gone.
    Broken(Source),
    /// An event that cannot be read.
    Unreadable(Source),
}

impl Subscription {
    pub(super) fn new(output: SubscribeToShardOutput) -> Self {
        Self { events: output.event_stream, spoke: false }
    }

    /// The next event.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancel safety
    /// None: half of an event may be lost. Drop it all.
    pub(super) async fn next(&mut self) -> Result<Event, Stop> {
        loop {
            let pushed = timeout(SILENCE, self.events.recv()).await.map_err(|_| Stop::Silent)?;
            match pushed {
                Ok(Some(Pushed::SubscribeToShardEvent(event))) => {
                    self.spoke = true;
                    return read(event).map_err(Stop::Unreadable);
                }
                // What this version does not know.
                Ok(Some(_)) => {}
                Ok(None) if self.spoke => return Err(Stop::Ended),
                Ok(None) => return Err(Stop::Mute),
                Err(error) => {
                    return Err(match error.as_service_error().and_then(code).map(str::to_owned) {
                        Some(code) => Stop::Told(code, error.into()),
                        None => Stop::Broken(error.into()),
                    });
                }
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("spoke", &self.spoke).finish_non_exhaustive()
    }
}

/// The code of an error, which the SDK does not keep with those of an event stream that it knows.
fn code(error: &EventError) -> Option<&str> {
    match error {
        EventError::ResourceNotFoundException(_) => Some("ResourceNotFoundException"),
        EventError::ResourceInUseException(_) => Some("ResourceInUseException"),
        EventError::KmsDisabledException(_) => Some("KMSDisabledException"),
        EventError::KmsInvalidStateException(_) => Some("KMSInvalidStateException"),
        EventError::KmsAccessDeniedException(_) => Some("KMSAccessDeniedException"),
        EventError::KmsNotFoundException(_) => Some("KMSNotFoundException"),
        EventError::KmsOptInRequired(_) => Some("KMSOptInRequired"),
        EventError::KmsThrottlingException(_) => Some("KMSThrottlingException"),
        EventError::InternalFailureException(_) => Some("InternalFailureException"),
        other => other.code(),
    }
}

fn read(event: SubscribeToShardEvent) -> Result<Event, Source> {
    let records = event.records.into_iter().map(raw).collect::<Result<Vec<_>, _>>()?;
    // The SDK reads what is absent as an empty text.
    let up_to = match event.continuation_sequence_number.as_str() {
        "" => None,
        // Never before what came with it.
        number => Some(number.parse::<SequenceNumber>()?).max(records.last().map(|last| last.sequence)),
    };
    let children = event.child_shards.unwrap_or_default().into_iter().map(child);
    Ok(Event {
        records,
        up_to,
        behind: Duration::from_millis(u64::try_from(event.millis_behind_latest).unwrap_or(0)),
        children: children.collect::<Result<_, _>>()?,
    })
}

impl Event {
    /// What it takes: count and bytes.
    pub(super) fn weight(&self) -> (usize, usize) {
        (self.records.len(), self.records.iter().map(|record| record.data.len()).sum())
    }
}
