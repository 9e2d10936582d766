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

impl Application {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        format!("arn:aws:elasticbeanstalk:{region}:{account}:application/{}", self.name)
    }
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

impl Environment {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        format!("arn:aws:elasticbeanstalk:{region}:{account}:environment/{}/{}", self.application, self.name)
    }

    /// The DNS name that it has in a region.
    #[must_use]
    pub fn cname(&self, region: &str) -> String {
        self.cname.clone().unwrap_or_else(|| format!("{}.{region}.elasticbeanstalk.com", self.name))
    }

    pub(crate) fn status(&self) -> &str {
        self.status.as_deref().unwrap_or("Ready")
    }
}
