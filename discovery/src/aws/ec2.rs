//! Amazon EC2.

mod instance;
mod key_pair;
mod launch_template;
mod security_group;
mod subnet;
mod volume;
mod vpc;

use aws_sdk_ec2::types::{Filter, Tag};

pub use self::{
    instance::{Instance, Instances},
    key_pair::{KeyPair, KeyPairs},
    launch_template::{LaunchTemplate, LaunchTemplateVersion, LaunchTemplates},
    security_group::{SecurityGroup, SecurityGroups},
    subnet::{Subnet, Subnets},
    volume::{Volume, Volumes},
    vpc::{Vpc, Vpcs},
};
use super::Tags;
use crate::{Arn, Find, Term};

/// Things on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>.
const PAGE: i32 = 1_000;

/// Values of a filter in a call. By filter, one that is not there is missing in the answer; by id it would fail the
/// call for all of them.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html>.
const AT_ONCE: usize = 200;

/// Those of some ids. They are fewer than a page has: there is no second one.
fn among(name: &str, ids: &[&str]) -> Filter {
    // A filter takes these for patterns.
    let literal = |id: &&str| id.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
    Filter::builder().name(name).set_values(Some(ids.iter().map(literal).collect())).build()
}

fn tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

fn text(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// How a type looks for a term: `prefix` is how its ids begin, and `noun` what its ARNs call it. An id of another type,
/// or an ARN, cannot be one of these.
fn find<'t>(term: &'t Term, prefix: &str, noun: &str) -> Find<'t> {
    let text = term.text();
    match term.arn() {
        Some(Arn { service: "ec2", resource, .. }) => {
            let id = resource.strip_prefix(noun).and_then(|rest| rest.strip_prefix('/'));
            id.map_or(Find::No, |id| Find::Key(id.into()))
        }
        Some(_) => Find::No,
        None if text.starts_with(prefix) && super::ec2_id::is_ec2_id(text) => Find::Key(text.into()),
        None if super::ec2_id::is_ec2_id(text) => Find::No,
        None => Find::List,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_term_may_be() {
        let term = Term::new("i-0123456789abcdef0");
        assert_eq!(find(&term, "i-", "instance"), Find::Key("i-0123456789abcdef0".into()));
        assert_eq!(find(&term, "vol-", "volume"), Find::No);
        let arn = Term::new("arn:aws:ec2:eu-west-1:123456789012:volume/vol-1");
        assert_eq!(find(&arn, "vol-", "volume"), Find::Key("vol-1".into()));
        assert_eq!(find(&arn, "i-", "instance"), Find::No);
        assert_eq!(find(&Term::new("web"), "i-", "instance"), Find::List);
    }

    #[test]
    fn a_filter_takes_ids_as_they_are() {
        assert_eq!(among("key-name", &["a*b", "c?", "d\\"]).values(), ["a\\*b", "c\\?", "d\\\\"]);
    }
}
