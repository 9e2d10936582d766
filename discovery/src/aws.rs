//! Mirrors of AWS resources, each service behind a feature.

mod clients;
mod ec2_id;
mod failure;
#[cfg(test)]
mod said;
mod tags;

#[cfg(feature = "elb")]
pub mod elb;
#[cfg(feature = "route53")]
pub mod route53;

pub use self::{
    clients::Clients,
    failure::{code, failure},
    tags::Tags,
};
