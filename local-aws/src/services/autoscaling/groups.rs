//! Auto Scaling groups.

use super::{
    super::{
        Scope, constraint,
        query::{Asked, Failure},
    },
    LARGEST_PAGE, PAGE, among,
    filter::Filter,
    instances::{self, Known},
    names, page, tags,
};
use crate::{
    resources::{AutoScalingGroup, Resources, made_up},
    wire::document::Document,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    // As many names as things of a page: who asks for larger ones may name more.
    let most = constraint::number(form, "MaxRecords", LARGEST_PAGE, PAGE)?;
    let names = names(asked, "AutoScalingGroupNames", most.max(PAGE), "group names")?;
    let filters = Filter::of_groups(asked)?;
    let with_instances = constraint::flag(form, "IncludeInstances", true);
    asked.accounts.of(asked.scope, |resources| {
        let all = resources.auto_scaling_groups.iter();
        let asked_for = all.filter(|group| among(&names, &group.name));
        let found = asked_for.filter(|group| filters.iter().all(|filter| filter.fits(group)));
        let page = page(asked, "groups", found, LARGEST_PAGE)?;
        let known = Known::of(resources, asked.scope);
        xml.list("AutoScalingGroups", "member", page.items, |xml, group| {
            description(xml, resources, asked.scope, group);
            let instances = if with_instances { &*group.instances } else { &[] };
            xml.list("Instances", "member", instances, |xml, id| known.describe(xml, group, id));
            tags::write(xml, "Tags", group.tags.iter().map(|(key, value)| (group, key, value)));
        });
        xml.maybe("NextToken", page.next);
        Ok(())
    })
}

/// All but its instances and its tags.
fn description(xml: &mut Document, resources: &Resources, scope: &Scope, group: &AutoScalingGroup) {
    let Scope { account, region } = scope;
    xml.text("AutoScalingGroupName", &group.name);
    xml.text("AutoScalingGroupARN", group.arn(account, region));
    xml.maybe("LaunchConfigurationName", group.launch_configuration.as_ref());
    if let Some(template) = &group.launch_template {
        let version = template.version.as_deref().unwrap_or("$Default");
        instances::launch_template(xml, resources, &template.id, version);
    }
    xml.text("MinSize", group.min_size);
    xml.text("MaxSize", group.max_size);
    xml.text("DesiredCapacity", group.desired_capacity);
    xml.text("DefaultCooldown", 300);
    if group.availability_zones.is_empty() {
        xml.texts("AvailabilityZones", "member", made_up::zones(resources, &group.subnets, region));
    } else {
        xml.texts("AvailabilityZones", "member", &group.availability_zones);
    }
    xml.texts("LoadBalancerNames", "member", &group.load_balancers);
    xml.texts("TargetGroupARNs", "member", &group.target_groups);
    xml.text("HealthCheckType", "EC2");
    xml.text("HealthCheckGracePeriod", 0);
    xml.text("CreatedTime", made_up::CREATED);
    xml.texts("SuspendedProcesses", "member", [""; 0]);
    // Of a group without subnets there is the element, and it is empty.
    xml.text("VPCZoneIdentifier", group.subnets.join(","));
    xml.texts("EnabledMetrics", "member", [""; 0]);
    xml.texts("TerminationPolicies", "member", ["Default"]);
    xml.text("NewInstancesProtectedFromScaleIn", false);
    let role = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    xml.text("ServiceLinkedRoleARN", format!("arn:aws:iam::{account}:role/{role}"));
    let balancers = group.load_balancers.iter().map(|name| (name, "elb"));
    let sources = balancers.chain(group.target_groups.iter().map(|arn| (arn, "elbv2")));
    xml.list("TrafficSources", "member", sources, |xml, (identifier, kind)| {
        xml.text("Identifier", identifier);
        xml.text("Type", kind);
    });
}
