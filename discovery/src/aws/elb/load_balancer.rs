//! [`LoadBalancers`]: the mirror of classic load balancers.

use std::borrow::Cow;

use aws_sdk_elasticloadbalancing::{Client, types::LoadBalancerDescription};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, Tags, code, ec2_id::is_ec2_id, failure},
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
///
/// All or some by `DescribeLoadBalancers`; their tags by `DescribeTags`, a part.
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
            refs.maybe::<Vpcs>("VPCId", model.vpc_id.as_deref());
            refs.many::<Subnets>("Subnets", &model.subnets);
            refs.many::<SecurityGroups>("SecurityGroups", &model.security_groups);
            refs.many::<Instances>("Instances", &model.instances);
        }
        #[cfg(feature = "elasticbeanstalk")]
        refs.maybe::<crate::aws::elasticbeanstalk::Environments>(
            "Tags.elasticbeanstalk:environment-name",
            model.tags.get("elasticbeanstalk:environment-name"),
        );
        #[cfg(feature = "autoscaling")]
        refs.holders(&crate::aws::autoscaling::Groups::OF_LOAD_BALANCER, &model.name);
        #[cfg(feature = "route53")]
        if let Some(name) = &model.dns_name {
            refs.holders(&crate::aws::route53::RecordSets::OF_DNS_NAME, name);
        }
        #[cfg(not(any(
            feature = "ec2",
            feature = "elasticbeanstalk",
            feature = "autoscaling",
            feature = "route53"
        )))]
        let _ = (model, refs);
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
            Err(error) if code(&error) == Some(NOT_FOUND) => {
                return Err(FetchError::poisoned(error));
            }
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
        if let Some(arn) = term.arn() {
            // The others have a path: `loadbalancer/app/NAME/ID`.
            let name = arn
                .resource
                .strip_prefix("loadbalancer/")
                .filter(|name| arn.service == "elasticloadbalancing" && !name.contains('/'));
            return name.map_or(Find::No, |name| Find::Key(Cow::Borrowed(name)));
        }
        if term.tag().is_some() {
            return Find::Whole;
        }
        let is_other = term.address().is_some() || is_ec2_id(term.text());
        if is_other || !is_name_or_dns_name(term.text()) { Find::No } else { Find::List }
    }

    fn answers_to(model: &LoadBalancer, term: &Term) -> bool {
        model.name == term.text()
            || model.tags.answer_to(term)
            || term.dns_name().is_some_and(|name| model.dns_name.as_deref() == Some(&*name))
    }
}

/// Letters, digits and hyphens; dots too in a DNS name.
fn is_name_or_dns_name(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-.".contains(&it))
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

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancing::types::Instance;

    use super::*;
    use crate::aws::said::{Said, answers_to, find, keys, refs, told};

    const DNS_NAME: &str = "web-1.eu-west-1.elb.amazonaws.com";

    fn balancer() -> LoadBalancer {
        let described = LoadBalancerDescription::builder()
            .load_balancer_name("web")
            .dns_name("Web-1.eu-west-1.elb.amazonaws.com")
            .vpc_id("vpc-1")
            .subnets("subnet-1")
            .security_groups("sg-1")
            .instances(Instance::builder().instance_id("i-1").build())
            .instances(Instance::builder().build());
        let (mut models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        let mut model = models.remove(0);
        let tags = [("elasticbeanstalk:environment-name", "prod")];
        model.tags = tags.into_iter().map(|(key, value)| (Some(key), Some(value))).collect();
        model
    }

    #[test]
    fn a_load_balancer_without_a_name_does_not_cost_the_others() {
        let named = LoadBalancerDescription::builder().load_balancer_name("web").build();
        let balancers = [LoadBalancerDescription::builder().dns_name(DNS_NAME).build(), named];
        let (models, unreadable) = told(|answers| answer(&balancers, answers));
        assert_eq!(models, [LoadBalancer { name: "web".to_owned(), ..LoadBalancer::default() }]);
        assert_eq!(unreadable, [(None, "LoadBalancerName".to_owned())]);
    }

    #[test]
    fn it_refers_to_where_it_is_and_what_it_sends_to_and_leads_to_what_names_it() {
        let expected: [Vec<Said>; _] = [
            Vec::new(),
            #[cfg(feature = "ec2")]
            {
                use crate::aws::{
                    ec2::{Instances, SecurityGroups, Subnets, Vpcs},
                    said::one,
                };
                vec![
                    one::<Vpcs>("VPCId", "vpc-1"),
                    one::<Subnets>("Subnets", "subnet-1"),
                    one::<SecurityGroups>("SecurityGroups", "sg-1"),
                    one::<Instances>("Instances", "i-1"),
                ]
            },
            #[cfg(feature = "elasticbeanstalk")]
            {
                use crate::aws::{elasticbeanstalk::Environments, said::one};
                vec![one::<Environments>("Tags.elasticbeanstalk:environment-name", "prod")]
            },
            #[cfg(feature = "autoscaling")]
            {
                use crate::aws::{
                    autoscaling::Groups,
                    said::{here, holders_in},
                };
                vec![holders_in(Groups::OF_LOAD_BALANCER, &here(), "web")]
            },
            #[cfg(feature = "route53")]
            {
                use crate::aws::{
                    route53::RecordSets,
                    said::{here, holders_in},
                };
                vec![holders_in(RecordSets::OF_DNS_NAME, &here(), DNS_NAME)]
            },
        ];
        assert_eq!(refs::<LoadBalancers>(&balancer()), expected.into_iter().flatten().collect::<Vec<_>>());
    }

    #[test]
    fn it_is_found_by_what_it_holds() {
        assert_eq!(keys(LoadBalancers::OF_INSTANCE, &balancer()), ["i-1"]);
        assert_eq!(keys(LoadBalancers::OF_DNS_NAME, &balancer()), [DNS_NAME]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("web", "List"),
            ("Web-1.eu-west-1.elb.amazonaws.com.", "List"),
            ("Name=web", "Whole"),
            ("arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/web", "web"),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef",
                "No",
            ),
            ("arn:aws:ecs:eu-west-1:123456789012:cluster/web", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "No"),
            ("my shop", "No"),
        ] {
            assert_eq!(find::<LoadBalancers>(term), how, "{term}");
        }
        for term in ["web", "Web-1.eu-west-1.elb.amazonaws.com.", "elasticbeanstalk:environment-name=prod"] {
            assert!(answers_to::<LoadBalancers>(&balancer(), term), "{term}");
        }
        assert!(!answers_to::<LoadBalancers>(&balancer(), "web-1"));
    }
}
