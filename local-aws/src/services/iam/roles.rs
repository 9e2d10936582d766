//! Roles.

use super::{all_paths, look, no_such, page, write};
use crate::{
    resources::{Resources, Role},
    services::{
        constraint,
        query::{Asked, Failure},
    },
    wire::document::Document,
};

pub(super) fn list(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let all = all_paths(asked)?;
    look(asked, |known| {
        let roles = known.roles.iter().filter(|_| all);
        page(asked, xml, ("iam:roles", "Roles"), roles, |xml, role| write::role(asked, xml, role))
    })
}

pub(super) fn get(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    with_role(asked, |role, _| {
        xml.node("Role", |xml| {
            write::role(asked, xml, role);
            xml.node("RoleLastUsed", |_| ());
            write::tags(xml, &role.tags);
        });
        Ok(())
    })
}

pub(super) fn tags(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    with_role(asked, |role, _| page(asked, xml, ("iam:role-tags", "Tags"), &role.tags, write::tag))
}

/// There are none.
pub(super) fn attached_policies(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    with_role(asked, |_, _| {
        page(asked, xml, ("iam:attached-policies", "AttachedPolicies"), [(); 0], |_, ()| ())
    })
}

/// Looks at the role that the caller names, and at all else.
pub(super) fn with_role<T>(
    asked: &Asked<'_>,
    see: impl FnOnce(&Role, &Resources) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let name = constraint::required(&asked.form, "RoleName")?;
    look(asked, |known| {
        let role = known.roles.iter().find(|role| role.name == name);
        let missing = || no_such(format!("The role with name {name} cannot be found."));
        see(role.ok_or_else(missing)?, known)
    })
}
