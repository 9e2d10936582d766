//! [`Job`]: a clone that is kept in a journal.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{
    CloneRequest, CloneResponse, Cloner, Compare, Error, ErrorKind, Journal, Report, SegmentRequest,
    SegmentResponse,
    counters::Counters,
    engine::{self, Engine, Part},
    journal::{
        Before, Counts, Cursor, Files, Found, Names, Options, Range, Segments, Side, Store, segment_name,
    },
    segments::Coverage,
    stop::Stop,
    worker::{Announce, Desk, sum},
};

/// The most segments that a response names.
const NAMED: usize = 1000;

/// A clone that is kept in a journal.
#[derive(Debug)]
pub(crate) struct Job {
    store: Store,
    names: Names,
    request: CloneRequest,
}

impl Job {
    /// The clone between these places that is not ended, or a new one.
    async fn open(cloner: &Cloner, journal: &Journal, store: Store) -> Result<Self, Error> {
        let (source, destination) = (&cloner.source, &cloner.destination);
        let side = |name: &str, prefix: &str| Side { name: name.to_owned(), prefix: Some(prefix.to_owned()) };
        let options = Options::of(cloner);
        let mut request = CloneRequest {
            id: "1".to_owned(),
            source: side(&source.bucket, &source.prefix),
            destination: side(&destination.bucket, &destination.prefix),
            options: Some(options.clone()),
        };
        let tail = format!("-{}-{}/", source.bucket, destination.bucket);
        let folders = store.keys(&journal.prefix, true).await?;
        let ids = folders.iter().filter_map(|folder| {
            folder.strip_prefix(&journal.prefix)?.strip_suffix(&tail)?.parse::<u64>().ok()
        });
        // The last one of these prefixes that is not ended, or the next number.
        let ids: BTreeSet<u64> = ids.collect();
        for id in ids.iter().rev() {
            let names = store.names(&id.to_string(), &source.bucket, &destination.bucket);
            let Some(Found { document, .. }) = store.get::<CloneRequest>(&names.clone_request()).await?
            else {
                continue;
            };
            // Buckets whose names have hyphens can share a folder.
            let is_same =
                document.source.is(&request.source) && document.destination.is(&request.destination);
            if !is_same {
                continue;
            }
            if store.get::<CloneResponse>(&names.clone_response()).await?.is_some() {
                break;
            }
            if let Some(differs) = document.options.as_ref().and_then(|it| it.difference(&options)) {
                let message = format!(
                    "the journal holds a clone of these that is not ended, and cannot be gone on with: {differs}; \
                     delete {} to begin anew",
                    names.folder()
                );
                return Err(Error::invalid_input(message));
            }
            return Ok(Self { store, names, request: document });
        }
        for id in ids.last().map_or(1, |last| last + 1).. {
            request.id = id.to_string();
            let names = store.names(&request.id, &source.bucket, &destination.bucket);
            if store.put(&names.clone_request(), &request, Before::Absent).await?.is_some() {
                return Ok(Self { store, names, request });
            }
            // Somebody else has begun one, or a reply was lost: an empty clone that nobody ends does no harm.
        }
        Err(Error::new(ErrorKind::Journal, "there are too many clones in the journal"))
    }

    /// The segment that is all of it.
    fn root(&self) -> SegmentRequest {
        let (source, destination) = (self.request.source.clone(), self.request.destination.clone());
        let mut root = SegmentRequest::new(self.request.id.clone(), source, destination);
        root.options.clone_from(&self.request.options);
        root
    }

    /// What came of the segments that are done, and which are not.
    async fn look(&self, seen: &mut BTreeMap<String, SegmentResponse>) -> Result<BTreeSet<String>, Error> {
        let keys = self.store.keys(self.names.folder(), false).await?;
        let named = |kind: &str| -> BTreeSet<String> {
            keys.iter().filter_map(|key| self.names.segment(key, kind)).map(str::to_owned).collect()
        };
        let (mut open, done) = (named("segment-request"), named("segment-response"));
        for segment in &done {
            if !seen.contains_key(segment)
                && let Some(found) = self.store.get::<SegmentResponse>(&self.names.response(segment)).await?
            {
                // Of each only what the end needs: of many thousands the keys would be too much.
                let (files, children) = (Files::Keys(Vec::new()), Vec::new());
                seen.insert(segment.clone(), SegmentResponse { files, children, ..found.document });
            }
            open.remove(segment);
        }
        Ok(open)
    }

