//! [`Groups`]: the mirror of Auto Scaling groups.

use std::borrow::Cow;

use aws_sdk_autoscaling::{
    Client,
    types::{AutoScalingGroup, LaunchTemplateSpecification, MixedInstancesPolicy},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{LaunchConfigurations, find_by_name};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("autoscaling", "DescribeAutoScalingGroups");

/// Names in a call that asks for as many records, and groups on a page.
///
/// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html>.
const PAGE: i32 = 100;

/// Mirrors Auto Scaling groups: `autoscaling:group`, by name.
///
/// All or some by `DescribeAutoScalingGroups`, which leaves out names that it does not know.
#[derive(Clone, Debug)]
pub struct Groups {
    clients: Clients<Client>,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Group {
    /// The name.
    #[serde(rename = "AutoScalingGroupName")]
    pub name: String,
    /// The ARN.
    #[serde(rename = "AutoScalingGroupARN")]
    pub arn: Option<String>,
    /// The launch configuration, by name.
    pub launch_configuration_name: Option<String>,
    /// What it launches its instances by, instead of a launch configuration.
    pub launch_template: Option<LaunchTemplateUse>,
    /// What it launches its instances by if it mixes them: the policy's own, then those of its overrides.
    pub mixed_instances_policy: Vec<LaunchTemplateUse>,
    /// The least number of instances.
    pub min_size: Option<i32>,
    /// The most.
    pub max_size: Option<i32>,
    /// The number that is asked for.
    pub desired_capacity: Option<i32>,
    /// Names.
    pub availability_zones: Vec<String>,
    /// The subnets, by id.
    #[serde(rename = "VPCZoneIdentifier")]
    pub subnets: Vec<String>,
    /// The classic load balancers that its instances are registered with, by name.
    pub load_balancer_names: Vec<String>,
    /// The target groups that its instances are registered with, by ARN.
    #[serde(rename = "TargetGroupARNs")]
    pub target_group_arns: Vec<String>,
    /// Ids.
    pub instances: Vec<String>,
    /// `EC2`, `ELB`, …; more than one with commas.
    pub health_check_type: Option<String>,
    /// That it is being deleted.
    pub status: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreatedTime")]
    pub created: Option<String>,
    /// The role by which it calls other services.
    #[serde(rename = "ServiceLinkedRoleARN")]
    pub service_linked_role_arn: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// A launch template and its version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LaunchTemplateUse {
    /// The id.
    #[serde(rename = "LaunchTemplateId")]
    pub id: Option<String>,
    /// The name.
    #[serde(rename = "LaunchTemplateName")]
    pub name: Option<String>,
    /// A number, `$Latest` or `$Default`.
    pub version: Option<String>,
}

impl LaunchTemplateUse {
    /// The id, or else the name: a name may have been given to another template since.
    fn key(&self) -> Option<&str> {
        self.id.as_deref().or(self.name.as_deref())
    }
}

impl Group {
    /// The launch templates, by id, or by name if there is no id; each once.
    fn launch_templates(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let own = self.launch_template.iter().map(|it| ("LaunchTemplate", it));
        let mixed = self.mixed_instances_policy.iter().map(|it| ("MixedInstancesPolicy", it));
        let mut keys: Vec<_> = own.chain(mixed).filter_map(|(via, it)| Some((via, it.key()?))).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
    }
}

impl Groups {
    /// The groups of an instance, by its id.
    pub const OF_INSTANCE: Index<Self> = Index::over_list("instance", |group: &Group, add| {
        group.instances.iter().for_each(|id| add(id));
    });

    /// The groups of a classic load balancer, by its name.
    pub const OF_LOAD_BALANCER: Index<Self> = Index::over_list("load-balancer", |group: &Group, add| {
        group.load_balancer_names.iter().for_each(|name| add(name));
    });

    /// The groups of a target group, by its ARN.
    pub const OF_TARGET_GROUP: Index<Self> = Index::over_list("target-group", |group: &Group, add| {
        group.target_group_arns.iter().for_each(|arn| add(arn));
    });

    /// The groups of a launch configuration, by its name.
    pub const OF_LAUNCH_CONFIGURATION: Index<Self> =
        Index::over_list("launch-configuration", |group: &Group, add| {
            group.launch_configuration_name.iter().for_each(|name| add(name));
        });

    /// The groups of a launch template, by its id; by its name where the group has no id of it.
    pub const OF_LAUNCH_TEMPLATE: Index<Self> = Index::over_list("launch-template", |group: &Group, add| {
        group.launch_templates().for_each(|(_, key)| add(key));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    /// A page of all, or of some by name.
    async fn page(
        &self,
        cx: &Fetch,
        names: &[&str],
        token: Option<String>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let names = (!names.is_empty()).then(|| names.iter().map(|name| (*name).to_owned()).collect());
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_auto_scaling_groups()
            .set_auto_scaling_group_names(names)
            .max_records(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.auto_scaling_groups(), answers);
        Ok(output.next_token)
    }
}

impl Mirror for Groups {
    const TYPE: &'static str = "autoscaling:group";

    type Model = Group;

    fn key(model: &Group) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn refs(model: &Group, refs: &mut Refs<'_>) {
        refs.maybe::<LaunchConfigurations>(
            "LaunchConfigurationName",
            model.launch_configuration_name.as_deref(),
        );
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{Instances, LaunchTemplates, Subnets};
            for (via, template) in model.launch_templates() {
                refs.to::<LaunchTemplates>(via, template);
            }
            refs.many::<Instances>("Instances", &model.instances);
            refs.many::<Subnets>("VPCZoneIdentifier", &model.subnets);
        }
        #[cfg(feature = "elb")]
        refs.many::<crate::aws::elb::LoadBalancers>("LoadBalancerNames", &model.load_balancer_names);
        #[cfg(feature = "elbv2")]
        refs.many::<crate::aws::elbv2::TargetGroups>("TargetGroupARNs", &model.target_group_arns);
        #[cfg(feature = "iam")]
        crate::aws::arns::role("ServiceLinkedRoleARN", model.service_linked_role_arn.as_deref(), refs);
        #[cfg(feature = "elasticbeanstalk")]
        refs.maybe::<crate::aws::elasticbeanstalk::Environments>(
            "Tags.elasticbeanstalk:environment-name",
            model.tags.get("elasticbeanstalk:environment-name"),
        );
    }

    fn plan(&self) -> Plan {
        let at_once = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(DESCRIBE, at_once).and_list(DESCRIBE, at_once)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // A page may be shorter than it could be.
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
        if term.tag().is_some() { Find::List } else { find_by_name(term, "autoScalingGroup") }
    }

    fn answers_to(model: &Group, term: &Term) -> bool {
        model.name == term.text() || model.arn.as_deref() == Some(term.text()) || model.tags.answer_to(term)
    }
}

fn launch_template(it: &LaunchTemplateSpecification) -> LaunchTemplateUse {
    LaunchTemplateUse {
        id: it.launch_template_id().map(str::to_owned),
        name: it.launch_template_name().map(str::to_owned),
        version: it.version().map(str::to_owned),
    }
}

fn mixed(policy: &MixedInstancesPolicy) -> Vec<LaunchTemplateUse> {
    let Some(template) = policy.launch_template() else { return Vec::new() };
    let overrides = template.overrides().iter().filter_map(|it| it.launch_template_specification());
    template.launch_template_specification().into_iter().chain(overrides).map(launch_template).collect()
}

/// The subnets in a list with commas.
fn subnets(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

fn answer(groups: &[AutoScalingGroup], answers: &mut Answers<Groups>) {
    for group in groups {
        let Some(name) = group.auto_scaling_group_name() else {
            answers.unreadable(None, "AutoScalingGroupName");
            continue;
        };
        answers.found(Group {
            name: name.to_owned(),
            arn: group.auto_scaling_group_arn().map(str::to_owned),
            launch_configuration_name: group.launch_configuration_name().map(str::to_owned),
            launch_template: group.launch_template().map(launch_template),
            mixed_instances_policy: group.mixed_instances_policy().map(mixed).unwrap_or_default(),
            min_size: group.min_size(),
            max_size: group.max_size(),
            desired_capacity: group.desired_capacity(),
            availability_zones: group.availability_zones().to_vec(),
            subnets: group.vpc_zone_identifier().map(subnets).unwrap_or_default(),
            load_balancer_names: group.load_balancer_names().to_vec(),
            target_group_arns: group.target_group_arns().to_vec(),
            instances: group
                .instances()
                .iter()
                .filter_map(|instance| instance.instance_id().map(str::to_owned))
                .collect(),
            health_check_type: group.health_check_type().map(str::to_owned),
            status: group.status().map(str::to_owned),
            created: group.created_time().map(ToString::to_string),
            service_linked_role_arn: group.service_linked_role_arn().map(str::to_owned),
            tags: group.tags().iter().map(|tag| (tag.key(), tag.value())).collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{Instance, LaunchTemplate, LaunchTemplateOverrides, TagDescription};

    use super::*;
    use crate::aws::said::{answers_to, find, keys, one, refs, told};

    const TARGET_GROUP: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";

    fn specification(id: Option<&str>, name: &str) -> LaunchTemplateSpecification {
        let it = LaunchTemplateSpecification::builder().set_launch_template_id(id.map(str::to_owned));
        it.launch_template_name(name).version("$Latest").build()
    }

    fn group() -> Group {
        let spot = LaunchTemplateOverrides::builder()
            .launch_template_specification(specification(None, "spot"))
            .build();
        let template = LaunchTemplate::builder()
            .launch_template_specification(specification(Some("lt-2"), "mixed"))
            .overrides(spot)
            // Without a template of its own.
            .overrides(LaunchTemplateOverrides::builder().instance_type("m5.large").build())
            .build();
        let described = AutoScalingGroup::builder()
            .auto_scaling_group_name("shop")
            .launch_configuration_name("configuration")
            .launch_template(specification(Some("lt-1"), "web"))
            .mixed_instances_policy(MixedInstancesPolicy::builder().launch_template(template).build())
            .vpc_zone_identifier("subnet-1, subnet-2,")
            .load_balancer_names("classic")
            .target_group_arns(TARGET_GROUP)
            .instances(Instance::builder().instance_id("i-1").build())
            .instances(Instance::builder().build())
            .service_linked_role_arn("arn:aws:iam::123456789012:role/aws-service-role/autoscaling/Linked")
            .tags(TagDescription::builder().key("elasticbeanstalk:environment-name").value("prod").build());
        let (models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a group")
    }

    #[test]
    fn a_group_without_a_name_does_not_cost_the_others() {
        let named = AutoScalingGroup::builder().auto_scaling_group_name("web").build();
        let groups = [AutoScalingGroup::builder().max_size(4).build(), named];
        let (models, unreadable) = told(|answers| answer(&groups, answers));
        assert_eq!(models, [Group { name: "web".to_owned(), ..Group::default() }]);
        assert_eq!(unreadable, [(None, "AutoScalingGroupName".to_owned())]);
    }

    #[test]
    fn it_refers_to_what_it_launches_and_where() {
        let expected = [
            vec![one::<LaunchConfigurations>("LaunchConfigurationName", "configuration")],
            #[cfg(feature = "ec2")]
            {
                use crate::aws::ec2::{Instances, LaunchTemplates, Subnets};
                vec![
                    one::<LaunchTemplates>("LaunchTemplate", "lt-1"),
                    one::<LaunchTemplates>("MixedInstancesPolicy", "lt-2"),
                    one::<LaunchTemplates>("MixedInstancesPolicy", "spot"),
                    one::<Instances>("Instances", "i-1"),
                    one::<Subnets>("VPCZoneIdentifier", "subnet-1"),
                    one::<Subnets>("VPCZoneIdentifier", "subnet-2"),
                ]
            },
            #[cfg(feature = "elb")]
            vec![one::<crate::aws::elb::LoadBalancers>("LoadBalancerNames", "classic")],
            #[cfg(feature = "elbv2")]
            vec![one::<crate::aws::elbv2::TargetGroups>("TargetGroupARNs", TARGET_GROUP)],
            #[cfg(feature = "iam")]
            {
                use crate::aws::{
                    iam::Roles,
                    said::{here, one_in},
                };
                vec![one_in::<Roles>("ServiceLinkedRoleARN", &here().global(), "Linked")]
            },
            #[cfg(feature = "elasticbeanstalk")]
            vec![one::<crate::aws::elasticbeanstalk::Environments>(
                "Tags.elasticbeanstalk:environment-name",
                "prod",
            )],
        ];
        assert_eq!(refs::<Groups>(&group()), expected.into_iter().flatten().collect::<Vec<_>>());
    }

    #[test]
    fn it_is_found_by_what_it_holds() {
        let group = group();
        assert_eq!(keys(Groups::OF_INSTANCE, &group), ["i-1"]);
        assert_eq!(keys(Groups::OF_LOAD_BALANCER, &group), ["classic"]);
        assert_eq!(keys(Groups::OF_TARGET_GROUP, &group), [TARGET_GROUP]);
        assert_eq!(keys(Groups::OF_LAUNCH_CONFIGURATION, &group), ["configuration"]);
        assert_eq!(keys(Groups::OF_LAUNCH_TEMPLATE, &group), ["lt-1", "lt-2", "spot"]);
    }

    #[test]
    fn terms() {
        let arn = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1-2:autoScalingGroupName/a/b";
        let configuration =
            "arn:aws:autoscaling:eu-west-1:123456789012:launchConfiguration:1-2:launchConfigurationName/a";
        let long = "x".repeat(256);
        for (term, how) in [
            ("shop", "shop"),
            ("nodes.shop.example", "nodes.shop.example"),
            (arn, "a/b"),
            (configuration, "No"),
            ("arn:aws:ec2:eu-west-1:123456789012:instance/i-0a1b2c3d4e5f60001", "No"),
            ("Name=shop", "List"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "No"),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", "No"),
            (&long, "No"),
        ] {
            assert_eq!(find::<Groups>(term), how, "{term}");
        }
        let group = group();
        assert!(answers_to::<Groups>(&group, "elasticbeanstalk:environment-name=prod"));
        assert!(!answers_to::<Groups>(&group, "elasticbeanstalk:environment-name=test"));
    }
}
