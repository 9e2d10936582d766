//! The resources of an account and region that are described and not used: one model for the services that
//! tell of them.

mod autoscaling;
pub(crate) mod balancer_zone;
mod beanstalk;
mod ec2;
mod ecs;
mod elb;
mod elbv2;
mod generate;
mod iam;
mod lambda;
pub(crate) mod made_up;
mod route53;
mod story;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::services::accounts::ResourcesHandle;

pub use self::{
    autoscaling::{AutoScalingGroup, LaunchConfiguration, LaunchTemplateUse},
    beanstalk::{Application, Environment},
    ec2::{Instance, KeyPair, LaunchTemplate, LaunchTemplateVersion, SecurityGroup, Subnet, Volume, Vpc},
    ecs::{Cluster, EcsLoadBalancer, EcsService, Task},
    elb::{ClassicListener, ClassicLoadBalancer},
    elbv2::{LoadBalancer, Target, TargetGroup},
    generate::Sizes,
    iam::{InstanceProfile, Role},
    lambda::Function,
    route53::{Alias, HostedZone, RecordSet},
};

pub(crate) use self::{iam::role_arn, route53::dns_name};

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The resources of an account and region that are described and not used.
///
/// They refer to each other as AWS has them refer: by id, by name, or by ARN. What is referred to need not be
/// there, as it need not on AWS. Hosted zones, roles and instance profiles are the account's, in whatever region
/// they are put.
///
/// ```
/// use tidegate_local_aws::resources::{Instance, KeyPair, Resources};
///
/// let resources = Resources {
///     instances: vec![Instance { id: "i-1".into(), key_name: Some("deploy".into()), ..Instance::default() }],
///     key_pairs: vec![KeyPair { name: "deploy".into(), ..KeyPair::default() }],
///     ..Resources::default()
/// };
/// let same: Resources = serde_json::from_str(
///     r#"{"instances": [{"id": "i-1", "key_name": "deploy"}], "key_pairs": [{"name": "deploy"}]}"#,
/// )?;
/// assert_eq!(resources, same);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// EC2 instances.
    pub instances: Vec<Instance>,
    /// EC2 key pairs.
    pub key_pairs: Vec<KeyPair>,
    /// EC2 security groups.
    pub security_groups: Vec<SecurityGroup>,
    /// EBS volumes.
    pub volumes: Vec<Volume>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// VPCs.
    pub vpcs: Vec<Vpc>,
    /// EC2 launch templates.
    pub launch_templates: Vec<LaunchTemplate>,
    /// Auto Scaling groups.
    pub auto_scaling_groups: Vec<AutoScalingGroup>,
    /// Auto Scaling launch configurations.
    pub launch_configurations: Vec<LaunchConfiguration>,
    /// Classic load balancers.
    pub classic_load_balancers: Vec<ClassicLoadBalancer>,
    /// Application and network load balancers.
    pub load_balancers: Vec<LoadBalancer>,
    /// Their target groups.
    pub target_groups: Vec<TargetGroup>,
    /// Elastic Beanstalk applications.
    pub applications: Vec<Application>,
    /// Elastic Beanstalk environments.
    pub environments: Vec<Environment>,
    /// Route 53 hosted zones and their record sets.
    pub hosted_zones: Vec<HostedZone>,
    /// ECS clusters.
    pub clusters: Vec<Cluster>,
    /// ECS services.
    pub services: Vec<EcsService>,
    /// ECS tasks.
    pub tasks: Vec<Task>,
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// IAM roles.
    pub roles: Vec<Role>,
    /// IAM instance profiles.
    pub instance_profiles: Vec<InstanceProfile>,
}

impl Resources {
    /// Looks whether each of them has its id or name, and no two of a type have the same.
    ///
    /// # Errors
    ///
    /// What is wrong, in one line.
    pub fn check(&self) -> Result<(), String> {
        check("instances", "id", self.instances.iter().map(|it| &it.id))?;
        check("key_pairs", "name", self.key_pairs.iter().map(|it| &it.name))?;
        check("security_groups", "id", self.security_groups.iter().map(|it| &it.id))?;
        check("volumes", "id", self.volumes.iter().map(|it| &it.id))?;
        check("subnets", "id", self.subnets.iter().map(|it| &it.id))?;
        check("vpcs", "id", self.vpcs.iter().map(|it| &it.id))?;
        check("launch_templates", "id", self.launch_templates.iter().map(|it| &it.id))?;
        check("auto_scaling_groups", "name", self.auto_scaling_groups.iter().map(|it| &it.name))?;
        check("launch_configurations", "name", self.launch_configurations.iter().map(|it| &it.name))?;
        check("classic_load_balancers", "name", self.classic_load_balancers.iter().map(|it| &it.name))?;
        check("load_balancers", "name", self.load_balancers.iter().map(|it| &it.name))?;
        check("target_groups", "name", self.target_groups.iter().map(|it| &it.name))?;
        check("applications", "name", self.applications.iter().map(|it| &it.name))?;
        check("environments", "id", self.environments.iter().map(|it| &it.id))?;
        check("hosted_zones", "id", self.hosted_zones.iter().map(|it| &it.id))?;
        check("clusters", "name", self.clusters.iter().map(|it| &it.name))?;
        check("tasks", "id", self.tasks.iter().map(|it| &it.id))?;
        check("functions", "name", self.functions.iter().map(|it| &it.name))?;
        check("roles", "name", self.roles.iter().map(|it| &it.name))?;
        check("instance_profiles", "name", self.instance_profiles.iter().map(|it| &it.name))
    }
}

fn check<'a>(list: &str, field: &str, keys: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = std::collections::HashSet::new();
    for key in keys {
        if key.is_empty() {
            return Err(format!("\"{list}\": one has no \"{field}\""));
        }
        if !seen.insert(key) {
            return Err(format!("\"{list}\": two have the {field} \"{key}\""));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let checked = |json: &str| serde_json::from_str::<Resources>(json).unwrap().check();
        assert_eq!(checked(r#"{"instances":[{"id":"i-1"},{"id":"i-2"}]}"#), Ok(()));
        assert_eq!(checked(r#"{"instances":[{}]}"#), Err("\"instances\": one has no \"id\"".to_owned()));
        let twice = checked(r#"{"roles":[{"name":"a"},{"name":"a"}]}"#).unwrap_err();
        assert_eq!(twice, "\"roles\": two have the name \"a\"");
        for account in [Resources::story(), Resources::generate(Sizes::default())] {
            assert_eq!(account.check(), Ok(()));
        }
    }
}
