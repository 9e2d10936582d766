//! [`Api`]: an operation of AWS's that a mirror calls.

use std::fmt;

/// An operation of AWS's that a mirror calls: the limit that it falls under, and the permission that it needs.
///
/// ```
/// use tidegate_discovery::Api;
///
/// const LIST: Api = Api::new("s3", "ListBuckets").permission("s3:ListAllMyBuckets");
/// const TAGS: Api = Api::new("kinesis", "ListTagsForStream");
/// assert_eq!((LIST.action(), TAGS.action()), ("s3:ListAllMyBuckets".into(), "kinesis:ListTagsForStream".into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Api {
    service: &'static str,
    operation: &'static str,
    permission: Option<&'static str>,
}

impl Api {
    /// An operation of a service, named as the SDK's crate is, without `aws-sdk-`: `elasticloadbalancingv2`.
    #[must_use]
    pub const fn new(service: &'static str, operation: &'static str) -> Self {
        Self { service, operation, permission: None }
    }

    /// The IAM action that allows it, where that is not `service:Operation`.
    #[must_use]
    pub const fn permission(mut self, action: &'static str) -> Self {
        self.permission = Some(action);
        self
    }

    /// The service, as throttles name it.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// The operation, as AWS spells it.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.operation
    }

    /// The IAM action that allows it.
    #[must_use]
    pub fn action(&self) -> String {
        self.permission.map_or_else(|| self.to_string(), str::to_owned)
    }
}

/// `service:Operation`.
impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}
