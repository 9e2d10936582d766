//! [`Fetch`]: how records are read.

use std::{sync::Arc, time::Duration};

use crate::{Error, ErrorKind};

/// How records are read: by polling, with `GetRecords`, or by enhanced fan-out, with `SubscribeToShard`.
///
/// Polling costs nothing beside the shards; all who poll a shard share 5 calls and 2 MB a second. Fan-out has its own
/// 2 MB a second of each shard and brings records sooner, and is paid for by shard and hour, and by what it brings. All
/// processes of an application should read in the same way; while they are changed from one to the other, both work.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Fetch {
    pub(crate) idle: Duration,
    /// The name of the registered consumer, for fan-out.
    pub(crate) fan_out: Option<Arc<str>>,
}

impl Fetch {
    /// By polling. A shard that is behind is read as fast as its limits let.
    pub fn polling() -> Self {
        Self { idle: Duration::from_secs(1), fan_out: None }
    }

    /// By enhanced fan-out, as the registered consumer `name` of the stream: 1 to 128 letters, digits, `_`, `.`, `-`.
    ///
    /// All processes of an application share one name, and applications must not: the shards of a consumer have one
    /// reader each, and two would take them from each other every few seconds, which
    /// [`read_error`](crate::ShardHealth::read_error) then says. The application's name, which its lease table has
    /// too, is a good one; the KCL takes it as well.
    ///
    /// The consumer is registered when it is not there, and costs from then on. **It is never deregistered**, for
    /// another process may be about to use it: when the application is gone for good, do that by hand, with `aws
    /// kinesis deregister-stream-consumer --stream-arn ARN --consumer-name NAME`.
    ///
    /// A stream has at most 20 registered consumers, or 50 with On-demand Advantage; five may be in the making at
    /// once. Each is pushed 2 MB a second of each shard. A subscription lasts five minutes and is then renewed;
    /// within five seconds of one, a shard cannot be subscribed to again, so that a shard that changes hands just
    /// after a renewal stands still for that long.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>,
    /// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
    pub fn fan_out(name: impl Into<Arc<str>>) -> Self {
        Self { fan_out: Some(name.into()), ..Self::polling() }
    }

    /// Between two looks at a shard that has nothing new, 200 ms or more; the first ones after a shard is begun
    /// are shorter. For polling only. Default: 1 s.
    pub fn idle(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// Whether the consumer has a name that Kinesis takes.
    pub(super) fn check(&self) -> Result<(), Error> {
        let fits = |name: &str| {
            (1..=128).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        match &self.fan_out {
            Some(name) if !fits(name) => Err(Error::new(
                ErrorKind::InvalidInput,
                format!("the consumer's name is {name:?}; it must be 1 to 128 letters, digits, _, . or -"),
            )),
            _ => Ok(()),
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self::polling()
    }
}
