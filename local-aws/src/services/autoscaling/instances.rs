//! The instances of Auto Scaling groups.

use std::collections::HashMap;

use super::{
    super::{
        Scope,
        query::{Asked, Failure},
    },
    PAGE, among, names, page,
};
use crate::{
    resources::{AutoScalingGroup, Instance, Resources, made_up},
    wire::document::Document,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let ids = names(asked, "InstanceIds", PAGE, "instance ids")?;
    asked.accounts.of(asked.scope, |resources| {
        let groups = resources.auto_scaling_groups.iter();
        let all = groups.flat_map(|group| group.instances.iter().map(move |id| (group, id)));
        let page = page(asked, "instances", all.filter(|(_, id)| among(&ids, id)), PAGE)?;
        let known = Known::of(resources, asked.scope);
        xml.list("AutoScalingInstances", "member", page.items, |xml, (group, id)| {
            xml.text("AutoScalingGroupName", &group.name);
            known.describe(xml, group, id);
        });
        xml.maybe("NextToken", page.next);
        Ok(())
    })
}

/// What is known of instances.
pub(super) struct Known<'a> {
    resources: &'a Resources,
    region: &'a str,
    by_id: HashMap<&'a str, &'a Instance>,
}

impl<'a> Known<'a> {
    pub(super) fn of(resources: &'a Resources, scope: &'a Scope) -> Self {
        let by_id = resources.instances.iter().map(|instance| (&*instance.id, instance)).collect();
        Self { resources, region: &scope.region, by_id }
    }

    /// Tells of an instance of a group, be it known or not.
    pub(super) fn describe(&self, xml: &mut Document, group: &AutoScalingGroup, id: &str) {
        let instance = self.by_id.get(id);
        let (state, health) = state(instance.map_or("running", |instance| &instance.state));
        xml.text("InstanceId", id);
        xml.maybe("InstanceType", instance.map(|instance| &instance.instance_type));
        let zone = instance.and_then(|instance| instance.availability_zone.clone());
        xml.text("AvailabilityZone", zone.unwrap_or_else(|| self.zone(group, instance)));
        xml.text("LifecycleState", state);
        xml.text("HealthStatus", health);
        xml.maybe("LaunchConfigurationName", group.launch_configuration.as_ref());
        if let Some(template) = &group.launch_template {
            let version = template.version.as_deref().unwrap_or("$Default");
            launch_template(
                xml,
                self.resources,
                &template.id,
                &number(self.resources, &template.id, version),
            );
        }
        xml.text("ProtectedFromScaleIn", false);
    }

    /// The zone of an instance that does not say: that of its subnet, or of its group.
    fn zone(&self, group: &AutoScalingGroup, instance: Option<&&Instance>) -> String {
        match instance.and_then(|instance| instance.subnet.as_deref()) {
            Some(subnet) => made_up::zone(self.resources, subnet, self.region),
            None => group.availability_zones.first().cloned().unwrap_or_else(|| {
                let subnet = group.subnets.first().map(String::as_str).unwrap_or_default();
                made_up::zone(self.resources, subnet, self.region)
            }),
        }
    }
}

/// The launch template of a group or of an instance.
pub(super) fn launch_template(xml: &mut Document, resources: &Resources, id: &str, version: &str) {
    let known = resources.launch_templates.iter().find(|known| known.id == id);
    xml.node("LaunchTemplate", |xml| {
        xml.text("LaunchTemplateId", id);
        xml.text("LaunchTemplateName", known.and_then(|known| known.name.as_deref()).unwrap_or(id));
        xml.text("Version", version);
    });
}

/// The number of a version; an instance knows by which it was launched.
fn number(resources: &Resources, id: &str, version: &str) -> String {
    match version {
        "$Default" => "1".to_owned(),
        "$Latest" => {
            let known = resources.launch_templates.iter().find(|known| known.id == id);
            known.map_or(1, |known| known.versions.len().max(1)).to_string()
        }
        number => number.to_owned(),
    }
}

/// The state in the life of an instance, and its health.
fn state(state: &str) -> (&'static str, &'static str) {
    match state {
        "pending" => ("Pending", "Healthy"),
        "stopping" | "stopped" => ("InService", "Unhealthy"),
        "shutting-down" | "terminated" => ("Terminating", "Unhealthy"),
        _ => ("InService", "Healthy"),
    }
}
