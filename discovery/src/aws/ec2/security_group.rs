//! [`SecurityGroups`]: the mirror of security groups.

use std::{borrow::Cow, collections::BTreeSet};

use aws_sdk_ec2::{
    Client,
    types::{IpPermission as DescribedPermission, SecurityGroup as Described},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, PAGE, PAGE_SIZE, Vpcs, find, next, only, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Scope, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeSecurityGroups");

/// Mirrors security groups: `ec2:security-group`, by id.
///
/// All or some by `DescribeSecurityGroups`; some by a filter, which leaves out ids that are not there.
#[derive(Clone, Debug)]
pub struct SecurityGroups {
    clients: Clients<Client>,
}

/// A security group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroup {
    /// The id.
    #[serde(rename = "GroupId")]
    pub id: String,
    /// The name, of which there is one in a VPC.
    #[serde(rename = "GroupName")]
    pub name: Option<String>,
    /// What somebody noted.
    pub description: Option<String>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// What may come in.
    pub ip_permissions: Vec<IpPermission>,
    /// What may go out.
    pub ip_permissions_egress: Vec<IpPermission>,
    /// Tags.
    pub tags: Tags,
}

/// What may come in or go out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IpPermission {
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub ip_protocol: Option<String>,
    /// The first port.
    pub from_port: Option<i32>,
    /// The last.
    pub to_port: Option<i32>,
    /// Blocks of addresses.
    pub ip_ranges: Vec<String>,
    /// Blocks of addresses.
    pub ipv6_ranges: Vec<String>,
    /// Ids.
    pub prefix_list_ids: Vec<String>,
    /// The security groups at the other end.
    pub user_id_group_pairs: Vec<GroupPair>,
}

/// A security group at the other end.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupPair {
    /// The account of it, or a service of AWS's such as `amazon-elb`.
    pub user_id: Option<String>,
    /// The id.
    pub group_id: Option<String>,
}

impl SecurityGroups {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    /// A page of all, or of some by id.
    async fn page(
        &self,
        cx: &Fetch,
        ids: &[&str],
        token: Option<String>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_security_groups()
            .set_filters(only("group-id", ids))
            .max_results(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.security_groups(), answers);
        Ok(next(output.next_token))
    }
}

impl Mirror for SecurityGroups {
    const TYPE: &'static str = "ec2:security-group";

    type Model = SecurityGroup;

    fn key(model: &SecurityGroup) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &SecurityGroup, refs: &mut Refs<'_>) {
        refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_deref());
        others("IpPermissions", &model.ip_permissions, refs);
        others("IpPermissionsEgress", &model.ip_permissions_egress, refs);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, PAGE_SIZE)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // They fit a page; but AWS may make it shorter.
        let mut token = self.page(cx, keys, None, answers).await?;
        while token.is_some() {
            token = self.page(cx, keys, token, answers).await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        self.page(cx, &[], page.map(str::to_owned), answers).await
    }

    fn find(term: &Term) -> Find<'_> {
        if term.address().is_some() { Find::No } else { find(term, "sg", "security-group") }
    }

    fn answers_to(model: &SecurityGroup, term: &Term) -> bool {
        model.id == term.text() || model.name.as_deref() == Some(term.text()) || model.tags.answer_to(term)
    }
}

/// The security groups at the other end, each once; those of services of AWS's cannot be looked at.
fn others(via: &'static str, permissions: &[IpPermission], refs: &mut Refs<'_>) {
    let pairs: BTreeSet<_> = permissions.iter().flat_map(|it| &it.user_id_group_pairs).collect();
    for GroupPair { user_id, group_id } in pairs {
        let Some(id) = group_id else { continue };
        match user_id.as_deref() {
            None => refs.to::<SecurityGroups>(via, id),
            Some(account) if account.bytes().all(|it| it.is_ascii_digit()) => {
                let scope = Scope::new(account, refs.scope().region().unwrap_or_default());
                refs.to_in::<SecurityGroups>(via, &scope, id);
            }
            Some(_) => {}
        }
    }
}

