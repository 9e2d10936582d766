//! [`Services`]: the mirror of ECS services.

use std::borrow::Cow;

use aws_sdk_ecs::{
    Client,
    types::{Service as Described, ServiceField},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{Clusters, INACTIVE, INVALID, NO_CLUSTER, PAGE, answer_failures, name, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, code, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("ecs", "DescribeServices");
const LIST: Api = Api::new("ecs", "ListServices");

/// Services in a call.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>.
const AT_ONCE: usize = 10;

/// Mirrors ECS services: `ecs:service`, by ARN, which is the long one that names the cluster.
///
/// `ListServices` names those of a cluster, and `DescribeServices` tells the rest, tags too. Deleted ones are absent.
#[derive(Clone, Debug)]
pub struct Services {
    clients: Clients<Client>,
}

/// An ECS service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Service {
    /// The ARN, with the cluster in it.
    #[serde(rename = "ServiceArn")]
    pub arn: String,
    /// The name.
    #[serde(rename = "ServiceName")]
    pub name: Option<String>,
    /// The cluster's ARN.
    pub cluster_arn: Option<String>,
    /// `ACTIVE` or `DRAINING`.
    pub status: Option<String>,
    /// How many tasks there should be.
    pub desired_count: i32,
    /// `EC2`, `FARGATE`, …
    pub launch_type: Option<String>,
    /// The ARN of what its tasks are made from.
    pub task_definition: Option<String>,
    /// What sends to it.
    pub load_balancers: Vec<ServiceLoadBalancer>,
    /// Ids.
    pub subnets: Vec<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// The ARN of the role with which it speaks to load balancers.
    pub role_arn: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreatedAt")]
    pub created: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What sends to an ECS service: a target group, or a classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceLoadBalancer {
    /// The target group's ARN.
    pub target_group_arn: Option<String>,
    /// The classic load balancer's name.
    pub load_balancer_name: Option<String>,
    /// The container that it sends to.
    pub container_name: Option<String>,
    /// The port that it sends to.
    pub container_port: Option<i32>,
}

impl Services {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Services {
    const TYPE: &'static str = "ecs:service";

    type Model = Service;

    fn key(model: &Service) -> Cow<'_, str> {
        Cow::Borrowed(&model.arn)
    }

    /// `CLUSTER/NAME`.
    fn aliases(model: &Service, add: &mut dyn FnMut(&str)) {
        if let Some((_, path)) = model.arn.split_once(":service/") {
            add(path);
        }
    }

    fn refs(model: &Service, refs: &mut Refs<'_>) {
        refs.maybe::<Clusters>("ClusterArn", model.cluster_arn.as_deref());
        #[cfg(feature = "elbv2")]
        {
            let arns = model.load_balancers.iter().filter_map(|it| it.target_group_arn.as_deref());
            refs.many::<crate::aws::elbv2::TargetGroups>("LoadBalancers", arns);
        }
        #[cfg(feature = "elb")]
        {
            let names = model.load_balancers.iter().filter_map(|it| it.load_balancer_name.as_deref());
            refs.many::<crate::aws::elb::LoadBalancers>("LoadBalancers", names);
        }
        #[cfg(feature = "ec2")]
        {
            refs.many::<crate::aws::ec2::Subnets>("Subnets", &model.subnets);
            refs.many::<crate::aws::ec2::SecurityGroups>("SecurityGroups", &model.security_groups);
        }
        #[cfg(feature = "iam")]
        crate::aws::arns::role("RoleArn", model.role_arn.as_deref(), refs);
    }

    fn plan(&self) -> Plan {
        let page = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(LIST, page).within::<Clusters>()
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // By name: old services do not answer to the long ARN.
        let names = keys.iter().map(|key| name::last(key).to_owned()).collect();
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_services()
            .cluster(cx.group())
            .set_services(Some(names))
            .include(ServiceField::Tags);
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(cx.group(), output.services(), answers);
                answer_failures(output.failures(), keys, answers);
                Ok(())
            }
            // The cluster is gone, and its services with it.
            Err(error) if code(&error) == Some(NO_CLUSTER) => Ok(()),
            Err(error) if code(&error) == Some(INVALID) => Err(FetchError::poisoned(error)),
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
            .list_services()
            .cluster(cx.group())
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = match send(cx, &cx.call(LIST), || operation.clone().send()).await {
            Ok(output) => output,
            Err(error) if code(&error) == Some(NO_CLUSTER) => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        for arn in output.service_arns() {
            match name::within(cx.group(), "service", arn) {
                Some(long) => answers.named(long),
                None => answers.unreadable(Some(arn), "ServiceArn"),
            }
        }
        Ok(output.next_token)
    }

    fn group(key: &str) -> Option<Cow<'_, str>> {
        name::cluster_of(key, "service").map(Cow::Owned)
    }

    fn find(term: &Term) -> Find<'_> {
        let text = term.text();
        if term.arn().is_some() {
            return match name::cluster_of(text, "service") {
                Some(_) => Find::Key(Cow::Borrowed(text)),
                // It does not say in which cluster.
                None if name::is_arn_of(text, "service") => Find::List,
                None => Find::No,
            };
        }
        let is_name = text.split('/').all(super::cluster::is_name) && !is_ec2_id(text);
        if is_name || term.tag().is_some() { Find::List } else { Find::No }
    }

    /// By its ARN, even a short one, its name, `CLUSTER/NAME`, or a tag.
    fn answers_to(model: &Service, term: &Term) -> bool {
        let text = term.text();
        let mut is_it =
            model.arn == text || model.name.as_deref() == Some(text) || model.tags.answer_to(term);
        Self::aliases(model, &mut |alias| is_it |= alias == text);
        // A short one may be of any cluster.
        let is_short = name::is_arn_of(text, "service") && name::cluster_of(text, "service").is_none();
        is_it || is_short && name::last(text) == name::last(&model.arn)
    }
}

