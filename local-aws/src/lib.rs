//! An AWS in one process, for tests, benches and examples: with AWS's documented limits, with latency, with
//! faults, and with counters that say what was asked.
//!
#![cfg_attr(feature = "kinesis", doc = "```")]
#![cfg_attr(not(feature = "kinesis"), doc = "```no_run")]
//! use tidegate_local_aws::{Limits, LocalAws};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // 2 calls a second, 5 at once; nothing leaves this process.
//! let limits = Limits::single("kinesis", "DescribeLimits", 2, 5);
//! let aws = LocalAws::builder().in_process().limits(limits).start().await?;
//!
//! let kinesis = aws_sdk_kinesis::Client::new(&aws.sdk_config());
//! for _ in 0..5 {
//!     kinesis.describe_limits().send().await?;
//! }
//! let asked = aws.counters().action("kinesis", "DescribeLimits");
//! assert_eq!((asked.accepted, asked.throttled), (5, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # Why
//! Emulators answer every call at once and never say no. Code that lives under AWS limits is wrong in ways
//! that show only when the service throttles, is slow, closes a connection, or loses the reply after the
//! effect. Here each of these is a value that a test sets, and every run can be repeated.
//!
//! # Two ways in
//! - **Over a socket** (the default): [`LocalAws::endpoint_url`] for any SDK or CLI in any language, on
//!   127.0.0.1. One port speaks for all services.
//! - **In process** ([`Builder::in_process`]): [`LocalAws::http_client`] is an SDK HTTP client that calls the
//!   services directly. Only `tokio::time` is used, so that a test under `start_paused` runs an hour of
//!   throttling in an instant. A paused clock runs ahead while a socket is pending; this way there is none.
//!
//! # What a call meets, in order
//! 1. **[`Limits`]**: token buckets, per account and region, resource, stream, shard or S3 partition. A
//!    throttled call takes no token, has no effect, and is answered the service's own error. Records and bytes
//!    of a Kinesis shard are counted while the call is served.
//! 2. **[`Latency`]**: half of it passes before the effect and half after it, so that a caller who gives up
//!    may or may not have had the effect, as with AWS.
//! 3. **[`Faults`]**: connections dropped, 500s and 503s, S3's 200 with an error in it, slow bodies, replies
//!    lost after the effect.
//! 4. The service. **[`Counters`]** have taken note of it all.
//!
//! Limits, latency and faults can be replaced while it runs. State and limits are per account and region: an
//! access key of 12 digits names an account, any other key means 000000000000.
//!
//! # Scope
//! It is a test bed and nothing else: state is in memory, there is no authorization, and what is not
//! documented about AWS is guessed. Do not let it be the only judge of your code.
//!
//! # Features
//! | feature | default | brings |
//! |---|---|---|
//! | `s3` | yes | Amazon S3, on the `s3s` protocol crate |
//! | `dynamodb` | yes | Amazon DynamoDB and its streams, on the `dynoxide` engine |
//! | `kinesis` | yes | Amazon Kinesis Data Streams: streams, records, resharding, enhanced fan-out; JSON and CBOR |
//! | `sqs` | yes | Amazon SQS: standard and FIFO queues; JSON and the query protocol |
//! | `resources` | yes | services that describe resources, over one [model](resources) of them: EC2, both APIs of Elastic Load Balancing, Auto Scaling, Elastic Beanstalk, Route 53, ECS, Lambda, IAM; and STS |
//! | `cli` | yes | the program `tidegate-local-aws`; libraries leave it out with `default-features = false` |
//!
//! The minimum Rust version is that of the AWS SDK.
//!
//! # Cancel safety
//! A call whose future is dropped before its effect has none; dropped later it has had it. Either way it
//! leaves the counters in order.

mod conditions;
mod error;
mod front;
mod local_aws;
#[cfg(feature = "resources")]
pub mod resources;
mod services;
mod wire;

#[cfg(feature = "kinesis")]
pub use self::services::kinesis::{KinesisError, KinesisHandle, RecordView, ShardView};
#[cfg(feature = "s3")]
pub use self::services::s3::{BucketView, Digest, ObjectView, S3Error, S3Handle, VersionView};
#[cfg(feature = "sqs")]
pub use self::services::sqs::{
    ClientView, MessageState, MessageView, QueueMessage, QueueView, SqsError, SqsHandle,
};
pub use self::{
    conditions::{
        bucket::Rate,
        counters::{ActionCounters, Counters, Second},
        faults::{Fault, FaultMode, Faults},
        latency::{Distribution, Latency},
        limits::{Count, Limit, Limits, Per},
    },
    error::{Error, ErrorKind},
    local_aws::{Builder, LocalAws},
};

/// The README, so that its examples are compiled and run.
#[cfg(all(doctest, feature = "kinesis", feature = "s3"))]
#[doc = include_str!("../README.md")]
struct Readme;
