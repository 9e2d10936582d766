//! The resources of Elastic Load Balancing, version 2.

use serde::{Deserialize, Serialize};

use super::{Tags, made_up};

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

impl LoadBalancer {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        self.arn.clone().unwrap_or_else(|| {
            let kind = match self.kind() {
                "network" => "net",
                "gateway" => "gwy",
                _ => "app",
            };
            let hex = made_up::hex(&["loadbalancer", &self.name, account, region]);
            let name = &self.name;
            format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{kind}/{name}/{hex}")
        })
    }

    /// The DNS name that it has in a region. A gateway load balancer has none.
    #[must_use]
    pub fn dns_name(&self, region: &str) -> Option<String> {
        let name = &self.name;
        self.dns_name.clone().or_else(|| match self.kind() {
            "gateway" => None,
            "network" => {
                let hex = made_up::hex(&["elbv2", name, region]);
                Some(format!("{name}-{hex}.elb.{region}.amazonaws.com"))
            }
            _ => {
                let digits = made_up::digits(&["elbv2", name, region]);
                Some(format!("{name}-{digits}.{region}.elb.amazonaws.com"))
            }
        })
    }

    /// The ARN of its listener in an account and region.
    pub(crate) fn listener_arn(&self, account: &str, region: &str) -> String {
        let arn = self.arn(account, region);
        let hex = made_up::hex(&["listener", &arn]);
        format!("{}/{hex}", arn.replacen(":loadbalancer/", ":listener/", 1))
    }

    pub(crate) fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("application")
    }
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

impl TargetGroup {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        self.arn.clone().unwrap_or_else(|| {
            let hex = made_up::hex(&["targetgroup", &self.name, account, region]);
            format!("arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{}/{hex}", self.name)
        })
    }

    pub(crate) fn target_type(&self) -> &str {
        self.target_type.as_deref().unwrap_or("instance")
    }
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
