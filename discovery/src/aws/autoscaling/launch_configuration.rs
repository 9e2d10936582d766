//! [`LaunchConfigurations`]: the mirror of launch configurations.

use std::borrow::Cow;

use aws_sdk_autoscaling::{Client, types::LaunchConfiguration as Described};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{Groups, find_by_name};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Index, Mirror, Plan, Refs, Term,
    aws::{Clients, failure},
};

const DESCRIBE: Api = Api::new("autoscaling", "DescribeLaunchConfigurations");

/// Names in a call.
///
/// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLaunchConfigurations.html>.
const AT_ONCE: usize = 50;

/// Launch configurations on a page.
///
/// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLaunchConfigurations.html>.
const PAGE: i32 = 100;

/// Mirrors launch configurations: `autoscaling:launch-configuration`, by name.
///
/// All or some by `DescribeLaunchConfigurations`, which leaves out names that it does not know. They have no tags.
#[derive(Clone, Debug)]
pub struct LaunchConfigurations {
    clients: Clients<Client>,
}

/// A launch configuration, without its user data.
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
    /// The instance profile, by name or ARN.
    pub iam_instance_profile: Option<String>,
    /// The most that is paid for an hour of a spot instance.
    pub spot_price: Option<String>,
    /// Whether instances get a public address; if it does not say, the subnet does.
    pub associate_public_ip_address: Option<bool>,
    /// RFC 3339.
    #[serde(rename = "CreatedTime")]
    pub created: Option<String>,
}

impl LaunchConfigurations {
    /// The launch configurations of a key pair, by its name.
    pub const OF_KEY_PAIR: Index<Self> =
        Index::over_list("key-pair", |configuration: &LaunchConfiguration, add| {
            configuration.key_name.iter().for_each(|name| add(name));
        });

    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    /// A page of all, or of some by name.
    async fn page(
        &self,
        cx: &Fetch,
        names: &[&str],
        token: Option<String>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let names = (!names.is_empty()).then(|| names.iter().map(|name| (*name).to_owned()).collect());
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_launch_configurations()
            .set_launch_configuration_names(names)
            .max_records(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.launch_configurations(), answers);
        Ok(output.next_token)
    }
}

impl Mirror for LaunchConfigurations {
    const TYPE: &'static str = "autoscaling:launch-configuration";

    type Model = LaunchConfiguration;

    fn key(model: &LaunchConfiguration) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn refs(model: &LaunchConfiguration, refs: &mut Refs<'_>) {
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{KeyPairs, SecurityGroups};
            refs.maybe::<KeyPairs>("KeyName", model.key_name.as_deref());
            // Old ones may have names of groups, which more than one group can have.
            let ids = model.security_groups.iter().filter(|it| it.starts_with("sg-"));
            refs.many::<SecurityGroups>("SecurityGroups", ids);
        }
        #[cfg(feature = "iam")]
        crate::aws::iam::profile("IamInstanceProfile", model.iam_instance_profile.as_deref(), refs);
        if refs.is_root() {
            refs.holders(&Groups::OF_LAUNCH_CONFIGURATION, &model.name);
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // A page may be shorter than it could be.
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
        find_by_name(term, "launchConfiguration")
    }

    fn answers_to(model: &LaunchConfiguration, term: &Term) -> bool {
        model.name == term.text() || model.arn.as_deref() == Some(term.text())
    }
}

fn answer(configurations: &[Described], answers: &mut Answers<LaunchConfigurations>) {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    for configuration in configurations {
        let Some(name) = configuration.launch_configuration_name() else {
            answers.unreadable(None, "LaunchConfigurationName");
            continue;
        };
        answers.found(LaunchConfiguration {
            name: name.to_owned(),
            arn: configuration.launch_configuration_arn().map(str::to_owned),
            image_id: configuration.image_id().map(str::to_owned),
            instance_type: configuration.instance_type().map(str::to_owned),
            // AWS has an empty text for none.
            key_name: configuration.key_name().and_then(given),
            security_groups: configuration.security_groups().to_vec(),
            iam_instance_profile: configuration.iam_instance_profile().and_then(given),
            spot_price: configuration.spot_price().map(str::to_owned),
            associate_public_ip_address: configuration.associate_public_ip_address(),
            created: configuration.created_time().map(ToString::to_string),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::{answers_to, find, here, holders_in, keys, refs, refs_in, told};

    fn configuration() -> LaunchConfiguration {
        let described = Described::builder()
            .launch_configuration_name("configuration")
            .key_name("deploy")
            .security_groups("sg-1")
            .security_groups("default")
            .iam_instance_profile("arn:aws:iam::123456789012:instance-profile/web/servers")
            .user_data("c2VjcmV0");
        let (models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a launch configuration")
    }

    #[test]
    fn a_launch_configuration_without_a_name_does_not_cost_the_others() {
        let named = Described::builder().launch_configuration_name("web").key_name("").build();
        let configurations = [Described::builder().key_name("deploy").build(), named];
        let (models, unreadable) = told(|answers| answer(&configurations, answers));
        assert_eq!(
            models,
            [LaunchConfiguration { name: "web".to_owned(), ..LaunchConfiguration::default() }]
        );
        assert_eq!(unreadable, [(None, "LaunchConfigurationName".to_owned())]);
    }

    #[test]
    fn it_refers_to_what_its_instances_get() {
        let expected = [
            Vec::new(),
            #[cfg(feature = "ec2")]
            {
                use crate::aws::{
                    ec2::{KeyPairs, SecurityGroups},
                    said::one,
                };
                vec![one::<KeyPairs>("KeyName", "deploy"), one::<SecurityGroups>("SecurityGroups", "sg-1")]
            },
            #[cfg(feature = "iam")]
            {
                use crate::aws::{iam::InstanceProfiles, said::one_in};
                vec![one_in::<InstanceProfiles>("IamInstanceProfile", &here().global(), "servers")]
            },
        ];
        assert_eq!(
            refs::<LaunchConfigurations>(&configuration()),
            expected.into_iter().flatten().collect::<Vec<_>>()
        );
    }

    #[test]
    fn it_leads_to_its_groups_only_if_it_was_looked_for() {
        let groups = holders_in(Groups::OF_LAUNCH_CONFIGURATION, &here(), "configuration");
        let said = |is_root| refs_in::<LaunchConfigurations>(&configuration(), &here(), is_root);
        assert!(said(true).contains(&groups));
        assert!(!said(false).contains(&groups));
        assert_eq!(keys(LaunchConfigurations::OF_KEY_PAIR, &configuration()), ["deploy"]);
    }

    #[test]
    fn user_data_is_not_kept() {
        let json = serde_json::to_string(&configuration()).expect("JSON");
        assert!(!json.contains("c2VjcmV0"), "{json}");
    }

    #[test]
    fn terms() {
        let arn =
            "arn:aws:autoscaling:eu-west-1:123456789012:launchConfiguration:1-2:launchConfigurationName/web";
        for (term, how) in [
            ("configuration", "configuration"),
            (arn, "web"),
            ("Name=web", "No"),
            ("sg-0a1b2c3d4e5f60001", "No"),
            ("203.0.113.10", "No"),
        ] {
            assert_eq!(find::<LaunchConfigurations>(term), how, "{term}");
        }
        assert!(answers_to::<LaunchConfigurations>(&configuration(), "configuration"));
        assert!(!answers_to::<LaunchConfigurations>(&configuration(), "deploy"));
    }
}
