//! [`Registration`]: the registered consumer in whose name shards are subscribed to.

mod obstacle;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use aws_sdk_kinesis::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::ConsumerStatus,
};
use tidegate_throttle::{Call, Throttle, aws};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};
use tracing::info;

pub(crate) use self::obstacle::{Obstacle, ObstacleKind};
use super::Target;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often one is sent.
const TRIES: u32 = 4;
/// How long a consumer may be in the making, or on its way out.
const LONGEST_WAIT: Duration = Duration::from_mins(2);
/// How often a registration is tried that a limit forbids: others may be registering at the same moment.
const REFUSALS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// For so long, what was in the way is told to everybody who asks.
const FRESH: Duration = Duration::from_secs(2);

const SUMMARY: &str = "DescribeStreamSummary";
const DESCRIBE: &str = "DescribeStreamConsumer";
const REGISTER: &str = "RegisterStreamConsumer";

const LIMIT: &str = "LimitExceededException";

/// The registered consumer in whose name shards are subscribed to: found, or made, when it is first asked for, and
/// shared by all shards. It stays when the process ends.
pub(crate) struct Registration {
    client: Client,
    throttle: Arc<dyn Throttle>,
    stream: Target,
    region: String,
    name: Arc<str>,
    /// Held while it is looked for, so that all who ask wait for one answer.
    found: Mutex<Option<Found>>,
}

/// What was found, and when.
type Found = (Instant, Result<Arc<str>, Obstacle>);

/// An answer, or a refusal that says something about the consumer.
enum Asked<T> {
    Answer(T),
    Refused(String, Obstacle),
}

