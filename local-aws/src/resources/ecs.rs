//! The resources of ECS.

use serde::{Deserialize, Serialize};

use super::{Tags, made_up};

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
    /// `family:revision`. Default: the service's, or the id and `:1`.
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

impl Cluster {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        format!("arn:aws:ecs:{region}:{account}:cluster/{}", self.name)
    }
}

impl EcsService {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        format!("arn:aws:ecs:{region}:{account}:service/{}/{}", self.cluster, self.name)
    }

    /// The `family:revision` that it runs.
    pub(crate) fn task_definition(&self) -> String {
        self.task_definition.clone().unwrap_or_else(|| format!("{}:1", self.name))
    }

    /// The id of its one deployment, which starts its tasks.
    pub(crate) fn deployment(&self) -> String {
        format!("ecs-svc/{}", made_up::digits(&["deployment", &self.cluster, &self.name]))
    }

    pub(crate) fn launch_type(&self) -> &'static str {
        launch_type(!self.subnets.is_empty())
    }
}

impl Task {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        format!("arn:aws:ecs:{region}:{account}:task/{}/{}", self.cluster, self.id)
    }

    /// The id of its network interface.
    pub(crate) fn network_interface(&self) -> String {
        format!("eni-0{}", made_up::hex(&["task", &self.cluster, &self.id]))
    }

    /// The `family:revision` that it runs, of the service that started it unless it says.
    pub(crate) fn task_definition(&self, services: &[EcsService]) -> String {
        if let Some(definition) = &self.task_definition {
            return definition.clone();
        }
        let service = self.service_of(services).map(EcsService::task_definition);
        service.unwrap_or_else(|| format!("{}:1", self.service.as_ref().unwrap_or(&self.id)))
    }

    /// The service that started it, if that is there.
    pub(crate) fn service_of<'a>(&self, services: &'a [EcsService]) -> Option<&'a EcsService> {
        let name = self.service.as_ref()?;
        services.iter().find(|service| service.cluster == self.cluster && service.name == *name)
    }

    pub(crate) fn last_status(&self) -> &str {
        self.last_status.as_deref().unwrap_or("RUNNING")
    }

    /// What ECS wants it to be.
    pub(crate) fn desired_status(&self) -> &'static str {
        match self.last_status() {
            "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" | "STOPPED" | "DELETED" => "STOPPED",
            _ => "RUNNING",
        }
    }

    /// Whether it is on its way to run.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.last_status(), "PROVISIONING" | "PENDING" | "ACTIVATING")
    }

    /// Whether it has a network interface.
    pub(crate) fn is_attached(&self) -> bool {
        self.subnet.is_some() || self.private_ip.is_some()
    }

    pub(crate) fn launch_type(&self) -> &'static str {
        launch_type(self.is_attached())
    }
}

/// What has a subnet of its own runs on Fargate.
fn launch_type(subnet: bool) -> &'static str {
    if subnet { "FARGATE" } else { "EC2" }
}
