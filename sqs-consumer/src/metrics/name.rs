//! The names, units and meanings of the metrics: the [table](super) as code.

use ::metrics::{Unit, describe_counter, describe_gauge};

pub(super) const RECEIVED: &str = "tidegate_sqs_consumer_received_total";
pub(super) const RECEIVED_BYTES: &str = "tidegate_sqs_consumer_received_bytes_total";
pub(super) const JOINED: &str = "tidegate_sqs_consumer_joined_total";
pub(super) const DELETED: &str = "tidegate_sqs_consumer_deleted_total";
pub(super) const GIVEN_BACK: &str = "tidegate_sqs_consumer_given_back_total";
pub(super) const DROPPED: &str = "tidegate_sqs_consumer_dropped_total";
pub(super) const LOST: &str = "tidegate_sqs_consumer_lost_total";
pub(super) const NOT_DELETED: &str = "tidegate_sqs_consumer_not_deleted_total";
pub(super) const RECEIVE_CALLS: &str = "tidegate_sqs_consumer_receive_calls_total";
pub(super) const DELETE_CALLS: &str = "tidegate_sqs_consumer_delete_calls_total";
pub(super) const VISIBILITY_CALLS: &str = "tidegate_sqs_consumer_visibility_calls_total";
pub(super) const FAILED_CALLS: &str = "tidegate_sqs_consumer_failed_calls_total";
pub(super) const HELD: &str = "tidegate_sqs_consumer_held";
pub(super) const IN_USE: &str = "tidegate_sqs_consumer_in_use";
pub(super) const IN_USE_BYTES: &str = "tidegate_sqs_consumer_in_use_bytes";
pub(super) const RECEIVES: &str = "tidegate_sqs_consumer_receives";
pub(super) const DELETES: &str = "tidegate_sqs_consumer_deletes";
pub(super) const STALLED: &str = "tidegate_sqs_consumer_stalled_seconds";
pub(super) const READY: &str = "tidegate_sqs_consumer_ready";
pub(super) const LIMITED: &str = "tidegate_sqs_consumer_limited";

pub(super) fn describe() {
    describe_counter!(
        RECEIVED,
        Unit::Count,
        "messages that came, those that came again while they were here left out"
    );
    describe_counter!(RECEIVED_BYTES, Unit::Bytes, "bytes of the messages that came");
    describe_counter!(JOINED, Unit::Count, "messages that came again while they were here");
    describe_counter!(DELETED, Unit::Count, "messages whose delete was confirmed");
    describe_counter!(GIVEN_BACK, Unit::Count, "messages that were given back, so that others may have them");
    describe_counter!(
        DROPPED,
        Unit::Count,
        "messages that were given back because they were dropped without a word"
    );
    describe_counter!(
        LOST,
        Unit::Count,
        "messages that could not be kept from others until they were finished"
    );
    describe_counter!(NOT_DELETED, Unit::Count, "messages that were finished, and that SQS would not delete");
    describe_counter!(RECEIVE_CALLS, Unit::Count, "calls that receive");
    describe_counter!(DELETE_CALLS, Unit::Count, "calls that delete");
    describe_counter!(
        VISIBILITY_CALLS,
        Unit::Count,
        "calls that keep messages from others, or give them back"
    );
    describe_counter!(FAILED_CALLS, Unit::Count, "calls that failed, of any kind");
    describe_gauge!(
        HELD,
        Unit::Count,
        "messages that are held: received, and neither deleted nor given back"
    );
    describe_gauge!(
        IN_USE,
        Unit::Count,
        "messages that are held, and those that receives which are out may bring"
    );
    describe_gauge!(IN_USE_BYTES, Unit::Bytes, "bytes of what is in use");
    describe_gauge!(RECEIVES, Unit::Count, "receives that are out");
    describe_gauge!(DELETES, Unit::Count, "messages whose delete is not confirmed");
    describe_gauge!(STALLED, Unit::Seconds, "for how long messages were held and none was finished");
    describe_gauge!(READY, Unit::Count, "1 if it receives, as far as is known");
    describe_gauge!(
        LIMITED,
        Unit::Count,
        "1 if the queue looks empty because as many messages are in flight as SQS allows"
    );
}
