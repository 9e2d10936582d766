//! [`Cloner`]: what is to be cloned, and how.

use std::{fmt, num::NonZeroU32, ops::RangeInclusive, sync::Arc};

use tidegate_throttle::{Adaptive, Throttle};

use crate::{
    Compare, Error, Key, Location, Preserve, Report, Run, Verification,
    copy::single::LARGEST,
    plan::{Filter, MapKey},
    verify,
};

/// Clones everything in one [`Location`] to another, by server-side copies.
#[derive(Clone)]
#[must_use = "a cloner does nothing until it is started"]
pub struct Cloner {
    pub(crate) source: Location,
    pub(crate) destination: Location,
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) copies_in_flight: usize,
    pub(crate) listings_in_flight: usize,
    pub(crate) multipart_threshold: u64,
    pub(crate) part_size: u64,
    pub(crate) attempts: NonZeroU32,
    pub(crate) compare: Compare,
    pub(crate) filter: Option<Arc<Filter>>,
    pub(crate) map_key: Option<Arc<MapKey>>,
    pub(crate) max_deletes: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) hints: Arc<[Key]>,
    pub(crate) preserve: Preserve,
    pub(crate) versions: bool,
    #[cfg(feature = "journal")]
    pub(crate) journal: Option<crate::Journal>,
}

impl Cloner {
    /// A clone of all that is in `source` to `destination`. A key keeps what follows the source's prefix, and
    /// gets the destination's in front.
    ///
    /// The client of `source` lists, heads and reads tags; the client of `destination` signs every copy, so
    /// its credentials must be allowed to read the source too.
    pub fn new(source: Location, destination: Location) -> Self {
        Self {
            source,
            destination,
            throttle: Arc::new(Adaptive::new()),
            copies_in_flight: 1000,
            listings_in_flight: 64,
            multipart_threshold: LARGEST,
            part_size: 256 << 20,
            attempts: const { NonZeroU32::new(8).unwrap() },
            compare: Compare::default(),
            filter: None,
            map_key: None,
            max_deletes: None,
            dry_run: false,
            hints: Arc::default(),
            preserve: Preserve::default(),
            versions: false,
            #[cfg(feature = "journal")]
            journal: None,
        }
    }

    /// When an object of the destination is what it should be, so that it is not copied. Default:
    /// [`Compare::SizeAndTime`].
    pub fn compare(mut self, compare: Compare) -> Self {
        self.compare = compare;
        self
    }

