//! The resources that an environment made.

use super::{
    super::{
        constraint,
        query::{Asked, Failure},
    },
    environment,
};
use crate::wire::document::Document;

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let id = constraint::optional(&asked.form, "EnvironmentId");
    let name = constraint::optional(&asked.form, "EnvironmentName");
    asked.accounts.of(asked.scope, |resources| {
        let found = environment(resources, id, name)?;
        xml.node("EnvironmentResources", |xml| {
            xml.text("EnvironmentName", &found.name);
            for (list, field, items) in [
                ("AutoScalingGroups", "Name", &found.auto_scaling_groups),
                ("Instances", "Id", &found.instances),
                ("LaunchConfigurations", "Name", &found.launch_configurations),
                ("LaunchTemplates", "Id", &found.launch_templates),
                ("LoadBalancers", "Name", &found.load_balancers),
                ("Triggers", "Name", &Vec::new()),
                ("Queues", "Name", &Vec::new()),
            ] {
                xml.list(list, "member", items, |xml, item| xml.text(field, item));
            }
        });
        Ok(())
    })
}
