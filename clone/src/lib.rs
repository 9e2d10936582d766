//! A prefix-parallel S3 cloner: everything under a prefix, from one bucket to another, by server-side copies,
//! with a report that cannot claim success over a shortfall.
//!
//! ```
//! # async fn of(client: aws_sdk_s3::Client) -> Result<(), tidegate_clone::Error> {
//! use tidegate_clone::{Cloner, Location, Outcome};
//!
//! let cloner = Cloner::new(
//!     Location::new(client.clone(), "photos").prefix("2026/"),
//!     Location::new(client, "photos-copy").prefix("2026/"),
//! );
//! let report = cloner.run().await?;
//! if report.outcome() != Outcome::Complete {
//!     println!("missing: {:?} {:?}", report.failures(), report.unlisted());
//! }
//! assert!(cloner.verify().await?.is_whole());
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! The keys are listed in *segments*: ranges that always tile the key space. There is one at first. While
//! listings are idle, the segments with the most keys left are cut, at points made of the characters that
//! were seen; so one flat prefix with a million keys is listed as parallel as 200,000 prefixes are. Copies
//! begin with the first page, and take their turns over all segments, which spreads them over the
//! partitions of the destination. Listing waits while too much waits to be copied, so that memory does not
//! depend on the number of keys.
//!
//! Every request is admitted once by a [`Throttle`](tidegate_throttle::Throttle), whatever the client carries.
//! A throttled request is sent again until it is let through. Any other failure that may pass is tried
//! [so many times](Cloner::attempts). A copy is made of what was listed, or not at all: an object that was
//! written anew in between is reported as changed.
//!
//! A store that does not list in the byte order of keys is listed again by one walk, which costs memory for each key.
//!
//! Beside each page of the source, the same range of the destination is listed, and [compared](Compare): what is there as it
//! should be is not copied.
//!
//! With the feature `journal`, a clone is kept in a bucket: a later run goes on with it, and workers on many machines share it.
//!
//! # Clients
//!
//! The clients are yours, and their HTTP client, credentials, endpoint and interceptors are used. Their
//! retries, their timeouts and their stalled-stream protection are not: S3 takes its time with large copies and
//! with listings behind many delete markers. If a client was built without an HTTP client of its own, the
//! clone opens connections of its own.
//!
//! # What it does not do
//!
//! See the README for what of an object is kept, and for [versions](Cloner::versions), which are cloned only if asked for.
//!
//! # Cancel safety
//!
//! Dropping a future of this crate leaves at most one request of unknown effect for each object in flight.

mod abreast;
mod backlog;
mod cloner;
mod compare;
mod copy;
mod counters;
mod delete;
mod engine;
mod error;
#[cfg(feature = "journal")]
mod job;
#[cfg(feature = "journal")]
mod journal;
mod key;
mod listing;
mod location;
mod pages;
mod plan;
mod preserve;
mod progress;
mod record;
mod report;
mod request;
mod run;
mod segments;
mod stop;
mod tally;
mod verify;
mod versions;
#[cfg(feature = "journal")]
mod worker;

pub use self::{
    cloner::Cloner,
    compare::{Compare, Same},
    error::{Error, ErrorKind},
    key::{Key, KeyRange},
    location::Location,
    preserve::Preserve,
    progress::{Progress, Total},
    report::{Failure, Failures, OrphanedUpload, Outcome, Report, Requests, Undeleted, Unlisted},
    run::{Monitor, Run},
    segments::Entry,
    verify::{Difference, Verification},
};

#[cfg(feature = "journal")]
pub use self::{
    job::{RemoteClone, RemoteProgress},
    journal::{
        CloneRequest, CloneResponse, Counts, Files, Journal, Ledgers, Range, SegmentRequest, SegmentResponse,
        Segments as CloneSegments, Side,
    },
    worker::{Announce, SegmentWorker},
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
