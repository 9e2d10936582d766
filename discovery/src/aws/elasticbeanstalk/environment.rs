//! [`Environments`]: the mirror of Elastic Beanstalk environments.

use std::borrow::Cow;

use aws_sdk_elasticbeanstalk::{
    Client,
    types::{EnvironmentDescription, EnvironmentResourceDescription, EnvironmentStatus},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{Applications, INVALID};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, code, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("elasticbeanstalk", "DescribeEnvironments");
const RESOURCES: Api = Api::new("elasticbeanstalk", "DescribeEnvironmentResources");

/// Environments on a page. Of the names or ids in a call AWS names no cap: so many are answered by one page.
///
/// Source: <https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_DescribeEnvironments.html>.
const PAGE: i32 = 1000;

/// Mirrors Elastic Beanstalk environments: `elasticbeanstalk:environment`, by name or id.
///
/// All or some by `DescribeEnvironments`; what each one made by `DescribeEnvironmentResources`, which is a part.
/// Terminated ones are absent. Tags are not asked for.
#[derive(Clone, Debug)]
pub struct Environments {
    clients: Clients<Client>,
}

/// An Elastic Beanstalk environment, and what it made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Environment {
    /// The name.
    #[serde(rename = "EnvironmentName")]
    pub name: String,
    /// Such as `e-abcdefghij`.
    #[serde(rename = "EnvironmentId")]
    pub id: Option<String>,
    /// The ARN.
    #[serde(rename = "EnvironmentArn")]
    pub arn: Option<String>,
    /// The application's name.
    pub application_name: Option<String>,
    /// The version of the application that runs.
    pub version_label: Option<String>,
    /// The platform, by name.
    pub solution_stack_name: Option<String>,
    /// The platform's ARN.
    pub platform_arn: Option<String>,
    /// The saved configuration that it was made from.
    pub template_name: Option<String>,
    /// A text.
    pub description: Option<String>,
    /// The DNS name of its load balancer, or the address of its one instance.
    #[serde(rename = "EndpointURL")]
    pub endpoint_url: Option<String>,
    /// Its name in DNS, in lower case.
    #[serde(rename = "CNAME")]
    pub cname: Option<String>,
    /// RFC 3339.
    #[serde(rename = "DateCreated")]
    pub created: Option<String>,
    /// RFC 3339.
    #[serde(rename = "DateUpdated")]
    pub updated: Option<String>,
    /// `Launching`, `Updating`, `Ready`, …
    pub status: Option<String>,
    /// `Green`, `Yellow`, `Red` or `Grey`.
    pub health: Option<String>,
    /// `WebServer` or `Worker`.
    pub tier: Option<String>,
    /// The ARN of the role that it is operated with.
    pub operations_role: Option<String>,
    /// Names.
    pub auto_scaling_groups: Vec<String>,
    /// Ids.
    pub instances: Vec<String>,
    /// Names.
    pub launch_configurations: Vec<String>,
    /// Ids.
    pub launch_templates: Vec<String>,
    /// Names of classic ones, ARNs of others.
    pub load_balancers: Vec<String>,
    /// URLs.
    pub queues: Vec<String>,
}

impl Environments {
    /// The environments of an application, by its name.
    pub const OF_APPLICATION: Index<Self> = Index::over_list("application", |it: &Environment, add| {
        it.application_name.iter().for_each(|name| add(name));
    });

    /// The environments of a DNS name, their own or that of their load balancer, in lower case and without a dot at
    /// its end.
    pub const OF_DNS_NAME: Index<Self> = Index::over_list("dns-name", |it: &Environment, add| {
        it.cname.iter().chain(&it.endpoint_url).for_each(|name| add(name));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    async fn describe(
        &self,
        cx: &Fetch,
        ids: Vec<String>,
        names: Vec<String>,
        answers: &mut Answers<Self>,
    ) -> Result<(), FetchError> {
        if ids.is_empty() && names.is_empty() {
            return Ok(());
        }
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_environments()
            .set_environment_ids(Some(ids).filter(|ids| !ids.is_empty()))
            .set_environment_names(Some(names).filter(|names| !names.is_empty()))
            .include_deleted(false)
            .max_records(PAGE);
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(output.environments(), answers);
                Ok(())
            }
            Err(error) if code(&error).is_some_and(|code| INVALID.contains(&code)) => {
                Err(FetchError::poisoned(error))
            }
            Err(error) => Err(failure(error)),
        }
    }
}

