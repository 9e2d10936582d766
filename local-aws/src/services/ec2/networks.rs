//! VPCs and their subnets.

use super::{
    super::query::{Asked, Failure},
    select::Described,
    tags,
};
use crate::{
    resources::{Subnet, Vpc, made_up},
    wire::document::Document,
};

const SUBNETS: Described<'_, Subnet> = Described {
    ids: "SubnetId",
    prefix: "subnet-",
    malformed: "InvalidSubnetID.Malformed",
    not_found: "InvalidSubnetID.NotFound",
    noun: "subnet ID",
    filters: &["availability-zone", "cidr-block", "subnet-id", "vpc-id"],
    id: |subnet| &subnet.id,
    tags: |subnet| &subnet.tags,
};

const VPCS: Described<'_, Vpc> = Described {
    ids: "VpcId",
    prefix: "vpc-",
    malformed: "InvalidVpcID.Malformed",
    not_found: "InvalidVpcID.NotFound",
    noun: "vpc ID",
    filters: &["cidr-block", "is-default", "isDefault", "vpc-id"],
    id: |vpc| &vpc.id,
    tags: |vpc| &vpc.tags,
};

pub(super) fn subnets(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let scope = asked.scope;
    let zone = |subnet: &Subnet| {
        subnet.availability_zone.clone().unwrap_or_else(|| made_up::first_zone(&scope.region))
    };
    let block = |subnet: &Subnet| subnet.cidr_block.clone().unwrap_or_else(|| "10.0.0.0/24".to_owned());
    asked.accounts.of(scope, |resources| {
        let values = |subnet: &Subnet, filter: &str| match filter {
            "availability-zone" => vec![zone(subnet)],
            "cidr-block" => vec![block(subnet)],
            "subnet-id" => vec![subnet.id.clone()],
            "vpc-id" => vec![subnet.vpc.clone()],
            _ => Vec::new(),
        };
        let page = SUBNETS.select(asked, &resources.subnets, values)?;
        xml.list("subnetSet", "item", page.items, |xml, subnet| {
            xml.text("subnetId", &subnet.id);
            xml.text("state", "available");
            xml.text("vpcId", &subnet.vpc);
            xml.text("cidrBlock", block(subnet));
            xml.text("availableIpAddressCount", 251);
            xml.text("availabilityZone", zone(subnet));
            xml.text("defaultForAz", false);
            xml.text("mapPublicIpOnLaunch", false);
            xml.text("ownerId", &scope.account);
            xml.text(
                "subnetArn",
                format!("arn:aws:ec2:{}:{}:subnet/{}", scope.region, scope.account, subnet.id),
            );
            tags(xml, &subnet.tags);
        });
        xml.maybe("nextToken", page.next);
        Ok(())
    })
}

pub(super) fn vpcs(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let account = &asked.scope.account;
    let block = |vpc: &Vpc| vpc.cidr_block.clone().unwrap_or_else(|| "10.0.0.0/16".to_owned());
    asked.accounts.of(asked.scope, |resources| {
        let values = |vpc: &Vpc, filter: &str| match filter {
            "cidr-block" => vec![block(vpc)],
            "is-default" | "isDefault" => vec![vpc.is_default.to_string()],
            "vpc-id" => vec![vpc.id.clone()],
            _ => Vec::new(),
        };
        let page = VPCS.select(asked, &resources.vpcs, values)?;
        xml.list("vpcSet", "item", page.items, |xml, vpc| {
            xml.text("vpcId", &vpc.id);
            xml.text("ownerId", account);
            xml.text("state", "available");
            xml.text("cidrBlock", block(vpc));
            xml.text("dhcpOptionsId", "default");
            xml.text("instanceTenancy", "default");
            xml.text("isDefault", vpc.is_default);
            tags(xml, &vpc.tags);
        });
        xml.maybe("nextToken", page.next);
        Ok(())
    })
}
