//! [`FanOut`]: reads a shard with `SubscribeToShard`.

#[cfg(test)]
mod tests;

use std::{fmt, future::Future, pin::pin, sync::Arc, time::Duration};

use aws_sdk_kinesis::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::DateTime,
    types::{ShardIteratorType as Type, StartingPosition},
};
use tidegate_throttle::{Throttle, aws};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Error, ErrorKind, Fetched, Obstacle, ObstacleKind, Reading, Registration, Room, Start, Target,
    registration::half_by_chance,
    subscription::{Event, Stop, Subscription},
};
use crate::{Shard, lease::Timestamp};

/// A shard that was subscribed to can be subscribed to again after so long.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
const HOLD: Duration = Duration::from_secs(5);

/// How long a subscription may wait for its first answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one is kept that nobody reads: its connection is the other shards', too, and what fills it up they lack.
const UNREAD: Duration = Duration::from_secs(5);

/// Failures in a row, until one is reported.
const ATTEMPTS: u32 = 5;
/// So many times half a second or more are longer than [`HOLD`].
const ATTEMPTS_IN_USE: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE_IN_USE: Duration = Duration::from_secs(1);

const ACTION: &str = "SubscribeToShard";

/// Takes note of what a reader waits for.
pub(crate) type Tell = Box<dyn Fn(Reading) + Send + Sync>;

/// Reads a shard with `SubscribeToShard`: one subscription after the other, each from where the last one was.
///
/// An event that has come waits for its room here, and no other is taken off the connection meanwhile.
pub(crate) struct FanOut<R> {
    client: Client,
    throttle: Arc<dyn Throttle>,
    registration: Arc<Registration>,
    target: Target,
    region: String,
    room: R,
    tell: Tell,
    /// Where to go on: after all that was answered.
    position: Start,
    subscription: Option<Subscription>,
    /// What has come, and has no room yet.
    event: Option<Event>,
    /// No subscription before this.
    due: Instant,
    failures: u32,
    /// How often in a row another subscription was in the way.
    in_use: u32,
    ended: Option<Vec<Shard>>,
}

/// There is no event, in a way that is not an error.
enum Failure {
    /// The subscription is over, as it is every five minutes.
    Over,
    /// The shard, its stream, or the consumer is gone.
    Gone {
        arn: Arc<str>,
        asked: Instant,
    },
    /// Another subscription is younger than [`HOLD`].
    InUse(Error),
    /// Another subscription took over.
    Taken(Error),
    Error(Error),
    /// With what is reported, should it last.
    Transient(Error),
}

impl<R: Room> FanOut<R> {
    /// Nothing is asked before [`Self::next`].
    pub(crate) fn new(
        client: Client,
        throttle: Arc<dyn Throttle>,
        registration: Arc<Registration>,
        target: Target,
        start: Start,
        room: R,
        tell: Tell,
    ) -> Self {
        let region = client.config().region().map(ToString::to_string).unwrap_or_default();
        Self {
            client,
            throttle,
            registration,
            target,
            region,
            room,
            tell,
            position: start,
            subscription: None,
            event: None,
            due: Instant::now(),
            failures: 0,
            in_use: 0,
            ended: None,
        }
    }

    /// It has not ended after all: it is subscribed to again where it was.
    pub(crate) fn ask_again(&mut self) {
        (self.ended, self.subscription) = (None, None);
    }

