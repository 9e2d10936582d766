//! [`LoadBalancers`]: the mirror of application, network and gateway load balancers.

use std::{borrow::Cow, net::IpAddr};

use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{AvailabilityZone as Zone, LoadBalancer as Described},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{
    AT_ONCE, PAGE, TargetGroups, api, arns_and_names,
    tags::{TAGS, TAGS_AT_ONCE, tags},
};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, Tags, code, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = api("DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers");

/// Mirrors application, network and gateway load balancers: `elbv2:load-balancer`, by ARN or name.
///
/// All or some by `DescribeLoadBalancers`; their tags by `DescribeTags`, which is a part.
#[derive(Clone, Debug)]
pub struct LoadBalancers {
    clients: Clients<Client>,
}

/// An application, network or gateway load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoadBalancer {
    /// The ARN.
    #[serde(rename = "LoadBalancerArn")]
    pub arn: String,
    /// The name.
    #[serde(rename = "LoadBalancerName")]
    pub name: Option<String>,
    /// In lower case, as DNS has it.
    #[serde(rename = "DNSName")]
    pub dns_name: Option<String>,
    /// `application`, `network` or `gateway`.
    #[serde(rename = "Type")]
    pub kind: Option<String>,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// `active`, `provisioning`, …
    pub state: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreatedTime")]
    pub created: Option<String>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// Where it is.
    pub availability_zones: Vec<AvailabilityZone>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

/// Where a load balancer is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AvailabilityZone {
    /// Such as `eu-west-1a`.
    pub zone_name: Option<String>,
    /// The subnet's id.
    pub subnet_id: Option<String>,
    /// Its fixed addresses there, if it has some.
    pub load_balancer_addresses: Vec<String>,
}

impl LoadBalancers {
    /// The load balancers of a DNS name, in lower case and without a dot at its end.
    pub const OF_DNS_NAME: Index<Self> = Index::over_list("dns-name", |balancer: &LoadBalancer, add| {
        balancer.dns_name.iter().for_each(|name| add(name));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    async fn describe(
        &self,
        cx: &Fetch,
        arns: Vec<String>,
        names: Vec<String>,
        answers: &mut Answers<Self>,
    ) -> Result<(), FetchError> {
        if arns.is_empty() && names.is_empty() {
            return Ok(());
        }
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_load_balancers()
            .set_load_balancer_arns(Some(arns).filter(|arns| !arns.is_empty()))
            .set_names(Some(names).filter(|names| !names.is_empty()));
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(output.load_balancers(), answers);
                Ok(())
            }
            // What is no ARN of one is a validation error.
            Err(error) if matches!(code(&error), Some("LoadBalancerNotFound" | "ValidationError")) => {
                Err(FetchError::poisoned(error))
            }
            Err(error) => Err(failure(error)),
        }
    }
}

impl Mirror for LoadBalancers {
    const TYPE: &'static str = "elbv2:load-balancer";

    type Model = LoadBalancer;

    fn key(model: &LoadBalancer) -> Cow<'_, str> {
        Cow::Borrowed(&model.arn)
    }

    fn aliases(model: &LoadBalancer, add: &mut dyn FnMut(&str)) {
        model.name.iter().for_each(|name| add(name));
    }

    fn refs(model: &LoadBalancer, refs: &mut Refs<'_>) {
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{SecurityGroups, Subnets, Vpcs};
            refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_deref());
            let subnets = model.availability_zones.iter().filter_map(|zone| zone.subnet_id.as_deref());
            refs.many::<Subnets>("AvailabilityZones", subnets);
            refs.many::<SecurityGroups>("SecurityGroups", &model.security_groups);
        }
        #[cfg(feature = "elasticbeanstalk")]
        refs.maybe::<crate::aws::elasticbeanstalk::Environments>(
            "Tags.elasticbeanstalk:environment-name",
            model.tags.get("elasticbeanstalk:environment-name"),
        );
        refs.holders(&TargetGroups::OF_LOAD_BALANCER, &model.arn);
        #[cfg(feature = "route53")]
        if let Some(name) = &model.dns_name {
            refs.holders(&crate::aws::route53::RecordSets::OF_DNS_NAME, name);
        }
    }

    fn plan(&self) -> Plan {
        let page = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, page).part("tags", TAGS, TAGS_AT_ONCE)
    }

    /// One call, or two if there are ARNs and names: AWS takes one of them.
    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let (arns, names) = arns_and_names(keys);
        self.describe(cx, arns, Vec::new(), answers).await?;
        self.describe(cx, Vec::new(), names, answers).await
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
        answer(output.load_balancers(), answers);
        Ok(output.next_marker)
    }

    async fn complete(
        &self,
        _part: &'static str,
        cx: &Fetch,
        models: &[&LoadBalancer],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let arns = models.iter().map(|model| model.arn.clone()).collect();
        for (arn, tags) in tags(&self.clients.of(cx.scope())?, cx, arns).await? {
            parts.add(arn, |model| model.tags = tags);
        }
        Ok(())
    }

    fn find(term: &Term) -> Find<'_> {
        if let Some(arn) = term.arn() {
            // A classic one has no more than a name behind it.
            let path =
                arn.resource.strip_prefix("loadbalancer/").filter(|_| arn.service == "elasticloadbalancing");
            let is_one = path.is_some_and(|path| path.contains('/'));
            return if is_one { Find::Key(Cow::Borrowed(term.text())) } else { Find::No };
        }
        match term.tag() {
            Some(_) => Find::Whole,
            None if is_ec2_id(term.text()) => Find::No,
            None => Find::List,
        }
    }

    fn answers_to(model: &LoadBalancer, term: &Term) -> bool {
        if let Some(address) = term.address() {
            let mut addresses =
                model.availability_zones.iter().flat_map(|zone| &zone.load_balancer_addresses);
            return addresses.any(|it| it.parse::<IpAddr>() == Ok(address));
        }
        model.arn == term.text()
            || model.name.as_deref() == Some(term.text())
            || model.tags.answer_to(term)
            || term.dns_name().is_some_and(|name| model.dns_name.as_deref() == Some(&*name))
    }
}

