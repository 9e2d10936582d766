//! [`Filter`]: which tags are asked for, or the groups that have them.

use super::super::query::{Asked, Failure};
use crate::resources::AutoScalingGroup;

/// What must be true, of one value or another.
pub(super) struct Filter {
    what: What,
    values: Vec<String>,
}

enum What {
    /// Of a group: it has a tag of the key.
    TagKey,
    /// It has a tag of the value.
    TagValue,
    /// Its tag of this key has the value.
    Tag(String),
    /// Of a tag: it is one of the group.
    Group,
    Key,
    Value,
    PropagateAtLaunch,
}

impl Filter {
    /// The filters of a request for groups.
    pub(super) fn of_groups(asked: &Asked<'_>) -> Result<Vec<Self>, Failure> {
        Self::read(asked, "tag-key tag-value tag:<key>", |name| match name {
            "tag-key" => Some(What::TagKey),
            "tag-value" => Some(What::TagValue),
            name => name.strip_prefix("tag:").map(|key| What::Tag(key.to_owned())),
        })
    }

    /// The filters of a request for tags.
    pub(super) fn of_tags(asked: &Asked<'_>) -> Result<Vec<Self>, Failure> {
        Self::read(asked, "auto-scaling-group key value propagate-at-launch", |name| match name {
            "auto-scaling-group" => Some(What::Group),
            "key" => Some(What::Key),
            "value" => Some(What::Value),
            "propagate-at-launch" => Some(What::PropagateAtLaunch),
            _ => None,
        })
    }

    fn read(
        asked: &Asked<'_>,
        allowed: &str,
        known: impl Fn(&str) -> Option<What>,
    ) -> Result<Vec<Self>, Failure> {
        let read = |form: &crate::wire::form::Form| {
            let name = form.get("Name").unwrap_or_default();
            let values = form.list("Values.member").into_iter().map(str::to_owned).collect();
            known(name).map(|what| Self { what, values }).ok_or_else(|| {
                let message =
                    format!("Filter type {name} is not correct. Allowed Filter types are: {allowed}");
                Failure::new("ValidationError", message)
            })
        };
        asked.form.structures("Filters.member").iter().map(read).collect()
    }

    /// Whether a group has a tag that fits.
    pub(super) fn fits(&self, group: &AutoScalingGroup) -> bool {
        match &self.what {
            What::Tag(key) => group.tags.get(key).is_some_and(|value| self.has(value)),
            _ => group.tags.iter().any(|(key, value)| self.fits_tag(group, key, value)),
        }
    }

    /// Whether a tag of a group fits.
    pub(super) fn fits_tag(&self, group: &AutoScalingGroup, key: &str, value: &str) -> bool {
        match &self.what {
            What::TagKey | What::Key => self.has(key),
            What::TagValue | What::Value => self.has(value),
            What::Tag(of) => of == key && self.has(value),
            What::Group => self.has(&group.name),
            // All tags of the model do.
            What::PropagateAtLaunch => self.values.iter().any(|value| value.eq_ignore_ascii_case("true")),
        }
    }

    fn has(&self, text: &str) -> bool {
        self.values.iter().any(|value| value == text)
    }
}