impl Mirror for Environments {
    const TYPE: &'static str = "elasticbeanstalk:environment";

    type Model = Environment;

    fn key(model: &Environment) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &Environment, add: &mut dyn FnMut(&str)) {
        model.id.iter().for_each(|id| add(id));
    }

    fn refs(model: &Environment, refs: &mut Refs<'_>) {
        refs.maybe::<Applications>("ApplicationName", model.application_name.as_deref());
        #[cfg(feature = "autoscaling")]
        {
            use crate::aws::autoscaling::{Groups, LaunchConfigurations};
            refs.many::<Groups>("AutoScalingGroups", &model.auto_scaling_groups);
            refs.many::<LaunchConfigurations>("LaunchConfigurations", &model.launch_configurations);
        }
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{Instances, LaunchTemplates};
            refs.many::<Instances>("Instances", &model.instances);
            refs.many::<LaunchTemplates>("LaunchTemplates", &model.launch_templates);
        }
        #[cfg(feature = "elb")]
        {
            let names = model.load_balancers.iter().filter(|name| !is_arn(name));
            refs.many::<crate::aws::elb::LoadBalancers>("LoadBalancers", names);
        }
        #[cfg(feature = "elbv2")]
        {
            let arns = model.load_balancers.iter().filter(|name| is_arn(name));
            refs.many::<crate::aws::elbv2::LoadBalancers>("LoadBalancers", arns);
        }
        #[cfg(feature = "sqs")]
        refs.many::<crate::aws::sqs::Queues>("Queues", &model.queues);
        #[cfg(feature = "iam")]
        crate::aws::arns::role("OperationsRole", model.operations_role.as_deref(), refs);
    }

    fn plan(&self) -> Plan {
        let at_once = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(DESCRIBE, at_once).and_list(DESCRIBE, at_once).part("resources", RESOURCES, 1)
    }

    /// One call, or two if there are ids and names: AWS takes both for a restriction.
    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let (ids, names): (Vec<_>, Vec<_>) =
            keys.iter().map(|key| (*key).to_owned()).partition(|key| is_id(key));
        self.describe(cx, ids, Vec::new(), answers).await?;
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
            .describe_environments()
            .include_deleted(false)
            .max_records(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.environments(), answers);
        Ok(output.next_token)
    }

    async fn complete(
        &self,
        _part: &'static str,
        cx: &Fetch,
        models: &[&Environment],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for model in models {
            let operation = client.describe_environment_resources().environment_name(&model.name);
            match send(cx, &cx.call(RESOURCES), || operation.clone().send()).await {
                Ok(output) => match output.environment_resources {
                    Some(made) => parts.add(&model.name, move |model| add_resources(&made, model)),
                    None => parts.unreadable(&model.name, "EnvironmentResources"),
                },
                Err(error) if code(&error).is_some_and(|code| INVALID.contains(&code)) => {
                    // It was terminated meanwhile.
                    parts.absent(&model.name);
                }
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }

    fn find(term: &Term) -> Find<'_> {
        if let Some(arn) = term.arn() {
            let path =
                arn.resource.strip_prefix("environment/").filter(|_| arn.service == "elasticbeanstalk");
            let name = path.and_then(|path| path.rsplit_once('/'));
            return name.map_or(Find::No, |(_, name)| Find::Key(Cow::Borrowed(name)));
        }
        if term.address().is_some() || term.dns_name().is_some() {
            return Find::List;
        }
        let text = term.text();
        let is_key = is_id(text) || is_name(text) && !is_ec2_id(text);
        if is_key { Find::Key(Cow::Borrowed(text)) } else { Find::No }
    }

    fn answers_to(model: &Environment, term: &Term) -> bool {
        let name = term.dns_name().unwrap_or_else(|| term.text().to_owned());
        let mut names = model.cname.iter().chain(&model.endpoint_url);
        model.name == term.text() || model.id.as_deref() == Some(term.text()) || names.any(|it| *it == name)
    }
}

