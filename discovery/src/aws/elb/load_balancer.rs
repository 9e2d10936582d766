//! [`LoadBalancers`]: the mirror of classic load balancers.

use std::borrow::Cow;

use aws_sdk_elasticloadbalancing::{Client, types::LoadBalancerDescription};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, Tags, code, failure},
};

const DESCRIBE: Api = Api::new("elasticloadbalancing", "DescribeLoadBalancers");
const TAGS: Api = Api::new("elasticloadbalancing", "DescribeTags");

/// Names in a call, and load balancers on a page.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DescribeLoadBalancers.html>.
const PAGE: i32 = 400;

/// Names in a call of `DescribeTags`.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DescribeTags.html>.
const TAGS_AT_ONCE: usize = 20;

/// The code of `AccessPointNotFoundException` on the wire.
const NOT_FOUND: &str = "LoadBalancerNotFound";

/// Mirrors classic load balancers: `elb:load-balancer`, by name.
#[derive(Clone, Debug)]
pub struct LoadBalancers {
    clients: Clients<Client>,
}

/// A classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoadBalancer {
    /// The name.
    #[serde(rename = "LoadBalancerName")]
    pub name: String,
    /// In lower case, as DNS has it.
    #[serde(rename = "DNSName")]
    pub dns_name: Option<String>,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreatedTime")]
    pub created: Option<String>,
    /// The VPC's id.
    #[serde(rename = "VPCId")]
    pub vpc_id: Option<String>,
    /// Ids.
    pub subnets: Vec<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// Ids of the instances that it sends to.
    pub instances: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

impl LoadBalancers {
    /// The load balancers that hold an instance, by its id.
    pub const OF_INSTANCE: Index<Self> = Index::over_list("instance", |balancer: &LoadBalancer, add| {
        balancer.instances.iter().for_each(|id| add(id));
    });

    /// The load balancers of a DNS name, in lower case and without a dot at its end.
    pub const OF_DNS_NAME: Index<Self> = Index::over_list("dns-name", |balancer: &LoadBalancer, add| {
        balancer.dns_name.iter().for_each(|name| add(name));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for LoadBalancers {
    const TYPE: &'static str = "elb:load-balancer";

    type Model = LoadBalancer;

    fn key(model: &LoadBalancer) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn refs(model: &LoadBalancer, refs: &mut Refs<'_>) {
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{Instances, SecurityGroups, Subnets, Vpcs};
            refs.many::<Instances>("Instances", &model.instances);
            refs.many::<SecurityGroups>("SecurityGroups", &model.security_groups);
            refs.many::<Subnets>("Subnets", &model.subnets);
            refs.maybe::<Vpcs>("VPCId", model.vpc_id.as_ref());
        }
        #[cfg(feature = "autoscaling")]
        refs.holders(&crate::aws::autoscaling::Groups::OF_LOAD_BALANCER, &model.name);
        #[cfg(feature = "route53")]
        if let Some(name) = &model.dns_name {
            refs.holders(&crate::aws::route53::RecordSets::OF_DNS_NAME, name);
        }
        #[cfg(feature = "elasticbeanstalk")]
        model.tags.environment(refs);
    }

    fn plan(&self) -> Plan {
        let at_once = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(DESCRIBE, at_once).and_list(DESCRIBE, at_once).part("tags", TAGS, TAGS_AT_ONCE)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let names = keys.iter().map(|key| (*key).to_owned()).collect();
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_load_balancers()
            .set_load_balancer_names(Some(names))
            .page_size(PAGE);
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(output.load_balancer_descriptions(), answers);
                Ok(())
            }
            // It names one of them, and not always the right one.
            Err(error) if code(&error) == Some(NOT_FOUND) => Err(FetchError::poisoned(error)),
            Err(error) => Err(failure(error)),
        }
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
            .describe_load_balancers()
            .set_marker(page.map(str::to_owned))
            .page_size(PAGE);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.load_balancer_descriptions(), answers);
        Ok(output.next_marker)
    }

    async fn complete(
        &self,
        _part: &'static str,
        cx: &Fetch,
        models: &[&LoadBalancer],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let names = models.iter().map(|model| model.name.clone()).collect();
        let operation = self.clients.of(cx.scope())?.describe_tags().set_load_balancer_names(Some(names));
        let output = match send(cx, &cx.call(TAGS), || operation.clone().send()).await {
            Ok(output) => output,
            Err(error) if code(&error) == Some(NOT_FOUND) => return Err(FetchError::poisoned(error)),
            Err(error) => return Err(failure(error)),
        };
        for description in output.tag_descriptions() {
            let Some(name) = description.load_balancer_name() else { continue };
            let tags: Tags = description.tags().iter().map(|tag| (Some(tag.key()), tag.value())).collect();
            parts.add(name, |model| model.tags = tags);
        }
        Ok(())
    }

    fn find(term: &Term) -> Find<'_> {
        if term.tag().is_some() { Find::Whole } else { Find::List }
    }

    fn answers_to(model: &LoadBalancer, term: &Term) -> bool {
        model.name == term.text()
            || model.tags.answer_to(term)
            || term.dns_name().is_some_and(|name| model.dns_name.as_deref() == Some(&*name))
    }
}

fn answer(balancers: &[LoadBalancerDescription], answers: &mut Answers<LoadBalancers>) {
    for balancer in balancers {
        let Some(name) = balancer.load_balancer_name() else {
            answers.unreadable(None, "LoadBalancerName");
            continue;
        };
        answers.found(LoadBalancer {
            name: name.to_owned(),
            dns_name: balancer.dns_name().map(str::to_ascii_lowercase),
            scheme: balancer.scheme().map(str::to_owned),
            created: balancer.created_time().map(ToString::to_string),
            vpc_id: balancer.vpc_id().map(str::to_owned),
            subnets: balancer.subnets().to_vec(),
            security_groups: balancer.security_groups().to_vec(),
            instances: balancer
                .instances()
                .iter()
                .filter_map(|instance| instance.instance_id().map(str::to_owned))
                .collect(),
            tags: Tags::default(),
        });
    }
}