    /// Ends the clone, if its segments cover all of it.
    async fn end(&self, done: &BTreeMap<String, SegmentResponse>) -> Result<CloneResponse, Error> {
        let ranges = done.values().flat_map(|response| &response.settled).filter_map(Range::read);
        let missing = Coverage::missing(ranges.collect());
        let few = done.len() <= NAMED;
        let response = CloneResponse {
            id: self.request.id.clone(),
            source: self.request.source.clone(),
            destination: self.request.destination.clone(),
            segments: Segments {
                count: done.len() as u64,
                values: if few { done.keys().cloned().collect() } else { Vec::new() },
            },
            counts: sum(done.values().map(|response| response.counts)),
            missing: missing.iter().map(Range::from).collect(),
        };
        if response.missing.is_empty() {
            self.store.put(&self.names.clone_response(), &response, Before::Absent).await?;
        }
        Ok(response)
    }
}

/// Clones in this process, and keeps it in a journal.
pub(crate) async fn run(
    cloner: &Cloner,
    journal: &Journal,
    counters: Arc<Counters>,
    stop: Arc<Stop>,
) -> Result<Report, Error> {
    let requester = Arc::new(engine::requester(cloner, Arc::clone(&counters), Arc::clone(&stop)));
    let store = Store::new(journal.clone(), requester);
    let job = Job::open(cloner, journal, store).await?;
    let root = job.root();
    // It may be shared with workers, who look for it.
    let name = job.names.request(&segment_name(&root));
    job.store.put(&name, &root, Before::Absent).await?;
    let desk = Desk::open(job.store.clone(), root);
    let without_deletes = Cloner { max_deletes: None, ..cloner.clone() };
    let done =
        desk.work(&without_deletes, None, None, Arc::clone(&counters), Arc::clone(&stop), false).await?;
    let mut report = done.report;
    report.is_resumed = done.is_resumed;
    if done.response.is_err() {
        return Ok(report);
    }
    if cloner.max_deletes.is_some() && !stop.is_wished() {
        // What was settled before was not looked at in this run, and is looked at now.
        let again = Cloner { compare: Compare::Missing, ..cloner.clone() };
        let (swept, _) = Engine::new(&again, Part::all(), counters, stop).run().await?;
        (report.extra, report.deleted, report.undeleted) = (swept.extra, swept.deleted, swept.undeleted);
        (report.requests, report.failures) = (swept.requests, swept.failures);
        report.elapsed += swept.elapsed;
    }
    let mut all = BTreeMap::new();
    let open = job.look(&mut all).await?;
    if open.is_empty() {
        job.end(&all).await?;
    }
    Ok(report)
}

/// Has workers clone, and waits for them.
#[derive(Clone, Debug)]
pub struct RemoteClone {
    cloner: Cloner,
    journal: Journal,
    announce: Option<Arc<dyn Announce>>,
    every: Duration,
    patience: Duration,
    attempts: u64,
}

/// The last sign of life of a segment that is not done.
struct Sign {
    generation: u64,
    version: u64,
    /// When it was seen, or the segment was told of again.
    at: Instant,
    /// How many objects were copied.
    copied: u64,
    /// How many calls have ended with failures since the last copy.
    fails: u64,
}

impl Sign {
    fn new(cursor: &Cursor, at: Instant) -> Self {
        let Cursor { generation, version, counts, .. } = cursor;
        Self { generation: *generation, version: *version, at, copied: counts.copied, fails: 0 }
    }

    fn look(&mut self, cursor: &Cursor, now: Instant) {
        if (self.generation, self.version) == (cursor.generation, cursor.version) {
            return;
        }
        let fails = match cursor {
            it if it.counts.copied > self.copied => 0,
            it if it.failures.is_empty() => self.fails,
            // Calls between two looks may have been fast.
            it => self.fails + (it.generation - self.generation.min(it.generation)).max(1),
        };
        *self = Self { fails, ..Self::new(cursor, now) };
    }
}

/// Where a clone by workers is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteProgress {
    /// Segments that are done.
    pub done: u64,
    /// Segments that are not, waiting or under way.
    pub open: u64,
    /// What came of them so far.
    pub counts: Counts,
    /// What went wrong in segments that are not done, by segment and error code: workers may try again.
    pub failures: Vec<(String, String)>,
}

impl RemoteClone {
    /// A clone of what `cloner` says, by [workers](crate::SegmentWorker) that look at `journal`.
    #[must_use]
    pub fn new(cloner: Cloner, journal: Journal) -> Self {
        Self {
            cloner,
            journal,
            announce: None,
            every: Duration::from_secs(5),
            patience: Duration::from_mins(3),
            attempts: 10,
        }
    }

