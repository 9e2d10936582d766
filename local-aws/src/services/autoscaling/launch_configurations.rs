//! Launch configurations.

use super::{
    super::{
        Scope,
        query::{Asked, Failure},
    },
    LARGEST_PAGE, PAGE, among, names, page,
};
use crate::{
    resources::{LaunchConfiguration, made_up},
    wire::document::Document,
};

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let names = names(asked, "LaunchConfigurationNames", PAGE, "launch configuration names")?;
    asked.accounts.of(asked.scope, |resources| {
        let all = resources.launch_configurations.iter();
        let found = all.filter(|configuration| among(&names, &configuration.name));
        let page = page(asked, "launch-configurations", found, LARGEST_PAGE)?;
        xml.list("LaunchConfigurations", "member", page.items, |xml, configuration| {
            description(xml, asked.scope, configuration);
        });
        xml.maybe("NextToken", page.next);
        Ok(())
    })
}

fn description(xml: &mut Document, scope: &Scope, configuration: &LaunchConfiguration) {
    xml.text("LaunchConfigurationName", &configuration.name);
    xml.text("LaunchConfigurationARN", configuration.arn(&scope.account, &scope.region));
    xml.text("ImageId", configuration.image_id.as_deref().unwrap_or("ami-00000000000000001"));
    // What there is none of is told as an empty text.
    xml.text("KeyName", configuration.key_name.as_deref().unwrap_or_default());
    xml.texts("SecurityGroups", "member", &configuration.security_groups);
    xml.texts("ClassicLinkVPCSecurityGroups", "member", [""; 0]);
    xml.text("UserData", "");
    xml.text("InstanceType", configuration.instance_type.as_deref().unwrap_or("t3.micro"));
    xml.text("KernelId", "");
    xml.text("RamdiskId", "");
    xml.texts("BlockDeviceMappings", "member", [""; 0]);
    xml.node("InstanceMonitoring", |xml| xml.text("Enabled", true));
    xml.maybe("IamInstanceProfile", configuration.instance_profile.as_ref());
    xml.text("CreatedTime", made_up::CREATED);
    xml.text("EbsOptimized", false);
}
