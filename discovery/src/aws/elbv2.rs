//! Elastic Load Balancing, version 2: application, network and gateway load balancers.

mod load_balancer;
mod tags;
mod target_group;

pub use self::{
    load_balancer::{AvailabilityZone, LoadBalancer, LoadBalancers},
    target_group::{Target, TargetGroup, TargetGroups},
};

use crate::Api;

/// ARNs or names in a call that describes. AWS names no cap of target groups: that of load balancers is kept.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html>.
const AT_ONCE: usize = 20;

/// Load balancers, or target groups, on a page.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html>.
const PAGE: i32 = 400;

/// An operation, and the action of IAM's, which has the name of the classic service.
const fn api(operation: &'static str, action: &'static str) -> Api {
    Api::new("elasticloadbalancingv2", operation).permission(action)
}

/// Keys that are ARNs, and keys that are names.
fn arns_and_names(keys: &[&str]) -> (Vec<String>, Vec<String>) {
    keys.iter().map(|key| (*key).to_owned()).partition(|key| key.starts_with("arn:"))
}
