//! [`Histories`]: lists and copies the versions of all keys at once, until all is done or it is to stop.

mod history;
mod listing;

use std::{
    collections::{HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use aws_sdk_s3::types::BucketVersioningStatus;
use futures_util::FutureExt;
use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};

use self::listing::Stretch;
pub(crate) use self::{
    history::{History, Version, standing},
    listing::VersionLister,
};
use crate::{
    Cloner, Entry, Error, ErrorKind, Key, KeyRange, Location, Report, Unlisted,
    copy::{
        Copier,
        version::{Replay, Replayed},
    },
    counters::{Counters, Kind},
    engine::{plain, requester},
    plan::{Filter, Planner},
    request::{Cause, Fault, Manner, Requester},
    segments::{Ask, Failed, Found, From, Next, PAGE, Page, SegmentId, Segments},
    stop::Stop,
    tally::Tally,
};

/// So many histories may be listed ahead of the copies; more if many copies or listings are in flight.
const AHEAD: usize = 8 * PAGE;

/// Clones versions, to the end.
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput) if the destination keeps no versions;
/// [`Versioning`](ErrorKind::Versioning) if that could not be asked.
pub(crate) async fn run(cloner: &Cloner, counters: Arc<Counters>, stop: Arc<Stop>) -> Result<Report, Error> {
    let (source, destination) = (plain(&cloner.source), plain(&cloner.destination));
    let requester = Arc::new(requester(cloner, counters, stop));
    check_versioned(&requester, &destination).await?;
    let planner = Planner {
        compare: cloner.compare.clone(),
        filter: cloner.filter.clone(),
        since: None,
        source: source.prefix.len(),
        destination: destination.prefix.len(),
    };
    let copier = Copier::new(cloner, source.clone(), destination.clone(), Arc::clone(&requester), planner);
    let histories = Histories {
        segments: Segments::over(
            source.prefix.clone(),
            cloner.listings_in_flight,
            &[KeyRange::ALL],
            &cloner.hints,
        ),
        sides: Arc::new(Sides {
            prefixes: (source.prefix.clone(), destination.prefix.clone()),
            source: VersionLister::new(source),
            destination: VersionLister::new(destination),
        }),
        copier: Arc::new(copier),
        requester,
        filter: cloner.filter.clone(),
        prefix: cloner.source.prefix.len(),
        backlog: VecDeque::new(),
        out_of_order: false,
        tally: Tally::default(),
        report: Report { dry_run: cloner.dry_run, ..Report::default() },
        copies_in_flight: cloner.copies_in_flight,
        listings_in_flight: cloner.listings_in_flight,
    };
    Ok(histories.run().await)
}

/// Refuses a destination that would keep only the last of the versions.
async fn check_versioned(requester: &Requester, destination: &Location) -> Result<(), Error> {
    let bucket = &destination.bucket;
    let manner = Manner::new(Kind::Head, "GetBucketVersioning", destination, Duration::from_mins(1));
    let request = destination
        .client
        .get_bucket_versioning()
        .bucket(bucket)
        .set_expected_bucket_owner(destination.owner.clone());
    let pays = destination.payer.is_some();
    let send = || {
        let request = request.clone().customize().mutate_request(move |request| {
            // The SDK has no field for it.
            if pays {
                request.headers_mut().insert("x-amz-request-payer", "requester");
            }
        });
        request.send()
    };
    match requester.send(&manner, send).await {
        Ok(output) if output.status == Some(BucketVersioningStatus::Enabled) => Ok(()),
        Ok(_) => Err(Error::invalid_input(format!(
            "the destination bucket {bucket} keeps no versions: enable versioning on it first"
        ))),
        Err(Fault { code, message, .. }) => Err(Error::with_source(
            ErrorKind::Versioning,
            format!("nobody knows whether the destination bucket {bucket} keeps versions"),
            format!("{code}: {message}"),
        )),
    }
}

/// Lists both sides of a range of keys.
#[derive(Debug)]
struct Sides {
    source: VersionLister,
    destination: VersionLister,
    prefixes: (String, String),
}

/// Lists and copies at once.
struct Histories {
    segments: Segments,
    sides: Arc<Sides>,
    copier: Arc<Copier>,
    requester: Arc<Requester>,
    filter: Option<Arc<Filter>>,
    prefix: usize,
    /// By segment, whose turn it is first.
    backlog: VecDeque<(SegmentId, VecDeque<Replay>)>,
    out_of_order: bool,
    tally: Tally,
    report: Report,
    copies_in_flight: usize,
    listings_in_flight: usize,
}

type Listed = (Ask, Result<(Page, HashMap<Key, Replay>), Fault>);
type Ended = (Key, Replayed);

