//! [`Feed`]: the records of a shard, from where its lease says, as they are read.

use std::{sync::Arc, time::Duration};

use tidegate_lanes::{Budget, Reservation, Slot, Ticket};
use tokio::{sync::mpsc, task::JoinHandle, time::sleep};
use tracing::{error, warn};

use super::{Builder, listing::Listing, tracker::Tracker, unpack::Unpack};
use crate::{
    Checkpoint, Error, ErrorKind, Record, Shard, ShardId,
    fetch::{
        self, FanOut, Fetched, ObstacleKind, Polling, Reader, Reading, Registration, Room, Start, Target,
    },
    lease::{Lease, Timestamp},
    worker::{InitialPosition, Listed},
};

/// Opens the feed of each shard.
#[derive(Debug)]
pub(crate) struct Feeds {
    builder: Arc<Builder>,
    listing: Listing,
    budget: Budget,
    /// For fan-out.
    registration: Option<Arc<Registration>>,
}

/// The records of a shard, read by a task of its own. Dropped, nothing more is read.
#[derive(Debug)]
pub(crate) struct Feed {
    fed: mpsc::Receiver<Fed>,
    reader: JoinHandle<()>,
}

/// What a shard has.
#[derive(Debug)]
pub(crate) enum Fed {
    /// Records, at least one.
    Records(Vec<Item>),
    /// It is closed, and was read to its end. It became these.
    End(Vec<Shard>),
    /// It cannot be read.
    Failed(Error),
}

/// A record in flight.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) record: Record,
    pub(crate) ticket: Ticket,
    pub(crate) slot: Slot,
}

impl Feeds {
    pub(crate) fn new(builder: &Arc<Builder>, listing: Listing) -> Self {
        let registration = builder.fetch.fan_out.clone().map(|name| {
            let (kinesis, throttle) = (builder.kinesis.clone(), Arc::clone(&builder.throttle));
            Arc::new(Registration::new(kinesis, throttle, &builder.stream, name))
        });
        Self { budget: builder.budget(), builder: Arc::clone(builder), listing, registration }
    }

    /// Finds or registers the consumer, where there has to be one.
    ///
    /// # Errors
    /// What has to be mended first. What may pass by itself is waited for by each shard.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        let Some(registration) = &self.registration else { return Ok(()) };
        let Err(obstacle) = registration.arn().await else { return Ok(()) };
        let kind = match obstacle.kind() {
            ObstacleKind::Unavailable | ObstacleKind::InUse => {
                warn!(%obstacle, "the consumer cannot be looked for or registered for now");
                return Ok(());
            }
            ObstacleKind::Invalid | ObstacleKind::NoStream => ErrorKind::InvalidInput,
            ObstacleKind::Denied | ObstacleKind::Limit => ErrorKind::Stream,
        };
        Err(Error::new(kind, obstacle.to_string()).because(obstacle))
    }

    /// Begins to read a shard.
    pub(crate) fn open(&self, lease: &Lease, tracker: Arc<Tracker>, now: Timestamp) -> Feed {
        let builder = &self.builder;
        let target = Target::new(&*builder.stream, lease.key.clone());
        let (kinesis, throttle) = (builder.kinesis.clone(), Arc::clone(&builder.throttle));
        let start = start(lease, builder.initial, now);
        let room = Shared(self.budget.clone());
        let reader = if let Some(registration) = &self.registration {
            let (registration, tracker) = (Arc::clone(registration), Arc::clone(&tracker));
            let tell = Box::new(move |reading| tracker.reads(reading));
            Reader::FanOut(FanOut::new(kinesis, throttle, registration, target, start, room, tell))
        } else {
            tracker.reads(Reading::Polling);
            let polling = Polling::new(kinesis, throttle, target, start, room);
            Reader::Polling(polling.with_idle(builder.fetch.idle))
        };
        // One answer waits beside the one that is being worked on; the budget bounds both.
        let (sender, fed) = mpsc::channel(1);
        let unpack = Unpack::new(Arc::clone(&builder.stream), lease, builder.filter());
        let listing = self.listing.clone();
        let reader = tokio::spawn(read(reader, unpack, listing, tracker, sender));
        Feed { fed, reader }
    }
}

