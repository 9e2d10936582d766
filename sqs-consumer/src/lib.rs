//! A back-pressured SQS consumer: it receives only what there is room for, keeps the order of each key, and deletes what is
//! done.
//!
//! ```no_run
//! # async fn of(config: &aws_types::SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use tidegate_sqs_consumer::{Consumer, Handling, Message};
//!
//! let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
//! let consumer = Consumer::builder(aws_sdk_sqs::Client::new(config), url).max_unprocessed(500).build()?;
//! let mut running = consumer.run(Handling::new(|message: Message, _| async move {
//!     println!("{}", message.body());
//!     Ok(())
//! }));
//! tokio::signal::ctrl_c().await?;
//! running.shutdown(Duration::from_secs(30)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Which part do I want?
//!
//! | I have | I want |
//! |---|---|
//! | a handler for each message | [`Consumer::run`] |
//! | entities with versions, to load, process, store and publish | [`Consumer::run_pipeline`] |
//! | code that takes messages when it can | [`Consumer::messages`], a `Stream` of deliveries |
//! | messages to send to a queue | [`Publisher::send`] |
//! | a shell of my own | the deciders, which know no clock and make no calls: [`poll::Pollers`], [`visibility::Leases`], [`outgoing::Outgoing`], [`version::Course`] |
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `metrics` | no | the adapter of [`Health`] to the `metrics` facade |
//!
//! The minimum Rust version is 1.94.1, the AWS SDK's own.

pub mod consumer;
mod error;
mod handling;
mod message;
mod messages;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod outgoing;
mod pipeline;
pub mod poll;
pub mod publisher;
mod receipt;
pub mod version;
pub mod visibility;

pub use tidegate_lanes::{Attempt, Concurrency, Failure, Policy};

pub use self::{
    consumer::{Consumer, Health, Report, Running},
    error::{Error, ErrorKind},
    handling::Handling,
    message::{Message, MessageId},
    messages::{Delivery, Messages},
    pipeline::{Loaded, Pipeline, PipelineTotals, Pipelining, Tally, Write},
    publisher::{Publication, PublishError, PublishErrorKind, Publisher, Sent},
    receipt::ReceiptHandle,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
