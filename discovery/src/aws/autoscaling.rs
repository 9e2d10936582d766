//! EC2 Auto Scaling.

mod group;
mod launch_configuration;

use std::borrow::Cow;

pub use self::{
    group::{Group, Groups, LaunchTemplateUse},
    launch_configuration::{LaunchConfiguration, LaunchConfigurations},
};

use crate::{Find, Term, aws::ec2_id::is_ec2_id};

/// The most characters of a name.
///
/// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html>.
const LONGEST_NAME: usize = 255;

/// By name: any may be asked for, and one that is not there costs nothing but the call. A name may look like a DNS
/// name, but neither like an address nor like an id.
fn find_by_name<'t>(term: &'t Term, noun: &str) -> Find<'t> {
    if let Some(arn) = term.arn() {
        let named = arn.resource.strip_prefix(noun).filter(|_| arn.service == "autoscaling");
        // `:UUID:autoScalingGroupName/NAME`.
        let name = named.and_then(|rest| rest.strip_prefix(':')).and_then(|rest| rest.split_once('/'));
        return name.map_or(Find::No, |(_, name)| Find::Key(Cow::Borrowed(name)));
    }
    let text = term.text();
    let is_name = term.tag().is_none()
        && term.address().is_none()
        && !is_ec2_id(text)
        && !text.contains("://")
        && (1..=LONGEST_NAME).contains(&text.len());
    if is_name { Find::Key(Cow::Borrowed(text)) } else { Find::No }
}
