//! [`Groups`]: the mirror of Auto Scaling groups.

use std::borrow::Cow;

use aws_sdk_autoscaling::{Client, types::AutoScalingGroup};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::LaunchConfigurations;
use crate::{
    Answers, Api, Arn, Fetch, FetchError, Find, Index, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("autoscaling", "DescribeAutoScalingGroups");

/// Names in a call, and groups on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html>.
const PAGE: i32 = 100;

/// Names in a call, as documented.
const AT_ONCE: usize = 50;

/// Mirrors Auto Scaling groups: `autoscaling:group`, by name.
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
    /// The name.
    pub launch_configuration_name: Option<String>,
    /// The id of the launch template, be it of a mixed policy.
    pub launch_template_id: Option<String>,
    /// The least number of instances.
    pub min_size: Option<i32>,
    /// The most.
    pub max_size: Option<i32>,
    /// The number that is asked for.
    pub desired_capacity: Option<i32>,
    /// Ids.
    pub instances: Vec<String>,
    /// Names of classic load balancers.
    pub load_balancer_names: Vec<String>,
    /// ARNs.
    #[serde(rename = "TargetGroupARNs")]
    pub target_group_arns: Vec<String>,
    /// Ids of subnets.
    #[serde(rename = "VPCZoneIdentifier")]
    pub subnets: Vec<String>,
    /// Zones.
    pub availability_zones: Vec<String>,
    /// RFC 3339.
    pub created_time: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Groups {
    /// The groups that an instance is of, by its id.
    pub const OF_INSTANCE: Index<Self> = Index::over_list("instance", |group: &Group, add| {
        group.instances.iter().for_each(|id| add(id));
    });

    /// The groups that put their instances behind a classic load balancer, by its name.
    pub const OF_LOAD_BALANCER: Index<Self> = Index::over_list("load-balancer", |group: &Group, add| {
        group.load_balancer_names.iter().for_each(|name| add(name));
    });

    /// The groups that put their instances into a target group, by its ARN.
    pub const OF_TARGET_GROUP: Index<Self> = Index::over_list("target-group", |group: &Group, add| {
        group.target_group_arns.iter().for_each(|arn| add(arn));
    });

    /// The groups that launch by a launch configuration, by its name.
    pub const OF_LAUNCH_CONFIGURATION: Index<Self> =
        Index::over_list("launch-configuration", |group: &Group, add| {
            group.launch_configuration_name.iter().for_each(|name| add(name));
        });

    /// The groups that launch by a launch template, by its id.
    pub const OF_LAUNCH_TEMPLATE: Index<Self> = Index::over_list("launch-template", |group: &Group, add| {
        group.launch_template_id.iter().for_each(|id| add(id));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Groups {
    const TYPE: &'static str = "autoscaling:group";

    type Model = Group;

    fn key(model: &Group) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &Group, add: &mut dyn FnMut(&str)) {
        model.arn.iter().for_each(|arn| add(arn));
    }

    fn refs(model: &Group, refs: &mut Refs<'_>) {
        refs.maybe::<LaunchConfigurations>(
            "LaunchConfigurationName",
            model.launch_configuration_name.as_ref(),
        );
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{Instances, LaunchTemplates, Subnets};
            refs.maybe::<LaunchTemplates>("LaunchTemplateId", model.launch_template_id.as_ref());
            refs.many::<Instances>("Instances", &model.instances);
            refs.many::<Subnets>("VPCZoneIdentifier", &model.subnets);
        }
        #[cfg(feature = "elb")]
        refs.many::<crate::aws::elb::LoadBalancers>("LoadBalancerNames", &model.load_balancer_names);
        #[cfg(feature = "elbv2")]
        refs.many::<crate::aws::elbv2::TargetGroups>("TargetGroupARNs", &model.target_group_arns);
        #[cfg(feature = "elasticbeanstalk")]
        model.tags.environment(refs);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // Fewer names than a page has groups: there is no second page.
        let names = keys.iter().map(|key| (*key).to_owned()).collect();
        let operation = self.clients.of(cx.scope())?.describe_auto_scaling_groups().max_records(PAGE);
        let operation = operation.set_auto_scaling_group_names(Some(names));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.auto_scaling_groups().iter().for_each(|group| answer(group, answers));
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_auto_scaling_groups().max_records(PAGE);
        let operation = operation.set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.auto_scaling_groups().iter().for_each(|group| answer(group, answers));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(Arn { service: "autoscaling", .. }) => Find::List,
            Some(_) => Find::No,
            None if term.address().is_some() || is_ec2_id(term.text()) => Find::No,
            None => Find::List,
        }
    }

    fn answers_to(model: &Group, term: &Term) -> bool {
        model.name == term.text() || model.arn.as_deref() == Some(term.text()) || model.tags.answer_to(term)
    }
}

fn answer(group: &AutoScalingGroup, answers: &mut Answers<Groups>) {
    let Some(name) = group.auto_scaling_group_name().filter(|name| !name.is_empty()) else {
        return answers.unreadable(None, "AutoScalingGroupName");
    };
    let policy = group.mixed_instances_policy().and_then(|policy| policy.launch_template());
    let template =
        group.launch_template().or_else(|| policy.and_then(|it| it.launch_template_specification()));
    answers.found(Group {
        name: name.to_owned(),
        arn: group.auto_scaling_group_arn().map(str::to_owned),
        launch_configuration_name: group
            .launch_configuration_name()
            .filter(|it| !it.is_empty())
            .map(str::to_owned),
        launch_template_id: template.and_then(|it| it.launch_template_id()).map(str::to_owned),
        min_size: group.min_size(),
        max_size: group.max_size(),
        desired_capacity: group.desired_capacity(),
        instances: group
            .instances()
            .iter()
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect(),
        load_balancer_names: group.load_balancer_names().to_vec(),
        target_group_arns: group.target_group_arns().to_vec(),
        subnets: group
            .vpc_zone_identifier()
            .into_iter()
            .flat_map(|ids| ids.split(','))
            .filter(|id| !id.is_empty())
            .map(|id| id.trim().to_owned())
            .collect(),
        availability_zones: group.availability_zones().to_vec(),
        created_time: group.created_time().map(ToString::to_string),
        tags: group.tags().iter().map(|tag| (tag.key(), tag.value())).collect(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_none() {
        let mut answers = Answers::new();
        answer(&AutoScalingGroup::builder().build(), &mut answers);
        let group = AutoScalingGroup::builder()
            .auto_scaling_group_name("web")
            .vpc_zone_identifier("subnet-1, subnet-2");
        answer(&group.launch_configuration_name("").build(), &mut answers);
        assert_eq!(answers.all.len(), 2);
    }

    #[test]
    fn what_a_term_may_be() {
        assert_eq!(Groups::find(&Term::new("web")), Find::List);
        assert_eq!(Groups::find(&Term::new("i-0123456789abcdef0")), Find::No);
        assert_eq!(Groups::find(&Term::new("10.0.0.1")), Find::No);
        let group = Group { name: "web".to_owned(), ..Group::default() };
        assert!(Groups::answers_to(&group, &Term::new("web")));
        assert!(!Groups::answers_to(&group, &Term::new("we")));
    }
}
