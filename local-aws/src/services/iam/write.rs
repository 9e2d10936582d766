//! Roles and instance profiles as they are told. Lists leave their tags out.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    resources::{InstanceProfile, Resources, Role, Tags},
    services::query::Asked,
    wire::document::Document,
};

const CREATED: &str = "2026-01-01T00:00:00Z";

/// What RFC 3986 has encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(super) fn role(asked: &Asked<'_>, xml: &mut Document, role: &Role) {
    let account = &asked.scope.account;
    xml.text("Path", "/");
    xml.text("RoleName", &role.name);
    xml.text("RoleId", role.id(account));
    xml.text("Arn", role.arn(account));
    xml.text("CreateDate", CREATED);
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": role.service() },
            "Action": "sts:AssumeRole",
        }],
    });
    xml.text("AssumeRolePolicyDocument", utf8_percent_encode(&policy.to_string(), RESERVED));
    xml.text("MaxSessionDuration", 3_600);
}

pub(super) fn profile(asked: &Asked<'_>, xml: &mut Document, profile: &InstanceProfile, known: &Resources) {
    let account = &asked.scope.account;
    xml.text("Path", "/");
    xml.text("InstanceProfileName", &profile.name);
    xml.text("InstanceProfileId", profile.id(account));
    xml.text("Arn", profile.arn(account));
    xml.text("CreateDate", CREATED);
    xml.list("Roles", "member", &profile.role, |xml, name| {
        match known.roles.iter().find(|role| role.name == *name) {
            Some(known) => role(asked, xml, known),
            // A role that a profile has cannot be deleted on AWS.
            None => role(asked, xml, &Role { name: name.clone(), ..Role::default() }),
        }
    });
}

pub(super) fn tags(xml: &mut Document, tags: &Tags) {
    if !tags.is_empty() {
        xml.list("Tags", "member", tags, tag);
    }
}

pub(super) fn tag(xml: &mut Document, (key, value): (&String, &String)) {
    xml.text("Key", key);
    xml.text("Value", value);
}
