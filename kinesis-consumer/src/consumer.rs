//! [`Consumer`]: a process's part in the consumption of a stream.

mod clock;
mod coordinator;
mod feed;
mod fetch;
mod health;
mod identity;
mod layer;
mod listing;
mod run;
mod running;
mod signals;
mod tracker;
mod unpack;
mod watchdog;

use std::{sync::Arc, time::Duration};

use aws_sdk_kinesis::Client;
use tidegate_lanes::{BatchHandler, Budget, Handler};
use tidegate_throttle::{Adaptive, Throttle, aws};

pub(crate) use self::{
    feed::{Fed, Feed, Item},
    layer::{End, Layer, given_up},
    run::{Diversion, ShardRun},
    signals::{Signal, Signals},
    tracker::Tracker,
};
pub use self::{
    fetch::Fetch,
    health::{Health, ShardHealth, Totals},
    running::Running,
};
use crate::{
    Batching, Error, ErrorKind, Handling, Record, ShardId, ShardProcessor, Shards,
    kpl::Filter,
    lease::{Fleets, LeaseStore, WorkerId},
    processor::Processors,
    worker::InitialPosition,
};

/// One process's part in the consumption of a stream: it shares the stream's shards with the other consumers of
/// the same lease table.
///
/// ```no_run
/// # async fn of(config: &aws_types::SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use tidegate_kinesis_consumer::{Consumer, Handling, Record, lease::DynamoDb};
///
/// let kinesis = aws_sdk_kinesis::Client::new(config);
/// let leases = DynamoDb::new(aws_sdk_dynamodb::Client::new(config), "orders");
/// let consumer = Consumer::builder(kinesis, "orders-v1", leases).build()?;
/// let mut running = consumer.run(Handling::new(|record: Record, _| async move {
///     println!("{} {:?}", record.partition_key(), record.data());
///     Ok(())
/// }));
/// tokio::signal::ctrl_c().await?;
/// running.shutdown(Duration::from_secs(30)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a consumer does nothing until it is run"]
pub struct Consumer {
    parts: Arc<Builder>,
}

/// What a [`Consumer`] is to be like.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    kinesis: Client,
    stream: Arc<str>,
    store: Arc<dyn LeaseStore>,
    fleets: Arc<dyn Fleets>,
    throttle: Arc<dyn Throttle>,
    worker: Option<WorkerId>,
    weight: u32,
    max_leases: usize,
    initial: InitialPosition,
    fetch: Fetch,
    failover: Duration,
    checkpoint: Duration,
    drain: Duration,
    stalled_after: Duration,
    scan_units: u32,
    records: usize,
    bytes: usize,
    key_filter: bool,
}

impl Consumer {
    /// A consumer of `stream`, a name or an ARN, whose leases are in `leases`.
    ///
    /// The client is yours, and its HTTP client, credentials, endpoint and interceptors are used; its retries are
    /// not. An interceptor sees answers of `GetRecords` without their records, which are read before the SDK makes its types of
    /// them.
    pub fn builder(
        kinesis: Client,
        stream: impl Into<Arc<str>>,
        leases: impl LeaseStore + Fleets + 'static,
    ) -> Builder {
        let leases = Arc::new(leases);
        Builder {
            kinesis,
            stream: stream.into(),
            store: Arc::clone(&leases) as Arc<dyn LeaseStore>,
            fleets: leases,
            throttle: Arc::new(Adaptive::new()),
            worker: None,
            weight: 1,
            max_leases: usize::MAX,
            initial: InitialPosition::default(),
            fetch: Fetch::default(),
            failover: Duration::from_secs(10),
            checkpoint: Duration::from_secs(3),
            drain: Duration::from_secs(30),
            stalled_after: Duration::from_mins(1),
            scan_units: 10,
            records: 100_000,
            bytes: 256 << 20,
            key_filter: false,
        }
    }

    /// Begins to consume, on the current tokio runtime: each record is given to a handler.
    pub fn run<H>(&self, handling: Handling<H>) -> Running
    where
        H: Handler<Record> + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        Running::start(&self.parts, Arc::new(handling))
    }

    /// Begins to consume, on the current tokio runtime: many records at once are given to a handler.
    pub fn run_batches<H>(&self, batching: Batching<H>) -> Running
    where
        H: BatchHandler<Record> + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        Running::start(&self.parts, Arc::new(batching))
    }

    /// Begins to consume, on the current tokio runtime: each shard is given to a processor of its own, which
    /// `make` makes.
    pub fn run_processors<P: ShardProcessor>(
        &self,
        make: impl Fn(&ShardId) -> P + Send + Sync + 'static,
    ) -> Running {
        Running::start(&self.parts, Arc::new(Processors(make)))
    }

    /// Begins to consume, on the current tokio runtime: each shard is a stream of deliveries.
    pub fn shards(&self) -> Shards {
        Shards::start(|layer| Running::start(&self.parts, layer))
    }
}

