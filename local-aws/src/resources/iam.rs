//! The resources of IAM.

use serde::{Deserialize, Serialize};

use super::{Tags, made_up};

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

impl Role {
    /// The ARN that it has in an account.
    #[must_use]
    pub fn arn(&self, account: &str) -> String {
        role_arn(account, &self.name)
    }

    /// The id that it has in an account.
    pub(crate) fn id(&self, account: &str) -> String {
        id("AROA", &self.name, account)
    }

    /// The service that may assume it.
    pub(crate) fn service(&self) -> &str {
        self.service.as_deref().unwrap_or("ec2.amazonaws.com")
    }
}

impl InstanceProfile {
    /// The ARN that it has in an account.
    #[must_use]
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:instance-profile/{}", self.name)
    }

    /// The id that it has in an account.
    pub(crate) fn id(&self, account: &str) -> String {
        id("AIPA", &self.name, account)
    }
}

/// The ARN of a role that need not be there.
pub(crate) fn role_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// An id of 21 letters and digits, of which the first four tell what it is of.
fn id(kind: &str, name: &str, account: &str) -> String {
    format!("{kind}X{}", made_up::hex(&[kind, name, account]).to_uppercase())
}
