//! Mirrors of AWS resources, each service behind a feature.

#[allow(dead_code, reason = "which mirrors are there is a matter of features")]
mod arns;
mod clients;
#[allow(dead_code, reason = "which mirrors are there is a matter of features")]
mod ec2_id;
mod failure;
#[cfg(test)]
#[allow(dead_code, reason = "which mirrors are there is a matter of features")]
mod said;
mod tags;

#[cfg(feature = "autoscaling")]
pub mod autoscaling;
#[cfg(feature = "ec2")]
pub mod ec2;
#[cfg(feature = "ecs")]
pub mod ecs;
#[cfg(feature = "elasticbeanstalk")]
pub mod elasticbeanstalk;
#[cfg(feature = "elb")]
pub mod elb;
#[cfg(feature = "elbv2")]
pub mod elbv2;
#[cfg(feature = "iam")]
pub mod iam;
#[cfg(feature = "kinesis")]
pub mod kinesis;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "route53")]
pub mod route53;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sqs")]
pub mod sqs;

pub use self::{
    clients::Clients,
    failure::{code, failure},
    tags::Tags,
};