impl Histories {
    async fn run(mut self) -> Report {
        let began = Instant::now();
        let mut listings: JoinSet<Listed> = JoinSet::new();
        let mut copies: JoinSet<Ended> = JoinSet::new();
        let stop = Arc::clone(&self.requester.stop);
        while !stop.is_wished() {
            self.fill(&mut listings, &mut copies);
            if listings.is_empty() && copies.is_empty() {
                break;
            }
            tokio::select! {
                Some(listed) = listings.join_next() => self.listed(unpanicked(listed)),
                Some(ended) = copies.join_next() => self.copied(unpanicked(ended)),
                () = stop.wished() => {}
            }
        }
        listings.shutdown().await;
        while let Some(ended) = copies.join_next().await {
            self.copied(unpanicked(ended));
        }
        self.report(began)
    }

    /// Begins what there is room for.
    fn fill(&mut self, listings: &mut JoinSet<Listed>, copies: &mut JoinSet<Ended>) {
        while copies.len() < self.copies_in_flight
            && let Some(replay) = self.pop()
        {
            let (maker, sides) = (Arc::clone(&self.copier), Arc::clone(&self.sides));
            copies.spawn(async move {
                let (key, versions) = (replay.source.key.clone(), replay.source.versions.len() as u64);
                let replay = AssertUnwindSafe(maker.replay(replay, &sides.destination));
                let replayed = replay.catch_unwind().await.unwrap_or_else(|_| Replayed {
                    failed: 1,
                    not_attempted: versions.saturating_sub(1),
                    faults: vec![Fault::panicked()],
                    ..Replayed::default()
                });
                (key, replayed)
            });
        }
        let waiting: usize = self.backlog.iter().map(|(_, waiting)| waiting.len()).sum();
        let ahead = AHEAD
            .max(self.copies_in_flight.saturating_mul(2))
            .max(self.listings_in_flight.saturating_mul(PAGE));
        while listings.len() < self.listings_in_flight
            && waiting + listings.len() * PAGE < ahead
            && !self.out_of_order
            && let Some(ask) = self.segments.next()
        {
            let (sides, requester) = (Arc::clone(&self.sides), Arc::clone(&self.requester));
            listings.spawn(async move {
                let listed = sides.page(&requester, &ask).await;
                (ask, listed)
            });
        }
        let counters = &self.requester.counters;
        counters.in_flight.store(copies.len() as u64, Relaxed);
        counters.listing.store(listings.len() as u64, Relaxed);
        counters.list_done.store(self.segments.is_done(), Relaxed);
    }

    /// The next history, from the segments in turn: that spreads the copies over the partitions of the destination.
    fn pop(&mut self) -> Option<Replay> {
        let (segment, mut waiting) = self.backlog.pop_front()?;
        let replay = waiting.pop_front();
        if !waiting.is_empty() {
            self.backlog.push_back((segment, waiting));
        }
        replay
    }

    fn listed(&mut self, (ask, listed): Listed) {
        let (page, mut replays) = match listed {
            Ok(listed) => listed,
            Err(fault) if fault.cause == Cause::Stopped => return,
            Err(Fault { code, message, .. }) => {
                self.segments.failed(ask.segment, Failed { code, message });
                return;
            }
        };
        let Found::New(entries, _) = self.segments.page(ask.segment, page) else {
            self.out_of_order = true;
            return;
        };
        let mut waiting = VecDeque::new();
        for replay in entries.iter().filter_map(|entry| replays.remove(&entry.key)) {
            let count = replay.source.versions.len() as u64;
            let within = replay.source.key.as_str().get(self.prefix..).unwrap_or_default();
            if self.filter.as_ref().is_some_and(|filter| !filter(within)) {
                self.report.left_out += count;
                continue;
            }
            self.report.listed += count;
            self.report.bytes_listed += replay.source.versions.iter().map(Version::size).sum::<u64>();
            // What is whole needs no turn.
            if standing(&replay.source.versions, &replay.held) == Some(replay.source.versions.len()) {
                self.report.unchanged += count;
            } else {
                waiting.push_back(replay);
            }
        }
        if !waiting.is_empty() {
            self.backlog.push_back((ask.segment, waiting));
        }
        self.publish();
    }

    fn copied(&mut self, (key, replayed): Ended) {
        let report = &mut self.report;
        report.copied += replayed.copied;
        report.delete_markers += replayed.markers;
        report.bytes_copied += replayed.bytes;
        report.unchanged += replayed.unchanged;
        report.vanished += replayed.vanished;
        report.changed += replayed.changed;
        report.failed += replayed.failed;
        report.not_attempted += replayed.not_attempted;
        for fault in replayed.faults {
            self.tally.add(&key, fault);
        }
        self.publish();
    }

