//! The resources of ECS.

use serde::{Deserialize, Serialize};

use super::Tags;

/// An ECS cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// Required.
    pub name: String,
    /// Tags.
    pub tags: Tags,
}

/// An ECS service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EcsService {
    /// Required.
    pub name: String,
    /// The cluster, by name. Required.
    pub cluster: String,
    /// `family:revision`. Default: the name and `:1`.
    pub task_definition: Option<String>,
    /// How many tasks are asked for.
    pub desired_count: u32,
    /// What sends to it.
    pub load_balancers: Vec<EcsLoadBalancer>,
    /// Ids.
    pub subnets: Vec<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

/// What sends to an ECS service: a target group, or a classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EcsLoadBalancer {
    /// The ARN.
    pub target_group: Option<String>,
    /// The name.
    pub load_balancer: Option<String>,
}

/// An ECS task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Task {
    /// Such as `0123456789abcdef0123456789abcdef`. Required.
    pub id: String,
    /// The cluster, by name. Required.
    pub cluster: String,
    /// The service that started it, by name.
    pub service: Option<String>,
    /// `family:revision`. Default: the service's name, or the id, and `:1`.
    pub task_definition: Option<String>,
    /// Default: `RUNNING`.
    pub last_status: Option<String>,
    /// The subnet of its network interface.
    pub subnet: Option<String>,
    /// The address of its network interface.
    pub private_ip: Option<String>,
    /// Tags.
    pub tags: Tags,
}
