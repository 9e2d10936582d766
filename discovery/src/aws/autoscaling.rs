//! EC2 Auto Scaling.

mod group;
mod launch_configuration;

pub use self::{
    group::{Group, Groups},
    launch_configuration::{LaunchConfiguration, LaunchConfigurations},
};
