//! Mirrors of AWS resources, each service behind a feature.

mod clients;
mod ec2_id;
mod failure;
mod mirrors;
#[cfg(test)]
mod said;
mod tags;

#[cfg(feature = "autoscaling")]
pub mod autoscaling;
#[cfg(feature = "ec2")]
pub mod ec2;
#[cfg(feature = "elb")]
pub mod elb;
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
    mirrors::mirrors,
    tags::Tags,
};