    /// Makes the counts visible.
    fn publish(&self) {
        let (counters, report) = (&self.requester.counters, &self.report);
        counters.listed.store(report.listed, Relaxed);
        counters.bytes_listed.store(report.bytes_listed, Relaxed);
        counters.unchanged.store(report.unchanged, Relaxed);
        counters.copied.store(report.copied, Relaxed);
        counters.bytes_copied.store(report.bytes_copied, Relaxed);
        counters.failed.store(report.failed + report.changed + report.vanished, Relaxed);
    }

    fn report(self, began: Instant) -> Report {
        let counters = &self.requester.counters;
        counters.in_flight.store(0, Relaxed);
        counters.listing.store(0, Relaxed);
        let mut report = self.report;
        let waiting = self.backlog.iter().flat_map(|(_, waiting)| waiting);
        for replay in waiting {
            report.not_attempted += replay.source.versions.len() as u64;
        }
        report.stopped = self.requester.stop.is_wished();
        report.elapsed = began.elapsed();
        report.requests = counters.requests();
        report.throttled = counters.throttled.load(Relaxed);
        report.retries = counters.retries.load(Relaxed);
        report.segments = self.segments.created();
        report.failures = self.tally.into_failures();
        report.orphans = self.copier.take_orphans();
        if self.out_of_order {
            let message = "the store does not list in order, so that versions cannot be compared".to_owned();
            let code = "InvalidResponse".to_owned();
            report.unlisted = vec![Unlisted { range: KeyRange::ALL, code, message }];
            return report;
        }
        let unlisted = self.segments.into_unlisted().into_iter().map(|(range, failed)| {
            let (code, message) = match failed {
                Some(Failed { code, message }) => (code, message),
                None => ("NotListed".to_owned(), "it was not looked at before the clone ended".to_owned()),
            };
            Unlisted { range, code, message }
        });
        report.unlisted = unlisted.collect();
        report
    }
}

impl Sides {
    /// A page of the source's histories, and what the destination has of each.
    async fn page(&self, requester: &Requester, ask: &Ask) -> Result<(Page, HashMap<Key, Replay>), Fault> {
        let after = match &ask.from {
            From::After(key) => Some(key),
            From::Start | From::Token(_) => None,
        };
        let Stretch { histories, is_end } = self.source.stretch(requester, after).await?;
        let entries = histories.iter().map(|history| stand_in(&history.key)).collect();
        let page = Page { entries, next: if is_end { Next::End } else { Next::More } };
        let inside = |key: &Key| ask.until.as_ref().is_none_or(|until| key <= until);
        let last = histories.iter().map(|history| &history.key).rfind(|key| inside(key)).cloned();
        let mut held = match &last {
            Some(last) => self.beside(requester, after, last).await?,
            None => HashMap::new(),
        };
        let replays = histories.into_iter().filter(|history| inside(&history.key)).map(|source| {
            let held = held.remove(self.within(&source.key)).unwrap_or_default();
            (source.key.clone(), Replay { source, held })
        });
        Ok((page, replays.collect()))
    }

    /// What the destination has after a key of the source and up to another, by key without the prefix.
    async fn beside(
        &self,
        requester: &Requester,
        after: Option<&Key>,
        last: &Key,
    ) -> Result<HashMap<String, Vec<Version>>, Fault> {
        let last = self.within(last);
        let mut from = after.and_then(|after| {
            let mut there = format!("{}{}", self.prefixes.1, self.within(after));
            // If it would be too long, the longest before it.
            there.truncate(there.floor_char_boundary(Key::MAX_BYTES));
            Key::new(there)
        });
        let mut held = HashMap::new();
        loop {
            let Stretch { histories, is_end } = self.destination.stretch(requester, from.as_ref()).await?;
            for History { key, versions } in histories {
                let Some(within) = key.as_str().strip_prefix(&self.prefixes.1) else {
                    return Err(out_of_order());
                };
                if from.as_ref().is_some_and(|from| *from >= key) {
                    return Err(out_of_order());
                }
                held.insert(within.to_owned(), versions);
                from = Some(key);
            }
            let reached = from.as_ref().and_then(|from| from.as_str().get(self.prefixes.1.len()..));
            if is_end || reached.is_some_and(|reached| reached >= last) {
                return Ok(held);
            }
        }
    }

    fn within<'a>(&self, key: &'a Key) -> &'a str {
        key.as_str().get(self.prefixes.0.len()..).unwrap_or_default()
    }
}

fn out_of_order() -> Fault {
    let message = "the destination does not list in order, so that it cannot be compared";
    Fault::new(Cause::Permanent, "InvalidResponse", message)
}

/// What the planner of segments needs to know of a history.
fn stand_in(key: &Key) -> Entry {
    Entry { key: key.clone(), size: 0, etag: None, modified: None, storage_class: None, version: None }
}

/// The result of a task that nobody aborts: if it panicked, so do we.
fn unpanicked<T>(result: Result<T, JoinError>) -> T {
    match result {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
