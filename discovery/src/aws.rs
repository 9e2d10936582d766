//! Mirrors of AWS resources, each service behind a feature.

mod clients;
mod failure;
mod mirrors;
mod tags;

#[cfg(feature = "elb")]
pub mod elb;

pub use self::{
    clients::Clients,
    failure::{code, failure},
    mirrors::mirrors,
    tags::Tags,
};
