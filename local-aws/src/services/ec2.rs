//! Amazon EC2: what it tells of instances and what belongs to them.

mod filter;
mod instances;
mod key_pairs;
mod launch_templates;
mod networks;
mod places;
mod security_groups;
mod select;
mod volumes;

use super::query::{Api, Envelope, Operation};
use crate::{resources::Tags, wire::document::Document};

pub(crate) const API: Api = Api {
    service: "ec2",
    version: "2016-11-15",
    namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
    envelope: Envelope::Ec2,
    operations: &[
        Operation { name: "DescribeAvailabilityZones", run: places::zones },
        Operation { name: "DescribeInstances", run: instances::describe },
        Operation { name: "DescribeKeyPairs", run: key_pairs::describe },
        Operation { name: "DescribeLaunchTemplateVersions", run: launch_templates::describe_versions },
        Operation { name: "DescribeLaunchTemplates", run: launch_templates::describe },
        Operation { name: "DescribeRegions", run: places::regions },
        Operation { name: "DescribeSecurityGroups", run: security_groups::describe },
        Operation { name: "DescribeSubnets", run: networks::subnets },
        Operation { name: "DescribeVolumes", run: volumes::describe },
        Operation { name: "DescribeVpcs", run: networks::vpcs },
    ],
};

/// The tags of something.
fn tags(xml: &mut Document, tags: &Tags) {
    xml.list("tagSet", "item", tags, |xml, (key, value)| {
        xml.text("key", key);
        xml.text("value", value);
    });
}
