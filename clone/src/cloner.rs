//! [`Cloner`]: what is to be cloned, and how.

use std::{num::NonZeroU32, ops::RangeInclusive, sync::Arc};

use tidegate_throttle::{Adaptive, Throttle};

use crate::{Error, Key, Location, Report, Run, Verification, copy::single::LARGEST, verify};

/// Clones everything in one [`Location`] to another, by server-side copies.
#[derive(Clone, Debug)]
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
        }
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
        verify::verify(self).await
    }

    /// Refuses what cannot work.
    fn check(&self) -> Result<(), Error> {
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
        } else {
            return Ok(());
        };
        Err(Error::invalid_input(wrong))
    }
}
