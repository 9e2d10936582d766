//! The resources of Elastic Load Balancing, version 2.

use serde::{Deserialize, Serialize};

use super::Tags;

/// An application or network load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadBalancer {
    /// Required.
    pub name: String,
    /// Default: made of the account, the region and the name.
    pub arn: Option<String>,
    /// `application`, `network` or `gateway`. Default: `application`.
    pub kind: Option<String>,
    /// Default: made of the name and the region.
    pub dns_name: Option<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// Ids.
    pub subnets: Vec<String>,
    /// The id.
    pub vpc: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// A target group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetGroup {
    /// Required.
    pub name: String,
    /// Default: made of the account, the region and the name.
    pub arn: Option<String>,
    /// `instance`, `ip` or `lambda`. Default: `instance`.
    pub target_type: Option<String>,
    /// Names of the load balancers that send to it.
    pub load_balancers: Vec<String>,
    /// What it sends to.
    pub targets: Vec<Target>,
    /// The id.
    pub vpc: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What a target group sends to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// An instance id, an address, or the ARN of a function. Required.
    pub id: String,
    /// Default: 80.
    pub port: Option<u16>,
    /// `healthy`, `unhealthy`, `initial`, `draining` or `unused`. Default: `healthy`.
    pub health: Option<String>,
}
