//! The limiter: the token buckets of all rows, at work.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;

use super::{Count, Limit, Limits, Per};
use crate::{
    conditions::{bucket::TokenBucket, partitions::Partitions},
    services::{Action, Flow, Scope, Shut},
};

/// Full buckets are forgotten when there are more than this.
const SWEEP_ABOVE: usize = 16_384;

/// What a throttled call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    pub(super) fn throttling() -> Self {
        Self::new(400, "ThrottlingException".to_owned(), "Rate exceeded".to_owned())
    }

    pub(super) fn new(status: u16, code: String, message: String) -> Self {
        let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 400);
        Self { status: status.unwrap_or(StatusCode::BAD_REQUEST), code, message }
    }
}

/// The limits at work: one lock per service, held for a few map look-ups.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    services: HashMap<String, ServiceLimits>,
}

#[derive(Debug)]
struct ServiceLimits {
    rows: Vec<Limit>,
    split_after: Duration,
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The rows that count for an action: its calls, and what it moves.
    rows: HashMap<String, Rows>,
    buckets: HashMap<Key, TokenBucket>,
    partitions: HashMap<String, Partitions>,
    sweep_above: usize,
}

/// The rows that count for an action.
#[derive(Clone, Debug)]
struct Rows {
    calls: Arc<[usize]>,
    flow: Arc<[usize]>,
}

/// A row, and what it counts per.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Key {
    row: usize,
    per: String,
}

impl Limiter {
    pub(crate) fn new(limits: Limits, seed: u64) -> Self {
        let mut services = HashMap::<String, ServiceLimits>::new();
        for row in limits.rows {
            let service = services.entry(row.service.clone()).or_insert_with(|| ServiceLimits {
                rows: Vec::new(),
                split_after: limits.split_after,
                seed,
                state: Mutex::new(State { sweep_above: SWEEP_ABOVE, ..State::default() }),
            });
            service.rows.push(row);
        }
        Self { services }
    }

    /// The same limits under another table. Buckets of a row that is about the same calls keep what is in
    /// them, up to the new burst; other rows start full.
    pub(crate) fn replaced(&self, limits: Limits, seed: u64, now: Duration) -> Self {
        let new = Self::new(limits, seed);
        for (name, service) in &new.services {
            if let Some(old) = self.services.get(name) {
                service.take_over(old, now);
            }
        }
        new
    }

    /// Takes a token of each bucket that counts for the call, or none if one of them is empty.
    pub(crate) fn check(&self, now: Duration, scope: &Scope, action: &Action) -> Result<(), Shut> {
        match self.services.get(action.service) {
            Some(service) => service.draw(now, scope, action, None),
            None => Ok(()),
        }
    }

    /// Whether rows count what an action moves.
    pub(crate) fn counts(&self, service: &str, action: &str) -> bool {
        self.services.get(service).is_some_and(|service| {
            let mut state = service.state.lock().unwrap_or_else(PoisonError::into_inner);
            !service.rows_for(&mut state, action).flow.is_empty()
        })
    }

    /// Takes what moves of each bucket that counts it, or nothing if one of them has not enough.
    pub(crate) fn pass(&self, now: Duration, scope: &Scope, action: &Action, flow: Flow) -> Result<(), Shut> {
        match self.services.get(action.service) {
            Some(service) => service.draw(now, scope, action, Some(flow)),
            None => Ok(()),
        }
    }
}

impl Limit {
    /// The tokens that must be there, and those that are taken.
    fn tokens(&self, flow: Option<Flow>) -> (u64, u64) {
        let Some(flow) = flow else { return (1, 1) };
        let taken = match self.count {
            Count::Calls => 1,
            Count::Records => flow.records,
            Count::Bytes => flow.bytes,
        };
        let needed = if flow.may_owe { taken.min(1) } else { taken.min(self.burst.into()) };
        (needed, taken)
    }

    /// What is answered when it is exhausted.
    fn shut(&self, scope: &Scope, action: &Action, wait: Duration) -> Shut {
        let Refusal { status, code, message } = self.refusal.clone();
        let resource = action.resource.as_deref().unwrap_or_default();
        let stream = resource.split('/').next().unwrap_or_default();
        let shard = resource.rsplit('/').next().unwrap_or_default();
        let message = message.replace("{account}", &scope.account);
        let message = message.replace("{stream}", stream).replace("{shard}", shard);
        Shut { status, code, message, wait }
    }
}

