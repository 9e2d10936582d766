//! Bounded, ordered work: a budget of what is in flight, lanes that run one key in order and many keys at once, a
//! watermark of what is finished, and failure as a policy.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! use tidegate_lanes::{Attempt, Budget, Concurrency, Envelope, Failure, Item, Lanes, Policy, Watermark};
//!
//! #[derive(Clone)]
//! struct Record(u64, &'static str);
//!
//! impl Item for Record {
//!     fn envelope(&self) -> Envelope {
//!         Envelope::new("orders", self.0.to_string(), self.1)
//!     }
//! }
//!
//! let handler = async |record: Record, _: Attempt| {
//!     println!("{}", record.1.parse::<u32>()?); // an error is retried, by the policy
//!     Ok::<_, Failure>(())
//! };
//! let budget = Budget::new(1_000, 64 << 20);
//! let mut lanes = Lanes::new(Concurrency::per_key(64), Policy::default(), handler);
//! let mut watermark = Watermark::new();
//!
//! let mut reservation = budget.reserve_up_to(10, 1 << 20).await; // before the fetch
//! for (sequence, key, body) in [(7, "a", "1"), (8, "b", "2"), (9, "a", "3")] {
//!     let claim = (watermark.arrive(sequence), reservation.slot(body.len()));
//!     lanes.push(key, Record(sequence, body), claim);
//! }
//! drop(reservation); // what was not fetched is free again
//!
//! while let Some(finished) = lanes.next().await {
//!     let (ticket, slot) = finished?.claim;
//!     if watermark.finish(ticket) {
//!         println!("all is finished up to {:?}", watermark.mark());
//!     }
//!     drop(slot);
//! }
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which part do I want?
//!
//! | I have | I want |
//! |---|---|
//! | a source that must not fetch what cannot be worked on | [`Budget`], with a [`Gate`] for a rate or a queue downstream |
//! | items whose order matters for each entity | [`Lanes`] with [`Concurrency::PerKey`] |
//! | a position to checkpoint, and items that finish in any order | [`Watermark`] |
//! | an item that fails, and later ones of its entity | [`Policy`], and [`Failure`] where the handler knows better |
//! | a place for what cannot be handled | [`DeadLetter`]: [`dead_letter`] has some, and the tests for yours |
//! | a handler of many items at once | [`Batches`], or [`Bisect`] alone |
//! | a runtime or a simulator of my own | [`Schedule`], [`Watermark`] and [`Bisect`], which are pure |
//!
//! The parts know nothing of each other but for what their signatures name.
//!
//! # Scope
//!
//! It fetches nothing and acknowledges nothing: that is its source's business. Lanes live on one task; what computes
//! for long is spawned by its handler. Nothing is kept over a restart but dead letters: a source makes its watermark
//! durable, and its diverted keys before that.
//!
//! # Cancel safety
//!
//! Every future of this crate may be dropped. Whoever waits for a budget leaves the line and takes nothing along;
//! [`Lanes::next`] goes on where it was. Dropping [`Lanes`] drops the handlers' futures, which may have had their
//! effects: those items were not finished, and come again from their source.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `json` | no | `Envelope::to_json` and `from_json` |
//! | `dead-letter-s3` | no | `dead_letter::S3`; implies `json` |
//! | `dead-letter-kinesis` | no | `dead_letter::Kinesis`; implies `json` |
//! | `dead-letter-sqs` | no | `dead_letter::Sqs`; implies `json` |
//!
//! The minimum Rust version is 1.94.1, the AWS SDK's own.

pub mod dead_letter;

mod backoff;
mod batches;
mod bisect;
mod budget;
mod concurrency;
mod failure;
mod handler;
mod lanes;
mod panic;
mod policy;
mod schedule;
mod sync;
mod wall;
mod watermark;
mod work;

pub use self::{
    backoff::Backoff,
    batches::{Batch, BatchFailure, BatchHandler, Batches},
    bisect::Bisect,
    budget::{Amount, Budget, Gate, Reservation, Slot},
    concurrency::Concurrency,
    dead_letter::{DeadLetter, Envelope},
    failure::{Answer, Failure},
    handler::{Attempt, Handler, Item},
    lanes::{Counts, Finished, Lanes, Outcome, Retry, Stopped},
    policy::Policy,
    schedule::{Schedule, Turn},
    watermark::{Ticket, Watermark},
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
