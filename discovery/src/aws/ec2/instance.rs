//! [`Instances`]: the mirror of instances.

use std::{borrow::Cow, net::IpAddr};

use aws_sdk_ec2::{
    Client,
    types::{Instance as Described, InstanceNetworkInterface},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{
    AT_ONCE, KeyPairs, LaunchTemplates, PAGE, PAGE_SIZE, SecurityGroups, Subnets, Volumes, Vpcs, find, next,
    only, tags,
};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeInstances");

/// Mirrors instances: `ec2:instance`, by id.
///
/// All or some by `DescribeInstances`; some by a filter, which leaves out ids that are not there.
#[derive(Clone, Debug)]
pub struct Instances {
    clients: Clients<Client>,
}

/// An instance. One that was terminated is there for a while longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// The id.
    #[serde(rename = "InstanceId")]
    pub id: String,
    /// The image.
    pub image_id: Option<String>,
    /// Such as `t3.micro`.
    pub instance_type: Option<String>,
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping` or `stopped`.
    pub state: Option<String>,
    /// RFC 3339.
    pub launch_time: Option<String>,
    /// The name.
    pub availability_zone: Option<String>,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// The id.
    pub subnet_id: Option<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// The volumes, by id.
    pub block_device_mappings: Vec<String>,
    /// The instance profile, by ARN.
    pub iam_instance_profile: Option<String>,
    /// An address.
    pub private_ip_address: Option<String>,
    /// In lower case.
    pub private_dns_name: Option<String>,
    /// An address.
    pub public_ip_address: Option<String>,
    /// In lower case.
    pub public_dns_name: Option<String>,
    /// One of them is the primary one, whose addresses, subnet and security groups are above.
    pub network_interfaces: Vec<NetworkInterface>,
    /// Tags.
    pub tags: Tags,
}

/// A network interface of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkInterface {
    /// The id.
    #[serde(rename = "NetworkInterfaceId")]
    pub id: Option<String>,
    /// The id.
    pub subnet_id: Option<String>,
    /// The security groups, by id.
    pub groups: Vec<String>,
    /// Addresses.
    pub private_ip_addresses: Vec<String>,
    /// The public addresses of the private ones.
    pub public_ips: Vec<String>,
    /// Addresses.
    pub ipv6_addresses: Vec<String>,
}

impl Instance {
    /// Every address that it has; those of its primary network interface may come twice.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let own = self.private_ip_address.iter().chain(&self.public_ip_address);
        let others = self
            .network_interfaces
            .iter()
            .flat_map(|it| it.private_ip_addresses.iter().chain(&it.public_ips).chain(&it.ipv6_addresses));
        own.chain(others).filter_map(|address| address.parse().ok())
    }
}

impl Instances {
    /// The instances of a key pair, by its name.
    pub const OF_KEY_PAIR: Index<Self> = Index::over_list("key-pair", |instance: &Instance, add| {
        instance.key_name.iter().for_each(|name| add(name));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    /// A page of all, or of some by id.
    async fn page(
        &self,
        cx: &Fetch,
        ids: &[&str],
        token: Option<String>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_instances()
            .set_filters(only("instance-id", ids))
            .max_results(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        for reservation in output.reservations() {
            answer(reservation.instances(), answers);
        }
        Ok(next(output.next_token))
    }
}

impl Mirror for Instances {
    const TYPE: &'static str = "ec2:instance";

    type Model = Instance;

    fn key(model: &Instance) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &Instance, refs: &mut Refs<'_>) {
        refs.maybe::<KeyPairs>("KeyName", model.key_name.as_deref());
        refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_deref());
        refs.maybe::<Subnets>("SubnetId", model.subnet_id.as_deref());
        refs.many::<SecurityGroups>("SecurityGroups", &model.security_groups);
        for interface in &model.network_interfaces {
            let others = interface.subnet_id.iter().filter(|id| Some(*id) != model.subnet_id.as_ref());
            refs.many::<Subnets>("NetworkInterfaces", others);
            let others = interface.groups.iter().filter(|id| !model.security_groups.contains(id));
            refs.many::<SecurityGroups>("NetworkInterfaces", others);
        }
        refs.many::<Volumes>("BlockDeviceMappings", &model.block_device_mappings);
        refs.maybe::<LaunchTemplates>(
            "Tags.aws:ec2launchtemplate:id",
            model.tags.get("aws:ec2launchtemplate:id"),
        );
        #[cfg(feature = "iam")]
        crate::aws::iam::profile("IamInstanceProfile", model.iam_instance_profile.as_deref(), refs);
        #[cfg(feature = "elasticbeanstalk")]
        refs.maybe::<crate::aws::elasticbeanstalk::Environments>(
            "Tags.elasticbeanstalk:environment-name",
            model.tags.get("elasticbeanstalk:environment-name"),
        );
        #[cfg(feature = "autoscaling")]
        {
            use crate::aws::autoscaling::Groups;
            refs.maybe::<Groups>(
                "Tags.aws:autoscaling:groupName",
                model.tags.get("aws:autoscaling:groupName"),
            );
            refs.holders(&Groups::OF_INSTANCE, &model.id);
        }
        #[cfg(feature = "elb")]
        refs.holders(&crate::aws::elb::LoadBalancers::OF_INSTANCE, &model.id);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, PAGE_SIZE)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // They fit a page; but AWS may make it shorter.
        let mut token = self.page(cx, keys, None, answers).await?;
        while token.is_some() {
            token = self.page(cx, keys, token, answers).await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        self.page(cx, &[], page.map(str::to_owned), answers).await
    }

    fn find(term: &Term) -> Find<'_> {
        find(term, "i", "instance")
    }

    fn answers_to(model: &Instance, term: &Term) -> bool {
        let mut names = model.private_dns_name.iter().chain(&model.public_dns_name);
        model.id == term.text()
            || model.tags.answer_to(term)
            || term.address().is_some_and(|address| model.addresses().any(|it| it == address))
            || term.dns_name().is_some_and(|name| names.any(|it| *it == name))
    }
}

/// A DNS name in lower case; an empty one is none.
fn dns_name(name: &str) -> Option<String> {
    Some(name.to_ascii_lowercase()).filter(|name| !name.is_empty())
}

fn interface(it: &InstanceNetworkInterface) -> NetworkInterface {
    let private = it.private_ip_addresses();
    NetworkInterface {
        id: it.network_interface_id().map(str::to_owned),
        subnet_id: it.subnet_id().map(str::to_owned),
        groups: it.groups().iter().filter_map(|group| group.group_id().map(str::to_owned)).collect(),
        private_ip_addresses: private
            .iter()
            .filter_map(|it| it.private_ip_address().map(str::to_owned))
            .collect(),
        public_ips: private
            .iter()
            .filter_map(|it| it.association()?.public_ip().map(str::to_owned))
            .collect(),
        ipv6_addresses: it
            .ipv6_addresses()
            .iter()
            .filter_map(|it| it.ipv6_address().map(str::to_owned))
            .collect(),
    }
}

fn answer(instances: &[Described], answers: &mut Answers<Instances>) {
    for instance in instances {
        let Some(id) = instance.instance_id() else {
            answers.unreadable(None, "InstanceId");
            continue;
        };
        answers.found(Instance {
            id: id.to_owned(),
            image_id: instance.image_id().map(str::to_owned),
            instance_type: instance.instance_type().map(|it| it.as_str().to_owned()),
            state: instance.state().and_then(|state| state.name()).map(|name| name.as_str().to_owned()),
            launch_time: instance.launch_time().map(ToString::to_string),
            availability_zone: instance
                .placement()
                .and_then(|placement| placement.availability_zone())
                .map(str::to_owned),
            key_name: instance.key_name().map(str::to_owned),
            vpc_id: instance.vpc_id().map(str::to_owned),
            subnet_id: instance.subnet_id().map(str::to_owned),
            security_groups: instance
                .security_groups()
                .iter()
                .filter_map(|group| group.group_id().map(str::to_owned))
                .collect(),
            block_device_mappings: instance
                .block_device_mappings()
                .iter()
                .filter_map(|device| device.ebs()?.volume_id().map(str::to_owned))
                .collect(),
            iam_instance_profile: instance
                .iam_instance_profile()
                .and_then(|profile| profile.arn())
                .map(str::to_owned),
            private_ip_address: instance.private_ip_address().map(str::to_owned),
            private_dns_name: instance.private_dns_name().and_then(dns_name),
            public_ip_address: instance.public_ip_address().map(str::to_owned),
            public_dns_name: instance.public_dns_name().and_then(dns_name),
            network_interfaces: instance.network_interfaces().iter().map(interface).collect(),
            tags: tags(instance.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        EbsInstanceBlockDevice, GroupIdentifier, IamInstanceProfile, InstanceBlockDeviceMapping,
        InstanceIpv6Address, InstanceNetworkInterfaceAssociation, InstancePrivateIpAddress, Tag,
    };

    use super::*;
    use crate::aws::said::{answers_to, find, keys, one, refs, told};

    fn group(id: &str) -> GroupIdentifier {
        GroupIdentifier::builder().group_id(id).build()
    }

    fn tag(key: &str, value: &str) -> Tag {
        Tag::builder().key(key).value(value).build()
    }

    fn described() -> Described {
        let public = InstanceNetworkInterfaceAssociation::builder().public_ip("203.0.113.12").build();
        let second = InstanceNetworkInterface::builder()
            .subnet_id("subnet-2")
            .groups(group("sg-1"))
            .groups(group("sg-2"))
            .private_ip_addresses(
                InstancePrivateIpAddress::builder()
                    .private_ip_address("10.0.1.1")
                    .association(public)
                    .build(),
            )
            .ipv6_addresses(InstanceIpv6Address::builder().ipv6_address("2001:db8::1").build());
        let volume = EbsInstanceBlockDevice::builder().volume_id("vol-1").build();
        let profile = "arn:aws:iam::123456789012:instance-profile/web/servers";
        Described::builder()
            .instance_id("i-1")
            .key_name("deploy")
            .vpc_id("vpc-1")
            .subnet_id("subnet-1")
            .security_groups(group("sg-1"))
            .network_interfaces(
                InstanceNetworkInterface::builder().subnet_id("subnet-1").groups(group("sg-1")).build(),
            )
            .network_interfaces(second.build())
            .block_device_mappings(InstanceBlockDeviceMapping::builder().ebs(volume).build())
            .block_device_mappings(InstanceBlockDeviceMapping::builder().device_name("/dev/sdb").build())
            .iam_instance_profile(IamInstanceProfile::builder().arn(profile).build())
            .private_ip_address("10.0.0.10")
            .private_dns_name("IP-10-0-0-10.ec2.internal")
            .public_ip_address("203.0.113.10")
            .public_dns_name("")
            .tags(tag("Name", "www.shop.example"))
            .tags(tag("aws:autoscaling:groupName", "shop"))
            .tags(tag("aws:ec2launchtemplate:id", "lt-1"))
            .tags(tag("elasticbeanstalk:environment-name", "prod"))
            .build()
    }

    fn instance() -> Instance {
        let (models, unreadable) = told(|answers| answer(&[described()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("an instance")
    }

    #[test]
    fn an_instance_without_an_id_does_not_cost_the_others() {
        let bare = Described::builder().instance_id("i-1").build();
        let instances = [Described::builder().key_name("deploy").build(), bare];
        let (models, unreadable) = told(|answers| answer(&instances, answers));
        assert_eq!(models, [Instance { id: "i-1".to_owned(), ..Instance::default() }]);
        assert_eq!(unreadable, [(None, "InstanceId".to_owned())]);
    }

    #[test]
    fn it_refers_to_what_it_is_made_of_and_leads_to_what_holds_it() {
        let expected = [
            vec![
                one::<KeyPairs>("KeyName", "deploy"),
                one::<Vpcs>("VpcId", "vpc-1"),
                one::<Subnets>("SubnetId", "subnet-1"),
                one::<SecurityGroups>("SecurityGroups", "sg-1"),
                one::<Subnets>("NetworkInterfaces", "subnet-2"),
                one::<SecurityGroups>("NetworkInterfaces", "sg-2"),
                one::<Volumes>("BlockDeviceMappings", "vol-1"),
                one::<LaunchTemplates>("Tags.aws:ec2launchtemplate:id", "lt-1"),
            ],
            #[cfg(feature = "iam")]
            {
                use crate::aws::{
                    iam::InstanceProfiles,
                    said::{here, one_in},
                };
                vec![one_in::<InstanceProfiles>("IamInstanceProfile", &here().global(), "servers")]
            },
            #[cfg(feature = "elasticbeanstalk")]
            vec![one::<crate::aws::elasticbeanstalk::Environments>(
                "Tags.elasticbeanstalk:environment-name",
                "prod",
            )],
            #[cfg(feature = "autoscaling")]
            {
                use crate::aws::{
                    autoscaling::Groups,
                    said::{here, holders_in},
                };
                vec![
                    one::<Groups>("Tags.aws:autoscaling:groupName", "shop"),
                    holders_in(Groups::OF_INSTANCE, &here(), "i-1"),
                ]
            },
            #[cfg(feature = "elb")]
            {
                use crate::aws::{
                    elb::LoadBalancers,
                    said::{here, holders_in},
                };
                vec![holders_in(LoadBalancers::OF_INSTANCE, &here(), "i-1")]
            },
        ];
        assert_eq!(refs::<Instances>(&instance()), expected.into_iter().flatten().collect::<Vec<_>>());
        assert_eq!(keys(Instances::OF_KEY_PAIR, &instance()), ["deploy"]);
    }

    #[test]
    fn it_answers_to_its_id_its_addresses_its_names_and_its_tags() {
        for term in [
            "i-1",
            "10.0.0.10",
            "203.0.113.10",
            "10.0.1.1",
            "203.0.113.12",
            "2001:DB8:0::1",
            "ip-10-0-0-10.EC2.internal.",
            "www.shop.example",
            "Name=www.shop.example",
            "elasticbeanstalk:environment-name=prod",
        ] {
            assert!(answers_to::<Instances>(&instance(), term), "{term}");
        }
        for term in ["deploy", "10.0.0.1", "", "Name=shop", "sg-1"] {
            assert!(!answers_to::<Instances>(&instance(), term), "{term}");
        }
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60001"),
            ("arn:aws:ec2:eu-west-1:123456789012:instance/i-0a1b2c3d", "i-0a1b2c3d"),
            ("arn:aws:ec2:eu-west-1:123456789012:volume/vol-0a1b2c3d", "No"),
            ("vol-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "List"),
            ("ip-10-0-0-10.ec2.internal", "List"),
            ("web", "List"),
            ("Name=web", "List"),
        ] {
            assert_eq!(find::<Instances>(term), how, "{term}");
        }
    }
}