impl Feed {
    /// The next of it. After the end, it waits for ever.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    pub(crate) async fn next(&mut self) -> Fed {
        match self.fed.recv().await {
            Some(fed) => fed,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Where a lease says that reading starts.
fn start(lease: &Lease, initial: InitialPosition, now: Timestamp) -> Start {
    match (lease.checkpoint, lease.started_at, initial) {
        // An aggregated record may have been finished in part: what is finished of it is passed over.
        (Checkpoint::At(position), ..) => Start::AtSequence(position.sequence),
        (Checkpoint::Latest | Checkpoint::AtTimestamp, Some(time), _)
        | (Checkpoint::AtTimestamp, None, InitialPosition::At(time)) => Start::At(time),
        // The newest record, where the time at which that was asked for is not known.
        (Checkpoint::Latest, None, _) => Start::At(now),
        (Checkpoint::TrimHorizon | Checkpoint::AtTimestamp | Checkpoint::ShardEnd, ..) => Start::TrimHorizon,
    }
}

async fn read(
    mut reader: Reader<Shared>,
    mut unpack: Unpack,
    listing: Listing,
    tracker: Arc<Tracker>,
    sender: mpsc::Sender<Fed>,
) {
    /// Between two looks at a shard that cannot be read, as long as that may pass.
    const PAUSE: Duration = Duration::from_secs(1);
    loop {
        let fed = match reader.next().await {
            Ok(fetched) => {
                let Fetched { records, behind, ended, crowded, reservation } = fetched;
                if tracker.crowded(crowded) {
                    warn!(
                        "others read this shard so often that calls are refused; it is read less often, and enhanced fan-out would serve"
                    );
                }
                let bytes = records.iter().map(|record| record.data.len() as u64).sum();
                let records = unpack.records(records);
                let positions = records.iter().map(Record::position);
                let tickets = tracker.arrive(positions, bytes, behind);
                if let Some(mut reservation) = reservation.filter(|_| !records.is_empty()) {
                    let items = records.into_iter().zip(tickets).map(|(record, ticket)| {
                        let slot = reservation.slot(record.data().len());
                        Item { record, ticket, slot }
                    });
                    let sent = sender.send(Fed::Records(items.collect()));
                    if reader.meanwhile(sent).await.is_err() {
                        return;
                    }
                }
                let Some(children) = ended else { continue };
                match confirm(&listing, unpack.shard(), children).await {
                    Ok(children) => Fed::End(children),
                    Err(why) => {
                        warn!(why, "a shard seems to have ended, and is asked again");
                        tracker.read_failed(why);
                        reader.ask_again();
                        sleep(PAUSE).await;
                        continue;
                    }
                }
            }
            Err(error) if matches!(error.kind(), fetch::ErrorKind::Unavailable | fetch::ErrorKind::InUse) => {
                warn!(%error, "a shard cannot be read for now");
                tracker.read_failed(error.to_string());
                sleep(PAUSE).await;
                continue;
            }
            Err(error) => {
                error!(%error, "a shard cannot be read");
                Fed::Failed(Error::new(ErrorKind::Stream, error.to_string()).because(error))
            }
        };
        // One who is gone needs no end.
        let _ = sender.send(fed).await;
        return;
    }
}

/// Whether a shard has ended, and what it became. One that names children has. One that does not may be gone, or its
/// stream, or the stream's name may be wrong: only the stream's own list tells, and an end cannot be taken back.
async fn confirm(listing: &Listing, shard: &ShardId, children: Vec<Shard>) -> Result<Vec<Shard>, String> {
    if !children.is_empty() {
        return Ok(children);
    }
    match listing.list().await {
        Listed::Shards(shards) if shards.iter().any(|other| other.id == *shard && !other.closed) => {
            Err("it is open".to_owned())
        }
        Listed::Shards(shards) => {
            Ok(shards.into_iter().filter(|other| other.parents.contains(shard)).collect())
        }
        Listed::NoStream => Err("the stream is not there".to_owned()),
        Listed::Unavailable(error) => Err(error.to_string()),
    }
}

/// The room of all shards of a consumer.
#[derive(Debug)]
struct Shared(Budget);

impl Room for Shared {
    type Reservation = Reservation;

    async fn reserve_up_to(&self, count: usize, bytes: usize) -> (Reservation, usize, usize) {
        let reservation = self.0.reserve_up_to(count, bytes).await;
        let left = reservation.left();
        (reservation, left.count, left.bytes)
    }

    async fn reserve(&self, count: usize, bytes: usize) -> Reservation {
        self.0.reserve(count, bytes).await
    }
}
