//! The resources of EC2.

use serde::{Deserialize, Serialize};

use super::{Tags, made_up};

/// An EC2 instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Instance {
    /// Such as `i-0123456789abcdef0`. Required.
    pub id: String,
    /// The image. Default: `ami-00000000000000001`.
    pub image_id: String,
    /// Default: `t3.micro`.
    pub instance_type: String,
    /// `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`. Default: `running`.
    pub state: String,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// The id.
    pub subnet: Option<String>,
    /// The id.
    pub vpc: Option<String>,
    /// Ids of the volumes that are attached.
    pub volumes: Vec<String>,
    /// The name.
    pub instance_profile: Option<String>,
    /// An address.
    pub private_ip: Option<String>,
    /// An address.
    pub public_ip: Option<String>,
    /// Default: made of the address.
    pub private_dns_name: Option<String>,
    /// Default: made of the address.
    pub public_dns_name: Option<String>,
    /// Default: the region's first.
    pub availability_zone: Option<String>,
    /// RFC 3339. Default: 2026-01-01T00:00:00Z.
    pub launch_time: String,
    /// Tags.
    pub tags: Tags,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            id: String::new(),
            image_id: "ami-00000000000000001".to_owned(),
            instance_type: "t3.micro".to_owned(),
            state: "running".to_owned(),
            key_name: None,
            security_groups: Vec::new(),
            subnet: None,
            vpc: None,
            volumes: Vec::new(),
            instance_profile: None,
            private_ip: None,
            public_ip: None,
            private_dns_name: None,
            public_dns_name: None,
            availability_zone: None,
            launch_time: "2026-01-01T00:00:00Z".to_owned(),
            tags: Tags::new(),
        }
    }
}

impl Instance {
    /// The DNS name inside the VPC.
    #[must_use]
    pub fn private_dns(&self, region: &str) -> Option<String> {
        let made = || {
            let dashed = self.private_ip.as_ref()?.replace('.', "-");
            Some(match region {
                "us-east-1" => format!("ip-{dashed}.ec2.internal"),
                region => format!("ip-{dashed}.{region}.compute.internal"),
            })
        };
        self.private_dns_name.clone().or_else(made)
    }

    /// The DNS name outside of it.
    #[must_use]
    pub fn public_dns(&self, region: &str) -> Option<String> {
        let made = || {
            let dashed = self.public_ip.as_ref()?.replace('.', "-");
            Some(match region {
                "us-east-1" => format!("ec2-{dashed}.compute-1.amazonaws.com"),
                region => format!("ec2-{dashed}.{region}.compute.amazonaws.com"),
            })
        };
        self.public_dns_name.clone().or_else(made)
    }
}

/// An EC2 key pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyPair {
    /// Required.
    pub name: String,
    /// Such as `key-0123456789abcdef0`. Default: made of the name.
    pub id: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl KeyPair {
    /// The id.
    #[must_use]
    pub fn key_pair_id(&self) -> String {
        self.id.clone().unwrap_or_else(|| format!("key-0{}", made_up::hex(&["key pair", &self.name])))
    }
}

/// An EC2 security group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecurityGroup {
    /// Such as `sg-0123456789abcdef0`. Required.
    pub id: String,
    /// Default: the id.
    pub name: Option<String>,
    /// The VPC's id.
    pub vpc: Option<String>,
    /// Ids of the security groups whose members may send to this one's.
    pub ingress_from: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

/// An EBS volume. What it is attached to, the instances say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Volume {
    /// Such as `vol-0123456789abcdef0`. Required.
    pub id: String,
    /// In GiB. Default: 8.
    pub size: u32,
    /// Default: `gp3`.
    pub volume_type: String,
    /// Default: the region's first.
    pub availability_zone: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Default for Volume {
    fn default() -> Self {
        Self {
            id: String::new(),
            size: 8,
            volume_type: "gp3".to_owned(),
            availability_zone: None,
            tags: Tags::new(),
        }
    }
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subnet {
    /// Such as `subnet-0123456789abcdef0`. Required.
    pub id: String,
    /// The VPC's id. Required.
    pub vpc: String,
    /// Default: `10.0.0.0/24`.
    pub cidr_block: Option<String>,
    /// Default: the region's first.
    pub availability_zone: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// A VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vpc {
    /// Such as `vpc-0123456789abcdef0`. Required.
    pub id: String,
    /// Default: `10.0.0.0/16`.
    pub cidr_block: Option<String>,
    /// Whether it is the region's default VPC.
    pub is_default: bool,
    /// Tags.
    pub tags: Tags,
}

/// An EC2 launch template. The last of its versions is the latest, the first is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaunchTemplate {
    /// Such as `lt-0123456789abcdef0`. Required.
    pub id: String,
    /// Default: the id.
    pub name: Option<String>,
    /// Version 1, 2, …; none is taken as one that is empty.
    pub versions: Vec<LaunchTemplateVersion>,
    /// Tags.
    pub tags: Tags,
}

/// A version of a launch template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaunchTemplateVersion {
    /// The image.
    pub image_id: Option<String>,
    /// The type of the instances.
    pub instance_type: Option<String>,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// The name.
    pub instance_profile: Option<String>,
}
