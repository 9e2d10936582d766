//! AWS Identity and Access Management.

mod instance_profile;
mod role;

pub use self::{
    instance_profile::{InstanceProfile, InstanceProfiles},
    role::{Role, Roles},
};

/// The name at the end of an ARN, which may have a path before it.
pub(crate) fn name_of<'a>(arn: &'a str, kind: &str) -> Option<&'a str> {
    let resource = crate::Arn::parse(arn)?.resource;
    resource.strip_prefix(kind)?.strip_prefix('/')?.rsplit('/').next()
}
