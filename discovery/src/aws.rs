//! Mirrors of AWS resources, each service behind a feature.

#[cfg(any(
    feature = "ecs",
    feature = "sqs",
    all(feature = "elasticbeanstalk", feature = "iam"),
    all(feature = "elbv2", feature = "lambda")
))]
mod arns;
mod clients;
#[cfg(any(
    feature = "ecs",
    feature = "elasticbeanstalk",
    feature = "elbv2",
    feature = "kinesis",
    feature = "route53",
    feature = "s3",
    feature = "sqs"
))]
mod ec2_id;
mod failure;
#[cfg(test)]
#[allow(dead_code, reason = "which mirrors are there is a matter of features")]
mod said;
mod tags;

#[cfg(feature = "ecs")]
pub mod ecs;
#[cfg(feature = "elasticbeanstalk")]
pub mod elasticbeanstalk;
#[cfg(feature = "elb")]
pub mod elb;
#[cfg(feature = "elbv2")]
pub mod elbv2;
#[cfg(feature = "kinesis")]
pub mod kinesis;
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
