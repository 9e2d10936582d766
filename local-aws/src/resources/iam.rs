//! The resources of IAM.

use serde::{Deserialize, Serialize};

use super::Tags;

/// An IAM role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    /// Required.
    pub name: String,
    /// The service that may assume it. Default: `ec2.amazonaws.com`.
    pub service: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// An IAM instance profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceProfile {
    /// Required.
    pub name: String,
    /// The role, by name.
    pub role: Option<String>,
    /// Tags.
    pub tags: Tags,
}
