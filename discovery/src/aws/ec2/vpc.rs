//! [`Vpcs`]: the mirror of VPCs.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types::Vpc as Described};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, PAGE, PAGE_SIZE, find_plain, next, only, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeVpcs");

/// Mirrors VPCs: `ec2:vpc`, by id.
///
/// All or some by `DescribeVpcs`; some by a filter, which leaves out ids that are not there.
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
    /// The first of its blocks, such as `10.0.0.0/16`.
    pub cidr_block: Option<String>,
    /// `pending` or `available`.
    pub state: Option<String>,
    /// Whether it is the one of the region where nobody names one.
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
            .describe_vpcs()
            .set_filters(only("vpc-id", ids))
            .max_results(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.vpcs(), answers);
        Ok(next(output.next_token))
    }
}

impl Mirror for Vpcs {
    const TYPE: &'static str = "ec2:vpc";

    type Model = Vpc;

    fn key(model: &Vpc) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    /// None: a VPC does not lead to what is in it.
    fn refs(_: &Vpc, _: &mut Refs<'_>) {}

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
        find_plain(term, "vpc", "vpc")
    }

    fn answers_to(model: &Vpc, term: &Term) -> bool {
        model.id == term.text()
            || model.cidr_block.as_deref() == Some(term.text())
            || model.tags.answer_to(term)
    }
}

fn answer(vpcs: &[Described], answers: &mut Answers<Vpcs>) {
    for vpc in vpcs {
        let Some(id) = vpc.vpc_id() else {
            answers.unreadable(None, "VpcId");
            continue;
        };
        answers.found(Vpc {
            id: id.to_owned(),
            cidr_block: vpc.cidr_block().map(str::to_owned),
            state: vpc.state().map(|state| state.as_str().to_owned()),
            is_default: vpc.is_default(),
            tags: tags(vpc.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::{answers_to, find, refs, told};

    #[test]
    fn a_vpc_without_an_id_does_not_cost_the_others() {
        let bare = Described::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/16").build();
        let vpcs = [Described::builder().is_default(true).build(), bare];
        let (models, unreadable) = told(|answers| answer(&vpcs, answers));
        assert_eq!(unreadable, [(None, "VpcId".to_owned())]);
        let cidr_block = Some("10.0.0.0/16".to_owned());
        assert_eq!(models, [Vpc { id: "vpc-1".to_owned(), cidr_block, ..Vpc::default() }]);
        assert_eq!(refs::<Vpcs>(&models[0]), []);
        assert!(answers_to::<Vpcs>(&models[0], "10.0.0.0/16"));
        assert!(!answers_to::<Vpcs>(&models[0], "10.0.0.0/24"));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("vpc-0a1b2c3d4e5f60001", "vpc-0a1b2c3d4e5f60001"),
            ("arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0a1b2c3d", "vpc-0a1b2c3d"),
            ("arn:aws:ec2:eu-west-1:123456789012:vpc-peering-connection/pcx-0a1b2c3d", "No"),
            ("subnet-0a1b2c3d4e5f60001", "No"),
            ("Name=main", "List"),
        ] {
            assert_eq!(find::<Vpcs>(term), how, "{term}");
        }
    }
}
