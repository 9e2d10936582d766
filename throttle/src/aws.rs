//! The seam to the AWS SDK: admits every attempt of a client's operations, and reads how it ended.
//!
//! Three ways in, from wide to narrow:
//!
//! | | paces | the verdict is read from | what the client must have |
//! |---|---|---|---|
//! | [`sdk_config`] | every client made from an `SdkConfig` | the HTTP response | an HTTP client of its own, or the feature `http-client` |
//! | [`attach!`](crate::attach) | one client | the orchestrator's result | nothing |
//! | [`send`], [`send_once`] | one call | the `SdkError` | the SDK's retries off |
//!
//! None of them brings a connector or a TLS library. However they are combined, an attempt is admitted
//! once.
//!
//! # Where a call waits
//!
//! Admission happens while the SDK resolves the attempt's identity: after the credentials are there, before
//! the request is signed. A signature therefore never ages in the queue, no connection is held, and
//! stalled-stream protection does not see the wait. The operation timeout bounds the wait; the attempt timeout
//! does not count it.
//!
//! Presigning asks for nothing, since another may send the request. A call with
//! `config_override(..)` that brings its own credentials gets an identity cache of its own from the SDK, and
//! is not admitted: [`attach!`](crate::attach) the override too. The `CreateSession` that S3 Express sends by
//! itself is admitted, and its outcome not seen.
//!
//! # The limit a call falls under
//!
//! [`Call`](crate::Call) as the seam fills it, so that one written by hand meets the same limit:
//!
//! - *service*: the SDK's service id in lower case without blanks and hyphens, which is the name of the
//!   SDK crate without `aws-sdk-`: `s3`, `kinesis`, `dynamodb`, `route53`, `elasticloadbalancingv2`.
//! - *operation*: as AWS spells it, `DescribeLimits`.
//! - *region*: the client's.
//! - *account*: [`account`] of the client's credentials.
//! - *resource*, *cost*: what the request says, see below; else empty and 1.
//! - *class*: [`LongPoll`](crate::Class::LongPoll) for an operation that is one, else
//!   [`Request`](crate::Class::Request).
//!
//! A [`CallHint`] wins over all three. Of the requests these say something, under [`attach!`](crate::attach);
//! [`sdk_config`] sees no requests, and knows buckets only:
//!
//! | service | operations | resource | cost |
//! |---|---|---|---|
//! | `dynamodb` | on items, except `PartiQL` | `table/read`, `table/write`, `table/index/name/read`; of several tables the first | |
//! | `ec2` | `RunInstances` | | `MaxCount` |
//! | `ec2` | `StartInstances`, `StopInstances`, `TerminateInstances` | | instance ids |
//! | `kinesis` | `PutRecord`, `PutRecords`, `ListShards`, `MergeShards`, `SplitShard`, on consumers | `stream` | |
//! | `kinesis` | `GetShardIterator`, `SubscribeToShard` | `stream/shard` | |
//! | `kms` | cryptographic | `symmetric`, `rsa`, `ecc`, `sm2`, `ml-dsa`; for a pair of data keys its spec | |
//! | `route53` | `ChangeResourceRecordSets` | | 1 for a `CREATE` or `DELETE`, 2 for an `UPSERT` |
//! | `route53` | that create, delete, associate and disassociate hosted zones | | 2 |
//! | `s3` | on a bucket or what is in it | `bucket` | |
//! | `sqs` | on a queue | `queue` | |
//!
//! `GetRecords` of Kinesis has an iterator, which names no shard, and S3 counts by prefixes that it does not
//! tell: these take a [`CallHint`].

mod attach;
mod classify;
mod deadline;
mod details;
mod document;
mod handoff;
mod handover;
mod hint;
mod http;
mod identity;
mod interceptor;
mod key;
mod reply;
mod retries;
mod sdk_config;
mod send;
mod slot;
mod timeout;

pub use self::{
    attach::Attachment,
    classify::{Reply, Verdict, classify},
    handover::{HandedPermit, with_permit},
    hint::CallHint,
    key::account,
    retries::{no_retries, retry_config, retry_partition},
    sdk_config::sdk_config,
    send::{send, send_once, verdict},
};