impl Registration {
    /// Of the consumer `name` on a stream, by its name or its ARN. The client should have the SDK's retries off.
    pub(crate) fn new(client: Client, throttle: Arc<dyn Throttle>, stream: &str, name: Arc<str>) -> Self {
        let region = client.config().region().map(ToString::to_string).unwrap_or_default();
        let stream = Target::new(stream, "".into());
        Self { client, throttle, stream, region, name, found: Mutex::new(None) }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its ARN.
    ///
    /// # Errors
    /// What is in the way.
    ///
    /// # Cancel safety
    /// Dropped, it may have been registered; the next one finds it.
    pub(crate) async fn arn(&self) -> Result<Arc<str>, Obstacle> {
        self.arn_seen(None).await
    }

    /// Its ARN, as of this time or later: where what was found before may be gone.
    ///
    /// # Errors
    /// What is in the way.
    pub(crate) async fn arn_since(&self, time: Instant) -> Result<Arc<str>, Obstacle> {
        self.arn_seen(Some(time)).await
    }

    async fn arn_seen(&self, since: Option<Instant>) -> Result<Arc<str>, Obstacle> {
        let mut found = self.found.lock().await;
        match &*found {
            Some((at, Ok(arn))) if since.is_none_or(|since| *at >= since) => return Ok(Arc::clone(arn)),
            Some((at, Err(obstacle))) if at.elapsed() < FRESH => return Err(obstacle.clone()),
            _ => {}
        }
        let result = self.find_or_make().await;
        *found = Some((Instant::now(), result.clone()));
        result
    }

    async fn find_or_make(&self) -> Result<Arc<str>, Obstacle> {
        let stream = self.stream_arn().await?;
        let begun = Instant::now();
        let (mut refusals, mut pause) = (0, FIRST_PAUSE);
        loop {
            let status = match self.describe(&stream).await? {
                Some((arn, ConsumerStatus::Active)) => return Ok(arn),
                Some((_, status)) => status,
                None => {
                    if let Some(limit) = self.register(&stream).await? {
                        refusals += 1;
                        if refusals == REFUSALS {
                            return Err(limit);
                        }
                    }
                    ConsumerStatus::Creating
                }
            };
            if begun.elapsed() >= LONGEST_WAIT {
                let (name, stream) = (&self.name, self.stream.stream_name());
                let text =
                    format!("consumer {name} of stream {stream} is still {status} after {LONGEST_WAIT:?}");
                return Err(Obstacle::new(ObstacleKind::Unavailable, text));
            }
            sleep(half_by_chance(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn stream_arn(&self) -> Result<String, Obstacle> {
        if let Some(arn) = self.stream.arn() {
            return Ok(arn.to_owned());
        }
        let describe =
            self.client.describe_stream_summary().set_stream_name(self.stream.name().map(str::to_owned));
        // An account's limit, not a stream's.
        let call = Call::new("kinesis", SUMMARY).region(self.region.clone());
        match self.ask(SUMMARY, &call, || describe.clone().send()).await? {
            Asked::Answer(answer) => match answer.stream_description_summary {
                Some(summary) => Ok(summary.stream_arn),
                None => Err(self.unreadable(SUMMARY)),
            },
            Asked::Refused(_, obstacle) => Err(obstacle),
        }
    }

    /// Its ARN and its status, if it is there.
    async fn describe(&self, stream: &str) -> Result<Option<(Arc<str>, ConsumerStatus)>, Obstacle> {
        let describe = self.client.describe_stream_consumer().stream_arn(stream).consumer_name(&*self.name);
        match self.ask(DESCRIBE, &self.call(DESCRIBE), || describe.clone().send()).await? {
            Asked::Answer(answer) => match answer.consumer_description {
                Some(consumer) => Ok(Some((consumer.consumer_arn.into(), consumer.consumer_status))),
                None => Err(self.unreadable(DESCRIBE)),
            },
            // Of the consumer or of the stream: registering tells.
            Asked::Refused(code, _) if code == "ResourceNotFoundException" => Ok(None),
            Asked::Refused(_, obstacle) => Err(obstacle),
        }
    }

    /// Registers it, unless another process was faster. Answers the limit that forbids it for now.
    async fn register(&self, stream: &str) -> Result<Option<Obstacle>, Obstacle> {
        let register = self.client.register_stream_consumer().stream_arn(stream).consumer_name(&*self.name);
        match self.ask(REGISTER, &self.call(REGISTER), || register.clone().send()).await? {
            Asked::Answer(_) => {
                info!(consumer = %self.name, stream = self.stream.stream_name(), "registers for enhanced fan-out");
                Ok(None)
            }
            Asked::Refused(code, _) if code == "ResourceInUseException" => Ok(None),
            Asked::Refused(code, obstacle) if code == LIMIT => Ok(Some(obstacle)),
            Asked::Refused(_, obstacle) => Err(obstacle),
        }
    }

    fn call(&self, action: &'static str) -> Call {
        Call::new("kinesis", action)
            .region(self.region.clone())
            .resource(self.stream.stream_name().to_owned())
    }

    /// Asks until there is an answer, or a refusal.
    async fn ask<T, E, F>(
        &self,
        action: &'static str,
        call: &Call,
        operation: impl Fn() -> F + Send + Sync,
    ) -> Result<Asked<T>, Obstacle>
    where
        T: Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    {
        let stream = self.stream.stream_name();
        let send = || {
            let sent = operation();
            async move {
                match sent.await {
                    // No rate that it would help to wait for, though it has the code of one.
                    Err(error) if action == REGISTER && error.code() == Some(LIMIT) => Ok(Err(error)),
                    result => result.map(Ok),
                }
            }
        };
        let (mut tries, mut pause) = (0, FIRST_PAUSE);
        loop {
            tries += 1;
            let obstacle = match timeout(PATIENCE, aws::send(&*self.throttle, call, send)).await {
                Ok(Ok(Ok(answer))) => return Ok(Asked::Answer(answer)),
                Ok(Ok(Err(error)) | Err(error)) => {
                    let code =
                        error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
                    let code = code.to_owned();
                    let kind = ObstacleKind::of(&code);
                    let told = kind.unwrap_or(ObstacleKind::Unavailable);
                    let obstacle = Obstacle::new(told, told.text(action, &self.name, stream)).because(error);
                    if kind.is_some() {
                        return Ok(Asked::Refused(code, obstacle));
                    }
                    obstacle
                }
                Err(_) => {
                    let text =
                        format!("kinesis:{action} on stream {stream} had no answer within {PATIENCE:?}");
                    Obstacle::new(ObstacleKind::Unavailable, text)
                }
            };
            if tries == TRIES {
                return Err(obstacle);
            }
            sleep(half_by_chance(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn unreadable(&self, action: &str) -> Obstacle {
        let text =
            format!("kinesis:{action} on stream {} was answered with nothing", self.stream.stream_name());
        Obstacle::new(ObstacleKind::Unavailable, text)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("stream", &self.stream)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Half of a pause, and a part of the other half by chance: so that many do not come back together.
pub(super) fn half_by_chance(pause: Duration) -> Duration {
    pause / 2 + pause / 2 * fastrand::u32(0..1024) / 1024
}
