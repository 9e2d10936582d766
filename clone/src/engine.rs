//! [`Engine`]: lists and copies at once, until all is done or it is to stop.

mod keeper;
mod part;
mod plain;

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use futures_util::FutureExt;
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use self::keeper::Keeper;
#[cfg(feature = "journal")]
pub(crate) use self::plain::plain_client;
pub(crate) use self::{
    part::{Part, Split},
    plain::{plain, requester},
};
use crate::{
    Cloner, Entry, Error, KeyRange, Report, Undeleted, Unlisted,
    abreast::{Abreast, Both, Front},
    backlog::Backlog,
    copy::{Copier, Ended},
    counters::Counters,
    delete::Deleter,
    pages::{PageId, Pages},
    plan::{Beside, Planner},
    record::{Action, State},
    request::{Cause, Fault, Requester},
    segments::{Ask, Failed, Found, PAGE, SegmentId, Segments},
    stop::Stop,
    tally::Tally,
};

/// So many entries may be listed ahead of the copies; more if many copies or listings are in flight.
const AHEAD: usize = 32 * PAGE;

/// For so many copies in flight, one more segment is copied from at a time,
const COPIES_A_SEGMENT: usize = 16;
/// but from so many at least,
const LEAST_SPREAD: usize = 4;
/// and so many at most.
const MOST_SPREAD: usize = 64;

/// Lists and copies at once.
pub(crate) struct Engine {
    abreast: Arc<Abreast>,
    copier: Arc<Copier>,
    deleter: Deleter,
    requester: Arc<Requester>,
    planner: Planner,
    segments: Segments,
    /// The destination's sides of the segments that nobody is listing.
    fronts: HashMap<SegmentId, Front>,
    backlog: Backlog,
    pages: Pages,
    tally: Tally,
    report: Report,
    /// What only the destination has, as long as it is not too much.
    extra: Vec<Entry>,
    max_deletes: Option<u64>,
    dry_run: bool,
    /// How often the listing began anew: copies from before do not count.
    era: u32,
    copies_in_flight: usize,
    listings_in_flight: usize,
    ranges: Vec<KeyRange>,
    split: Option<Split>,
    keeper: Keeper,
}

type Listed = (Ask, Both);
type Copied = (u32, PageId, Entry, Ended);

impl Engine {
    pub(crate) fn new(cloner: &Cloner, part: Part, counters: Arc<Counters>, stop: Arc<Stop>) -> Self {
        let (source, destination) = (plain(&cloner.source), plain(&cloner.destination));
        let requester = Arc::new(requester(cloner, counters, stop));
        let planner = Planner {
            compare: cloner.compare.clone(),
            filter: cloner.filter.clone(),
            since: part.since,
            source: source.prefix.len(),
            destination: destination.prefix.len(),
        };
        let is_mapped = cloner.map_key.is_some();
        let looks = planner.looks() && !is_mapped;
        let abreast = Abreast::new(source.clone(), destination.clone(), looks, cloner.max_deletes.is_some());
        Self {
            segments: Segments::over(source.prefix.clone(), cloner.listings_in_flight, &part.ranges),
            abreast: Arc::new(abreast),
            deleter: Deleter::new(destination.clone(), Arc::clone(&requester)),
            copier: Arc::new(Copier::new(
                cloner,
                source,
                destination,
                Arc::clone(&requester),
                planner.clone(),
            )),
            requester,
            planner,
            fronts: HashMap::new(),
            backlog: Backlog::new(
                (cloner.copies_in_flight / COPIES_A_SEGMENT).clamp(LEAST_SPREAD, MOST_SPREAD),
            ),
            pages: Pages::over(&part.ranges),
            tally: Tally::default(),
            report: Report { dry_run: cloner.dry_run, ..Report::default() },
            extra: Vec::new(),
            max_deletes: cloner.max_deletes,
            dry_run: cloner.dry_run,
            era: 0,
            copies_in_flight: cloner.copies_in_flight,
            listings_in_flight: cloner.listings_in_flight,
            ranges: part.ranges,
            split: part.split,
            keeper: Keeper::new(part.record),
        }
    }