impl Builder {
    /// Who admits every request. Default: an [`Adaptive`] of its own. Give it the one that the rest of your
    /// service uses, if they share a limit.
    pub fn throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        self.throttle = throttle;
        self
    }

    /// The name of this process among the others. Default: one that names the host and is new for each process.
    ///
    /// A name that stays the same lets a process that crashed take its own leases back only when they have
    /// expired, as the others can; so there is little reason for it but to read it in the table.
    pub fn worker_id(mut self, id: impl Into<WorkerId>) -> Self {
        self.worker = Some(id.into());
        self
    }

    /// The share of the shards that it asks for, relative to the others, 1 or more. Default: 1.
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Shards that it processes at most, 1 or more. Default: no bound.
    pub fn max_leases(mut self, leases: usize) -> Self {
        self.max_leases = leases;
        self
    }

    /// Where to start where the lease table says nothing. Default: at the oldest record.
    pub fn start_at(mut self, initial: InitialPosition) -> Self {
        self.initial = initial;
        self
    }

    /// How records are read. Default: by polling.
    pub fn fetch(mut self, fetch: Fetch) -> Self {
        self.fetch = fetch;
        self
    }

    /// After so long without a sign of life a process is taken for dead, 500 ms or more. The same for all
    /// processes of an application. Default: 10 s.
    pub fn failover(mut self, time: Duration) -> Self {
        self.failover = time;
        self
    }

    /// Between two checkpoints of a shard, 100 ms or more. A checkpoint costs a write unit, and is the renewal
    /// of the lease too, which is due at a third of [`failover`](Self::failover). Default: 3 s.
    pub fn checkpoint_every(mut self, time: Duration) -> Self {
        self.checkpoint = time;
        self
    }

    /// How long the handlers of a shard may take to finish what is under way when it goes to another process, or at
    /// a [shutdown](Running::shutdown). Then they are dropped, and what is not finished comes again. Default: 30 s.
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// When records of a shard have waited for so long and none was finished, a warning is logged, once. Default: 60 s.
    ///
    /// A process that stands still keeps its leases, for it may be the record that is to blame, and then it would
    /// stand still elsewhere. To give them to another process, let a liveness probe ask [`Health::stalled`].
    pub fn stalled_after(mut self, time: Duration) -> Self {
        self.stalled_after = time;
        self
    }

    /// Read units a second that watching the lease table may cost this process, 1 or more. Default: 10.
    pub fn scan_units(mut self, units: u32) -> Self {
        self.scan_units = units;
        self
    }

    /// Records and bytes that may have been read and not be finished, over all shards, 1 or more each. One
    /// answer of Kinesis more than this may be in memory; by fan-out, one event of each shard more, and what the
    /// HTTP client buffers. Default: 100,000 records and 256 MiB.
    pub fn memory(mut self, records: usize, bytes: usize) -> Self {
        (self.records, self.bytes) = (records, bytes);
        self
    }

    /// Passes over aggregated (KPL) records that are in a shard to which their keys do not belong, as the KCL
    /// does: its producer sends these again. Default: everything is delivered.
    pub fn kcl_key_filter(mut self) -> Self {
        self.key_filter = true;
        self
    }

    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) names the setting that is out of its range.
    pub fn build(mut self) -> Result<Consumer, Error> {
        self.check()?;
        let conf = self.kinesis.config().to_builder().retry_config(aws::no_retries()).build();
        self.kinesis = Client::from_conf(conf);
        Ok(Consumer { parts: Arc::new(self) })
    }

    fn check(&self) -> Result<(), Error> {
        let at_least = |name: &str, value: Duration, least: Duration| {
            if value < least {
                let message = format!("{name} is {value:?}; it must be {least:?} or more");
                return Err(Error::new(ErrorKind::InvalidInput, message));
            }
            Ok(())
        };
        at_least("failover", self.failover, Duration::from_millis(500))?;
        at_least("the idle time of polling", self.fetch.idle, Duration::from_millis(200))?;
        self.fetch.check()?;
        at_least("checkpoint_every", self.checkpoint, Duration::from_millis(100))?;
        let numbers = [
            ("weight", u64::from(self.weight)),
            ("max_leases", self.max_leases as u64),
            ("scan_units", u64::from(self.scan_units)),
            ("memory: records", self.records as u64),
            ("memory: bytes", self.bytes as u64),
        ];
        for (name, value) in numbers {
            if value == 0 {
                return Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!("{name} is 0; it must be 1 or more"),
                ));
            }
        }
        if self.stream.is_empty() {
            return Err(Error::new(ErrorKind::InvalidInput, "the stream's name is empty"));
        }
        let worker = self.worker.as_ref().map_or("default", WorkerId::as_str);
        if worker.is_empty() {
            return Err(Error::new(ErrorKind::InvalidInput, "the worker id is empty"));
        }
        Ok(())
    }

    fn filter(&self) -> Filter {
        if self.key_filter { Filter::Kcl } else { Filter::All }
    }

    fn budget(&self) -> Budget {
        Budget::new(self.records, self.bytes)
    }
}
