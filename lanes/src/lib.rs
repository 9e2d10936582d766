//! Bounded, ordered work.

pub mod dead_letter;

mod backoff;
mod budget;
mod concurrency;
mod failure;
mod handler;
mod lanes;
mod policy;
mod schedule;
mod sync;
mod wall;
mod watermark;

pub use self::{
    backoff::Backoff,
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
struct ReadMe;
