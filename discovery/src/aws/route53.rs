//! Route 53.

mod dns_name;
mod hosted_zone;
mod record_set;

pub use self::{
    hosted_zone::{HostedZone, HostedZones},
    record_set::{AliasTarget, RecordSet, RecordSets},
};
