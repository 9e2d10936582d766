//! The least IAM policy that some calls need.

use std::collections::BTreeSet;

use serde_json::json;

use crate::Api;

/// Writes the least IAM policy that some calls need, as JSON.
///
/// ```
/// use tidegate_discovery::{Api, policy};
///
/// let list = Api::new("s3", "ListBuckets").permission("s3:ListAllMyBuckets");
/// assert!(policy([list]).contains("s3:ListAllMyBuckets"));
/// ```
#[must_use]
pub fn policy(apis: impl IntoIterator<Item = Api>) -> String {
    let actions: BTreeSet<String> = apis.into_iter().map(|api| api.action()).collect();
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    format!("{policy:#}")
}
