//! What stands in front of the services: limits, latency, faults and counters.

pub(crate) mod actions;
pub(crate) mod bucket;
pub(crate) mod counters;
pub(crate) mod desk;
pub(crate) mod faults;
pub(crate) mod file;
pub(crate) mod latency;
pub(crate) mod limits;
pub(crate) mod partitions;
