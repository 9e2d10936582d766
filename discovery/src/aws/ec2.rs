//! EC2.

mod instance;
mod key_pair;
mod launch_template;
mod launch_template_version;
mod security_group;
mod subnet;
mod volume;
mod vpc;

use std::borrow::Cow;

use aws_sdk_ec2::types::{Filter, Tag};

pub use self::{
    instance::{Instance, Instances, NetworkInterface},
    key_pair::{KeyPair, KeyPairs},
    launch_template::{LaunchTemplate, LaunchTemplates},
    launch_template_version::LaunchTemplateVersion,
    security_group::{GroupPair, IpPermission, SecurityGroup, SecurityGroups},
    subnet::{Subnet, Subnets},
    volume::{Volume, Volumes},
    vpc::{Vpc, Vpcs},
};

use crate::{Find, Term, aws::Tags, aws::ec2_id::is_ec2_id};

/// Values of a filter.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>.
const AT_ONCE: usize = 200;

/// Resources on a page, where a list has pages; launch templates have smaller ones.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination>.
const PAGE: i32 = 1_000;

/// [`PAGE`], for plans.
const PAGE_SIZE: usize = 1_000;

/// Those whose `name` is one of `values`. A filter leaves out what is not there, where a list of ids fails for all
/// of them; and it may be asked for with a page, where ids may not.
fn filter(name: &str, values: &[&str]) -> Filter {
    values.iter().fold(Filter::builder().name(name), |filter, value| filter.values(literal(value))).build()
}

/// A value of a filter that stands for itself: `*` and `?` stand for others.
fn literal(value: &str) -> String {
    value.chars().fold(String::with_capacity(value.len()), |mut text, it| {
        if matches!(it, '*' | '?' | '\\') {
            text.push('\\');
        }
        text.push(it);
        text
    })
}

/// The filter that asks for these, or none for all.
fn only(name: &str, values: &[&str]) -> Option<Vec<Filter>> {
    (!values.is_empty()).then(|| vec![filter(name, values)])
}

/// The token of a next page; an empty one is none.
fn next(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

fn tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key(), tag.value())).collect()
}

/// The key that a term names: an id of this prefix, or an ARN of this noun. No other id or ARN is one of them, and
/// what is neither is looked for in the list.
fn find<'t>(term: &'t Term, prefix: &str, noun: &str) -> Find<'t> {
    if let Some(arn) = term.arn() {
        let key = arn.resource.strip_prefix(noun).filter(|_| arn.service == "ec2");
        let key = key.and_then(|key| key.strip_prefix('/'));
        return key.map_or(Find::No, |key| Find::Key(Cow::Borrowed(key)));
    }
    let text = term.text();
    if !is_ec2_id(text) {
        return Find::List;
    }
    let is_own = text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
    if is_own { Find::Key(Cow::Borrowed(text)) } else { Find::No }
}

/// As [`find`], for what has neither addresses nor names with dots in them.
fn find_plain<'t>(term: &'t Term, prefix: &str, noun: &str) -> Find<'t> {
    let is_network_name = term.address().is_some() || term.dns_name().is_some();
    if is_network_name { Find::No } else { find(term, prefix, noun) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_asks_for_the_values_themselves() {
        let filter = filter("key-name", &[r"all*?\", "web"]);
        assert_eq!(filter.name(), Some("key-name"));
        assert_eq!(filter.values(), [r"all\*\?\\", "web"]);
        assert_eq!(only("key-name", &[]), None);
    }

    #[test]
    fn an_empty_token_is_the_end() {
        assert_eq!(next(Some(String::new())), None);
        assert_eq!(next(Some("a".to_owned())), Some("a".to_owned()));
    }

    #[test]
    fn ids_are_of_one_type() {
        let found = |term: &str| match find_plain(&Term::new(term), "vol", "volume") {
            Find::Key(key) => key.into_owned(),
            other => format!("{other:?}"),
        };
        for (term, how) in [
            ("vol-0a1b2c3d4e5f60001", "vol-0a1b2c3d4e5f60001"),
            ("arn:aws:ec2:eu-west-1:123456789012:volume/vol-0a1b2c3d", "vol-0a1b2c3d"),
            ("arn:aws:ec2:eu-west-1:123456789012:instance/i-0a1b2c3d", "No"),
            ("arn:aws:ecs:eu-west-1:123456789012:volume/vol-0a1b2c3d", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "No"),
            ("www.shop.example", "No"),
            ("Name=web", "List"),
            ("web", "List"),
        ] {
            assert_eq!(found(term), how, "{term}");
        }
    }
}