    /// Which objects are part of the clone, by what follows the prefix in their keys, on both sides: what is left out is
    /// neither copied nor deleted. Default: all.
    pub fn filter(mut self, is_part: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(is_part));
        self
    }

    /// Where objects go, if not to the keys that they have: of what follows the source's prefix, what is to follow the
    /// destination's. It must be pure, and give no two objects the same key: of two, whichever is copied last stays.
    /// Every comparison then costs a HEAD for each object, and nothing can be deleted or verified by listing. Default:
    /// keys stay as they are.
    pub fn map_key(mut self, map: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.map_key = Some(Arc::new(map));
        self
    }

    /// Deletes from the destination what the source does not have, after everything was copied: if both sides were
    /// listed to their ends, nothing failed, and there are at most `max` of them. Otherwise nothing is deleted, and the
    /// report says why. An object that was written after it had been listed stays. Default: nothing is deleted.
    pub fn delete_extra(mut self, max: u64) -> Self {
        self.max_deletes = Some(max);
        self
    }

    /// What else of an object its copy keeps, and at which requests. Default: what costs none.
    pub fn preserve(mut self, preserve: Preserve) -> Self {
        self.preserve = preserve;
        self
    }

    /// Clones all versions of each object and its delete markers, the oldest first, so that the destination's history of each
    /// key is the source's: with version ids and times of its own. The destination must keep versions. Default: only what
    /// is current.
    ///
    /// What the destination has of a key must be the beginning of what the source has, by size, and `ETag` or time; then it
    /// is gone on with, and nothing is copied twice. A key of which it has anything else fails with the code
    /// `DestinationDiffers`, and is not touched: so does one whose oldest versions the source has lost since. A history is
    /// held in memory. Whoever writes to the destination at the same time can come between two versions.
    ///
    /// It cannot be had with a comparison of one's own, mapped keys, deletes or a journal: to go on with it is to start it
    /// again. [`verify`](Self::verify) compares what is current.
    pub fn versions(mut self) -> Self {
        self.versions = true;
        self
    }

    /// Lists and compares, and reports what would be copied and deleted. Default: no.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Where the clone is kept, so that a later run goes on with it: the last one of these buckets and prefixes that is not
    /// ended, if its options are the same. What was copied is not copied again then, however it is compared. Only one
    /// run at a time works on it: an earlier one that still runs ends with [`Fenced`](crate::ErrorKind::Fenced).
    /// Default: nowhere.
    #[cfg(feature = "journal")]
    pub fn journal(mut self, journal: crate::Journal) -> Self {
        self.journal = Some(journal);
        self
    }

    /// The same clone, kept nowhere.
    #[cfg(feature = "journal")]
    pub fn without_journal(mut self) -> Self {
        self.journal = None;
        self
    }

    /// Who admits every request. Default: an [`Adaptive`] of its own. Give it the one that the rest of your
    /// service uses, if they share a limit.
    pub fn throttle(mut self, throttle: Arc<dyn Throttle>) -> Self {
        self.throttle = throttle;
        self
    }

    /// The most objects being copied at a time, 1 or more. Default: 1,000, which at 200 ms a copy is more
    /// than the 3,500 a second that S3 allows for one partition.
    pub fn copies_in_flight(mut self, objects: usize) -> Self {
        self.copies_in_flight = objects;
        self
    }

    /// The most listings at a time, 1 or more. Default: 64.
    pub fn listings_in_flight(mut self, listings: usize) -> Self {
        self.listings_in_flight = listings;
        self
    }

    /// Objects larger than this are copied in parts, in bytes, up to 5 GiB. Default: 5 GiB, the most that one
    /// `CopyObject` can copy.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.multipart_threshold = bytes;
        self
    }

    /// The size of a part, in bytes, from 5 MiB to 5 GiB; objects that would have more than 10,000 parts get
    /// larger ones. Default: 256 MiB.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes;
        self
    }

    /// How often one request is sent before it counts as failed; throttles do not count. Default: 8.
    pub fn attempts(mut self, attempts: NonZeroU32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Keys of the source, with its prefix, at which the listing is cut from its first request on: the
    /// [hints](Report::hints) of an earlier run, or every so many keys of an inventory. They may be wrong, in no order, or of
    /// objects that are gone: that costs requests, and nothing else. Each is a listing, so there should be no more than some
    /// thousands. Default: none, and the cuts are learnt.
    pub fn hints(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.hints = keys.into_iter().collect();
        self
    }

    /// Starts the clone on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), before anything is sent.
    pub fn start(&self) -> Result<Run, Error> {
        self.check()?;
        Ok(Run::start(self))
    }

    /// Clones, to the end.
    ///
    /// # Errors
    ///
    /// As [`Self::start`] and [`Run::wait`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is dropping its [`Run`].
    pub async fn run(&self) -> Result<Report, Error> {
        self.start()?.wait().await
    }

    /// Lists both sides and compares them, key by key.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), before anything is sent;
    /// [`Listing`](crate::ErrorKind::Listing) if a side cannot be listed to its end.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn verify(&self) -> Result<Verification, Error> {
        self.check()?;
        if self.map_key.is_some() {
            return Err(Error::invalid_input("a clone with mapped keys cannot be verified by listing"));
        }
        verify::verify(self).await
    }

    #[cfg(not(feature = "journal"))]
    #[expect(clippy::unused_self, reason = "it is so with the feature")]
    fn check_journal(&self) -> Option<String> {
        None
    }

    #[cfg(feature = "journal")]
    fn check_journal(&self) -> Option<String> {
        let journal = self.journal.as_ref()?;
        let is_within = |side: &Location| {
            let nested = journal.prefix.starts_with(&side.prefix) || side.prefix.starts_with(&journal.prefix);
            side.bucket == journal.bucket && nested
        };
        if self.dry_run {
            Some("a dry run has nothing to keep in a journal".to_owned())
        } else if is_within(&self.source) || is_within(&self.destination) {
            Some(format!("the journal s3://{}/{} is in what is cloned", journal.bucket, journal.prefix))
        } else {
            None
        }
    }

    /// Refuses what a clone of versions cannot do.
    pub(crate) fn check_versions(&self) -> Option<String> {
        let with = if self.max_deletes.is_some() {
            "deletes: what only the destination has is part of its history"
        } else if self.map_key.is_some() {
            "mapped keys"
        } else if !matches!(self.compare, Compare::SizeAndTime) {
            "another comparison: histories are compared as a whole"
        } else if self.has_journal() {
            "a journal: start it again, and it goes on"
        } else {
            return None;
        };
        self.versions.then(|| format!("versions cannot be cloned with {with}"))
    }

    #[cfg(not(feature = "journal"))]
    #[expect(clippy::unused_self, reason = "it is so with the feature")]
    fn has_journal(&self) -> bool {
        false
    }

    #[cfg(feature = "journal")]
    fn has_journal(&self) -> bool {
        self.journal.is_some()
    }

    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        const PARTS: RangeInclusive<u64> = 5 << 20..=5 << 30;
        let (source, destination) = (&self.source, &self.destination);
        let wrong = if source.bucket.is_empty() {
            "the source bucket has no name".to_owned()
        } else if destination.bucket.is_empty() {
            "the destination bucket has no name".to_owned()
        } else if let Some(side) =
            [source, destination].into_iter().find(|it| it.prefix.len() > Key::MAX_BYTES)
        {
            format!("the prefix in {} has more than {} bytes", side.bucket, Key::MAX_BYTES)
        } else if let Some((side, owner)) =
            [source, destination].into_iter().find_map(|it| Some((it, it.wrong_owner()?)))
        {
            format!("the expected owner \"{owner}\" of {} is no account: it has 12 digits", side.bucket)
        } else if source.overlaps(destination) {
            let (bucket, from, to) = (&source.bucket, &source.prefix, &destination.prefix);
            format!("source and destination overlap: \"{from}\" and \"{to}\" in the bucket {bucket}")
        } else if self.copies_in_flight == 0 {
            "the copies in flight must be 1 or more".to_owned()
        } else if self.listings_in_flight == 0 {
            "the listings in flight must be 1 or more".to_owned()
        } else if self.multipart_threshold > LARGEST {
            format!("the multipart threshold of {} bytes is above 5 GiB", self.multipart_threshold)
        } else if !PARTS.contains(&self.part_size) {
            format!("the part size of {} bytes is not between 5 MiB and 5 GiB", self.part_size)
        } else if self.max_deletes.is_some() && self.map_key.is_some() {
            "nothing can be deleted where keys are mapped: nobody knows what they come from".to_owned()
        } else if self.max_deletes.is_some() && !self.compare.looks() {
            "nothing can be deleted where the destination is not compared: see Compare".to_owned()
        } else if let Some(wrong) = self.check_versions().or_else(|| self.check_journal()) {
            wrong
        } else {
            return Ok(());
        };
        Err(Error::invalid_input(wrong))
    }
}

impl fmt::Debug for Cloner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloner")
            .field("source", &self.source)
            .field("destination", &self.destination)
            .field("compare", &self.compare)
            .finish_non_exhaustive()
    }
}
