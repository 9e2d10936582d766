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
