//! The resources of EC2 Auto Scaling.

use serde::{Deserialize, Serialize};

use super::{Tags, made_up};

/// An Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoScalingGroup {
    /// Required.
    pub name: String,
    /// The name.
    pub launch_configuration: Option<String>,
    /// What it launches its instances by, instead of a launch configuration.
    pub launch_template: Option<LaunchTemplateUse>,
    /// The least number of instances.
    pub min_size: u32,
    /// The most.
    pub max_size: u32,
    /// The number that is asked for.
    pub desired_capacity: u32,
    /// Ids.
    pub instances: Vec<String>,
    /// Names of classic load balancers.
    pub load_balancers: Vec<String>,
    /// ARNs.
    pub target_groups: Vec<String>,
    /// Ids.
    pub subnets: Vec<String>,
    /// Default: those of the subnets, or else the region's first.
    pub availability_zones: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

impl AutoScalingGroup {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        let (uuid, name) = (made_up::uuid(&["group", &self.name, account, region]), &self.name);
        format!("arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}")
    }
}

/// A launch template and its version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaunchTemplateUse {
    /// The id. Required.
    pub id: String,
    /// A number, `$Latest` or `$Default`. Default: `$Default`.
    pub version: Option<String>,
}

/// A launch configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaunchConfiguration {
    /// Required.
    pub name: String,
    /// The image. Default: `ami-00000000000000001`.
    pub image_id: Option<String>,
    /// Default: `t3.micro`.
    pub instance_type: Option<String>,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// The name.
    pub instance_profile: Option<String>,
}

impl LaunchConfiguration {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        let uuid = made_up::uuid(&["launch-configuration", &self.name, account, region]);
        let head = format!("arn:aws:autoscaling:{region}:{account}:launchConfiguration:{uuid}");
        format!("{head}:launchConfigurationName/{}", self.name)
    }
}
