//! What a back-pressured SQS consumer decides, as plain structs that know no clock and make no calls.
//!
//! | decides | |
//! |---|---|
//! | when to receive, and for how many messages | [`poll::Pollers`] |
//! | what to extend, and what is lost | [`visibility::Leases`] |
//! | what to delete or publish in one call, and what comes of each | [`outgoing::Outgoing`] |
//! | what is stale, and the steps from a message's turn to its acknowledgement | [`version::Course`] |
//!
//! Each is told what happened, with the time, and answers what is to be done. The shell that makes the calls is not
//! here yet: until it is, this crate is for those who write their own, or want to see the decisions proved.

mod message;
pub mod outgoing;
pub mod poll;
mod receipt;
pub mod version;
pub mod visibility;

pub use self::{message::MessageId, receipt::ReceiptHandle};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