    /// Runs to the end, and gives what is not settled then: nothing, if all of the part is as it should be.
    ///
    /// # Errors
    ///
    /// What kept the record from being saved: then this run is stopped.
    pub(crate) async fn run(mut self) -> Result<(Report, Vec<KeyRange>), Error> {
        let began = Instant::now();
        let mut listings: JoinSet<Listed> = JoinSet::new();
        let mut copies: JoinSet<Copied> = JoinSet::new();
        let stop = Arc::clone(&self.requester.stop);
        while !stop.is_wished() {
            // Before anything of it is begun.
            self.keep();
            self.fill(&mut listings, &mut copies);
            if listings.is_empty() && copies.is_empty() && self.keeper.saving.is_empty() {
                break;
            }
            let due = self.keeper.due;
            tokio::select! {
                Some(listed) = listings.join_next() => self.listed(unpanicked(listed)),
                Some(ended) = copies.join_next() => self.copied(unpanicked(ended)),
                Some(saved) = self.keeper.saving.join_next() => self.saved(unpanicked(saved)),
                () = sleep_until(due), if self.keeper.is_due_later() => {}
                () = stop.wished() => {}
            }
        }
        // Nothing is begun any more; a page that comes now would only be thrown away.
        listings.shutdown().await;
        while let Some(ended) = copies.join_next().await {
            self.copied(unpanicked(ended));
        }
        while let Some(saved) = self.keeper.saving.join_next().await {
            self.saved(unpanicked(saved));
        }
        self.delete().await;
        let rest = self.rest();
        let record = self.keeper.record.take();
        if let Some(error) = self.keeper.error.take() {
            return Err(error);
        }
        let report = self.report(began);
        if let Some(record) = record {
            record.save(State { rest: rest.clone(), so_far: report.clone() }).await?;
        }
        Ok((report, rest))
    }

    /// Begins what there is room for.
    fn fill(&mut self, listings: &mut JoinSet<Listed>, copies: &mut JoinSet<Copied>) {
        while copies.len() < self.copies_in_flight
            && let Some((page, order)) = self.backlog.pop()
        {
            let (engine, era) = (Arc::clone(&self.copier), self.era);
            copies.spawn(async move {
                // One copy that panics must not take the others, and their report, with it.
                let ended = AssertUnwindSafe(engine.copy(&order)).catch_unwind().await;
                let ended = ended.unwrap_or_else(|_| Ended::Failed(Fault::panicked()));
                (era, page, order.entry, ended)
            });
        }
        let ahead = AHEAD
            .max(self.copies_in_flight.saturating_mul(2))
            .max(self.listings_in_flight.saturating_mul(PAGE));
        while listings.len() < self.listings_in_flight
            && self.backlog.len() + listings.len() * PAGE < ahead
            && let Some(ask) = self.segments.next()
        {
            let front = self.fronts.remove(&ask.segment);
            let (abreast, requester) = (Arc::clone(&self.abreast), Arc::clone(&self.requester));
            let looks = !self.segments.is_walk();
            listings.spawn(async move {
                let both = abreast.page(&requester, &ask, looks, front).await;
                (ask, both)
            });
        }
        let counters = &self.requester.counters;
        counters.in_flight.store(copies.len() as u64, Relaxed);
        counters.listing.store(listings.len() as u64, Relaxed);
        counters.list_done.store(self.segments.is_done(), Relaxed);
    }

    fn listed(&mut self, (ask, Both { page, front }): Listed) {
        match page {
            Ok(page) => match self.segments.page(ask.segment, page) {
                Found::New(entries, range) => self.found(ask.segment, entries, range, front),
                Found::Restarted => self.restart(),
            },
            Err(fault) if fault.cause == Cause::Stopped => {}
            Err(Fault { code, message, .. }) => self.segments.failed(ask.segment, Failed { code, message }),
        }
        self.publish();
    }

    /// Plans what a page brought.
    fn found(
        &mut self,
        segment: SegmentId,
        entries: Vec<Entry>,
        range: Option<KeyRange>,
        front: Option<Result<Front, Fault>>,
    ) {
        let needs_look = self.planner.looks();
        let beside = match (front, &range) {
            (Some(Ok(mut front)), Some(range)) => {
                let listed = front.take(range, self.planner.source, self.planner.destination);
                if self.segments.is_live(segment) {
                    self.fronts.insert(segment, front);
                }
                Beside::Listed(listed)
            }
            (Some(Err(fault)), _) => return self.unseen(&entries, range, &fault),
            // Of a page without keys, which the next one goes on from.
            (Some(Ok(front)), None) => {
                if self.segments.is_live(segment) {
                    self.fronts.insert(segment, front);
                }
                Beside::Unseen
            }
            (None, _) if needs_look => Beside::Unseen,
            (None, _) => Beside::NotAsked,
        };
        let plan = self.planner.plan(entries, beside);
        for (entry, etag) in &plan.unchanged {
            self.note(entry, etag.as_deref(), Action::Unchanged);
        }
        let unchanged = plan.unchanged.iter().map(|(entry, _)| entry);
        let report = &mut self.report;
        report.listed += (plan.orders.len() + plan.unchanged.len()) as u64;
        report.bytes_listed +=
            unchanged.chain(plan.orders.iter().map(|it| &it.entry)).map(|entry| entry.size).sum::<u64>();
        report.unchanged += plan.unchanged.len() as u64;
        report.left_out += plan.left_out;
        if let Some(max) = self.max_deletes {
            report.extra += plan.extra.len() as u64;
            let room = usize::try_from(max).unwrap_or(usize::MAX).saturating_sub(self.extra.len());
            self.extra.extend(plan.extra.into_iter().take(room));
        }
        // A walk knows no ranges: it is settled as a whole.
        let range = range.filter(|_| !self.segments.is_walk());
        let page = self.pages.open(range, plan.orders.len());
        self.backlog.push(segment, page, plan.orders);
    }