    /// How workers are told of the first segment. Default: not, for a new document starts them.
    #[must_use]
    pub fn announce(mut self, announce: Arc<dyn Announce>) -> Self {
        self.announce = Some(announce);
        self
    }

    /// How often the journal is looked at. Default: every 5 s.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// After how long a segment is told of again, if nobody has begun it or its worker has given no sign of life. Default:
    /// 3 minutes; a worker gives one every 10 s. It has no use without [`announce`](Self::announce).
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How many calls of one segment in a row may fail and copy nothing, until no more is hoped for it. Default: 10.
    #[must_use]
    pub fn attempts(mut self, calls: u64) -> Self {
        self.attempts = calls;
        self
    }

    /// Requests the clone, or goes on with one that was requested, and waits until all segments are done.
    ///
    /// # Errors
    ///
    /// [`Incomplete`](ErrorKind::Incomplete) if all segments that are not done fail again and again: it names one, and why.
    /// [`InvalidInput`](ErrorKind::InvalidInput) if it cannot be cloned like this, or the journal holds one that is not
    /// ended and has other options. [`Journal`](ErrorKind::Journal) if the journal cannot be used, or the first segment
    /// not be announced.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the workers go on; another call waits for the same clone.
    pub async fn run(&self, mut observe: impl FnMut(&RemoteProgress)) -> Result<CloneResponse, Error> {
        self.cloner.check()?;
        if self.cloner.versions {
            return Err(Error::invalid_input("workers clone no versions"));
        }
        if self.cloner.max_deletes.is_some() {
            return Err(Error::invalid_input(
                "workers delete nothing: verify the clone, and delete in a second run",
            ));
        }
        let counters = Arc::<Counters>::default();
        let requester = Arc::new(engine::requester(&self.cloner, counters, Arc::default()));
        let store = Store::new(self.journal.clone(), requester);
        let job = Job::open(&self.cloner, &self.journal, store).await?;
        let root = job.root();
        let name = job.names.request(&segment_name(&root));
        if job.store.put(&name, &root, Before::Absent).await?.is_some() {
            self.tell(&root).await?;
        }
        let mut signs = BTreeMap::<String, Sign>::new();
        let mut done = BTreeMap::new();
        loop {
            let open = job.look(&mut done).await?;
            let mut progress = RemoteProgress {
                done: done.len() as u64,
                open: open.len() as u64,
                counts: sum(done.values().map(|response| response.counts)),
                failures: Vec::new(),
            };
            signs.retain(|segment, _| open.contains(segment));
            for segment in &open {
                let cursor = job.store.get::<Cursor>(&job.names.cursor(segment)).await?;
                let cursor = cursor.map(|found| found.document).unwrap_or_default();
                let now = Instant::now();
                let sign = signs.entry(segment.clone()).or_insert_with(|| Sign::new(&cursor, now));
                sign.look(&cursor, now);
                if now >= sign.at + self.patience {
                    sign.at = now;
                    if let Some(found) = job.store.get::<SegmentRequest>(&job.names.request(segment)).await? {
                        self.tell(&found.document).await?;
                    }
                }
                progress.counts = progress.counts.and(cursor.counts);
                let failures = cursor.failures.into_iter();
                progress
                    .failures
                    .extend(failures.map(|(code, text)| (segment.clone(), format!("{code}: {text}"))));
            }
            observe(&progress);
            if open.is_empty() {
                return job.end(&done).await;
            }
            // The others are waited for: what they do is not to be done again.
            if signs.values().all(|sign| sign.fails >= self.attempts) {
                return Err(hopeless(&progress));
            }
            sleep(self.every).await;
        }
    }

    async fn tell(&self, request: &SegmentRequest) -> Result<(), Error> {
        let Some(announce) = &self.announce else { return Ok(()) };
        let told = announce.announce(request).await;
        told.map_err(|error| {
            Error::with_source(ErrorKind::Journal, "a segment could not be announced", error)
        })
    }
}

/// Why a clone is given up whose segments fail again and again.
fn hopeless(progress: &RemoteProgress) -> Error {
    let (segment, failure) = progress.failures.first().cloned().unwrap_or_default();
    let open = progress.open;
    let message = format!("{open} segments fail again and again, such as {segment}: {failure}");
    Error::new(ErrorKind::Incomplete, message)
}