fn answer(balancers: &[Described], answers: &mut Answers<LoadBalancers>) {
    for balancer in balancers {
        let Some(arn) = balancer.load_balancer_arn() else {
            answers.unreadable(balancer.load_balancer_name(), "LoadBalancerArn");
            continue;
        };
        answers.found(LoadBalancer {
            arn: arn.to_owned(),
            name: balancer.load_balancer_name().map(str::to_owned),
            dns_name: balancer.dns_name().map(str::to_ascii_lowercase),
            kind: balancer.r#type().map(|kind| kind.as_str().to_owned()),
            scheme: balancer.scheme().map(|scheme| scheme.as_str().to_owned()),
            state: balancer.state().and_then(|state| state.code()).map(|code| code.as_str().to_owned()),
            created: balancer.created_time().map(ToString::to_string),
            vpc_id: balancer.vpc_id().map(str::to_owned),
            availability_zones: balancer.availability_zones().iter().map(zone).collect(),
            security_groups: balancer.security_groups().to_vec(),
            tags: Tags::default(),
        });
    }
}

fn zone(zone: &Zone) -> AvailabilityZone {
    let addresses = zone.load_balancer_addresses().iter();
    AvailabilityZone {
        zone_name: zone.zone_name().map(str::to_owned),
        subnet_id: zone.subnet_id().map(str::to_owned),
        load_balancer_addresses: addresses.filter_map(|it| it.ip_address().map(str::to_owned)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAddress;

    use super::*;
    #[cfg(any(feature = "ec2", feature = "elasticbeanstalk"))]
    use crate::aws::said::one;
    use crate::aws::said::{aliases, answers_to, find, here, holders_in, keys, refs, told};

    const ARN: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef";

    fn balancer() -> LoadBalancer {
        let address = LoadBalancerAddress::builder().ip_address("203.0.113.10");
        let zone = Zone::builder().subnet_id("subnet-1").load_balancer_addresses(address.build());
        let described = Described::builder()
            .load_balancer_arn(ARN)
            .load_balancer_name("web")
            .dns_name("Web-1.eu-west-1.elb.amazonaws.com")
            .vpc_id("vpc-1")
            .availability_zones(zone.build())
            .security_groups("sg-1");
        let (models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a load balancer")
    }

    #[test]
    fn one_without_an_arn_does_not_cost_the_others() {
        let balancers = [
            Described::builder().load_balancer_name("odd").build(),
            Described::builder().load_balancer_arn(ARN).build(),
        ];
        let (models, unreadable) = told(|answers| answer(&balancers, answers));
        assert_eq!(models, [LoadBalancer { arn: ARN.to_owned(), ..LoadBalancer::default() }]);
        assert_eq!(unreadable, [(Some("odd".to_owned()), "LoadBalancerArn".to_owned())]);
    }

    #[test]
    fn it_leads_to_its_target_groups_and_records_and_to_where_it_is() {
        let mut balancer = balancer();
        balancer.tags = [(Some("elasticbeanstalk:environment-name"), Some("shop"))].into_iter().collect();
        let all = [
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::Vpcs>("VpcId", "vpc-1"),
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::Subnets>("AvailabilityZones", "subnet-1"),
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::SecurityGroups>("SecurityGroups", "sg-1"),
            #[cfg(feature = "elasticbeanstalk")]
            one::<crate::aws::elasticbeanstalk::Environments>(
                "Tags.elasticbeanstalk:environment-name",
                "shop",
            ),
            holders_in(TargetGroups::OF_LOAD_BALANCER, &here(), ARN),
            #[cfg(feature = "route53")]
            holders_in(
                crate::aws::route53::RecordSets::OF_DNS_NAME,
                &here(),
                "web-1.eu-west-1.elb.amazonaws.com",
            ),
        ];
        assert_eq!(refs::<LoadBalancers>(&balancer), all);
    }

    #[test]
    fn it_has_a_name_and_a_dns_name() {
        assert_eq!(aliases::<LoadBalancers>(&balancer()), ["web"]);
        assert_eq!(keys(LoadBalancers::OF_DNS_NAME, &balancer()), ["web-1.eu-west-1.elb.amazonaws.com"]);
    }

    #[test]
    fn arns_and_names_are_told_apart() {
        assert_eq!(arns_and_names(&["web", ARN]), (vec![ARN.to_owned()], vec!["web".to_owned()]));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            (ARN, ARN),
            ("arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/classic", "No"),
            ("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef", "No"),
            ("arn:aws:ecs:eu-west-1:123456789012:cluster/loadbalancer/a", "No"),
            ("web", "List"),
            ("web-1.eu-west-1.elb.amazonaws.com", "List"),
            ("203.0.113.10", "List"),
            ("Name=web", "Whole"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<LoadBalancers>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_names_its_addresses_and_its_tags() {
        let mut balancer = balancer();
        balancer.tags = [(Some("team"), Some("shop"))].into_iter().collect();
        for term in [ARN, "web", "WEB-1.eu-west-1.elb.amazonaws.com.", "203.0.113.10", "team=shop"] {
            assert!(answers_to::<LoadBalancers>(&balancer, term), "{term}");
        }
        for term in ["we", "203.0.113.1", "team=other", "elb.amazonaws.com"] {
            assert!(!answers_to::<LoadBalancers>(&balancer, term), "{term}");
        }
    }
}