/// Whether a text may be a name: letters, digits and hyphens.
///
/// Source: <https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_CreateEnvironment.html>.
fn is_name(text: &str) -> bool {
    (4..=40).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

/// Whether a text is an id: `e-` and ten letters and digits.
fn is_id(text: &str) -> bool {
    let is_id =
        |id: &str| id.len() == 10 && id.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
    text.strip_prefix("e-").is_some_and(is_id)
}

#[cfg(any(feature = "elb", feature = "elbv2"))]
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// An endpoint as DNS has it: without a scheme, a path, or upper case.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_ascii_lowercase()
}

fn add_resources(made: &EnvironmentResourceDescription, model: &mut Environment) {
    let owned = |name: &str| name.to_owned();
    model.auto_scaling_groups =
        made.auto_scaling_groups().iter().filter_map(|it| it.name().map(owned)).collect();
    model.instances = made.instances().iter().filter_map(|it| it.id().map(owned)).collect();
    model.launch_configurations =
        made.launch_configurations().iter().filter_map(|it| it.name().map(owned)).collect();
    model.launch_templates = made.launch_templates().iter().filter_map(|it| it.id().map(owned)).collect();
    model.load_balancers = made.load_balancers().iter().filter_map(|it| it.name().map(owned)).collect();
    model.queues = made.queues().iter().filter_map(|it| it.url().map(owned)).collect();
}

