//! [`SegmentWorker`]: does one segment of a clone.

use std::{error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use crate::{
    Cloner, Error, ErrorKind, Journal, Location, Report, SegmentRequest, SegmentResponse,
    counters::Counters,
    engine::{self, Engine, Part, Split},
    journal::{Before, CloneRequest, Counts, Names, Options, Recorder, Store, segment_name, settled},
    record::Record,
    stop::Stop,
};

/// The most segments that are cut off from one, beside what is left at its deadline: its documents name them all.
const CHILDREN: usize = 500;

/// Does segments of clones, one call each: for a message of a queue, or an invocation of a function.
///
/// A call can be repeated, and two can be made of the same segment: whoever takes it over last goes on with it, and the
/// other one ends with [`Fenced`](ErrorKind::Fenced). A segment that is done is answered at once.
///
/// ```no_run
/// # async fn of(s3: aws_sdk_s3::Client, request: tidegate_clone::SegmentRequest) -> Result<(), tidegate_clone::Error> {
/// use std::time::Duration;
///
/// use tidegate_clone::{Cloner, Journal, Location, SegmentWorker};
/// use tokio::time::Instant;
///
/// let cloner = Cloner::new(Location::new(s3.clone(), "any"), Location::new(s3.clone(), "other"));
/// let worker = SegmentWorker::new(cloner, Journal::new(s3, "jobs")).keep(100_000);
/// let response = worker.run(&request, Some(Instant::now() + Duration::from_mins(5))).await?;
/// println!("{} objects, and {} segments for others", response.counts.copied, response.children.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SegmentWorker {
    cloner: Cloner,
    journal: Journal,
    announce: Option<Arc<dyn Announce>>,
    keep: Option<u64>,
}

/// Tells workers that there is a segment to be done: by a message in a queue. Where a new document starts a function by
/// itself, nothing has to be told.
#[async_trait]
pub trait Announce: fmt::Debug + Send + Sync {
    /// Tells of a request, which is in the journal already. It may be told of more than once.
    ///
    /// # Errors
    ///
    /// Why it could not be told of: the segment that it was cut off from is then not done.
    async fn announce(&self, request: &SegmentRequest) -> Result<(), Box<dyn error::Error + Send + Sync>>;
}

impl SegmentWorker {
    /// Works with the clients and settings of `cloner`; buckets and prefixes are those of the requests.
    #[must_use]
    pub fn new(cloner: Cloner, journal: Journal) -> Self {
        Self { cloner, journal, announce: None, keep: None }
    }

    /// Whom to tell of segments that are cut off. Default: nobody.
    #[must_use]
    pub fn announce(mut self, announce: Arc<dyn Announce>) -> Self {
        self.announce = Some(announce);
        self
    }

    /// Cuts off what is more than about so many keys, in segments of about as many, for others to do. Default: only what
    /// is left at the deadline is cut off.
    #[must_use]
    pub fn keep(mut self, keys: u64) -> Self {
        self.keep = Some(keys.max(1));
        self
    }

    /// Does a segment. Shortly before the deadline it stops, and what is left becomes segments of their own: a fifth of the
    /// time, at most 20 s, is for the copies that are in flight then.
    ///
    /// # Errors
    ///
    /// [`Incomplete`](ErrorKind::Incomplete) if something could not be copied or listed: another call tries again what is
    /// left. [`Fenced`](ErrorKind::Fenced) if somebody else has taken the segment over.
    /// [`InvalidInput`](ErrorKind::InvalidInput) if the request cannot be done like this.
    /// [`Journal`](ErrorKind::Journal) if the journal cannot be used.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it is as after a crash: another call goes on where the last save was, at most 10 s and what was in flight
    /// before.
    pub async fn run(
        &self,
        request: &SegmentRequest,
        deadline: Option<Instant>,
    ) -> Result<SegmentResponse, Error> {
        let end = deadline.map(|deadline| {
            let now = Instant::now();
            deadline - (deadline.saturating_duration_since(now) / 5).min(Duration::from_secs(20))
        });
        let stop = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        self.run_until(request, stop).await
    }

    /// Does a segment. When `stop` is ready, it begins no more copies, those that are in flight end, and what is left becomes
    /// segments of their own: for a process that is to end.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(
        &self,
        request: &SegmentRequest,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<SegmentResponse, Error> {
        let cloner = self.cloner_of(request)?;
        let (counters, wish) = (Arc::<Counters>::default(), Arc::<Stop>::default());
        let requester = Arc::new(engine::requester(&cloner, Arc::clone(&counters), Arc::clone(&wish)));
        let desk = Desk::open(Store::new(self.journal.clone(), requester), request.clone());
        let halt = Arc::clone(&wish);
        let bell = async move {
            stop.await;
            halt.wish();
        };
        let split = self.keep.map(|keep| Split { keep, most: CHILDREN });
        let work = desk.work(&cloner, self.announce.clone(), split, counters, wish, true);
        tokio::pin!(bell, work);
        let mut has_rung = false;
        let done = loop {
            tokio::select! {
                done = &mut work => break done?,
                () = &mut bell, if !has_rung => has_rung = true,
            }
        };
        done.response.map_err(|report| incomplete(&report))
    }

