//! An adaptive-throttling layer for any AWS SDK client: learns each limit from the throttles that it meets,
//! paces every caller of that limit just above it, and pauses them all at once.
//!
//! ```
//! # #[cfg(feature = "aws")] {
//! use aws_sdk_kinesis::{Client, config::{BehaviorVersion, Builder}};
//! use tidegate_throttle::{Adaptive, attach, aws};
//!
//! # let sdk_config = aws_types::SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
//! // One throttle for the whole process: clones share what they learn.
//! let throttle = Adaptive::new();
//!
//! let builder = Builder::from(&sdk_config).retry_config(aws::retry_config());
//! let client = Client::from_conf(attach!(builder, &throttle).build());
//! # }
//! ```
//!
//! # Why
//!
//! AWS limits most APIs with token buckets: so many calls at once, then so many a second. The SDK's adaptive
//! mode keeps one rate for all operations of a service and cuts it once for every throttle of a burst, so
//! that from 200 calls a second on it uses less than half of what is allowed. [`Adaptive`] keeps a limiter for
//! each limit of AWS's, which learns the bucket's refill rate exactly, from what was let through between two
//! refusals. Which limits a call draws from, the [`catalog`] knows.
//!
//! # Which part do I want?
//!
//! | I have | I want |
//! |---|---|
//! | SDK clients | [`attach!`] each of them, or [`aws::sdk_config`] for all at once |
//! | one call that must be paced | [`aws::send`] |
//! | calls that are not SDK calls | [`retry`], or [`Throttle::acquire`] and [`Permit::finish`] |
//! | a library that must not choose for its users | `Arc<dyn Throttle>`, with [`Unlimited`] as default |
//! | callers who must not wait for long, or come first | [`Adaptive::builder`], [`Call::deadline`], [`Priority`] |
//! | several processes under one limit | a [`coordinator`] |
//! | a question why a call waits | [`Adaptive::explain`], [`Adaptive::snapshot`], [`observe`] |
//! | a runtime or a simulator of my own | [`limiter::Limiter`], which is pure |
//!
//! # Scope
//!
//! It paces calls and learns from how they end. It does not retry, but for [`aws::send`], which retries throttles
//! and hot keys and nothing else, and [`retry`], which does as it is told. Without a [`coordinator`] processes find
//! fair shares only roughly.
//!
//! # Cancel safety
//!
//! Every future of this crate may be dropped: a caller that waits leaves the line, and what had been set aside
//! for it goes to the next. A [`Permit`] that is dropped gives its token back unless the request was sent.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `aws` | yes | the layer for SDK clients; no HTTP client, no TLS |
//! | `http-client` | no | an HTTP client (hyper, rustls, ring) for [`aws::sdk_config`] where there is none |
//! | `dynamodb` | no | `coordinator::DynamoDb`, which lets processes share limits by way of a table |
//! | `tower` | no | `tower::ThrottleLayer`, for any `tower` service |
//! | `metrics` | no | events and states as metrics of the `metrics` facade |
//! | `backoff` | no | a bridge from policies of the crate `backoff`, which is unmaintained, to delays of [`retry`] |
//!
//! The minimum Rust version is 1.94.1, the AWS SDK's own.

#![cfg_attr(not(feature = "aws"), allow(rustdoc::broken_intra_doc_links))]

pub mod admission;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "backoff")]
pub mod backoff;
pub mod catalog;
pub mod conformance;
pub mod coordinator;
pub mod limiter;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod observe;
#[cfg(feature = "tower")]
pub mod tower;
pub mod trace;

mod adaptive;
mod limit;
mod retry;

pub use self::{
    adaptive::{
        Adaptive, Builder, Concurrency, Event, Explanation, Knowledge, KnowledgeError, LimitState, QueueFull,
        Wait, WaitTooLong, Why,
    },
    admission::{
        Blame, Call, Class, Outcome, Permit, Priority, QuotaCode, Refused, Throttle, Ticket, Unlimited,
    },
    limit::Limit,
    retry::{Judgement, RetryError, retry},
};

#[cfg(all(doctest, feature = "aws"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
