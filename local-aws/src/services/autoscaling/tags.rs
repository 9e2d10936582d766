//! The tags of Auto Scaling groups.

use super::{
    super::query::{Asked, Failure},
    LARGEST_PAGE,
    filter::Filter,
    page,
};
use crate::{resources::AutoScalingGroup, wire::document::Document};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let filters = Filter::of_tags(asked)?;
    asked.accounts.of(asked.scope, |resources| {
        let groups = resources.auto_scaling_groups.iter();
        let all = groups.flat_map(|group| group.tags.iter().map(move |(key, value)| (group, key, value)));
        let found = all.filter(|(group, key, value)| filters.iter().all(|it| it.fits_tag(group, key, value)));
        let page = page(asked, "tags", found, LARGEST_PAGE)?;
        write(xml, "Tags", page.items);
        xml.maybe("NextToken", page.next);
        Ok(())
    })
}

/// A list of tags, each with its group.
pub(super) fn write<'a>(
    xml: &mut Document,
    name: &str,
    tags: impl IntoIterator<Item = (&'a AutoScalingGroup, &'a String, &'a String)>,
) {
    xml.list(name, "member", tags, |xml, (group, key, value)| {
        xml.text("ResourceId", &group.name);
        xml.text("ResourceType", "auto-scaling-group");
        xml.text("Key", key);
        xml.text("Value", value);
        xml.text("PropagateAtLaunch", true);
    });
}
