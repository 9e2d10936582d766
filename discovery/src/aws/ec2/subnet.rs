//! [`Subnets`]: the mirror of subnets.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, PAGE, Vpcs, among, find, tags, text};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeSubnets");

/// Mirrors subnets: `ec2:subnet`, by id.
#[derive(Clone, Debug)]
pub struct Subnets {
    clients: Clients<Client>,
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Subnet {
    /// The id.
    #[serde(rename = "SubnetId")]
    pub id: String,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// Addresses.
    pub cidr_block: Option<String>,
    /// Zone.
    pub availability_zone: Option<String>,
    /// Such as `available`.
    pub state: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Subnets {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Subnets {
    const TYPE: &'static str = "ec2:subnet";

    type Model = Subnet;

    fn key(model: &Subnet) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &Subnet, refs: &mut Refs<'_>) {
        refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_ref());
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_subnets().filters(among("subnet-id", keys));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.subnets().iter().for_each(|it| answer(it, answers));
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
            .describe_subnets()
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.subnets().iter().for_each(|it| answer(it, answers));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        find(term, "subnet-", "subnet")
    }

    fn answers_to(model: &Subnet, term: &Term) -> bool {
        model.id == term.text() || model.tags.answer_to(term)
    }
}

fn answer(it: &types::Subnet, answers: &mut Answers<Subnets>) {
    let Some(id) = it.subnet_id().filter(|id| !id.is_empty()) else {
        return answers.unreadable(None, "SubnetId");
    };
    answers.found(Subnet {
        id: id.to_owned(),
        vpc_id: text(it.vpc_id()),
        cidr_block: text(it.cidr_block()),
        availability_zone: text(it.availability_zone()),
        state: it.state().map(|state| state.as_str().to_owned()),
        tags: tags(it.tags()),
    });
}
