//! The health of the targets of a target group.

use super::{
    super::{
        constraint,
        query::{Asked, Failure},
    },
    describe, select,
};
use crate::{
    resources::{Target, TargetGroup},
    wire::{document::Document, form::Form},
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let arn = constraint::required(&asked.form, "TargetGroupArn")?;
    let wanted = asked.form.structures("Targets.member");
    asked.accounts.of(asked.scope, |resources| {
        let group = select::target_group(resources, asked.scope, arn)?;
        let targets = if wanted.is_empty() {
            group.targets.clone()
        } else {
            wanted.iter().map(|wanted| target(group, wanted)).collect::<Result<_, _>>()?
        };
        xml.list("TargetHealthDescriptions", "member", &targets, |xml, target| {
            description(xml, group, target);
        });
        Ok(())
    })
}

/// The target that a request names; one that is not registered says so.
fn target(group: &TargetGroup, wanted: &Form) -> Result<Target, Failure> {
    let id = constraint::required(wanted, "Id")?;
    let port = wanted.get("Port").map(|port| {
        port.parse()
            .map_err(|_| Failure::new("ValidationError", format!("Target port '{port}' is not valid")))
    });
    let port: Option<u16> = port.transpose()?;
    let fits = |it: &&Target| it.id == id && port.is_none_or(|port| port == self::port(it));
    let found = group.targets.iter().find(fits).cloned();
    Ok(found.unwrap_or_else(|| Target { id: id.to_owned(), port, health: Some("unregistered".to_owned()) }))
}

fn description(xml: &mut Document, group: &TargetGroup, target: &Target) {
    let port = (group.target_type() != "lambda").then(|| port(target));
    xml.node("Target", |xml| {
        xml.text("Id", &target.id);
        xml.maybe("Port", port);
    });
    xml.maybe("HealthCheckPort", port);
    xml.node("TargetHealth", |xml| {
        let (state, reason) = state(target.health.as_deref().unwrap_or("healthy"));
        xml.text("State", state);
        if let Some((reason, description)) = reason {
            xml.text("Reason", reason);
            xml.text("Description", description);
        }
    });
}

fn port(target: &Target) -> u16 {
    target.port.unwrap_or_else(|| describe::port("HTTP"))
}

/// The state, and the reason and description of one that is not healthy.
fn state(health: &str) -> (&str, Option<(&str, &str)>) {
    match health {
        "unhealthy" => ("unhealthy", Some(("Target.FailedHealthChecks", "Health checks failed"))),
        "initial" => ("initial", Some(("Elb.RegistrationInProgress", "Target registration is in progress"))),
        "draining" => {
            ("draining", Some(("Target.DeregistrationInProgress", "Target deregistration is in progress")))
        }
        "unused" => {
            let description = "Target group is not configured to receive traffic from the load balancer";
            ("unused", Some(("Target.NotInUse", description)))
        }
        "unregistered" => {
            let description = "Target is not registered to the target group";
            ("unused", Some(("Target.NotRegistered", description)))
        }
        state => (state, None),
    }
}