fn answer(cluster: &str, services: &[Described], answers: &mut Answers<Services>) {
    for service in services.iter().filter(|it| it.status() != Some(INACTIVE)) {
        let arn = service.service_arn().and_then(|arn| name::within(cluster, "service", arn));
        let Some(arn) = arn else {
            answers.unreadable(service.service_name(), "ServiceArn");
            continue;
        };
        let network = service.network_configuration().and_then(|it| it.awsvpc_configuration());
        let balancers = service.load_balancers().iter().map(|balancer| ServiceLoadBalancer {
            target_group_arn: balancer.target_group_arn().map(str::to_owned),
            load_balancer_name: balancer.load_balancer_name().map(str::to_owned),
            container_name: balancer.container_name().map(str::to_owned),
            container_port: balancer.container_port(),
        });
        answers.found(Service {
            arn,
            name: service.service_name().map(str::to_owned),
            cluster_arn: service.cluster_arn().map(str::to_owned),
            status: service.status().map(str::to_owned),
            desired_count: service.desired_count(),
            launch_type: service.launch_type().map(|kind| kind.as_str().to_owned()),
            task_definition: service.task_definition().map(str::to_owned),
            load_balancers: balancers.collect(),
            subnets: network.map(|it| it.subnets().to_vec()).unwrap_or_default(),
            security_groups: network.map(|it| it.security_groups().to_vec()).unwrap_or_default(),
            role_arn: service.role_arn().map(str::to_owned),
            created: service.created_at().map(ToString::to_string),
            tags: tags(service.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{AwsVpcConfiguration, LoadBalancer, NetworkConfiguration, Tag};

    use super::*;
    use crate::aws::said::{aliases, answers_to, find, one, refs, told};

    const CLUSTER: &str = "arn:aws:ecs:eu-west-1:123456789012:cluster/web";
    const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:service/web/api";
    const SHORT: &str = "arn:aws:ecs:eu-west-1:123456789012:service/api";
    #[cfg(feature = "elbv2")]
    const TARGETS: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/0123456789abcdef";

    fn service(arn: &str) -> Service {
        let network = AwsVpcConfiguration::builder().subnets("subnet-1").security_groups("sg-1");
        let network = network.build().expect("a whole configuration");
        let described = Described::builder()
            .service_arn(arn)
            .service_name("api")
            .cluster_arn(CLUSTER)
            .network_configuration(NetworkConfiguration::builder().awsvpc_configuration(network).build())
            .load_balancers(LoadBalancer::builder().load_balancer_name("classic").build())
            .role_arn("arn:aws:iam::123456789012:role/ecs")
            .tags(Tag::builder().key("team").value("shop").build());
        #[cfg(feature = "elbv2")]
        let described = described.load_balancers(LoadBalancer::builder().target_group_arn(TARGETS).build());
        let (models, unreadable) = told(|answers| answer(CLUSTER, &[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a service")
    }

    #[test]
    fn its_key_names_the_cluster_whatever_its_arn_is() {
        for arn in [ARN, SHORT] {
            assert_eq!(Services::key(&service(arn)), ARN);
            assert_eq!(aliases::<Services>(&service(arn)), ["web/api"]);
        }
        assert_eq!(Services::group(ARN).as_deref(), Some(CLUSTER));
        assert_eq!(Services::group(SHORT), None);
    }

    #[test]
    fn what_cannot_be_read_does_not_cost_the_others_and_what_is_inactive_is_not_there() {
        let services = [
            Described::builder().service_name("odd").build(),
            Described::builder().service_arn(SHORT).status(INACTIVE).build(),
            Described::builder().service_arn(ARN).status("DRAINING").build(),
        ];
        let (models, unreadable) = told(|answers| answer(CLUSTER, &services, answers));
        assert_eq!(models.iter().map(|it| &*it.arn).collect::<Vec<_>>(), [ARN]);
        assert_eq!(unreadable, [(Some("odd".to_owned()), "ServiceArn".to_owned())]);
    }

    #[test]
    fn it_refers_to_its_cluster_its_network_and_what_sends_to_it() {
        let all = [
            one::<Clusters>("ClusterArn", CLUSTER),
            #[cfg(feature = "elbv2")]
            one::<crate::aws::elbv2::TargetGroups>("LoadBalancers", TARGETS),
            #[cfg(feature = "elb")]
            one::<crate::aws::elb::LoadBalancers>("LoadBalancers", "classic"),
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::Subnets>("Subnets", "subnet-1"),
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::SecurityGroups>("SecurityGroups", "sg-1"),
            #[cfg(feature = "iam")]
            crate::aws::said::one_in::<crate::aws::iam::Roles>(
                "RoleArn",
                &crate::aws::said::here().global(),
                "ecs",
            ),
        ];
        assert_eq!(refs::<Services>(&service(ARN)), all);
    }

    #[test]
    fn the_network_is_in_the_model() {
        let service = service(ARN);
        assert_eq!(service.subnets, ["subnet-1"]);
        assert_eq!(service.security_groups, ["sg-1"]);
        assert_eq!(service.load_balancers[0].load_balancer_name.as_deref(), Some("classic"));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            (ARN, ARN),
            (SHORT, "List"),
            (CLUSTER, "No"),
            ("api", "List"),
            ("web/api", "List"),
            ("Name=api", "List"),
            ("api.example.com", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<Services>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_arns_its_names_and_its_tags() {
        let service = service(ARN);
        for term in [ARN, SHORT, "api", "web/api", "team=shop"] {
            assert!(answers_to::<Services>(&service, term), "{term}");
        }
        for term in [
            CLUSTER,
            "arn:aws:ecs:eu-west-1:123456789012:service/other/api",
            "arn:aws:ecs:eu-west-1:123456789012:service/other",
            "web",
            "other/api",
            "team=other",
        ] {
            assert!(!answers_to::<Services>(&service, term), "{term}");
        }
    }
}