    /// Waits for something else, which may take long.
    ///
    /// # Cancel safety
    /// That of what it waits for.
    pub(crate) async fn meanwhile<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        if let Ok(output) = timeout(UNREAD, &mut work).await {
            return output;
        }
        self.subscription = None;
        (self.tell)(Reading::Full);
        work.await
    }

    /// The next answer. It may have no records; at the end of the shard each one says so.
    ///
    /// # Errors
    ///
    /// [`Error`] for what waiting does not help, and after several failures in a row for what it does. Asking again
    /// goes on where it was.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, no record is passed over: the next one subscribes again.
    pub(crate) async fn next(&mut self) -> Result<Fetched<R::Reservation>, Error> {
        loop {
            if let Some(children) = &self.ended {
                let ended = Some(children.clone());
                let (records, behind) = (Vec::new(), Duration::ZERO);
                return Ok(Fetched { records, behind, ended, crowded: false, reservation: None });
            }
            if self.event.is_some() {
                let reservation = self.room().await;
                if let Some(event) = self.event.take() {
                    return Ok(self.answer(event, reservation));
                }
            }
            match self.pull().await {
                Ok(event) => {
                    (self.failures, self.in_use) = (0, 0);
                    self.event = Some(event);
                }
                Err(failure) => self.failed(failure).await?,
            }
        }
    }

    /// Room for the event that has come.
    async fn room(&mut self) -> Option<R::Reservation> {
        let (count, bytes) = self.event.as_ref().map(Event::weight)?;
        if count == 0 {
            return None;
        }
        let mut room = pin!(self.room.reserve(count, bytes));
        if let Ok(reservation) = timeout(UNREAD, &mut room).await {
            return Some(reservation);
        }
        self.subscription = None;
        (self.tell)(Reading::Full);
        Some(room.await)
    }

    fn answer(&mut self, event: Event, reservation: Option<R::Reservation>) -> Fetched<R::Reservation> {
        let Event { records, up_to, behind, children } = event;
        // At the end of the shard nothing comes after it.
        if let Some(number) = up_to.or_else(|| records.last().map(|last| last.sequence)) {
            self.position = Start::AfterSequence(number);
        }
        if up_to.is_none() {
            (self.ended, self.subscription) = (Some(children), None);
        }
        Fetched { records, behind, ended: self.ended.clone(), crowded: false, reservation }
    }

    async fn pull(&mut self) -> Result<Event, Failure> {
        // Taken out, so that one that is dropped with half an event is gone.
        let mut subscription = match self.subscription.take() {
            Some(subscription) => subscription,
            None => self.subscribe().await?,
        };
        (self.tell)(Reading::Subscribed);
        let event = subscription.next().await.map_err(|stop| self.stopped(stop))?;
        self.subscription = Some(subscription);
        Ok(event)
    }

    async fn subscribe(&mut self) -> Result<Subscription, Failure> {
        (self.tell)(Reading::Registering);
        let arn = self.registration.arn().await.map_err(|obstacle| self.obstructed(obstacle))?;
        (self.tell)(Reading::Subscribing);
        sleep_until(self.due).await;
        let start = self.start().map_err(Failure::Error)?;
        let subscribe = self.client.subscribe_to_shard().consumer_arn(&*arn);
        let subscribe = subscribe.shard_id(self.target.shard().as_str()).starting_position(start);
        let call = self.target.call(ACTION, &self.region);
        let call = call.resource(format!(
            "{}/{}/{}",
            self.target.stream_name(),
            self.registration.name(),
            self.target.shard()
        ));
        let asked = Instant::now();
        let send = || {
            let sent = subscribe.clone().send();
            async {
                match timeout(PATIENCE, sent).await {
                    Ok(answer) => answer,
                    Err(late) => Err(SdkError::timeout_error(late)),
                }
            }
        };
        match aws::send(&*self.throttle, &call, send).await {
            Ok(output) => {
                self.due = Instant::now() + HOLD;
                Ok(Subscription::new(output))
            }
            Err(error) => {
                let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
                let kind = ErrorKind::of(code);
                let code = code.to_owned();
                Err(match (code.as_str(), kind) {
                    ("ResourceNotFoundException", _) => Failure::Gone { arn, asked },
                    ("ResourceInUseException", _) => Failure::InUse(self.error(ErrorKind::InUse, error)),
                    // A time that is not yet there by Kinesis's clock.
                    ("InvalidArgumentException", _) if matches!(self.position, Start::At(_)) => {
                        Failure::Transient(self.error(ErrorKind::Unavailable, error))
                    }
                    (_, Some(kind)) => Failure::Error(self.error(kind, error)),
                    _ => Failure::Transient(self.error(ErrorKind::Unavailable, error)),
                })
            }
        }
    }

    fn start(&self) -> Result<StartingPosition, Error> {
        let position = StartingPosition::builder();
        let position = match self.position {
            Start::TrimHorizon => position.r#type(Type::TrimHorizon),
            Start::At(Timestamp(millis)) => position
                .r#type(Type::AtTimestamp)
                .timestamp(DateTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))),
            Start::AtSequence(number) => {
                position.r#type(Type::AtSequenceNumber).sequence_number(number.to_string())
            }
            Start::AfterSequence(number) => {
                position.r#type(Type::AfterSequenceNumber).sequence_number(number.to_string())
            }
        };
        position.build().map_err(|error| self.error(ErrorKind::Invalid, error))
    }

    fn stopped(&self, stop: Stop) -> Failure {
        let unavailable = |source| Failure::Transient(self.error(ErrorKind::Unavailable, source));
        match stop {
            Stop::Ended => Failure::Over,
            Stop::Mute => unavailable("the subscription ended at once".into()),
            Stop::Silent => unavailable("the subscription fell silent".into()),
            Stop::Broken(source) => unavailable(source),
            Stop::Unreadable(source) => Failure::Error(self.error(ErrorKind::Answer, source)),
            Stop::Told(code, source) => match (code.as_str(), ErrorKind::of(&code)) {
                ("ResourceInUseException", _) => Failure::Taken(self.error(ErrorKind::InUse, source)),
                // Asked again, it says of what.
                ("ResourceNotFoundException", _) => Failure::Over,
                (_, Some(kind)) => Failure::Error(self.error(kind, source)),
                _ => unavailable(source),
            },
        }
    }

    fn obstructed(&self, obstacle: Obstacle) -> Failure {
        match obstacle.kind() {
            ObstacleKind::Denied => Failure::Error(self.error(ErrorKind::Denied, obstacle)),
            ObstacleKind::Invalid => Failure::Error(self.error(ErrorKind::Invalid, obstacle)),
            // At the start, each of these ends the consumer; later, somebody may mend it.
            ObstacleKind::Unavailable
            | ObstacleKind::Limit
            | ObstacleKind::NoStream
            | ObstacleKind::InUse => Failure::Transient(self.error(ErrorKind::Unavailable, obstacle)),
        }
    }

    /// What becomes of a failure: it is reported, or what it asks for is done.
    async fn failed(&mut self, failure: Failure) -> Result<(), Error> {
        match failure {
            Failure::Over => Ok(()),
            Failure::Error(error) => Err(error),
            Failure::Gone { arn, asked } => self.gone(&arn, asked).await,
            Failure::InUse(error) => {
                self.in_use = self.in_use.saturating_add(1);
                let pause = FIRST_PAUSE.saturating_mul(1 << self.in_use.min(10)).min(LONGEST_PAUSE_IN_USE);
                self.wait(pause);
                if self.in_use.is_multiple_of(ATTEMPTS_IN_USE) { Err(error) } else { Ok(()) }
            }
            Failure::Taken(error) => {
                // Whoever took it has the lease, and then this reader ends soon; or uses the name of a consumer that
                // is another application's, and then the two take turns.
                self.wait(2 * HOLD);
                Err(error)
            }
            Failure::Transient(error) => {
                self.failures = self.failures.saturating_add(1);
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
                self.wait(pause);
                if self.failures.is_multiple_of(ATTEMPTS) { Err(error) } else { Ok(()) }
            }
        }
    }

    /// No subscription for half as long at least.
    fn wait(&mut self, pause: Duration) {
        self.due = self.due.max(Instant::now() + half_by_chance(pause));
    }

    /// The service does not know the shard, or the consumer that `arn` names. A consumer that somebody deregistered
    /// is registered again; the shard is gone if the consumer was not.
    async fn gone(&mut self, arn: &str, asked: Instant) -> Result<(), Error> {
        match self.registration.arn_since(asked).await {
            Ok(now) if *now != *arn => self.wait(FIRST_PAUSE),
            Ok(_) => self.ended = Some(Vec::new()),
            Err(obstacle) if obstacle.kind() == ObstacleKind::NoStream => self.ended = Some(Vec::new()),
            Err(obstacle) => match self.obstructed(obstacle) {
                Failure::Transient(error) | Failure::Error(error) => return Err(error),
                _ => {}
            },
        }
        Ok(())
    }

    fn error(&self, kind: ErrorKind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::new(kind, ACTION, &self.target, source)
    }
}

impl<R> fmt::Debug for FanOut<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanOut")
            .field("target", &self.target)
            .field("position", &self.position)
            .field("subscription", &self.subscription)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