    /// The cloner for a request: its buckets, its prefixes.
    fn cloner_of(&self, request: &SegmentRequest) -> Result<Cloner, Error> {
        let source_prefix = request.source.prefix.clone().unwrap_or_default();
        let destination_prefix = request.destination.prefix.clone().unwrap_or_else(|| source_prefix.clone());
        let mut cloner = self.cloner.clone();
        cloner.source =
            Location { bucket: request.source.name.clone(), prefix: source_prefix, ..cloner.source };
        cloner.destination = Location {
            bucket: request.destination.name.clone(),
            prefix: destination_prefix,
            ..cloner.destination
        };
        cloner.check()?;
        if cloner.versions {
            return Err(Error::invalid_input("workers clone no versions"));
        }
        if cloner.max_deletes.is_some() {
            let message = "a segment cannot be told to delete: that is for whoever knows all of them";
            return Err(Error::invalid_input(message));
        }
        if request.range().is_none() {
            let message = format!("there is no key after {:?} and up to {:?}", request.after, request.until);
            return Err(Error::invalid_input(message));
        }
        let differs = request.options.as_ref().and_then(|it| it.difference(&Options::of(&cloner)));
        match differs {
            Some(differs) => Err(Error::invalid_input(format!("the segment is of another clone: {differs}"))),
            None => Ok(cloner),
        }
    }
}

fn incomplete(report: &Report) -> Error {
    let first = report.failures.first().map(|group| (group.code.clone(), group.count));
    let first = first.or_else(|| report.unlisted.first().map(|it| (it.code.clone(), 1)));
    let (code, count) = first.unwrap_or_else(|| ("Stopped".to_owned(), report.not_attempted));
    Error::new(ErrorKind::Incomplete, format!("part of the segment is not cloned: {code}, {count} times"))
}

/// One segment, and where its documents are.
#[derive(Debug)]
pub(crate) struct Desk {
    store: Store,
    names: Names,
    request: SegmentRequest,
}

/// What came of a segment.
pub(crate) struct Done {
    pub(crate) report: Report,
    /// The report again, if it is not done.
    pub(crate) response: Result<SegmentResponse, Box<Report>>,
    /// Whether another run had begun it.
    pub(crate) is_resumed: bool,
}

impl Desk {
    pub(crate) fn open(store: Store, request: SegmentRequest) -> Self {
        let names = store.names(&request.id, &request.source.name, &request.destination.name);
        Self { store, names, request }
    }

    /// Does the segment; if it is stopped and `gives` away what is left, it is done all the same.
    pub(crate) async fn work(
        &self,
        cloner: &Cloner,
        announce: Option<Arc<dyn Announce>>,
        split: Option<Split>,
        counters: Arc<Counters>,
        stop: Arc<Stop>,
        gives: bool,
    ) -> Result<Done, Error> {
        let (store, names) = (&self.store, &self.names);
        let segment = segment_name(&self.request);
        if let Some(found) = store.get::<SegmentResponse>(&names.response(&segment)).await? {
            let (report, response) = (Report::default(), Ok(found.document));
            return Ok(Done { report, response, is_resumed: true });
        }
        let clone = store.get::<CloneRequest>(&names.clone_request()).await?;
        let request = self.request.clone();
        let recorder = Recorder::take_over(store.clone(), names.clone(), request, announce).await?;
        let recorder = Arc::new(recorder);
        let children = recorder.cursor().await.children.len();
        let split = split.map(|split| Split { most: split.most.saturating_sub(children), ..split });
        let (ranges, is_resumed) = recorder.rest().await;
        // Without a clone's request, nobody knows when it began: then objects are compared as ever.
        let since = clone.and_then(|found| found.written).filter(|_| is_resumed);
        let record: Arc<dyn Record> = Arc::<Recorder>::clone(&recorder);
        let part = Part { ranges, since, record: Some(record), split };
        let (report, rest) = Engine::new(cloner, part, counters, stop).run().await?;
        // What is left of a segment of which nothing is settled is that segment.
        let is_begun = self.request.range().is_none_or(|all| rest != [all]);
        if !rest.is_empty() && gives && report.stopped && is_begun {
            recorder.give(rest).await?;
        } else if !rest.is_empty() {
            return Ok(Done { response: Err(Box::new(report.clone())), report, is_resumed });
        }
        let cursor = recorder.cursor().await;
        let response = SegmentResponse {
            id: self.request.id.clone(),
            source: self.request.source.clone(),
            destination: self.request.destination.clone(),
            files: recorder.files(&cursor),
            settled: settled(&self.request, &cursor),
            counts: cursor.counts,
            generation: cursor.generation,
            children: cursor.children,
        };
        let key = names.response(&segment);
        if store.put(&key, &response, Before::Absent).await?.is_none()
            && store.get::<SegmentResponse>(&key).await?.is_none_or(|found| found.document != response)
        {
            let message = format!("another worker has done the segment {segment}");
            return Err(Error::new(ErrorKind::Fenced, message));
        }
        Ok(Done { report, response: Ok(response), is_resumed })
    }
}

/// What several segments came to.
pub(crate) fn sum(counts: impl IntoIterator<Item = Counts>) -> Counts {
    counts.into_iter().fold(Counts::default(), Counts::and)
}
