//! The resources of Elastic Beanstalk.

use serde::{Deserialize, Serialize};

use super::Tags;

/// An Elastic Beanstalk application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Application {
    /// Required.
    pub name: String,
    /// A text.
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// An Elastic Beanstalk environment, and the resources that it made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Environment {
    /// Such as `e-abcdefghij`. Required.
    pub id: String,
    /// Required.
    pub name: String,
    /// The application, by name. Required.
    pub application: String,
    /// `Launching`, `Updating`, `Ready`, `Terminating` or `Terminated`. Default: `Ready`.
    pub status: Option<String>,
    /// Default: made of the name and the region.
    pub cname: Option<String>,
    /// The DNS name of its load balancer, or the address of its instance.
    pub endpoint_url: Option<String>,
    /// Names.
    pub auto_scaling_groups: Vec<String>,
    /// Names.
    pub launch_configurations: Vec<String>,
    /// Ids.
    pub launch_templates: Vec<String>,
    /// Ids.
    pub instances: Vec<String>,
    /// Names of classic load balancers, or ARNs.
    pub load_balancers: Vec<String>,
    /// Tags.
    pub tags: Tags,
}
