//! What an operation that fails is answered.

use std::borrow::Cow;

use http::StatusCode;

use crate::services::Shut;

/// An error of the service: its names in both protocols, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The name of the shape, as the JSON protocol types it.
    pub(super) shape: Cow<'static, str>,
    /// The code of the query protocol, which SDKs show under either.
    pub(super) code: Cow<'static, str>,
    /// The status of the query protocol; that of the JSON protocol is 400.
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// A limit refused it.
    pub(super) throttled: bool,
}

/// An error that has another code in the query protocol, or another status there.
///
/// Source: the traits `awsQueryError` of the service's model,
/// <https://github.com/aws/api-models-aws/tree/main/models/sqs>.
macro_rules! failures {
    ($($(#[$about:meta])* $function:ident = $shape:literal, $code:literal, $status:literal;)*) => {
        impl Failure {
            $($(#[$about])* pub(super) fn $function(message: impl Into<String>) -> Self {
                Self::new($shape, $code, $status, message.into())
            })*
        }
    };
}

failures! {
    absent = "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400;
    exists = "QueueNameExists", "QueueAlreadyExists", 400;
    deleted_recently = "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", 400;
    purging = "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403;
    over_limit = "OverLimit", "OverLimit", 403;
    not_in_flight = "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", 400;
    receipt = "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404;
    contents = "InvalidMessageContents", "InvalidMessageContents", 400;
    attribute_name = "InvalidAttributeName", "InvalidAttributeName", 400;
    attribute_value = "InvalidAttributeValue", "InvalidAttributeValue", 400;
    empty_batch = "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", 400;
    too_many_entries = "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400;
    ids_not_distinct = "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400;
    entry_id = "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId", 400;
    batch_too_long = "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", 400;
    unsupported = "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", 400;
    no_resource = "ResourceNotFoundException", "ResourceNotFoundException", 404;
    parameter = "InvalidParameterValue", "InvalidParameterValue", 400;
    missing = "MissingParameter", "MissingParameter", 400;
    unreadable = "SerializationException", "SerializationException", 400;
    unknown_operation = "UnknownOperationException", "InvalidAction", 400;
}

impl Failure {
    fn new(shape: &'static str, code: &'static str, status: u16, message: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { shape: shape.into(), code: code.into(), status, message, throttled: false }
    }

    /// A value of a parameter that cannot be, as SQS words it.
    pub(super) fn value(value: &impl std::fmt::Display, parameter: &str, reason: &str) -> Self {
        Self::parameter(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
    }

    /// A parameter that must be there.
    pub(super) fn required(parameter: &str) -> Self {
        Self::missing(format!("The request must contain the parameter {parameter}."))
    }
}

impl From<Shut> for Failure {
    fn from(Shut { status, code, message, .. }: Shut) -> Self {
        Self { shape: code.clone().into(), code: code.into(), status, message, throttled: true }
    }
}
