//! [`Engine`]: lists and copies at once, until all is done or it is to stop.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use aws_sdk_s3::{
    Client,
    config::{StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig},
};
use futures_util::FutureExt;
use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};

use crate::{
    Cloner, Location, Report, Unlisted,
    backlog::Backlog,
    copy::{Copier, Ended},
    counters::Counters,
    listing::Lister,
    request::{Cause, Fault, Requester},
    segments::{Ask, Entry, Failed, Found, PAGE, Page, Segments},
    stop::Stop,
    tally::Tally,
};

/// So many entries may be listed ahead of the copies; more if many copies or listings are in flight.
const AHEAD: usize = 32 * PAGE;

/// Lists and copies at once.
#[derive(Debug)]
pub(crate) struct Engine {
    lister: Arc<Lister>,
    copier: Arc<Copier>,
    requester: Arc<Requester>,
    segments: Segments,
    backlog: Backlog,
    tally: Tally,
    report: Report,
    /// How often the listing began anew: copies from before do not count.
    era: u32,
    copies_in_flight: usize,
    listings_in_flight: usize,
}

type Listed = (Ask, Result<Page, Fault>);
type Copied = (u32, Entry, Ended);

impl Engine {
    pub(crate) fn new(cloner: &Cloner, counters: Arc<Counters>, stop: Arc<Stop>) -> Self {
        let (source, destination) = (plain(&cloner.source), plain(&cloner.destination));
        let requester = Arc::new(requester(cloner, counters, stop));
        Self {
            segments: Segments::new(source.prefix.clone(), cloner.listings_in_flight),
            lister: Arc::new(Lister::new(source.clone())),
            copier: Arc::new(Copier::new(cloner, source, destination, Arc::clone(&requester))),
            requester,
            backlog: Backlog::default(),
            tally: Tally::default(),
            report: Report::default(),
            era: 0,
            copies_in_flight: cloner.copies_in_flight,
            listings_in_flight: cloner.listings_in_flight,
        }
    }

    pub(crate) async fn run(mut self) -> Report {
        let began = Instant::now();
        let mut listings: JoinSet<Listed> = JoinSet::new();
        let mut copies: JoinSet<Copied> = JoinSet::new();
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
        // Nothing is begun any more; a page that comes now would only be thrown away.
        listings.shutdown().await;
        while let Some(ended) = copies.join_next().await {
            self.copied(unpanicked(ended));
        }
        self.report(began)
    }

    /// Begins what there is room for.
    fn fill(&mut self, listings: &mut JoinSet<Listed>, copies: &mut JoinSet<Copied>) {
        while copies.len() < self.copies_in_flight
            && let Some(entry) = self.backlog.pop()
        {
            let (engine, era) = (Arc::clone(&self.copier), self.era);
            copies.spawn(async move {
                // One copy that panics must not take the others, and their report, with it.
                let ended = AssertUnwindSafe(engine.copy(&entry)).catch_unwind().await;
                let ended = ended.unwrap_or_else(|_| Ended::Failed(Fault::panicked()));
                (era, entry, ended)
            });
        }
        let ahead = AHEAD
            .max(self.copies_in_flight.saturating_mul(2))
            .max(self.listings_in_flight.saturating_mul(PAGE));
        while listings.len() < self.listings_in_flight
            && self.backlog.len() + listings.len() * PAGE < ahead
            && let Some(ask) = self.segments.next()
        {
            let (lister, requester) = (Arc::clone(&self.lister), Arc::clone(&self.requester));
            listings.spawn(async move {
                let page = lister.page(&requester, &ask.from).await;
                (ask, page)
            });
        }
        let counters = &self.requester.counters;
        counters.in_flight.store(copies.len() as u64, Relaxed);
        counters.listing.store(listings.len() as u64, Relaxed);
        counters.list_done.store(self.segments.is_done(), Relaxed);
    }

    fn listed(&mut self, (ask, page): Listed) {
        match page {
            Ok(page) => match self.segments.page(ask.segment, page) {
                Found::New(entries) => {
                    self.report.listed += entries.len() as u64;
                    self.report.bytes_listed += entries.iter().map(|entry| entry.size).sum::<u64>();
                    self.backlog.push(ask.segment, entries);
                }
                Found::Restarted => self.restart(),
            },
            Err(fault) if fault.cause == Cause::Stopped => {}
            Err(Fault { code, message, .. }) => self.segments.failed(ask.segment, Failed { code, message }),
        }
        self.publish();
    }

    /// Forgets what was found, for it will be found again. To copy it again does no harm.
    fn restart(&mut self) {
        tracing::warn!("the store does not list in order: it is listed again, page by page");
        self.era += 1;
        self.backlog.clear();
        self.tally = Tally::default();
        self.report = Report::default();
    }

    fn copied(&mut self, (era, entry, ended): Copied) {
        if era != self.era {
            return;
        }
        let report = &mut self.report;
        match ended {
            Ended::Copied => {
                report.copied += 1;
                report.bytes_copied += entry.size;
            }
            Ended::Changed(fault) => {
                report.changed += 1;
                self.tally.add(&entry.key, fault);
            }
            Ended::Vanished(fault) => {
                report.vanished += 1;
                self.tally.add(&entry.key, fault);
            }
            Ended::Failed(fault) => {
                report.failed += 1;
                self.tally.add(&entry.key, fault);
            }
            Ended::NotAttempted => report.not_attempted += 1,
        }
        self.publish();
    }

    /// Makes the counts visible.
    fn publish(&self) {
        let (counters, report) = (&self.requester.counters, &self.report);
        counters.listed.store(report.listed, Relaxed);
        counters.bytes_listed.store(report.bytes_listed, Relaxed);
        counters.copied.store(report.copied, Relaxed);
        counters.bytes_copied.store(report.bytes_copied, Relaxed);
        counters.failed.store(report.failed + report.changed + report.vanished, Relaxed);
    }

    fn report(self, began: Instant) -> Report {
        let counters = &self.requester.counters;
        counters.in_flight.store(0, Relaxed);
        counters.listing.store(0, Relaxed);
        let mut report = self.report;
        report.not_attempted += self.backlog.len() as u64;
        report.stopped = self.requester.stop.is_wished();
        report.elapsed = began.elapsed();
        report.requests = counters.requests();
        report.throttled = counters.throttled.load(Relaxed);
        report.retries = counters.retries.load(Relaxed);
        report.segments = self.segments.created();
        report.failures = self.tally.into_failures();
        report.orphans = self.copier.take_orphans();
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

/// What sends the requests of a clone.
pub(crate) fn requester(cloner: &Cloner, counters: Arc<Counters>, stop: Arc<Stop>) -> Requester {
    Requester { throttle: Arc::clone(&cloner.throttle), attempts: cloner.attempts, counters, stop }
}

/// The location with a client that leaves retries and timeouts to us, and is otherwise the given one.
///
/// S3 holds back the answer to a long copy, which stalled-stream protection takes for a dead connection.
pub(crate) fn plain(location: &Location) -> Location {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(std::time::Duration::from_secs(10))
        .disable_read_timeout()
        .disable_operation_timeout()
        .disable_operation_attempt_timeout()
        .build();
    let config = location
        .client
        .config()
        .to_builder()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    Location { client: Client::from_conf(config), ..location.clone() }
}

/// The result of a task that nobody aborts: if it panicked, so do we.
fn unpanicked<T>(result: Result<T, JoinError>) -> T {
    match result {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
