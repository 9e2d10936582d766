//! What is told of a load balancer and of a target group.

use super::super::Scope;
use crate::{
    resources::{LoadBalancer, Resources, TargetGroup, balancer_zone, made_up},
    wire::document::Document,
};

pub(super) fn load_balancer(
    xml: &mut Document,
    resources: &Resources,
    scope: &Scope,
    balancer: &LoadBalancer,
) {
    let Scope { account, region } = scope;
    let kind = balancer.kind();
    xml.text("LoadBalancerArn", balancer.arn(account, region));
    if let Some(name) = balancer.dns_name(region) {
        let zone = match kind {
            "network" => balancer_zone::network(region),
            _ => balancer_zone::application(region),
        };
        xml.text("DNSName", name);
        xml.text("CanonicalHostedZoneId", zone);
    }
    xml.text("CreatedTime", made_up::CREATED);
    xml.text("LoadBalancerName", &balancer.name);
    if kind != "gateway" {
        xml.text("Scheme", "internet-facing");
    }
    xml.maybe("VpcId", balancer.vpc.as_ref());
    xml.node("State", |xml| xml.text("Code", "active"));
    xml.text("Type", kind);
    xml.list("AvailabilityZones", "member", &balancer.subnets, |xml, subnet| {
        xml.text("ZoneName", made_up::zone(resources, subnet, region));
        xml.text("SubnetId", subnet);
        xml.texts("LoadBalancerAddresses", "member", [""; 0]);
    });
    if !balancer.security_groups.is_empty() {
        xml.texts("SecurityGroups", "member", &balancer.security_groups);
    }
    xml.text("IpAddressType", "ipv4");
}

pub(super) fn target_group(xml: &mut Document, resources: &Resources, scope: &Scope, group: &TargetGroup) {
    let Scope { account, region } = scope;
    let named = |balancer: &&LoadBalancer| group.load_balancers.contains(&balancer.name);
    let balancers: Vec<_> = resources.load_balancers.iter().filter(named).collect();
    let protocol = balancers.first().map_or("HTTP", |balancer| protocol(balancer));
    let is_lambda = group.target_type() == "lambda";
    let is_http = protocol == "HTTP";
    xml.text("TargetGroupArn", group.arn(account, region));
    xml.text("TargetGroupName", &group.name);
    if !is_lambda {
        xml.text("Protocol", protocol);
        xml.text("Port", group.targets.first().and_then(|it| it.port).unwrap_or_else(|| port(protocol)));
        xml.maybe("VpcId", group.vpc.as_ref());
        xml.text("HealthCheckProtocol", if is_http { "HTTP" } else { "TCP" });
        xml.text("HealthCheckPort", "traffic-port");
    }
    // An application load balancer need not check the health of a function.
    let (interval, timeout) = match (is_lambda, is_http) {
        (true, _) => (35, 30),
        (false, true) => (30, 5),
        (false, false) => (30, 10),
    };
    xml.text("HealthCheckEnabled", !is_lambda);
    xml.text("HealthCheckIntervalSeconds", interval);
    xml.text("HealthCheckTimeoutSeconds", timeout);
    xml.text("HealthyThresholdCount", 5);
    xml.text("UnhealthyThresholdCount", 2);
    if is_http || is_lambda {
        xml.text("HealthCheckPath", "/");
        xml.node("Matcher", |xml| xml.text("HttpCode", "200"));
    }
    xml.texts("LoadBalancerArns", "member", balancers.iter().map(|it| it.arn(account, region)));
    xml.text("TargetType", group.target_type());
    if is_http && !is_lambda {
        xml.text("ProtocolVersion", "HTTP1");
    }
    xml.text("IpAddressType", "ipv4");
}

/// What a load balancer speaks.
pub(super) fn protocol(balancer: &LoadBalancer) -> &'static str {
    match balancer.kind() {
        "network" => "TCP",
        "gateway" => "GENEVE",
        _ => "HTTP",
    }
}

/// On which port.
pub(super) fn port(protocol: &str) -> u16 {
    if protocol == "GENEVE" { 6_081 } else { 80 }
}
