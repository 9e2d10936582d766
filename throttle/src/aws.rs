//! The seam to the AWS SDK: admits every attempt of a client's operations, and reads how it ended.
//!
//! Three ways in, from wide to narrow:
//!
//! | | paces | the verdict is read from | what the client must have |
//! |---|---|---|---|
//! | [`sdk_config`] | every client made from an `SdkConfig` | the HTTP response | an HTTP client of its own, or the feature `http-client` |
//! | [`attach!`](crate::attach) | one client | the orchestrator's result | nothing |
//! | [`send`] | one call | the `SdkError` | the SDK's retries off |
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
//! - *resource*, *cost*, *class*: empty, 1 and [`Class::Request`](crate::Class) ([`LongPoll`](crate::Class)
//!   where the operation is one), unless a [`CallHint`] says otherwise.

mod attach;
mod classify;
mod deadline;
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
    send::send,
};