impl ServiceLimits {
    fn draw(&self, now: Duration, scope: &Scope, action: &Action, flow: Option<Flow>) -> Result<(), Shut> {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the buckets of this call, so that refused calls leave no more of them than others do.
        state.sweep(now);
        let rows = self.rows_for(state, &action.name);
        let rows = if flow.is_none() { rows.calls } else { rows.flow };
        let mut keys = Vec::with_capacity(rows.len());
        for &row in &*rows {
            let limit = &self.rows[row];
            let key = Key { row, per: self.per(limit, state, scope, action) };
            let full = || TokenBucket::full(limit.refill, limit.burst.into(), limit.tick, now);
            let (needed, _) = limit.tokens(flow);
            let wait = state.buckets.entry(key.clone()).or_insert_with(full).until(now, needed);
            if !wait.is_zero() {
                self.record(state, limit, now, action, true);
                return Err(limit.shut(scope, action, wait));
            }
            keys.push(key);
        }
        for key in keys {
            let limit = &self.rows[key.row];
            if let Some(bucket) = state.buckets.get_mut(&key) {
                let (needed, taken) = limit.tokens(flow);
                // It has them: that was looked up above, under the same lock.
                let _ = bucket.draw(now, needed, taken);
            }
            self.record(state, limit, now, action, false);
        }
        Ok(())
    }

    /// The rows that count for an action: of each count, up to the first that fits and does not go on.
    fn rows_for(&self, state: &mut State, action: &str) -> Rows {
        if let Some(rows) = state.rows.get(action) {
            return rows.clone();
        }
        let fitting = |count: Count| {
            let mut found = Vec::new();
            let rows = self.rows.iter().enumerate();
            for (index, row) in rows.filter(|(_, row)| row.count == count && row.actions.matches(action)) {
                found.push(index);
                if !row.goes_on {
                    break;
                }
            }
            found
        };
        let flow = [fitting(Count::Records), fitting(Count::Bytes)].concat().into();
        let rows = Rows { calls: fitting(Count::Calls).into(), flow };
        state.rows.insert(action.to_owned(), rows.clone());
        rows
    }

    /// What the row counts per, as one string; a line feed stands between the parts.
    fn per(&self, limit: &Limit, state: &mut State, scope: &Scope, action: &Action) -> String {
        let resource = action.resource.as_deref().unwrap_or_default();
        let Scope { account, region } = scope;
        let mut per = match limit.per {
            Per::Account => account.clone(),
            Per::AccountRegion => format!("{account}\n{region}"),
            Per::Resource | Per::Shard => format!("{account}\n{region}\n{resource}"),
            Per::Stream => {
                let stream = resource.split('/').next().unwrap_or_default();
                format!("{account}\n{region}\n{stream}")
            }
            // Bucket names are unique across accounts and regions.
            Per::S3Partition => {
                let (bucket, key) = split_resource(resource);
                format!("{bucket}\n{}", self.partitions(state, bucket).of(key))
            }
        };
        if limit.per_action {
            let _ = write!(per, "\n{}", action.name);
        }
        per
    }

    fn partitions<'state>(&self, state: &'state mut State, bucket: &str) -> &'state mut Partitions {
        let new = || Partitions::new(self.split_after, self.seed);
        state.partitions.entry(bucket.to_owned()).or_insert_with(new)
    }

    fn record(&self, state: &mut State, limit: &Limit, now: Duration, action: &Action, throttled: bool) {
        if limit.per == Per::S3Partition {
            let (bucket, key) = split_resource(action.resource.as_deref().unwrap_or_default());
            self.partitions(state, bucket).record(now, key, throttled);
        }
    }

    /// Takes over the buckets of a former table, for the rows that are about the same calls.
    fn take_over(&self, old: &Self, now: Duration) {
        let mut former = old.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, bucket) in &former.buckets {
            let was = &old.rows[key.row];
            let same = |row: &&Limit| {
                row.actions == was.actions
                    && row.count == was.count
                    && row.per == was.per
                    && row.per_action == was.per_action
            };
            let Some(row) = self.rows.iter().position(|row| same(&row)) else { continue };
            let limit = &self.rows[row];
            let bucket = bucket.reshaped(limit.refill, limit.burst.into(), limit.tick, now);
            state.buckets.insert(Key { row, per: key.per.clone() }, bucket);
        }
        if self.split_after == old.split_after {
            state.partitions = std::mem::take(&mut former.partitions);
        }
    }
}

