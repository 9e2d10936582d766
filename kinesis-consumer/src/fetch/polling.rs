//! [`Polling`]: reads a shard with `GetRecords`.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::DateTime,
    types::ShardIteratorType,
};
use tidegate_throttle::{
    Call, Throttle,
    aws::{self, Verdict},
};
use tokio::time::Instant;

use super::{
    Error, ErrorKind, Fetched, Room, Start, Target,
    answer::{self, Answer, child},
    appetite::Appetite,
    pace::Pace,
};
use crate::{Shard, lease::Timestamp};

/// At the tip.
const IDLE: Duration = Duration::from_secs(1);
const LEAST_IDLE: Duration = Duration::from_millis(200);

/// Failures in a row, until one is reported.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Reads a shard with `GetRecords`: at once while it is behind, every second at the tip, and sooner at first.
///
/// The client should have the SDK's retries off ([`aws::no_retries`]).
pub(crate) struct Polling<R> {
    client: Client,
    throttle: Arc<dyn Throttle>,
    target: Target,
    iterator_call: Call,
    records_call: Call,
    room: R,
    epoch: Instant,
    pace: Pace,
    appetite: Appetite,
    /// Where to go on, should the iterator expire.
    position: Start,
    iterator: Option<String>,
    /// Whether the last answer had the newest record, or there was none.
    at_tip: bool,
    failures: u32,
    ended: Option<Vec<Shard>>,
}

/// A call failed in a way that is not an error.
enum Failure {
    Expired,
    Gone,
    Error(Error),
    /// The shard is read by others, too, and the next look is for later.
    Refused,
    /// With what is reported, should it last.
    Transient(Error),
}

impl<R: Room> Polling<R> {
    /// Nothing is asked before [`Self::next`].
    pub(crate) fn new(
        client: Client,
        throttle: Arc<dyn Throttle>,
        target: Target,
        start: Start,
        room: R,
    ) -> Self {
        let region = client.config().region().map(ToString::to_string).unwrap_or_default();
        Self {
            iterator_call: target.call("GetShardIterator", &region),
            records_call: target.call("GetRecords", &region),
            client,
            throttle,
            target,
            room,
            epoch: Instant::now(),
            pace: Pace::new(IDLE, LEAST_IDLE),
            appetite: Appetite::new(),
            position: start,
            iterator: None,
            at_tip: true,
            failures: 0,
            ended: None,
        }
    }

    /// At the tip, a call every so often. Default: 1 second; at least 200 ms, the shard's own limit.
    #[must_use]
    pub(crate) fn with_idle(mut self, idle: Duration) -> Self {
        self.pace = Pace::new(idle.max(LEAST_IDLE), LEAST_IDLE);
        self
    }

