//! [`LaunchConfigurations`]: the mirror of launch configurations.

use std::borrow::Cow;

use aws_sdk_autoscaling::Client;
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::Groups;
use crate::{
    Answers, Api, Arn, Fetch, FetchError, Find, Index, Mirror, Plan, Refs, Term,
    aws::{Clients, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("autoscaling", "DescribeLaunchConfigurations");

/// Launch configurations on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLaunchConfigurations.html>.
const PAGE: i32 = 100;

/// Names in a call.
const AT_ONCE: usize = 50;

/// Mirrors launch configurations: `autoscaling:launch-configuration`, by name.
#[derive(Clone, Debug)]
pub struct LaunchConfigurations {
    clients: Clients<Client>,
}

/// A launch configuration, without its user data, which may hold secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LaunchConfiguration {
    /// The name.
    #[serde(rename = "LaunchConfigurationName")]
    pub name: String,
    /// The ARN.
    #[serde(rename = "LaunchConfigurationARN")]
    pub arn: Option<String>,
    /// The image.
    pub image_id: Option<String>,
    /// The type of the instances.
    pub instance_type: Option<String>,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// Ids.
    pub security_groups: Vec<String>,
    /// The name or the ARN.
    pub iam_instance_profile: Option<String>,
    /// RFC 3339.
    pub created_time: Option<String>,
}

impl LaunchConfigurations {
    /// The launch configurations that name a key pair.
    pub const OF_KEY_PAIR: Index<Self> = Index::over_list("key-pair", |it: &LaunchConfiguration, add| {
        it.key_name.iter().for_each(|name| add(name));
    });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for LaunchConfigurations {
    const TYPE: &'static str = "autoscaling:launch-configuration";

    type Model = LaunchConfiguration;

    fn key(model: &LaunchConfiguration) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &LaunchConfiguration, add: &mut dyn FnMut(&str)) {
        model.arn.iter().for_each(|arn| add(arn));
    }

    fn refs(model: &LaunchConfiguration, refs: &mut Refs<'_>) {
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{KeyPairs, SecurityGroups};
            refs.maybe::<KeyPairs>("KeyName", model.key_name.as_ref());
            // Those of EC2-Classic are names, which nobody can look up any more.
            let ids = model.security_groups.iter().filter(|id| id.starts_with("sg-"));
            refs.many::<SecurityGroups>("SecurityGroups", ids);
        }
        #[cfg(feature = "iam")]
        if let Some(profile) = &model.iam_instance_profile {
            let name = crate::aws::iam::name_of(profile, "instance-profile").unwrap_or(profile);
            refs.to::<crate::aws::iam::InstanceProfiles>("IamInstanceProfile", name);
        }
        if refs.is_root() {
            refs.holders(&Groups::OF_LAUNCH_CONFIGURATION, &model.name);
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // Fewer names than a page has: there is no second page.
        let names = keys.iter().map(|key| (*key).to_owned()).collect();
        let operation = self.clients.of(cx.scope())?.describe_launch_configurations().max_records(PAGE);
        let operation = operation.set_launch_configuration_names(Some(names));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.launch_configurations().iter().for_each(|it| answer(it, answers));
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_launch_configurations().max_records(PAGE);
        let operation = operation.set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.launch_configurations().iter().for_each(|it| answer(it, answers));
        Ok(output.next_token)
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(Arn { service: "autoscaling", .. }) => Find::List,
            Some(_) => Find::No,
            None if term.tag().is_some() || term.address().is_some() || is_ec2_id(term.text()) => Find::No,
            None => Find::List,
        }
    }
}

fn answer(it: &aws_sdk_autoscaling::types::LaunchConfiguration, answers: &mut Answers<LaunchConfigurations>) {
    let Some(name) = it.launch_configuration_name().filter(|name| !name.is_empty()) else {
        return answers.unreadable(None, "LaunchConfigurationName");
    };
    // What is not there is an empty text at times.
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    answers.found(LaunchConfiguration {
        name: name.to_owned(),
        arn: text(it.launch_configuration_arn()),
        image_id: text(it.image_id()),
        instance_type: text(it.instance_type()),
        key_name: text(it.key_name()),
        security_groups: it.security_groups().to_vec(),
        iam_instance_profile: text(it.iam_instance_profile()),
        created_time: it.created_time().map(ToString::to_string),
    });
}