impl State {
    fn sweep(&mut self, now: Duration) {
        if self.buckets.len() > self.sweep_above {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            self.sweep_above = SWEEP_ABOVE.max(self.buckets.len() * 2);
        }
    }
}

/// The bucket and the key of an S3 resource.
fn split_resource(resource: &str) -> (&str, &str) {
    resource.split_once('/').unwrap_or((resource, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditions::bucket::Rate;

    const SECOND: Duration = Duration::from_secs(1);

    fn scope(region: &str) -> Scope {
        Scope { account: "000000000000".to_owned(), region: region.to_owned() }
    }

    fn action(service: &'static str, name: &'static str, resource: &str) -> Action {
        let resource = (!resource.is_empty()).then(|| resource.to_owned());
        Action { service, name: name.into(), resource }
    }

    /// How many of so many calls pass.
    fn passed(limiter: &Limiter, now: Duration, action: &Action, calls: usize) -> usize {
        (0..calls).filter(|_| limiter.check(now, &scope("us-east-1"), action).is_ok()).count()
    }

    #[test]
    fn both_levels_count_and_a_refusal_takes_of_neither() {
        let limiter = Limiter::new(Limits::aws(), 0);
        let slow = action("route53", "CreateTrafficPolicyInstance", "");
        let other = action("route53", "ListHostedZones", "");
        assert_eq!(passed(&limiter, Duration::ZERO, &slow, 100), 1);
        // The 99 refusals took nothing of the account's 50.
        assert_eq!(passed(&limiter, Duration::ZERO, &other, 100), 49);
        assert_eq!(passed(&limiter, SECOND, &slow, 1), 1);
        assert_eq!(passed(&limiter, SECOND, &other, 100), 9);
    }

    #[test]
    fn the_first_row_that_fits_counts() {
        let limiter = Limiter::new(Limits::aws(), 0);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("ec2", "CreateVpcEndpoint", ""), 10), 4);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("ec2", "DescribeInstances", ""), 200), 100);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("ec2", "DescribeVolumes", ""), 200), 100);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("ec2", "CreateVpc", ""), 200), 50);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("iam", "GetRole", ""), 200), 200);
        let refusal = limiter.check(Duration::ZERO, &scope("us-east-1"), &action("ec2", "CreateVpc", ""));
        assert_eq!(refusal.unwrap_err().status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn shared_rows_share_and_regions_do_not() {
        let limiter = Limiter::new(Limits::aws(), 0);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("ssm", "GetParameter", ""), 100), 40);
        let sibling = action("ssm", "GetParameters", "");
        assert_eq!(passed(&limiter, Duration::ZERO, &sibling, 100), 0);
        assert!(limiter.check(Duration::ZERO, &scope("eu-west-1"), &sibling).is_ok());
    }

    #[test]
    fn listings_of_versions_draw_from_what_listings_do() {
        let limiter = Limiter::new(Limits::aws(), 0);
        let list = |name, prefix| action("s3", name, prefix);
        assert_eq!(passed(&limiter, Duration::ZERO, &list("ListObjectVersions", "b/a"), 5_000), 5_000);
        assert_eq!(passed(&limiter, Duration::ZERO, &list("ListObjectsV2", "b/z"), 5_000), 500);
        assert_eq!(passed(&limiter, Duration::ZERO, &list("CopyObject", "b/k"), 1), 1);
    }

    #[test]
    fn streams_and_shards_have_limits_of_their_own() {
        let limiter = Limiter::new(Limits::aws(), 0);
        let records = |shard| action("kinesis", "GetRecords", shard);
        assert_eq!(passed(&limiter, Duration::ZERO, &records("s/1"), 10), 5);
        assert_eq!(passed(&limiter, Duration::ZERO, &records("s/2"), 10), 5);
        let shards = |stream| action("kinesis", "ListShards", stream);
        assert_eq!(passed(&limiter, Duration::ZERO, &shards("s"), 1_500), 1_000);
        assert_eq!(passed(&limiter, Duration::ZERO, &shards("t"), 1_500), 1_000);
    }

    #[test]
    fn s3_counts_reads_and_writes_apart_and_buckets_apart() {
        let limiter = Limiter::new(Limits::aws(), 0);
        let copy = |resource| action("s3", "CopyObject", resource);
        assert_eq!(passed(&limiter, Duration::ZERO, &copy("a/1"), 4_000), 3_500);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("s3", "UploadPartCopy", "a/2"), 10), 0);
        assert_eq!(passed(&limiter, Duration::ZERO, &action("s3", "ListObjectsV2", "a/"), 6_000), 5_500);
        assert_eq!(passed(&limiter, Duration::ZERO, &copy("b/1"), 4_000), 3_500);
    }

    #[test]
    fn an_s3_bucket_splits_under_sustained_load() {
        let row = Limit::new("s3", ["PutObject"], Rate::per_second(100), 100).per(Per::S3Partition);
        let limiter = Limiter::new(Limits::none().with(row).split_after(SECOND * 20), 0);
        let second = |n: u32| {
            let puts = (0..400).filter(|key| {
                let put = action("s3", "PutObject", &format!("bucket/{key:03}"));
                limiter.check(SECOND * n, &scope("us-east-1"), &put).is_ok()
            });
            puts.count()
        };
        assert_eq!((0..20).map(second).collect::<Vec<_>>(), [100; 20]);
        assert_eq!((20..25).map(second).collect::<Vec<_>>(), [200; 5]);
    }

    /// Refused calls were once not swept at all, so that a client that asked for ever new resources made the table
    /// grow for ever.
    #[test]
    fn buckets_of_refused_calls_are_forgotten() {
        let one = Limit::new("s3", ["*"], Rate::per_second(1), 1).per(Per::Resource).goes_on();
        let all = Limit::new("s3", ["*"], Rate::from_millionths(1), 1);
        let limiter = Limiter::new(Limits::none().with(one).with(all), 0);
        let passed = (0..40_000_u32).filter(|n| {
            let get = action("s3", "GetObject", &format!("b/{n}"));
            limiter.check(Duration::from_millis((*n).into()), &scope("us-east-1"), &get).is_ok()
        });
        assert_eq!(passed.count(), 1);
        let state = limiter.services["s3"].state.lock().unwrap();
        assert!(state.buckets.len() <= SWEEP_ABOVE + 1, "{}", state.buckets.len());
    }

    #[test]
    fn records_and_bytes_are_counted_apart_from_calls() {
        let row = |count, burst| {
            let row = Limit::new("kinesis", ["Put*"], Rate::per_second(burst), burst);
            row.count(count).per(Per::Shard).error(400, "Full", "{shard} of {stream} under {account}")
        };
        let limits = Limits::none().with(row(Count::Records, 4)).with(row(Count::Bytes, 100));
        let limiter = Limiter::new(limits, 0);
        let put = action("kinesis", "PutRecords", "s/shard-1");
        assert_eq!(passed(&limiter, Duration::ZERO, &put, 100), 100);
        assert!(limiter.counts("kinesis", "PutRecords") && !limiter.counts("kinesis", "GetRecords"));
        let pass = |bytes, may_owe| {
            let flow = Flow { records: 1, bytes, may_owe };
            limiter
                .pass(Duration::ZERO, &scope("us-east-1"), &put, flow)
                .map_err(|shut| (shut.message, shut.wait))
        };
        assert_eq!(pass(60, false), Ok(()));
        // The record that the bytes refuse takes none of the four.
        let message = "shard-1 of s under 000000000000".to_owned();
        assert_eq!(pass(60, false), Err((message.clone(), Duration::from_millis(200))));
        assert_eq!(pass(10, false), Ok(()));
        // A reader takes what there is and more.
        assert_eq!(pass(1_030, true), Ok(()));
        assert_eq!(pass(1, true).map_err(|(_, wait)| wait), Err(SECOND * 10 + Duration::from_millis(10)));
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let row = Limit::new("s3", ["*"], Rate::per_second(1), 1).per(Per::Resource);
        let limiter = Limiter::new(Limits::none().with(row), 0);
        for n in 0..40_000_u32 {
            let get = action("s3", "GetObject", &format!("b/{n}"));
            assert!(limiter.check(SECOND * n, &scope("us-east-1"), &get).is_ok());
        }
        let state = limiter.services["s3"].state.lock().unwrap();
        assert!(state.buckets.len() <= SWEEP_ABOVE + 1, "{}", state.buckets.len());
    }
}
