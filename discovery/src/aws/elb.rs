//! Elastic Load Balancing, the classic one.

mod load_balancer;

pub use self::load_balancer::{LoadBalancer, LoadBalancers};