fn permission(it: &DescribedPermission) -> IpPermission {
    let owned = |text: &str| text.to_owned();
    IpPermission {
        ip_protocol: it.ip_protocol().map(owned),
        from_port: it.from_port(),
        to_port: it.to_port(),
        ip_ranges: it.ip_ranges().iter().filter_map(|it| it.cidr_ip().map(owned)).collect(),
        ipv6_ranges: it.ipv6_ranges().iter().filter_map(|it| it.cidr_ipv6().map(owned)).collect(),
        prefix_list_ids: it
            .prefix_list_ids()
            .iter()
            .filter_map(|it| it.prefix_list_id().map(owned))
            .collect(),
        user_id_group_pairs: it
            .user_id_group_pairs()
            .iter()
            .map(|it| GroupPair { user_id: it.user_id().map(owned), group_id: it.group_id().map(owned) })
            .collect(),
    }
}

fn answer(groups: &[Described], answers: &mut Answers<SecurityGroups>) {
    for group in groups {
        let Some(id) = group.group_id() else {
            answers.unreadable(None, "GroupId");
            continue;
        };
        answers.found(SecurityGroup {
            id: id.to_owned(),
            name: group.group_name().map(str::to_owned),
            description: group.description().map(str::to_owned),
            vpc_id: group.vpc_id().map(str::to_owned),
            ip_permissions: group.ip_permissions().iter().map(permission).collect(),
            ip_permissions_egress: group.ip_permissions_egress().iter().map(permission).collect(),
            tags: tags(group.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, UserIdGroupPair};

    use super::*;
    use crate::aws::said::{answers_to, find, here, one, one_in, refs, told};

    fn pair(account: Option<&str>, id: &str) -> UserIdGroupPair {
        UserIdGroupPair::builder().set_user_id(account.map(str::to_owned)).group_id(id).build()
    }

    fn group() -> SecurityGroup {
        let from = |pairs: Vec<UserIdGroupPair>| {
            let range = IpRange::builder().cidr_ip("10.0.0.0/8").build();
            let permission = DescribedPermission::builder().ip_protocol("tcp").from_port(80).to_port(80);
            permission.ip_ranges(range).set_user_id_group_pairs(Some(pairs)).build()
        };
        let described = Described::builder()
            .group_id("sg-1")
            .group_name("web.shop.example")
            .vpc_id("vpc-1")
            .ip_permissions(from(vec![pair(None, "sg-1"), pair(Some("210987654321"), "sg-2")]))
            .ip_permissions(from(vec![pair(Some("amazon-elb"), "sg-3"), pair(None, "sg-1")]))
            .ip_permissions_egress(from(vec![pair(Some("123456789012"), "sg-4")]));
        let (models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a security group")
    }

    #[test]
    fn a_security_group_without_an_id_does_not_cost_the_others() {
        let bare = Described::builder().group_id("sg-1").build();
        let groups = [Described::builder().group_name("web").build(), bare];
        let (models, unreadable) = told(|answers| answer(&groups, answers));
        assert_eq!(models, [SecurityGroup { id: "sg-1".to_owned(), ..SecurityGroup::default() }]);
        assert_eq!(unreadable, [(None, "GroupId".to_owned())]);
    }

    #[test]
    fn it_refers_to_the_groups_at_the_other_end_each_once() {
        let there = Scope::new("210987654321", "eu-west-1");
        assert_eq!(
            refs::<SecurityGroups>(&group()),
            [
                one::<Vpcs>("VpcId", "vpc-1"),
                one::<SecurityGroups>("IpPermissions", "sg-1"),
                one_in::<SecurityGroups>("IpPermissions", &there, "sg-2"),
                one_in::<SecurityGroups>("IpPermissionsEgress", &here(), "sg-4"),
            ]
        );
    }

    #[test]
    fn what_is_let_in_is_read() {
        let permission = &group().ip_permissions[0];
        assert_eq!(permission.ip_ranges, ["10.0.0.0/8"]);
        assert_eq!((permission.from_port, permission.to_port), (Some(80), Some(80)));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("sg-0a1b2c3d4e5f60001", "sg-0a1b2c3d4e5f60001"),
            ("arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a1b2c3d", "sg-0a1b2c3d"),
            ("arn:aws:ec2:eu-west-1:123456789012:security-group-rule/sgr-0a1b2c3d", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "No"),
            ("web.shop.example", "List"),
        ] {
            assert_eq!(find::<SecurityGroups>(term), how, "{term}");
        }
        for term in ["sg-1", "web.shop.example"] {
            assert!(answers_to::<SecurityGroups>(&group(), term), "{term}");
        }
        assert!(!answers_to::<SecurityGroups>(&group(), "sg-2"));
    }
}
