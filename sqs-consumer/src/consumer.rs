//! [`Consumer`]: a process's part in the consumption of a queue.

pub(crate) mod calls;
mod claim;
mod draining;
mod event;
mod halted;
mod health;
mod hub;
mod layer;
mod report;
mod running;

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::Client;
use tidegate_lanes::{Amount, Budget, Gate, Handler};
use tidegate_throttle::{Adaptive, Throttle, aws};

use self::{calls::Calls, health::Snapshot, hub::Parts};
pub(crate) use self::{
    claim::Claim,
    draining::Draining,
    halted::{Halted, default_policy},
    layer::{Feed, Layer},
};
pub use self::{
    health::{Health, Totals},
    report::Report,
    running::Running,
};
use crate::{
    Error, ErrorKind, Handling, Message, Messages, Pipeline, Pipelining,
    outgoing::{self, Outgoing},
    poll::{self, IN_FLIGHT, Pollers},
    visibility::{self, Leases},
};

/// One process's part in the consumption of a queue: it receives only what it has room for, and deletes what is done.
///
/// ```no_run
/// # async fn of(config: &aws_types::SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use tidegate_sqs_consumer::{Consumer, Handling, Message};
///
/// let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
/// let consumer = Consumer::builder(aws_sdk_sqs::Client::new(config), url).max_unprocessed(500).build()?;
/// let mut running = consumer.run(Handling::new(|message: Message, _| async move {
///     println!("{}", message.body());
///     Ok(())
/// }));
/// tokio::signal::ctrl_c().await?;
/// let report = running.shutdown(Duration::from_secs(30)).await?;
/// assert!(report.is_whole());
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
    client: Client,
    polls: Option<Client>,
    url: Arc<str>,
    throttle: Arc<dyn Throttle>,
    unprocessed: Amount,
    processes: usize,
    parallelism: usize,
    wait: Duration,
    patience: Duration,
    visibility: Duration,
    longest: Duration,
    linger: Duration,
    parent: Option<Budget>,
    gates: Vec<Arc<dyn Gate>>,
}

impl Consumer {
    /// A consumer of the queue with this URL.
    ///
    /// The client is yours, and its HTTP client, credentials, endpoint and interceptors are used; its retries are not. A read
    /// timeout of its own must be longer than the [wait](Builder::wait).
    pub fn builder(client: Client, queue_url: impl Into<Arc<str>>) -> Builder {
        let (poll, visibility) = (poll::Settings::new(Amount::NONE), visibility::Settings::default());
        Builder {
            client,
            polls: None,
            url: queue_url.into(),
            throttle: Arc::new(Adaptive::new()),
            unprocessed: Amount::new(1_000, 64 << 20),
            processes: 1,
            parallelism: poll.parallelism,
            wait: poll.wait,
            patience: poll.patience,
            visibility: visibility.timeout,
            longest: visibility.longest,
            linger: outgoing::Settings::default().linger,
            parent: None,
            gates: Vec::new(),
        }
    }

    /// Begins to consume, on the current tokio runtime: each message is given to a handler.
    pub fn run<H>(&self, handling: Handling<H>) -> Running
    where
        H: Handler<Message> + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        self.start(Arc::new(handling))
    }

    /// Begins to consume, on the current tokio runtime: each message goes through a pipeline.
    pub fn run_pipeline<P: Pipeline>(&self, pipelining: Pipelining<P>) -> Running {
        self.start(pipelining.into_layer())
    }

    /// Begins to consume, on the current tokio runtime: messages come as a stream of deliveries.
    pub fn messages(&self) -> Messages {
        Messages::start(|layer| self.start(layer))
    }

    fn start(&self, layer: Arc<dyn Layer>) -> Running {
        Running::start(|health| self.parts.parts(layer, health))
    }
}

impl Builder {
    /// Messages that may be held and not be finished, 1 or more; those that receives which are out may bring are counted in.
    /// Default: 1,000.
    pub fn max_unprocessed(mut self, messages: usize) -> Self {
        self.unprocessed.count = messages;
        self
    }

