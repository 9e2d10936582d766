//! IAM.

mod instance_profile;
mod role;

use std::borrow::Cow;

use aws_smithy_types::DateTime;

pub use self::{
    instance_profile::{InstanceProfile, InstanceProfiles},
    role::{Role, Roles},
};

use crate::{Find, Term, aws::ec2_id::is_ec2_id};

/// Roles, or instance profiles, on a page.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>.
const PAGE: i32 = 1_000;

/// The code of a name that is unknown.
const UNKNOWN: &str = "NoSuchEntity";

/// The most characters of a name of an instance profile; one of a role has half as many.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html>.
const LONGEST_NAME: usize = 128;

/// By name, which may look like a DNS name. What cannot be a name is refused by AWS, and so not asked for.
fn find_by_name<'t>(term: &'t Term, noun: &str) -> Find<'t> {
    if let Some(arn) = term.arn() {
        let path = arn.resource.strip_prefix(noun).filter(|_| arn.service == "iam");
        let name = path.filter(|path| path.starts_with('/')).and_then(|path| path.rsplit('/').next());
        return name.map_or(Find::No, |name| Find::Key(Cow::Borrowed(name)));
    }
    let text = term.text();
    let is_other = term.tag().is_some() || term.address().is_some() || is_ec2_id(text);
    if is_other || !is_name(text) { Find::No } else { Find::Key(Cow::Borrowed(text)) }
}

fn is_name(text: &str) -> bool {
    let is_of_names = |it: u8| it.is_ascii_alphanumeric() || b"_+=,.@-".contains(&it);
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(is_of_names)
}

/// When something was made, in RFC 3339; the SDK takes the epoch for a time that is missing.
fn created(time: &DateTime) -> Option<String> {
    (time.secs() != 0).then(|| time.to_string())
}

/// A text; the SDK takes an empty one for one that is missing.
fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The instance profile of a name or an ARN: its key is its name, without the path.
#[cfg(any(feature = "autoscaling", feature = "ec2"))]
pub(super) fn profile(via: &'static str, name_or_arn: Option<&str>, refs: &mut crate::Refs<'_>) {
    let Some(text) = name_or_arn else { return };
    let Some(arn) = crate::Arn::parse(text) else { return refs.to::<InstanceProfiles>(via, text) };
    let Some(path) = arn.resource.strip_prefix("instance-profile/") else { return };
    let scope = super::arns::scope_of(&arn, refs.scope());
    refs.to_in::<InstanceProfiles>(via, &scope, path.rsplit('/').next().unwrap_or(path));
}
