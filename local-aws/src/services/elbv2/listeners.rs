//! Listeners: a load balancer has one, if there are target groups to send to.

use super::{
    super::{
        Scope, constraint,
        query::{Asked, Failure},
    },
    describe, page, select,
};
use crate::{
    resources::{LoadBalancer, Resources},
    wire::document::Document,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    let (balancer, arns) = (constraint::optional(form, "LoadBalancerArn"), form.list("ListenerArns.member"));
    if balancer.is_some() != arns.is_empty() {
        let message = "You must specify either listener ARNs or a load balancer ARN";
        return Err(Failure::new("ValidationError", message));
    }
    select::cap(arns.len(), "listeners")?;
    let scope = asked.scope;
    asked.accounts.of(scope, |resources| {
        let balancers = match balancer {
            Some(arn) => vec![select::load_balancer(resources, scope, arn)?],
            None => {
                arns.iter().map(|arn| select::of_listener(resources, scope, arn)).collect::<Result<_, _>>()?
            }
        };
        let listeners = balancers.into_iter().map(|balancer| (balancer, targets(resources, scope, balancer)));
        let listeners = listeners.filter(|(_, targets)| !targets.is_empty()).collect();
        let page = page(asked, "listeners", listeners)?;
        xml.list("Listeners", "member", page.items, |xml, (balancer, targets)| {
            listener(xml, scope, balancer, &targets);
        });
        xml.maybe("NextMarker", page.next);
        Ok(())
    })
}

/// The ARNs of the target groups of a load balancer.
fn targets(resources: &Resources, scope: &Scope, balancer: &LoadBalancer) -> Vec<String> {
    let groups = resources.target_groups.iter().filter(|it| it.load_balancers.contains(&balancer.name));
    groups.map(|it| it.arn(&scope.account, &scope.region)).collect()
}

fn listener(xml: &mut Document, scope: &Scope, balancer: &LoadBalancer, targets: &[String]) {
    let Scope { account, region } = scope;
    let protocol = describe::protocol(balancer);
    xml.text("ListenerArn", balancer.listener_arn(account, region));
    xml.text("LoadBalancerArn", balancer.arn(account, region));
    if protocol != "GENEVE" {
        xml.text("Port", describe::port(protocol));
        xml.text("Protocol", protocol);
    }
    xml.list("DefaultActions", "member", [targets], |xml, targets| {
        xml.text("Type", "forward");
        // With several of them, only the list tells.
        if let [target] = targets {
            xml.text("TargetGroupArn", target);
        }
        xml.node("ForwardConfig", |xml| {
            xml.list("TargetGroups", "member", targets, |xml, target| {
                xml.text("TargetGroupArn", target);
                xml.text("Weight", 1);
            });
            xml.node("TargetGroupStickinessConfig", |xml| xml.text("Enabled", false));
        });
    });
}
