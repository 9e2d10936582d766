//! [`Vpcs`]: the mirror of VPCs.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, PAGE, among, find, tags, text};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeVpcs");

/// Mirrors VPCs: `ec2:vpc`, by id.
#[derive(Clone, Debug)]
pub struct Vpcs {
    clients: Clients<Client>,
}

/// A VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vpc {
    /// The id.
    #[serde(rename = "VpcId")]
    pub id: String,
    /// Addresses.
    pub cidr_block: Option<String>,
    /// Such as `available`.
    pub state: Option<String>,
    /// Whether it is the region's default.
    pub is_default: Option<bool>,
    /// Tags.
    pub tags: Tags,
}

impl Vpcs {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Vpcs {
    const TYPE: &'static str = "ec2:vpc";

    type Model = Vpc;

    fn key(model: &Vpc) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(_: &Vpc, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_vpcs().filters(among("vpc-id", keys));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.vpcs().iter().for_each(|it| answer(it, answers));
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
            .describe_vpcs()
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.vpcs().iter().for_each(|it| answer(it, answers));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        find(term, "vpc-", "vpc")
    }

    fn answers_to(model: &Vpc, term: &Term) -> bool {
        model.id == term.text() || model.tags.answer_to(term)
    }
}

fn answer(it: &types::Vpc, answers: &mut Answers<Vpcs>) {
    let Some(id) = it.vpc_id().filter(|id| !id.is_empty()) else {
        return answers.unreadable(None, "VpcId");
    };
    answers.found(Vpc {
        id: id.to_owned(),
        cidr_block: text(it.cidr_block()),
        state: it.state().map(|state| state.as_str().to_owned()),
        is_default: it.is_default(),
        tags: tags(it.tags()),
    });
}
