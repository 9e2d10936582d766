//! The streams of an account in a region.

use std::collections::BTreeMap;

use super::{
    failure::Failure,
    stream::{Mode, Plan, Stream},
};
use crate::{services::Scope, wire::timestamp::Timestamp};

/// The state of an account in a region.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) scope: Scope,
    pub(super) streams: BTreeMap<String, Stream>,
    /// Counts streams and subscriptions.
    next: u64,
}

impl Region {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, streams: BTreeMap::new(), next: 0 }
    }

    /// A number that was not given before.
    pub(super) fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Shards that an account may have in this region.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>: 20,000 in three
    /// regions, 6,000 or 1,000 in the others.
    pub(super) fn shard_limit(&self) -> u32 {
        match self.scope.region.as_str() {
            "us-east-1" | "us-west-2" | "eu-west-1" => 20_000,
            _ => 1_000,
        }
    }

    /// The open shards of the streams that count for the limit.
    pub(super) fn open_shards(&self) -> usize {
        let provisioned = self.streams.values().filter(|stream| stream.mode == Mode::Provisioned);
        provisioned.map(|stream| stream.open().len()).sum()
    }

    /// Refuses so many more shards, if they are too many.
    pub(super) fn allow_shards(&self, more: usize) -> Result<(), Failure> {
        let limit = self.shard_limit();
        if self.open_shards() + more <= limit as usize {
            return Ok(());
        }
        Err(Failure::limit(format!(
            "This request would exceed the shard limit for the account {} in {}. Current shard count for the \
             account: {}. Limit: {limit}. Number of additional shards that would have resulted from this \
             request: {more}.",
            self.scope.account,
            self.scope.region,
            self.open_shards(),
        )))
    }

    pub(super) fn create(&mut self, name: &str, plan: Plan, now: Timestamp) -> Result<&mut Stream, Failure> {
        let Scope { account, region } = &self.scope;
        if self.streams.contains_key(name) {
            return Err(Failure::in_use(format!("Stream {name} under account {account} already exists.")));
        }
        let arn = format!("arn:aws:kinesis:{region}:{account}:stream/{name}");
        let account = account.clone();
        let id = self.next();
        let stream = Stream::new(name.to_owned(), arn, &account, id, plan, now);
        Ok(self.streams.entry(name.to_owned()).or_insert(stream))
    }

    /// The stream that a request names, by name or by ARN.
    pub(super) fn stream(&mut self, name: Option<&str>, arn: Option<&str>) -> Result<&mut Stream, Failure> {
        let named = match (name, arn.map(|arn| name_of(arn).ok_or(arn)).transpose()) {
            (_, Err(arn)) => return Err(Failure::invalid(format!("Invalid StreamARN: {arn}"))),
            (Some(name), Ok(Some(same))) if name != same => {
                return Err(Failure::invalid("StreamARN and StreamName do not name the same stream."));
            }
            (Some(name), _) | (None, Ok(Some(name))) => name,
            (None, Ok(None)) => {
                return Err(Failure::invalid("Either StreamARN or StreamName must be provided."));
            }
        };
        let account = &self.scope.account;
        let absent = || Failure::not_found(format!("Stream {named} under account {account} not found."));
        self.streams.get_mut(named).ok_or_else(absent)
    }
}

/// The stream in the ARN of a stream or of a consumer.
pub(super) fn name_of(arn: &str) -> Option<&str> {
    let path = arn.strip_prefix("arn:").and_then(|arn| arn.split_once(":stream/"))?.1;
    path.split('/').next().filter(|name| !name.is_empty())
}