    /// The destination could not be listed beside these: nobody knows what is there.
    fn unseen(&mut self, entries: &[Entry], range: Option<KeyRange>, fault: &Fault) {
        self.report.listed += entries.len() as u64;
        self.report.bytes_listed += entries.iter().map(|entry| entry.size).sum::<u64>();
        if fault.cause == Cause::Stopped {
            self.report.not_attempted += entries.len() as u64;
        } else {
            self.report.unknown += entries.len() as u64;
            for entry in entries {
                self.tally.add(&entry.key, fault.clone());
            }
        }
        // Its range is never settled.
        let page = self.pages.open(range, 1);
        self.pages.ended(page, false);
    }

    /// Forgets what was found, for it will be found again. To copy it again does no harm.
    fn restart(&mut self) {
        tracing::warn!("the store does not list in order: it is listed again, page by page");
        self.era += 1;
        self.backlog.clear();
        self.fronts.clear();
        self.extra.clear();
        self.pages = Pages::over(&self.ranges);
        self.tally = Tally::default();
        self.report = Report { dry_run: self.dry_run, ..Report::default() };
    }

    fn copied(&mut self, (era, page, entry, ended): Copied) {
        if era != self.era {
            return;
        }
        let (etag, action) = match &ended {
            Ended::Copied(etag) => (Some(etag.as_str()), Action::Copied),
            _ => (None, Action::Unchanged),
        };
        if matches!(ended, Ended::Copied(_) | Ended::Unchanged) {
            self.note(&entry, etag, action);
        }
        let report = &mut self.report;
        let well = matches!(ended, Ended::Copied(_) | Ended::Unchanged | Ended::Vanished(_));
        match ended {
            Ended::Copied(_) => {
                report.copied += 1;
                report.bytes_copied += entry.size;
            }
            Ended::Unchanged => report.unchanged += 1,
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
        self.pages.ended(page, well);
        self.publish();
    }

    /// Deletes what only the destination has, if that is sure and allowed.
    async fn delete(&mut self) {
        let Some(max) = self.max_deletes else { return };
        if self.requester.stop.is_wished() {
            return;
        }
        let report = &mut self.report;
        let is_whole = self.segments.is_whole() && report.failed + report.unknown + report.changed == 0;
        report.undeleted = match () {
            () if self.segments.is_walk() => Some(Undeleted::OutOfOrder),
            () if !is_whole => Some(Undeleted::Incomplete),
            () if report.extra > max => Some(Undeleted::TooMany { max }),
            () => None,
        };
        if report.undeleted.is_some() || self.dry_run {
            return;
        }
        for (key, result) in self.deleter.delete(std::mem::take(&mut self.extra)).await {
            match result {
                Ok(()) => self.report.deleted += 1,
                Err(fault) if fault.cause == Cause::Stopped => {}
                Err(fault) => self.tally.add(&key, fault),
            }
        }
    }

    /// Makes the counts visible.
    fn publish(&self) {
        let (counters, report) = (&self.requester.counters, &self.report);
        counters.listed.store(report.listed, Relaxed);
        counters.bytes_listed.store(report.bytes_listed, Relaxed);
        counters.unchanged.store(report.unchanged, Relaxed);
        counters.copied.store(report.copied, Relaxed);
        counters.bytes_copied.store(report.bytes_copied, Relaxed);
        let failed = report.failed + report.changed + report.vanished + report.unknown;
        counters.failed.store(failed, Relaxed);
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

/// The result of a task that nobody aborts: if it panicked, so do we.
fn unpanicked<T>(result: Result<T, JoinError>) -> T {
    match result {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
