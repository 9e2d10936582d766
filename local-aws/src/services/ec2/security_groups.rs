//! Security groups.

use super::{
    super::query::{Asked, Failure},
    select::Described,
    tags,
};
use crate::{
    resources::{Resources, SecurityGroup},
    wire::document::Document,
};

const GROUPS: Described<'_, SecurityGroup> = Described {
    ids: "GroupId",
    prefix: "sg-",
    malformed: "InvalidGroupId.Malformed",
    not_found: "InvalidGroup.NotFound",
    noun: "security group",
    filters: &["group-id", "group-name", "ip-permission.group-id", "vpc-id"],
    id: |group| &group.id,
    tags: |group| &group.tags,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let account = &asked.scope.account;
    asked.accounts.of(asked.scope, |resources| {
        let values = |group: &SecurityGroup, filter: &str| match filter {
            "group-id" => vec![group.id.clone()],
            "group-name" => vec![name(group).to_owned()],
            "ip-permission.group-id" => group.ingress_from.clone(),
            "vpc-id" => group.vpc.clone().into_iter().collect(),
            _ => Vec::new(),
        };
        let page = GROUPS.select(asked, &resources.security_groups, values)?;
        xml.list("securityGroupInfo", "item", page.items, |xml, group| {
            xml.text("ownerId", account);
            xml.text("groupId", &group.id);
            xml.text("groupName", name(group));
            xml.text("groupDescription", name(group));
            xml.maybe("vpcId", group.vpc.as_ref());
            let ingress = (!group.ingress_from.is_empty()).then_some(&group.ingress_from);
            xml.list("ipPermissions", "item", ingress, |xml, from| {
                xml.text("ipProtocol", "-1");
                xml.list("groups", "item", from, |xml, id| {
                    xml.text("userId", account);
                    xml.text("groupId", id);
                });
                xml.texts("ipRanges", "item", [""; 0]);
            });
            xml.list("ipPermissionsEgress", "item", ["0.0.0.0/0"], |xml, range| {
                xml.text("ipProtocol", "-1");
                xml.texts("groups", "item", [""; 0]);
                xml.list("ipRanges", "item", [range], |xml, range| xml.text("cidrIp", range));
            });
            tags(xml, &group.tags);
        });
        xml.maybe("nextToken", page.next);
        Ok(())
    })
}

fn name(group: &SecurityGroup) -> &str {
    group.name.as_deref().unwrap_or(&group.id)
}

/// The name of a group, which need not be there.
pub(super) fn name_of<'a>(resources: &'a Resources, id: &'a str) -> &'a str {
    resources.security_groups.iter().find(|group| group.id == id).map_or(id, name)
}
