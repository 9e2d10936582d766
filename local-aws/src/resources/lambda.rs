//! The resources of Lambda.

use serde::{Deserialize, Serialize};

use super::Tags;

/// A Lambda function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Function {
    /// Required.
    pub name: String,
    /// The role, by name. Required.
    pub role: String,
    /// Default: `provided.al2023`.
    pub runtime: Option<String>,
    /// Ids.
    pub subnets: Vec<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// The id.
    pub vpc: Option<String>,
    /// The ARN of the queue or topic that takes what fails.
    pub dead_letter_target: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Function {
    /// The ARN that it has in an account and region.
    #[must_use]
    pub fn arn(&self, account: &str, region: &str) -> String {
        format!("arn:aws:lambda:{region}:{account}:function:{}", self.name)
    }
}
