//! The resources of Route 53.

use serde::{Deserialize, Serialize};

use super::Tags;

/// A Route 53 hosted zone. It has an NS and an SOA record without being told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostedZone {
    /// Such as `Z0123456789ABCDEFGHIJ`. Required.
    pub id: String,
    /// Such as `example.com.`, with the dot. Required.
    pub name: String,
    /// Whether it is a private one.
    pub private: bool,
    /// Beside NS and SOA.
    pub records: Vec<RecordSet>,
    /// Tags.
    pub tags: Tags,
}

/// A record set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordSet {
    /// Such as `www.example.com.`, with the dot. Required.
    pub name: String,
    /// `A`, `CNAME`, … Required.
    pub kind: String,
    /// Tells record sets of one name and type apart.
    pub set_identifier: Option<String>,
    /// In seconds. Default: 300, but an alias has none.
    pub ttl: Option<u32>,
    /// Values.
    pub values: Vec<String>,
    /// What it stands for, instead of values.
    pub alias: Option<Alias>,
}

/// The target of an alias record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alias {
    /// The DNS name of a load balancer, or of a record set of the zone. Required.
    pub dns_name: String,
    /// The zone of that name. Default: `Z35SXDOTRQ7X7K`, that of load balancers in us-east-1.
    pub hosted_zone_id: Option<String>,
}
