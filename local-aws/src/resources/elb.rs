//! The resources of Elastic Load Balancing, the classic one.

use serde::{Deserialize, Serialize};

use super::{Tags, made_up};

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

impl ClassicLoadBalancer {
    /// The DNS name that it has in a region.
    #[must_use]
    pub fn dns_name(&self, region: &str) -> String {
        self.dns_name.clone().unwrap_or_else(|| {
            let digits = made_up::digits(&["elb", &self.name, region]);
            format!("{}-{digits}.{region}.elb.amazonaws.com", self.name)
        })
    }

    /// Its listeners, or the one that it has by default.
    pub(crate) fn listeners(&self) -> Vec<ClassicListener> {
        if self.listeners.is_empty() {
            return vec![ClassicListener { protocol: "HTTP".to_owned(), port: 80, instance_port: 80 }];
        }
        self.listeners.clone()
    }
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
