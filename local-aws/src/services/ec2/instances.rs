//! Instances.

use super::{
    super::{
        Scope,
        query::{Asked, Failure},
    },
    select::Described,
    tags,
};
use crate::{
    resources::{Instance, Resources, made_up},
    wire::document::Document,
};

const INSTANCES: Described<'_, Instance> = Described {
    ids: "InstanceId",
    prefix: "i-",
    malformed: "InvalidInstanceID.Malformed",
    not_found: "InvalidInstanceID.NotFound",
    noun: "instance ID",
    filters: &[
        "availability-zone",
        "block-device-mapping.volume-id",
        "dns-name",
        "iam-instance-profile.arn",
        "image-id",
        "instance-id",
        "instance-state-name",
        "instance-type",
        "instance.group-id",
        "ip-address",
        "key-name",
        "private-dns-name",
        "private-ip-address",
        "subnet-id",
        "vpc-id",
    ],
    id: |instance| &instance.id,
    tags: |instance| &instance.tags,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let scope = asked.scope;
    asked.accounts.of(scope, |resources| {
        let values = |instance: &Instance, filter: &str| values(resources, scope, instance, filter);
        let page = INSTANCES.select(asked, &resources.instances, values)?;
        xml.list("reservationSet", "item", page.items, |xml, instance| {
            xml.text("reservationId", format!("r-{}", made_up::hex(&["reservation", &instance.id])));
            xml.text("ownerId", &scope.account);
            xml.texts("groupSet", "item", [""; 0]);
            xml.list("instancesSet", "item", [instance], |xml, instance| {
                write(xml, resources, scope, instance);
            });
        });
        xml.maybe("nextToken", page.next);
        Ok(())
    })
}

fn values(resources: &Resources, scope: &Scope, instance: &Instance, filter: &str) -> Vec<String> {
    let of = |text: Option<&String>| text.cloned().into_iter().collect();
    match filter {
        "availability-zone" => vec![zone(resources, scope, instance)],
        "block-device-mapping.volume-id" => instance.volumes.clone(),
        "dns-name" => instance.public_dns(&scope.region).into_iter().collect(),
        "iam-instance-profile.arn" => profile_arn(scope, instance).into_iter().collect(),
        "image-id" => vec![instance.image_id.clone()],
        "instance-id" => vec![instance.id.clone()],
        "instance-state-name" => vec![instance.state.clone()],
        "instance-type" => vec![instance.instance_type.clone()],
        "instance.group-id" => instance.security_groups.clone(),
        "ip-address" => of(instance.public_ip.as_ref()),
        "key-name" => of(instance.key_name.as_ref()),
        "private-dns-name" => instance.private_dns(&scope.region).into_iter().collect(),
        "private-ip-address" => of(instance.private_ip.as_ref()),
        "subnet-id" => of(instance.subnet.as_ref()),
        "vpc-id" => of(instance.vpc.as_ref()),
        _ => Vec::new(),
    }
}

fn zone(resources: &Resources, scope: &Scope, instance: &Instance) -> String {
    let subnet = instance.subnet.as_deref().map(|subnet| made_up::zone(resources, subnet, &scope.region));
    instance.availability_zone.clone().or(subnet).unwrap_or_else(|| made_up::first_zone(&scope.region))
}

fn profile_arn(scope: &Scope, instance: &Instance) -> Option<String> {
    let name = instance.instance_profile.as_ref()?;
    Some(format!("arn:aws:iam::{}:instance-profile/{name}", scope.account))
}

/// The number that EC2 gives a state beside its name.
fn state_code(state: &str) -> u8 {
    match state {
        "pending" => 0,
        "shutting-down" => 32,
        "terminated" => 48,
        "stopping" => 64,
        "stopped" => 80,
        _ => 16,
    }
}

fn write(xml: &mut Document, resources: &Resources, scope: &Scope, instance: &Instance) {
    xml.text("instanceId", &instance.id);
    xml.text("imageId", &instance.image_id);
    xml.node("instanceState", |xml| {
        xml.text("code", state_code(&instance.state));
        xml.text("name", &instance.state);
    });
    // Of an instance without a name there is the element, and it is empty.
    xml.text("privateDnsName", instance.private_dns(&scope.region).unwrap_or_default());
    xml.text("dnsName", instance.public_dns(&scope.region).unwrap_or_default());
    xml.maybe("keyName", instance.key_name.as_ref());
    xml.text("amiLaunchIndex", 0);
    xml.texts("productCodes", "item", [""; 0]);
    xml.text("instanceType", &instance.instance_type);
    xml.text("launchTime", &instance.launch_time);
    xml.node("placement", |xml| {
        xml.text("availabilityZone", zone(resources, scope, instance));
        xml.text("groupName", "");
        xml.text("tenancy", "default");
    });
    xml.node("monitoring", |xml| xml.text("state", "disabled"));
    xml.maybe("subnetId", instance.subnet.as_ref());
    xml.maybe("vpcId", instance.vpc.as_ref());
    xml.maybe("privateIpAddress", instance.private_ip.as_ref());
    xml.maybe("ipAddress", instance.public_ip.as_ref());
    xml.text("sourceDestCheck", true);
    xml.list("groupSet", "item", &instance.security_groups, |xml, id| {
        xml.text("groupId", id);
        xml.text("groupName", super::security_groups::name_of(resources, id));
    });
    xml.text("architecture", "x86_64");
    xml.text("rootDeviceType", "ebs");
    xml.text("rootDeviceName", super::volumes::device(0));
    xml.list("blockDeviceMapping", "item", (0_u8..).zip(&instance.volumes), |xml, (number, volume)| {
        xml.text("deviceName", super::volumes::device(number));
        xml.node("ebs", |xml| {
            xml.text("volumeId", volume);
            xml.text("status", "attached");
            xml.text("attachTime", &instance.launch_time);
            xml.text("deleteOnTermination", number == 0);
        });
    });
    xml.text("virtualizationType", "hvm");
    tags(xml, &instance.tags);
    xml.text("hypervisor", "xen");
    if let (Some(arn), Some(name)) = (profile_arn(scope, instance), &instance.instance_profile) {
        xml.node("iamInstanceProfile", |xml| {
            xml.text("arn", arn);
            xml.text("id", format!("AIPA{}", made_up::hex(&["profile", name]).to_ascii_uppercase()));
        });
    }
    xml.text("ebsOptimized", false);
    xml.text("enaSupport", true);
}
