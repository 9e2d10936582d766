//! The resources of Elastic Load Balancing, the classic one.

use serde::{Deserialize, Serialize};

use super::Tags;

/// A classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassicLoadBalancer {
    /// Required.
    pub name: String,
    /// Default: made of the name and the region.
    pub dns_name: Option<String>,
    /// Ids.
    pub instances: Vec<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// Ids.
    pub subnets: Vec<String>,
    /// The id.
    pub vpc: Option<String>,
    /// Default: port 80 to port 80, HTTP.
    pub listeners: Vec<ClassicListener>,
    /// Tags.
    pub tags: Tags,
}

/// A listener of a classic load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassicListener {
    /// `HTTP`, `HTTPS`, `TCP` or `SSL`.
    pub protocol: String,
    /// Of the load balancer.
    pub port: u16,
    /// Of the instances.
    pub instance_port: u16,
}
