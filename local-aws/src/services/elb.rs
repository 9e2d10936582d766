//! Elastic Load Balancing, the classic one.

use std::collections::HashSet;

use super::{
    Scope, constraint,
    query::{Api, Asked, Envelope, Failure, Operation},
};
use crate::{
    resources::{ClassicLoadBalancer, Instance, Resources, Tags, balancer_zone, made_up},
    wire::{document::Document, page::Page},
};

/// Load balancers of one page, unless asked for less, and at most.
const PAGE: usize = 400;

/// Load balancers whose tags are told at once.
const TAGGED: usize = 20;

pub(crate) const API: Api = Api {
    service: "elasticloadbalancing",
    version: "2012-06-01",
    namespace: "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/",
    envelope: Envelope::Result,
    operations: &[
        Operation { name: "DescribeInstanceHealth", run: describe_instance_health },
        Operation { name: "DescribeLoadBalancerAttributes", run: describe_load_balancer_attributes },
        Operation { name: "DescribeLoadBalancers", run: describe_load_balancers },
        Operation { name: "DescribeTags", run: describe_tags },
    ],
};

fn describe_load_balancers(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    let names = form.list("LoadBalancerNames.member");
    let most = constraint::number(form, "PageSize", PAGE, PAGE)?;
    asked.accounts.of(asked.scope, |resources| {
        let balancers = named(resources, &names)?;
        let marker = constraint::optional(form, "Marker");
        let page = Page::of("elb", balancers, marker, most).map_err(|_| bad_marker())?;
        xml.list("LoadBalancerDescriptions", "member", page.items, |xml, balancer| {
            description(xml, resources, asked.scope, balancer);
        });
        xml.maybe("NextMarker", page.next);
        Ok(())
    })
}

fn describe_tags(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let names = constraint::list(&asked.form, "LoadBalancerNames", TAGGED)?;
    asked.accounts.of(asked.scope, |resources| {
        xml.list("TagDescriptions", "member", named(resources, &names)?, |xml, balancer| {
            xml.text("LoadBalancerName", &balancer.name);
            tags(xml, "Tags", &balancer.tags);
        });
        Ok(())
    })
}

fn describe_instance_health(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let name = constraint::required(&asked.form, "LoadBalancerName")?;
    let instances = asked.form.structures("Instances.member");
    asked.accounts.of(asked.scope, |resources| {
        let balancer = one(resources, name)?;
        let all = || balancer.instances.iter().map(String::as_str).collect();
        let ids: Vec<&str> = instances.iter().filter_map(|it| it.get("InstanceId")).collect();
        let ids = if ids.is_empty() { all() } else { ids };
        let mut states = Vec::new();
        for id in ids {
            let instance = resources.instances.iter().find(|it| it.id == id);
            let registered = balancer.instances.iter().any(|it| it == id);
            if instance.is_none() && !registered {
                let message = format!("Could not find EC2 instance {id}.");
                return Err(Failure::new("InvalidInstance", message));
            }
            states.extend(health(registered, instance).map(|health| (id, health)));
        }
        xml.list("InstanceStates", "member", states, |xml, (id, (state, reason, description))| {
            xml.text("InstanceId", id);
            xml.text("State", state);
            xml.text("ReasonCode", reason);
            xml.text("Description", description);
        });
        Ok(())
    })
}

/// The attributes that a load balancer has unless somebody changes them.
fn describe_load_balancer_attributes(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let name = constraint::required(&asked.form, "LoadBalancerName")?;
    asked.accounts.of(asked.scope, |resources| one(resources, name).map(|_| ()))?;
    xml.node("LoadBalancerAttributes", |xml| {
        xml.node("CrossZoneLoadBalancing", |xml| xml.text("Enabled", false));
        xml.node("AccessLog", |xml| xml.text("Enabled", false));
        xml.node("ConnectionDraining", |xml| {
            xml.text("Enabled", false);
            xml.text("Timeout", 300);
        });
        xml.node("ConnectionSettings", |xml| xml.text("IdleTimeout", 60));
        xml.list("AdditionalAttributes", "member", ["defensive"], |xml, mode| {
            xml.text("Key", "elb.http.desyncmitigationmode");
            xml.text("Value", mode);
        });
    });
    Ok(())
}

