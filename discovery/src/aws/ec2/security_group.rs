//! [`SecurityGroups`]: the mirror of security groups.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, PAGE, Vpcs, among, find, tags, text};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeSecurityGroups");

/// Mirrors security groups: `ec2:security-group`, by id.
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
    /// The name.
    #[serde(rename = "GroupName")]
    pub name: Option<String>,
    /// A text.
    pub description: Option<String>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// Ids of the groups whose members may send to those of this one.
    pub ip_permissions: Vec<String>,
    /// Ids of the groups to whose members those of this one may send.
    pub ip_permissions_egress: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

impl SecurityGroups {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for SecurityGroups {
    const TYPE: &'static str = "ec2:security-group";

    type Model = SecurityGroup;

    fn key(model: &SecurityGroup) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &SecurityGroup, refs: &mut Refs<'_>) {
        refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_ref());
        refs.many::<Self>("IpPermissions", &model.ip_permissions);
        refs.many::<Self>("IpPermissionsEgress", &model.ip_permissions_egress);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let operation =
            self.clients.of(cx.scope())?.describe_security_groups().filters(among("group-id", keys));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.security_groups().iter().for_each(|it| answer(it, answers));
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_security_groups()
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.security_groups().iter().for_each(|it| answer(it, answers));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        find(term, "sg-", "security-group")
    }

    fn answers_to(model: &SecurityGroup, term: &Term) -> bool {
        model.id == term.text() || model.name.as_deref() == Some(term.text()) || model.tags.answer_to(term)
    }
}

fn answer(it: &types::SecurityGroup, answers: &mut Answers<SecurityGroups>) {
    let Some(id) = it.group_id().filter(|id| !id.is_empty()) else {
        return answers.unreadable(None, "GroupId");
    };
    answers.found(SecurityGroup {
        id: id.to_owned(),
        name: text(it.group_name()),
        description: text(it.description()),
        vpc_id: text(it.vpc_id()),
        ip_permissions: groups(it.ip_permissions()),
        ip_permissions_egress: groups(it.ip_permissions_egress()),
        tags: tags(it.tags()),
    });
}

/// The groups of this account that permissions name, each once.
fn groups(permissions: &[types::IpPermission]) -> Vec<String> {
    let pairs = permissions.iter().flat_map(types::IpPermission::user_id_group_pairs);
    // One of another VPC's owner is in an account that we do not ask.
    let mut ids: Vec<String> = pairs
        .filter(|pair| pair.vpc_peering_connection_id().is_none())
        .filter_map(|it| text(it.group_id()))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}
