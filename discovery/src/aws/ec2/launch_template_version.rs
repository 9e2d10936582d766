//! [`LaunchTemplateVersion`]: what instances are launched by.

use aws_sdk_ec2::types::{
    LaunchTemplateInstanceNetworkInterfaceSpecification as Interface, LaunchTemplateVersion as Described,
    ResponseLaunchTemplateData,
};
use serde::{Deserialize, Serialize};

/// A version of a launch template, without its user data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LaunchTemplateVersion {
    /// 1 for the first.
    #[serde(rename = "VersionNumber")]
    pub number: Option<i64>,
    /// Whether it is taken where nobody says which.
    pub default_version: Option<bool>,
    /// RFC 3339.
    #[serde(rename = "CreateTime")]
    pub created: Option<String>,
    /// The image.
    pub image_id: Option<String>,
    /// The type of the instances.
    pub instance_type: Option<String>,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// Ids, those of its network interfaces included.
    pub security_group_ids: Vec<String>,
    /// The subnets of its network interfaces, by id.
    pub subnet_ids: Vec<String>,
    /// The instance profile, by name or ARN.
    pub iam_instance_profile: Option<String>,
}

impl From<&Described> for LaunchTemplateVersion {
    fn from(it: &Described) -> Self {
        Self {
            number: it.version_number(),
            default_version: it.default_version(),
            created: it.create_time().map(ToString::to_string),
            ..it.launch_template_data().map(Self::launching).unwrap_or_default()
        }
    }
}

impl LaunchTemplateVersion {
    fn launching(data: &ResponseLaunchTemplateData) -> Self {
        let interfaces = data.network_interfaces();
        let groups = data.security_group_ids().iter().chain(interfaces.iter().flat_map(Interface::groups));
        let subnets = interfaces.iter().filter_map(|it| it.subnet_id());
        let profile = data.iam_instance_profile().and_then(|it| it.arn().or_else(|| it.name()));
        Self {
            image_id: data.image_id().map(str::to_owned),
            instance_type: data.instance_type().map(|it| it.as_str().to_owned()),
            key_name: data.key_name().map(str::to_owned),
            security_group_ids: once(groups.map(String::as_str)),
            subnet_ids: once(subnets),
            iam_instance_profile: profile.map(str::to_owned),
            ..Self::default()
        }
    }
}

/// Each once, in the order in which they came.
fn once<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts {
        if !all.iter().any(|it| it == text) {
            all.push(text.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::LaunchTemplateIamInstanceProfileSpecification;

    use super::*;

    #[test]
    fn what_it_launches_is_read_and_its_user_data_is_not_kept() {
        let profile = LaunchTemplateIamInstanceProfileSpecification::builder().name("servers").build();
        let data = ResponseLaunchTemplateData::builder()
            .key_name("deploy")
            .security_group_ids("sg-1")
            .network_interfaces(Interface::builder().groups("sg-1").groups("sg-2").build())
            .network_interfaces(Interface::builder().subnet_id("subnet-1").build())
            .iam_instance_profile(profile)
            .user_data("c2VjcmV0");
        let described =
            Described::builder().version_number(2).default_version(true).launch_template_data(data.build());
        let version = LaunchTemplateVersion::from(&described.build());
        assert_eq!((version.number, version.default_version), (Some(2), Some(true)));
        assert_eq!(version.key_name.as_deref(), Some("deploy"));
        assert_eq!(version.security_group_ids, ["sg-1", "sg-2"]);
        assert_eq!(version.subnet_ids, ["subnet-1"]);
        assert_eq!(version.iam_instance_profile.as_deref(), Some("servers"));
        let json = serde_json::to_string(&version).expect("JSON");
        assert!(!json.contains("c2VjcmV0"), "{json}");
    }
}
