//! Instance profiles.

use super::{all_paths, look, no_such, page, roles::with_role, write};
use crate::{
    resources::{InstanceProfile, Resources},
    services::{
        constraint,
        query::{Asked, Failure},
    },
    wire::document::Document,
};

pub(super) fn list(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let all = all_paths(asked)?;
    look(asked, |known| {
        let profiles = known.instance_profiles.iter().filter(|_| all);
        page(asked, xml, ("iam:instance-profiles", "InstanceProfiles"), profiles, |xml, profile| {
            write::profile(asked, xml, profile, known);
        })
    })
}

pub(super) fn of_role(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    with_role(asked, |role, known| {
        let profiles =
            known.instance_profiles.iter().filter(|profile| profile.role.as_ref() == Some(&role.name));
        page(asked, xml, ("iam:profiles-of-role", "InstanceProfiles"), profiles, |xml, profile| {
            write::profile(asked, xml, profile, known);
        })
    })
}

pub(super) fn get(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    with_profile(asked, |profile, known| {
        xml.node("InstanceProfile", |xml| {
            write::profile(asked, xml, profile, known);
            write::tags(xml, &profile.tags);
        });
        Ok(())
    })
}

pub(super) fn tags(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    with_profile(asked, |profile, _| {
        page(asked, xml, ("iam:profile-tags", "Tags"), &profile.tags, write::tag)
    })
}

fn with_profile<T>(
    asked: &Asked<'_>,
    see: impl FnOnce(&InstanceProfile, &Resources) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let name = constraint::required(&asked.form, "InstanceProfileName")?;
    look(asked, |known| {
        let profile = known.instance_profiles.iter().find(|profile| profile.name == name);
        let missing = || no_such(format!("Instance Profile {name} cannot be found."));
        see(profile.ok_or_else(missing)?, known)
    })
}