fn description(xml: &mut Document, resources: &Resources, scope: &Scope, balancer: &ClassicLoadBalancer) {
    let (listeners, dns_name) = (balancer.listeners(), balancer.dns_name(&scope.region));
    xml.text("LoadBalancerName", &balancer.name);
    xml.text("DNSName", &dns_name);
    xml.text("CanonicalHostedZoneName", &dns_name);
    xml.text("CanonicalHostedZoneNameID", balancer_zone::application(&scope.region));
    xml.list("ListenerDescriptions", "member", &listeners, |xml, listener| {
        xml.node("Listener", |xml| {
            xml.text("Protocol", &listener.protocol);
            xml.text("LoadBalancerPort", listener.port);
            xml.text("InstanceProtocol", behind(&listener.protocol));
            xml.text("InstancePort", listener.instance_port);
        });
        xml.texts("PolicyNames", "member", [""; 0]);
    });
    xml.node("Policies", |xml| {
        for kind in ["AppCookieStickinessPolicies", "LBCookieStickinessPolicies", "OtherPolicies"] {
            xml.texts(kind, "member", [""; 0]);
        }
    });
    xml.texts("BackendServerDescriptions", "member", [""; 0]);
    xml.texts("AvailabilityZones", "member", made_up::zones(resources, &balancer.subnets, &scope.region));
    xml.texts("Subnets", "member", &balancer.subnets);
    xml.maybe("VPCId", balancer.vpc.as_ref());
    xml.list("Instances", "member", &balancer.instances, |xml, id| xml.text("InstanceId", id));
    xml.node("HealthCheck", |xml| {
        let port = listeners.first().map_or(80, |listener| listener.instance_port);
        xml.text("Target", format!("TCP:{port}"));
        xml.text("Interval", 30);
        xml.text("Timeout", 5);
        xml.text("UnhealthyThreshold", 2);
        xml.text("HealthyThreshold", 10);
    });
    if let Some(group) = balancer.security_groups.first() {
        let known = resources.security_groups.iter().find(|known| known.id == *group);
        xml.node("SourceSecurityGroup", |xml| {
            xml.text("OwnerAlias", &scope.account);
            xml.text("GroupName", known.and_then(|known| known.name.as_ref()).unwrap_or(group));
        });
    }
    xml.texts("SecurityGroups", "member", &balancer.security_groups);
    xml.text("CreatedTime", made_up::CREATED);
    xml.text("Scheme", "internet-facing");
}

/// The protocol to the instances, of one to the load balancer.
fn behind(protocol: &str) -> &str {
    match protocol {
        "HTTPS" => "HTTP",
        "SSL" => "TCP",
        protocol => protocol,
    }
}

/// The state of an instance, its reason and a description; of one that is terminated there is none.
fn health(registered: bool, instance: Option<&Instance>) -> Option<(&str, &str, String)> {
    match instance.map_or("running", |it| &it.state) {
        "terminated" => None,
        _ if !registered => {
            let description = "Instance is not currently registered with the LoadBalancer.";
            Some(("OutOfService", "Instance", description.to_owned()))
        }
        "running" => Some(("InService", "N/A", "N/A".to_owned())),
        "pending" => {
            let description = "Instance registration is still in progress.";
            Some(("OutOfService", "ELB", description.to_owned()))
        }
        state => Some(("OutOfService", "Instance", format!("Instance is in {state} state."))),
    }
}

/// The load balancers of these names, each once, in the order in which they are there; all if none is named.
fn named<'a>(resources: &'a Resources, names: &[&str]) -> Result<Vec<&'a ClassicLoadBalancer>, Failure> {
    let mut missing: HashSet<&str> = names.iter().copied().collect();
    let all = resources.classic_load_balancers.iter();
    let found: Vec<_> = all.filter(|it| names.is_empty() || missing.remove(&*it.name)).collect();
    match names.iter().find(|name| missing.contains(*name)) {
        Some(name) => Err(not_found(name)),
        None => Ok(found),
    }
}

fn one<'a>(resources: &'a Resources, name: &str) -> Result<&'a ClassicLoadBalancer, Failure> {
    resources.classic_load_balancers.iter().find(|it| it.name == name).ok_or_else(|| not_found(name))
}

/// `AccessPointNotFoundException`, as SDKs name it.
fn not_found(name: &str) -> Failure {
    Failure::new("LoadBalancerNotFound", format!("There is no ACTIVE Load Balancer named '{name}'"))
}

/// Of both APIs.
pub(super) fn bad_marker() -> Failure {
    Failure::new("ValidationError", "The specified marker is not valid")
}

/// A list of tags.
pub(super) fn tags(xml: &mut Document, name: &str, tags: &Tags) {
    xml.list(name, "member", tags, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}