fn answer(environments: &[EnvironmentDescription], answers: &mut Answers<Environments>) {
    for environment in environments {
        if environment.status() == Some(&EnvironmentStatus::Terminated) {
            continue;
        }
        let Some(name) = environment.environment_name() else {
            answers.unreadable(environment.environment_id(), "EnvironmentName");
            continue;
        };
        answers.found(Environment {
            name: name.to_owned(),
            id: environment.environment_id().map(str::to_owned),
            arn: environment.environment_arn().map(str::to_owned),
            application_name: environment.application_name().map(str::to_owned),
            version_label: environment.version_label().map(str::to_owned),
            solution_stack_name: environment.solution_stack_name().map(str::to_owned),
            platform_arn: environment.platform_arn().map(str::to_owned),
            template_name: environment.template_name().map(str::to_owned),
            description: environment.description().map(str::to_owned),
            endpoint_url: environment.endpoint_url().map(host).filter(|host| !host.is_empty()),
            cname: environment.cname().map(str::to_ascii_lowercase),
            created: environment.date_created().map(ToString::to_string),
            updated: environment.date_updated().map(ToString::to_string),
            status: environment.status().map(|status| status.as_str().to_owned()),
            health: environment.health().map(|health| health.as_str().to_owned()),
            tier: environment.tier().and_then(|tier| tier.name()).map(str::to_owned),
            operations_role: environment.operations_role().map(str::to_owned),
            ..Environment::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticbeanstalk::types::{
        AutoScalingGroup, Instance, LaunchConfiguration, LaunchTemplate, LoadBalancer, Queue,
    };

    use super::*;
    use crate::aws::said::{aliases, answers_to, find, keys, one, refs, told};

    const ARN: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef";

    fn environment() -> Environment {
        let described = EnvironmentDescription::builder()
            .environment_name("shop-production")
            .environment_id("e-shopprod01")
            .application_name("shop")
            .endpoint_url("http://Web-1.eu-west-1.elb.amazonaws.com/")
            .cname("Shop.eu-west-1.elasticbeanstalk.com")
            .status(EnvironmentStatus::Ready);
        let (models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("an environment")
    }

    fn made() -> EnvironmentResourceDescription {
        EnvironmentResourceDescription::builder()
            .auto_scaling_groups(AutoScalingGroup::builder().name("group").build())
            .instances(Instance::builder().id("i-1").build())
            .instances(Instance::builder().build())
            .launch_configurations(LaunchConfiguration::builder().name("configuration").build())
            .launch_templates(LaunchTemplate::builder().id("lt-1").build())
            .load_balancers(LoadBalancer::builder().name("classic").build())
            .load_balancers(LoadBalancer::builder().name(ARN).build())
            .queues(Queue::builder().name("jobs").url("https://queue/jobs").build())
            .build()
    }

    #[test]
    fn what_cannot_be_read_does_not_cost_the_others_and_what_is_terminated_is_not_there() {
        let named = |name: &str| EnvironmentDescription::builder().environment_name(name);
        let environments = [
            EnvironmentDescription::builder().environment_id("e-0000000001").build(),
            named("gone").status(EnvironmentStatus::Terminated).build(),
            named("going").status(EnvironmentStatus::Terminating).build(),
        ];
        let (models, unreadable) = told(|answers| answer(&environments, answers));
        assert_eq!(models.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["going"]);
        assert_eq!(unreadable, [(Some("e-0000000001".to_owned()), "EnvironmentName".to_owned())]);
    }

    #[test]
    fn it_has_an_id_and_two_dns_names() {
        let environment = environment();
        assert_eq!(aliases::<Environments>(&environment), ["e-shopprod01"]);
        assert_eq!(
            keys(Environments::OF_DNS_NAME, &environment),
            ["shop.eu-west-1.elasticbeanstalk.com", "web-1.eu-west-1.elb.amazonaws.com"]
        );
        assert_eq!(keys(Environments::OF_APPLICATION, &environment), ["shop"]);
    }

    #[test]
    fn it_refers_to_what_it_made() {
        let mut environment = environment();
        add_resources(&made(), &mut environment);
        let all = [
            one::<Applications>("ApplicationName", "shop"),
            #[cfg(feature = "autoscaling")]
            one::<crate::aws::autoscaling::Groups>("AutoScalingGroups", "group"),
            #[cfg(feature = "autoscaling")]
            one::<crate::aws::autoscaling::LaunchConfigurations>("LaunchConfigurations", "configuration"),
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::Instances>("Instances", "i-1"),
            #[cfg(feature = "ec2")]
            one::<crate::aws::ec2::LaunchTemplates>("LaunchTemplates", "lt-1"),
            #[cfg(feature = "elb")]
            one::<crate::aws::elb::LoadBalancers>("LoadBalancers", "classic"),
            #[cfg(feature = "elbv2")]
            one::<crate::aws::elbv2::LoadBalancers>("LoadBalancers", ARN),
            #[cfg(feature = "sqs")]
            one::<crate::aws::sqs::Queues>("Queues", "https://queue/jobs"),
        ];
        assert_eq!(refs::<Environments>(&environment), all);
    }

    #[test]
    fn what_it_made_is_in_the_model() {
        let mut environment = environment();
        add_resources(&made(), &mut environment);
        assert_eq!(environment.auto_scaling_groups, ["group"]);
        assert_eq!(environment.instances, ["i-1"]);
        assert_eq!(environment.launch_configurations, ["configuration"]);
        assert_eq!(environment.launch_templates, ["lt-1"]);
        assert_eq!(environment.load_balancers, ["classic", ARN]);
        assert_eq!(environment.queues, ["https://queue/jobs"]);
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("shop-production", "shop-production"),
            ("e-shopprod01", "e-shopprod01"),
            (
                "arn:aws:elasticbeanstalk:eu-west-1:123456789012:environment/shop/shop-production",
                "shop-production",
            ),
            ("arn:aws:elasticbeanstalk:eu-west-1:123456789012:application/shop", "No"),
            ("Shop.eu-west-1.elasticbeanstalk.com", "List"),
            ("203.0.113.10", "List"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("web", "No"),
            ("my shop", "No"),
            ("elasticbeanstalk:environment-name=shop", "No"),
        ] {
            assert_eq!(find::<Environments>(term), how, "{term}");
        }
    }

    #[test]
    fn it_answers_to_its_names() {
        let mut environment = environment();
        for term in [
            "shop-production",
            "e-shopprod01",
            "Shop.eu-west-1.elasticbeanstalk.com.",
            "web-1.eu-west-1.elb.amazonaws.com",
        ] {
            assert!(answers_to::<Environments>(&environment, term), "{term}");
        }
        assert!(!answers_to::<Environments>(&environment, "shop"));
        environment.endpoint_url = Some("203.0.113.10".to_owned());
        assert!(answers_to::<Environments>(&environment, "203.0.113.10"));
        assert!(!answers_to::<Environments>(&environment, "203.0.113.11"));
    }
}
