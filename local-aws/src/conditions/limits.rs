//! The limits: what a service may be asked, as a list of token buckets.

mod file;
mod limiter;

use std::{path::Path, time::Duration};

pub(crate) use self::limiter::{Limiter, Refusal};
use super::{actions::Actions, bucket::Rate};
use crate::Error;

/// The limits in front of the services.
///
/// Each is a token bucket over some actions of a service. Of the rows that fit an action the first counts,
/// unless it says `continue`; then the next that fits counts as well.
///
/// ```
/// use tidegate_local_aws::Limits;
///
/// // Nothing but one token bucket: 20 calls a second, 100 at once.
/// let limits = Limits::single("kinesis", "DescribeLimits", 20, 100);
/// let same = Limits::from_json(
///     r#"{"limits":[{"service":"kinesis","actions":["DescribeLimits"],"per":"account-region","refill":20,
///         "burst":100,"error":{"status":400,"code":"ThrottlingException","message":"Rate exceeded"}}]}"#,
/// )?;
/// assert_eq!(limits, same);
/// # Ok::<(), tidegate_local_aws::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) rows: Vec<Limit>,
    pub(crate) split_after: Duration,
}

impl Limits {
    /// How long a partition of an S3 bucket is throttled before it splits, unless set: 30 minutes.
    ///
    /// Source: <https://repost.aws/knowledge-center/s3-object-key-naming-pattern>.
    pub const SPLIT_AFTER: Duration = Duration::from_mins(30);

    /// AWS's documented limits: `data/limits.json` of this crate, each row with its source and date.
    #[must_use]
    #[expect(clippy::missing_panics_doc, clippy::expect_used, reason = "a test parses the built-in table")]
    pub fn aws() -> Self {
        Self::from_json(include_str!("../../data/limits.json")).expect("the built-in table is valid")
    }

    /// No limits at all. This is the default of [`LocalAws::builder`](crate::LocalAws::builder).
    #[must_use]
    pub const fn none() -> Self {
        Self { rows: Vec::new(), split_after: Self::SPLIT_AFTER }
    }

    /// Nothing but one token bucket per account and region, which answers 400 `ThrottlingException`.
    ///
    /// `refill` is in calls a second, `burst` in calls. An action may end in `*`.
    #[must_use]
    pub fn single(service: &str, action: &str, refill: u32, burst: u32) -> Self {
        Self::none().with(Limit::new(service, [action], Rate::per_second(refill), burst))
    }

    /// Adds a row below the others.
    #[must_use]
    pub fn with(mut self, limit: Limit) -> Self {
        self.rows.push(limit);
        self
    }

    /// How long a partition of an S3 bucket is throttled before it splits. Default: [`Self::SPLIT_AFTER`].
    #[must_use]
    pub fn split_after(mut self, time: Duration) -> Self {
        self.split_after = time;
        self
    }

    /// Limits from JSON, in the form that the README describes.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names the field that is unknown, missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        file::parse("limits", json)
    }

    /// Limits from a JSON file.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names the file, and the field that is unknown, missing
    /// or wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        file::parse(&path.display().to_string(), &super::file::read(path)?)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::none()
    }
}

/// What there is one token bucket for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Per {
    /// The account: services whose API is global, such as Route 53. In files `account`.
    Account,
    /// The account and region. In files `account-region`.
    #[default]
    AccountRegion,
    /// The resource that a call names, within the account and region. In files `resource`.
    Resource,
    /// The partition of an S3 bucket that holds the key; partitions split. In files `s3-partition`.
    S3Partition,
    /// The Kinesis stream. In files `stream`.
    Stream,
    /// The Kinesis shard. In files `shard`.
    Shard,
}

/// What a row counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Count {
    /// Calls, when they arrive. In files `calls`.
    #[default]
    Calls,
    /// Records that a call moves, one by one. Kinesis counts the records of `PutRecord`, `PutRecords`,
    /// `GetRecords` and `SubscribeToShard`, per shard. In files `records`.
    Records,
    /// Bytes of those records, keys included. A reader may take more than there is, as the size of an answer is
    /// known afterwards, and waits until that is refilled. In files `bytes`.
    Bytes,
}

/// One row: a token bucket, what it counts, and what a throttled call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    pub(crate) service: String,
    pub(crate) actions: Actions,
    pub(crate) count: Count,
    pub(crate) per: Per,
    pub(crate) per_action: bool,
    pub(crate) goes_on: bool,
    pub(crate) refill: Rate,
    pub(crate) burst: u32,
    pub(crate) tick: Option<Duration>,
    pub(crate) refusal: Refusal,
}

impl Limit {
    /// A bucket that these actions of the service share, per account and region, refilled without steps;
    /// a throttled call is answered 400 `ThrottlingException`. An action may end in `*`.
    pub fn new<A: Into<String>>(
        service: impl Into<String>,
        actions: impl IntoIterator<Item = A>,
        refill: Rate,
        burst: u32,
    ) -> Self {
        Self {
            service: service.into(),
            actions: actions.into_iter().collect(),
            count: Count::Calls,
            per: Per::AccountRegion,
            per_action: false,
            goes_on: false,
            refill,
            burst,
            tick: None,
            refusal: Refusal::throttling(),
        }
    }

    /// What is counted. Default: [`Count::Calls`]. Of the rows that fit an action, those of each count stand in
    /// a list of their own.
    #[must_use]
    pub fn count(mut self, count: Count) -> Self {
        self.count = count;
        self
    }

    /// What there is one bucket for. Default: [`Per::AccountRegion`].
    #[must_use]
    pub fn per(mut self, per: Per) -> Self {
        self.per = per;
        self
    }

    /// Each action has a bucket of its own. Default: the actions of a row share one.
    #[must_use]
    pub fn per_action(mut self) -> Self {
        self.per_action = true;
        self
    }

    /// The rows below count too: a call takes a token of each, or of none. Default: the first row that fits
    /// is the only one.
    #[must_use]
    pub fn goes_on(mut self) -> Self {
        self.goes_on = true;
        self
    }

    /// Refills in steps, at whole multiples of this time since the start. Default: without steps.
    #[must_use]
    pub fn tick(mut self, tick: Duration) -> Self {
        self.tick = Some(tick);
        self
    }

    /// What a throttled call is answered. Default: 400, `ThrottlingException`, `Rate exceeded`. A status
    /// that is not from 400 to 599 is taken as 400. In the message, `{account}` stands for the account,
    /// `{stream}` for the first part of the resource and `{shard}` for its last.
    #[must_use]
    pub fn error(mut self, status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.refusal = Refusal::new(status, code.into(), message.into());
        self
    }
}