    /// Bytes of messages that may be held, 1 or more: of receives that are out as many as messages weigh that came before. Those
    /// that weigh more are held nevertheless, and then nothing is received until it is within. Default: 64 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.unprocessed.bytes = bytes;
        self
    }

    /// How many processes consume the queue, 1 or more. All of them together can hold 120,000 messages; beyond that the queue
    /// looks empty to everybody, so what could get there is refused. Default: 1.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>
    pub fn processes(mut self, processes: usize) -> Self {
        self.processes = processes;
        self
    }

    /// Receives that may be out at once, 1 or more. They grow and shrink by how full answers are; an empty queue has one.
    /// Default: 16.
    pub fn parallelism(mut self, receives: usize) -> Self {
        self.parallelism = receives;
        self
    }

    /// How long SQS waits for a message before it answers that there is none, 1 s to 20 s, whole seconds. A shutdown may
    /// take as long. Default: 20 s.
    pub fn wait(mut self, time: Duration) -> Self {
        self.wait = time;
        self
    }

    /// How long a receive waits for room for ten messages before it is content with less. Default: 100 ms. Longer saves
    /// calls, shorter saves time where few messages may be held and handlers are slow.
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// For how long a message is kept from others at a time, 3 s to 12 h, whole seconds; it is extended for as long as it is held.
    /// After a crash, its messages come again after so long. Default: 30 s.
    pub fn visibility(mut self, time: Duration) -> Self {
        self.visibility = time;
        self
    }

    /// So long after its receive a message is extended no more, and lost if it is not finished. Default and most: 12 h less a
    /// minute.
    pub fn max_extension(mut self, time: Duration) -> Self {
        self.longest = time;
        self
    }

    /// How long a message that is finished waits for others to be deleted with in one call. Default: 50 ms.
    pub fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }

    /// Who admits every request. Default: an [`Adaptive`] of its own. Give it the one that the rest of your service uses, if
    /// they share a limit.
    pub fn throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        self.throttle = throttle;
        self
    }

    /// Another client for the receives, so that nothing else waits behind them where connections are few.
    pub fn poll_with(mut self, client: Client) -> Self {
        self.polls = Some(client);
        self
    }

    /// What is held counts in this budget, too, which several consumers may share.
    pub fn within(mut self, budget: &Budget) -> Self {
        self.parent = Some(budget.clone());
        self
    }

    /// What else must agree before anything is received: a rate, the depth of a queue downstream. Several can be given.
    pub fn behind(mut self, gate: impl Gate + 'static) -> Self {
        self.gates.push(Arc::new(gate));
        self
    }

    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) names the setting that is out of its range.
    pub fn build(self) -> Result<Consumer, Error> {
        self.check()?;
        Ok(Consumer { parts: Arc::new(self) })
    }

    fn check(&self) -> Result<(), Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidInput, message));
        let numbers = [
            ("max_unprocessed", self.unprocessed.count),
            ("max_bytes", self.unprocessed.bytes),
            ("processes", self.processes),
            ("parallelism", self.parallelism),
        ];
        for (name, value) in numbers {
            if value == 0 {
                return invalid(format!("{name} is 0; it must be 1 or more"));
            }
        }
        let times = [("wait", self.wait, 1, 20), ("visibility", self.visibility, 3, 12 * 3600)];
        for (name, time, least, most) in times {
            if !(least..=most).contains(&time.as_secs()) || time.subsec_nanos() != 0 {
                return invalid(format!("{name} is {time:?}; it must be whole seconds, {least} to {most}"));
            }
        }
        let all = self.unprocessed.count.saturating_mul(self.processes);
        if all > IN_FLIGHT {
            return invalid(format!(
                "max_unprocessed of {} in {} processes is {all} messages; SQS gives {IN_FLIGHT} of a queue to all consumers \
                 together",
                self.unprocessed.count, self.processes
            ));
        }
        queue_name(&self.url).map(drop)
    }

    fn name(&self) -> &str {
        queue_name(&self.url).unwrap_or_default()
    }

    fn parts(&self, layer: Arc<dyn Layer>, health: Arc<std::sync::Mutex<Snapshot>>) -> Parts {
        let plain = |client: &Client| {
            Client::from_conf(client.config().to_builder().retry_config(aws::no_retries()).build())
        };
        let client = plain(&self.client);
        let mut budget = Budget::new(self.unprocessed.count, self.unprocessed.bytes);
        if let Some(parent) = &self.parent {
            budget = budget.within(parent);
        }
        for gate in &self.gates {
            budget = budget.behind(Arc::clone(gate));
        }
        let mut polls = poll::Settings::new(self.unprocessed);
        polls.parallelism = self.parallelism;
        polls.wait = self.wait;
        polls.patience = self.patience;
        polls.share = IN_FLIGHT / self.processes;
        let leases = visibility::Settings { timeout: self.visibility, longest: self.longest };
        let batches = outgoing::Settings { linger: self.linger, ..outgoing::Settings::default() };
        let calls = Calls {
            polls: self.polls.as_ref().map_or_else(|| client.clone(), plain),
            client,
            throttle: Arc::clone(&self.throttle),
            url: Arc::clone(&self.url),
            name: self.name().into(),
            wait: self.wait,
            visibility: self.visibility,
        };
        Parts {
            calls,
            budget,
            pollers: Pollers::new(polls),
            leases: Leases::new(leases),
            deletes: Outgoing::new(batches.clone()),
            releases: Outgoing::new(batches),
            layer,
            health,
        }
    }
}

/// The name of the queue that has this URL.
pub(crate) fn queue_name(url: &str) -> Result<&str, Error> {
    let name = url.rsplit('/').next().filter(|name| !name.is_empty() && url.contains("://"));
    name.ok_or_else(|| {
        let like = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
        Error::new(ErrorKind::InvalidInput, format!("{url:?} is no URL of a queue; it is like {like}"))
    })
}
