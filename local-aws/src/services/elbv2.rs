//! Elastic Load Balancing, version 2: application, network and gateway load balancers.

mod describe;
mod listeners;
mod select;
mod target_health;

use super::{
    constraint,
    elb::{bad_marker, tags},
    query::{Api, Asked, Envelope, Failure, Operation},
};
use crate::wire::{document::Document, page::Page};

/// Things of one page, unless asked for less, and at most.
const PAGE: usize = 400;

pub(crate) const API: Api = Api {
    service: "elasticloadbalancingv2",
    version: "2015-12-01",
    namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    envelope: Envelope::Result,
    operations: &[
        Operation { name: "DescribeListeners", run: listeners::describe },
        Operation { name: "DescribeLoadBalancers", run: describe_load_balancers },
        Operation { name: "DescribeTags", run: describe_tags },
        Operation { name: "DescribeTargetGroups", run: describe_target_groups },
        Operation { name: "DescribeTargetHealth", run: target_health::describe },
    ],
};

fn describe_load_balancers(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    let (arns, names) = (form.list("LoadBalancerArns.member"), form.list("Names.member"));
    if !arns.is_empty() && !names.is_empty() {
        let message = "Load balancer names and load balancer ARNs cannot be specified at the same time";
        return Err(Failure::new("ValidationError", message));
    }
    asked.accounts.of(asked.scope, |resources| {
        let balancers = select::load_balancers(resources, asked.scope, &arns, &names)?;
        let page = page(asked, "load-balancers", balancers)?;
        xml.list("LoadBalancers", "member", page.items, |xml, balancer| {
            describe::load_balancer(xml, resources, asked.scope, balancer);
        });
        xml.maybe("NextMarker", page.next);
        Ok(())
    })
}

fn describe_target_groups(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    let balancer = constraint::optional(form, "LoadBalancerArn");
    let (arns, names) = (form.list("TargetGroupArns.member"), form.list("Names.member"));
    let selections = [balancer.is_some(), !arns.is_empty(), !names.is_empty()];
    if selections.into_iter().filter(|there| *there).count() > 1 {
        let message =
            "Only one of load balancer ARN, target group ARNs and target group names can be specified";
        return Err(Failure::new("ValidationError", message));
    }
    asked.accounts.of(asked.scope, |resources| {
        let groups = match balancer {
            Some(arn) => {
                let balancer = select::load_balancer(resources, asked.scope, arn)?;
                let all = resources.target_groups.iter();
                all.filter(|it| it.load_balancers.contains(&balancer.name)).collect()
            }
            None => select::target_groups(resources, asked.scope, &arns, &names)?,
        };
        let page = page(asked, "target-groups", groups)?;
        xml.list("TargetGroups", "member", page.items, |xml, group| {
            describe::target_group(xml, resources, asked.scope, group);
        });
        xml.maybe("NextMarker", page.next);
        Ok(())
    })
}

fn describe_tags(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    // The number of them has a text of its own.
    let arns = constraint::list(&asked.form, "ResourceArns", usize::MAX)?;
    select::cap(arns.len(), "resources")?;
    asked.accounts.of(asked.scope, |resources| {
        let found = arns.iter().map(|arn| Ok((arn, select::tags(resources, asked.scope, arn)?)));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        xml.list("TagDescriptions", "member", found, |xml, (arn, found)| {
            xml.text("ResourceArn", arn);
            tags(xml, "Tags", &found);
        });
        Ok(())
    })
}

fn page<T>(asked: &Asked<'_>, list: &str, items: Vec<T>) -> Result<Page<T>, Failure> {
    let most = constraint::number(&asked.form, "PageSize", PAGE, PAGE)?;
    let marker = constraint::optional(&asked.form, "Marker");
    Page::of(list, items, marker, most).map_err(|_| bad_marker())
}