    /// It has not ended after all: the next answer is asked for where it was.
    pub(crate) fn ask_again(&mut self) {
        (self.ended, self.iterator) = (None, None);
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
    /// Dropped half-way, no record is passed over: the next one reads the same again.
    pub(crate) async fn next(&mut self) -> Result<Fetched<R::Reservation>, Error> {
        loop {
            if let Some(children) = &self.ended {
                let ended = Some(children.clone());
                let (records, behind) = (Vec::new(), Duration::ZERO);
                return Ok(Fetched { records, behind, ended, crowded: false, reservation: None });
            }
            tokio::time::sleep_until(self.epoch + self.pace.due()).await;
            match self.attempt().await {
                Ok(fetched) => {
                    self.failures = 0;
                    return Ok(fetched);
                }
                Err(Failure::Expired) => self.iterator = None,
                Err(Failure::Refused) => self.pace.refused(self.epoch.elapsed(), fastrand::u32(..)),
                Err(Failure::Gone) => self.ended = Some(Vec::new()),
                Err(Failure::Error(error)) => return Err(error),
                Err(Failure::Transient(error)) => {
                    self.failures = self.failures.saturating_add(1);
                    let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
                    // Half of it by chance, so that the shards of a worker do not come back together.
                    let chance = pause / 2 * fastrand::u32(0..1024) / 1024;
                    self.pace.not_before(self.epoch.elapsed() + pause / 2 + chance);
                    if self.failures.is_multiple_of(ATTEMPTS) {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<Fetched<R::Reservation>, Failure> {
        let (count, bytes) = self.appetite.wanted();
        let (reservation, count, bytes) = self.room.reserve_up_to(count, bytes).await;
        let limit = self.appetite.limit(count, bytes);
        // After the room, for which it may have waited so long that an iterator expires.
        let iterator = if let Some(iterator) = &self.iterator {
            iterator.clone()
        } else {
            let iterator = self.new_iterator().await?;
            self.iterator.insert(iterator).clone()
        };
        // At most 10,000.
        let get = self.client.get_records().limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let get = get.shard_iterator(iterator).set_stream_arn(self.target.arn().map(str::to_owned));
        let answer = if self.at_tip {
            self.send_once(|| answer::get(get.clone())).await?
        } else {
            self.send(&self.records_call, || answer::get(get.clone())).await?
        };
        let now = self.epoch.elapsed();
        self.take(answer, limit, now, reservation).map_err(Failure::Error)
    }

    fn take(
        &mut self,
        (records, answer): Answer,
        limit: usize,
        now: Duration,
        reservation: R::Reservation,
    ) -> Result<Fetched<R::Reservation>, Error> {
        let invalid = |source| Error::new(ErrorKind::Answer, "GetRecords", &self.target, source);
        let records = records.map_err(invalid)?;
        let behind = u64::try_from(answer.millis_behind_latest.unwrap_or(0)).unwrap_or(0);
        let children = answer.child_shards.unwrap_or_default().into_iter().map(child);
        let ended = match answer.next_shard_iterator {
            Some(_) => None,
            None => Some(children.collect::<Result<Vec<_>, _>>().map_err(invalid)?),
        };
        let bytes: usize = records.iter().map(|it| it.data.len() + it.partition_key.len()).sum();
        self.appetite.answered(limit, records.len(), bytes);
        self.at_tip = behind == 0;
        self.pace.answered(now, bytes as u64, self.at_tip, fastrand::u32(..));
        if let Some(last) = records.last() {
            self.position = Start::AfterSequence(last.sequence);
        }
        self.iterator = answer.next_shard_iterator;
        self.ended.clone_from(&ended);
        let behind = Duration::from_millis(behind);
        let crowded = self.pace.is_crowded();
        Ok(Fetched { records, behind, ended, crowded, reservation: Some(reservation) })
    }

    async fn new_iterator(&self) -> Result<String, Failure> {
        let get = self.client.get_shard_iterator().shard_id(self.target.shard().as_str());
        let get = get.set_stream_name(self.target.name().map(str::to_owned));
        let get = get.set_stream_arn(self.target.arn().map(str::to_owned));
        let get = match self.position {
            Start::TrimHorizon => get.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Start::At(Timestamp(millis)) => get
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))),
            Start::AtSequence(number) => get
                .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
                .starting_sequence_number(number.to_string()),
            Start::AfterSequence(number) => get
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(number.to_string()),
        };
        let answer = self.send(&self.iterator_call, || get.clone().send()).await?;
        let none = || Error::new(ErrorKind::Answer, "GetShardIterator", &self.target, "no iterator");
        answer.shard_iterator.ok_or_else(|| Failure::Error(none()))
    }

    /// At the tip, a call that is refused is not sent again before the next look.
    async fn send_once<T, E, F>(&self, operation: impl FnOnce() -> F) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let call = &self.records_call;
        match aws::send_once(&*self.throttle, call, operation).await {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Verdict::Rate { .. }) => Err(Failure::Refused),
            (Err(error), _) => Err(self.failure(call, error)),
        }
    }

    async fn send<T, E, F>(&self, call: &Call, operation: impl FnMut() -> F) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        aws::send(&*self.throttle, call, operation).await.map_err(|error| self.failure(call, error))
    }

    fn failure<E>(&self, call: &Call, error: SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
        let action = if call.operation_name() == "GetRecords" { "GetRecords" } else { "GetShardIterator" };
        match (code, ErrorKind::of(code)) {
            ("ExpiredIteratorException", _) => Failure::Expired,
            ("ResourceNotFoundException", _) => Failure::Gone,
            // A time that is not yet there by Kinesis's clock.
            ("InvalidArgumentException", _) if matches!(self.position, Start::At(_)) => {
                Failure::Transient(Error::new(ErrorKind::Unavailable, action, &self.target, error))
            }
            (_, Some(kind)) => Failure::Error(Error::new(kind, action, &self.target, error)),
            _ => Failure::Transient(Error::new(ErrorKind::Unavailable, action, &self.target, error)),
        }
    }
}

impl<R> fmt::Debug for Polling<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling")
            .field("target", &self.target)
            .field("position", &self.position)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
