//! [`Instances`]: the mirror of EC2 instances.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{
    AT_ONCE, KeyPairs, LaunchTemplates, PAGE, SecurityGroups, Subnets, Volumes, Vpcs, among, find, tags, text,
};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Plan, Refs, Term,
    aws::{Clients, Tags, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeInstances");

/// Mirrors EC2 instances: `ec2:instance`, by id.
#[derive(Clone, Debug)]
pub struct Instances {
    clients: Clients<Client>,
}

/// An EC2 instance, without its user data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// The id.
    #[serde(rename = "InstanceId")]
    pub id: String,
    /// Such as `running`.
    pub state: Option<String>,
    /// Such as `t3.micro`.
    pub instance_type: Option<String>,
    /// The image.
    pub image_id: Option<String>,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// RFC 3339.
    pub launch_time: Option<String>,
    /// Zone.
    pub availability_zone: Option<String>,
    /// An address.
    pub private_ip_address: Option<String>,
    /// An address.
    pub public_ip_address: Option<String>,
    /// In lower case.
    pub private_dns_name: Option<String>,
    /// In lower case.
    pub public_dns_name: Option<String>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// The subnet's id.
    pub subnet_id: Option<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// Ids of its volumes.
    pub block_device_mappings: Vec<String>,
    /// The ARN.
    pub iam_instance_profile: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl Instances {
    /// The instances that were launched with a key pair, by its name.
    pub const OF_KEY_PAIR: Index<Self> = Index::over_list("key-pair", |instance: &Instance, add| {
        instance.key_name.iter().for_each(|name| add(name));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Instances {
    const TYPE: &'static str = "ec2:instance";

    type Model = Instance;

    fn key(model: &Instance) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &Instance, refs: &mut Refs<'_>) {
        refs.maybe::<KeyPairs>("KeyName", model.key_name.as_ref());
        refs.many::<SecurityGroups>("SecurityGroups", &model.security_groups);
        refs.maybe::<Subnets>("SubnetId", model.subnet_id.as_ref());
        refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_ref());
        refs.many::<Volumes>("BlockDeviceMappings", &model.block_device_mappings);
        #[cfg(feature = "iam")]
        if let Some(arn) = &model.iam_instance_profile
            && let Some(name) = crate::aws::iam::name_of(arn, "instance-profile")
        {
            refs.to::<crate::aws::iam::InstanceProfiles>("IamInstanceProfile", name);
        }
        refs.maybe::<LaunchTemplates>(
            "Tags.aws:ec2launchtemplate:id",
            model.tags.get("aws:ec2launchtemplate:id"),
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
        #[cfg(feature = "elasticbeanstalk")]
        model.tags.environment(refs);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_instances().filters(among("instance-id", keys));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output
            .reservations()
            .iter()
            .flat_map(types::Reservation::instances)
            .for_each(|it| answer(it, answers));
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_instances()
            .max_results(PAGE)
            .set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output
            .reservations()
            .iter()
            .flat_map(types::Reservation::instances)
            .for_each(|it| answer(it, answers));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        find(term, "i-", "instance")
    }

    fn answers_to(model: &Instance, term: &Term) -> bool {
        let addresses = [&model.private_ip_address, &model.public_ip_address];
        let names = [&model.private_dns_name, &model.public_dns_name];
        model.id == term.text()
            || model.tags.answer_to(term)
            || addresses.into_iter().flatten().any(|address| address == term.text())
            || term.dns_name().is_some_and(|name| names.into_iter().flatten().any(|known| *known == name))
    }
}

fn answer(it: &types::Instance, answers: &mut Answers<Instances>) {
    let Some(id) = it.instance_id().filter(|id| !id.is_empty()) else {
        return answers.unreadable(None, "InstanceId");
    };
    answers.found(Instance {
        id: id.to_owned(),
        state: it.state().and_then(|state| state.name()).map(|name| name.as_str().to_owned()),
        instance_type: it.instance_type().map(|kind| kind.as_str().to_owned()),
        image_id: text(it.image_id()),
        key_name: text(it.key_name()),
        launch_time: it.launch_time().map(ToString::to_string),
        availability_zone: it.placement().and_then(|place| text(place.availability_zone())),
        private_ip_address: text(it.private_ip_address()),
        public_ip_address: text(it.public_ip_address()),
        private_dns_name: text(it.private_dns_name()).map(|name| name.to_ascii_lowercase()),
        public_dns_name: text(it.public_dns_name()).map(|name| name.to_ascii_lowercase()),
        vpc_id: text(it.vpc_id()),
        subnet_id: text(it.subnet_id()),
        security_groups: it.security_groups().iter().filter_map(|group| text(group.group_id())).collect(),
        block_device_mappings: it
            .block_device_mappings()
            .iter()
            .filter_map(|mapping| text(mapping.ebs()?.volume_id()))
            .collect(),
        iam_instance_profile: it.iam_instance_profile().and_then(|profile| text(profile.arn())),
        tags: tags(it.tags()),
    });
}
