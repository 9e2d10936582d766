//! Elastic Beanstalk.

mod applications;
mod environments;
mod resources;
mod settings;
mod tags;

use super::query::{Api, Envelope, Failure, Operation};
use crate::resources::{Environment, Resources};

/// What environments run on, in words; the model does not say.
const PLATFORM: &str = "64bit Amazon Linux 2023 v4.4.0 running Python 3.11";

pub(crate) const API: Api = Api {
    service: "elasticbeanstalk",
    version: "2010-12-01",
    namespace: "http://elasticbeanstalk.amazonaws.com/docs/2010-12-01/",
    envelope: Envelope::Result,
    operations: &[
        Operation { name: "DescribeApplications", run: applications::describe },
        Operation { name: "DescribeApplicationVersions", run: applications::describe_versions },
        Operation { name: "DescribeConfigurationSettings", run: settings::describe },
        Operation { name: "DescribeEnvironmentResources", run: resources::describe },
        Operation { name: "DescribeEnvironments", run: environments::describe },
        Operation { name: "ListTagsForResource", run: tags::list },
    ],
};

/// The ARN of what environments run on.
fn platform_arn(region: &str) -> String {
    format!(
        "arn:aws:elasticbeanstalk:{region}::platform/Python 3.11 running on 64bit Amazon Linux 2023/4.4.0"
    )
}

/// The environment of an id or a name, or of both; one that is terminated is not found.
fn environment<'a>(
    resources: &'a Resources,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<&'a Environment, Failure> {
    let (what, text) = match (id, name) {
        (Some(id), _) => ("EnvironmentId", id),
        (None, Some(name)) => ("EnvironmentName", name),
        (None, None) => {
            let message = "Either EnvironmentId or EnvironmentName must be specified.";
            return Err(Failure::new("MissingRequiredParameter", message));
        }
    };
    let mut lives = resources.environments.iter().filter(|it| it.status() != "Terminated");
    let found = lives.find(|it| id.is_none_or(|id| it.id == id) && name.is_none_or(|name| it.name == name));
    found.ok_or_else(|| invalid(format!("No Environment found for {what} = '{text}'.")))
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new("InvalidParameterValue", message)
}
