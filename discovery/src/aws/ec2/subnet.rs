//! [`Subnets`]: the mirror of subnets.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types::Subnet as Described};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, PAGE, PAGE_SIZE, Vpcs, find_plain, next, only, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeSubnets");

/// Mirrors subnets: `ec2:subnet`, by id.
///
/// All or some by `DescribeSubnets`; some by a filter, which leaves out ids that are not there.
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
    /// Such as `10.0.0.0/24`.
    pub cidr_block: Option<String>,
    /// The name.
    pub availability_zone: Option<String>,
    /// `pending`, `available` or `unavailable`.
    pub state: Option<String>,
    /// Whether it is the one of the zone where nobody names one.
    pub default_for_az: Option<bool>,
    /// Whether instances get a public address.
    pub map_public_ip_on_launch: Option<bool>,
    /// Tags.
    pub tags: Tags,
}

impl Subnets {
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
            .describe_subnets()
            .set_filters(only("subnet-id", ids))
            .max_results(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.subnets(), answers);
        Ok(next(output.next_token))
    }
}

impl Mirror for Subnets {
    const TYPE: &'static str = "ec2:subnet";

    type Model = Subnet;

    fn key(model: &Subnet) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &Subnet, refs: &mut Refs<'_>) {
        refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_deref());
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
        find_plain(term, "subnet", "subnet")
    }

    fn answers_to(model: &Subnet, term: &Term) -> bool {
        model.id == term.text()
            || model.cidr_block.as_deref() == Some(term.text())
            || model.tags.answer_to(term)
    }
}

fn answer(subnets: &[Described], answers: &mut Answers<Subnets>) {
    for subnet in subnets {
        let Some(id) = subnet.subnet_id() else {
            answers.unreadable(None, "SubnetId");
            continue;
        };
        answers.found(Subnet {
            id: id.to_owned(),
            vpc_id: subnet.vpc_id().map(str::to_owned),
            cidr_block: subnet.cidr_block().map(str::to_owned),
            availability_zone: subnet.availability_zone().map(str::to_owned),
            state: subnet.state().map(|state| state.as_str().to_owned()),
            default_for_az: subnet.default_for_az(),
            map_public_ip_on_launch: subnet.map_public_ip_on_launch(),
            tags: tags(subnet.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::{answers_to, find, one, refs, told};

    #[test]
    fn a_subnet_without_an_id_does_not_cost_the_others() {
        let bare = Described::builder().subnet_id("subnet-1").build();
        let subnets = [Described::builder().vpc_id("vpc-1").build(), bare];
        let (models, unreadable) = told(|answers| answer(&subnets, answers));
        assert_eq!(models, [Subnet { id: "subnet-1".to_owned(), ..Subnet::default() }]);
        assert_eq!(unreadable, [(None, "SubnetId".to_owned())]);
    }

    #[test]
    fn it_refers_to_its_vpc() {
        let subnet = Described::builder().subnet_id("subnet-1").vpc_id("vpc-1").cidr_block("10.0.0.0/24");
        let (models, _) = told(|answers| answer(&[subnet.build()], answers));
        assert_eq!(refs::<Subnets>(&models[0]), [one::<Vpcs>("VpcId", "vpc-1")]);
        assert!(answers_to::<Subnets>(&models[0], "10.0.0.0/24"));
        assert!(!answers_to::<Subnets>(&models[0], "vpc-1"));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60001"),
            ("arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-0a1b2c3d", "subnet-0a1b2c3d"),
            ("vpc-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.0/24", "List"),
            ("10.0.0.1", "No"),
        ] {
            assert_eq!(find::<Subnets>(term), how, "{term}");
        }
    }
}
