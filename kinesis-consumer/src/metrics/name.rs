//! The names, units and meanings of the metrics: the [table](super) as code.

use ::metrics::{Unit, describe_counter, describe_gauge};

pub(super) const RECORDS: &str = "tidegate_kinesis_consumer_records_total";
pub(super) const BYTES: &str = "tidegate_kinesis_consumer_bytes_total";
pub(super) const DROPPED: &str = "tidegate_kinesis_consumer_dropped_total";
pub(super) const LEASES_LOST: &str = "tidegate_kinesis_consumer_leases_lost_total";
pub(super) const LEASES: &str = "tidegate_kinesis_consumer_leases";
pub(super) const LIVE_LEASES: &str = "tidegate_kinesis_consumer_live_leases";
pub(super) const FREE_LEASES: &str = "tidegate_kinesis_consumer_free_leases";
pub(super) const WORKERS: &str = "tidegate_kinesis_consumer_workers";
pub(super) const LEASES_SEEN: &str = "tidegate_kinesis_consumer_leases_seen_seconds";
pub(super) const HOLE: &str = "tidegate_kinesis_consumer_hole";
pub(super) const BEHIND: &str = "tidegate_kinesis_consumer_behind_seconds";
pub(super) const IN_FLIGHT: &str = "tidegate_kinesis_consumer_in_flight_records";
pub(super) const CHECKPOINT_LATE: &str = "tidegate_kinesis_consumer_checkpoint_late_seconds";
pub(super) const STALLED: &str = "tidegate_kinesis_consumer_stalled_seconds";

pub(super) const OF_A_SHARD: [&str; 4] = [BEHIND, IN_FLIGHT, CHECKPOINT_LATE, STALLED];

pub(super) fn describe() {
    describe_counter!(RECORDS, Unit::Count, "records that were finished");
    describe_counter!(BYTES, Unit::Bytes, "bytes of data that were read");
    describe_counter!(DROPPED, Unit::Count, "deliveries that were dropped without an ack");
    describe_counter!(LEASES_LOST, Unit::Count, "leases that were lost while their shard was processed");
    describe_gauge!(LEASES, Unit::Count, "leases that this process has");
    describe_gauge!(LIVE_LEASES, Unit::Count, "leases whose shards have not ended");
    describe_gauge!(FREE_LEASES, Unit::Count, "those of them that nobody has");
    describe_gauge!(WORKERS, Unit::Count, "workers that have leases, and this one");
    describe_gauge!(
        LEASES_SEEN,
        Unit::Seconds,
        "how old is what it knows of the table; not there before the first look"
    );
    describe_gauge!(HOLE, Unit::Count, "1 if some hash keys belong to no lease");
    describe_gauge!(
        BEHIND,
        Unit::Seconds,
        "how far it is behind the newest record; not there before the first answer"
    );
    describe_gauge!(IN_FLIGHT, Unit::Count, "records that were read and are not finished");
    describe_gauge!(CHECKPOINT_LATE, Unit::Seconds, "by how much its checkpoint is late");
    describe_gauge!(STALLED, Unit::Seconds, "for how long records have waited and none was finished");
}
