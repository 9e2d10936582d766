//! The settings of an environment, as far as the resources that it made tell of them.

use super::{
    super::{
        Scope, constraint,
        query::{Asked, Failure},
    },
    PLATFORM, environment, invalid, platform_arn,
};
use crate::{
    resources::{Environment, Resources, made_up},
    wire::document::Document,
};

/// The namespace of an option, its name and its value.
type Setting = (&'static str, &'static str, String);

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let application = constraint::required(&asked.form, "ApplicationName")?;
    let template = constraint::optional(&asked.form, "TemplateName");
    let name = constraint::optional(&asked.form, "EnvironmentName");
    if template.is_some() && name.is_some() {
        let message = "EnvironmentName and TemplateName cannot be specified together.";
        return Err(Failure::new("InvalidParameterCombination", message));
    }
    asked.accounts.of(asked.scope, |resources| {
        if !resources.applications.iter().any(|it| it.name == application) {
            return Err(invalid(format!("No Application named '{application}' found.")));
        }
        if let Some(template) = template {
            let message = format!("No Configuration Template named '{application}/{template}' found.");
            return Err(invalid(message));
        }
        let found = environment(resources, None, name)?;
        if found.application != application {
            return Err(invalid(format!("No Environment found for EnvironmentName = '{}'.", found.name)));
        }
        xml.list("ConfigurationSettings", "member", [found], |xml, environment| {
            description(xml, asked.scope, environment, &settings(resources, environment));
        });
        Ok(())
    })
}

fn description(xml: &mut Document, scope: &Scope, environment: &Environment, settings: &[Setting]) {
    xml.text("SolutionStackName", PLATFORM);
    xml.text("PlatformArn", platform_arn(&scope.region));
    xml.text("ApplicationName", &environment.application);
    xml.text("EnvironmentName", &environment.name);
    xml.text("DeploymentStatus", "deployed");
    xml.text("DateCreated", made_up::CREATED);
    xml.text("DateUpdated", made_up::CREATED);
    xml.list("OptionSettings", "member", settings, |xml, (namespace, name, value)| {
        xml.text("Namespace", namespace);
        xml.text("OptionName", name);
        xml.text("Value", value);
    });
}

fn settings(resources: &Resources, environment: &Environment) -> Vec<Setting> {
    let mut settings = Vec::new();
    let groups = &resources.auto_scaling_groups;
    if let Some(group) = groups.iter().find(|it| environment.auto_scaling_groups.contains(&it.name)) {
        let namespace = "aws:autoscaling:asg";
        settings.push((namespace, "MinSize", group.min_size.to_string()));
        settings.push((namespace, "MaxSize", group.max_size.to_string()));
        settings.push(("aws:ec2:vpc", "Subnets", group.subnets.join(",")));
    }
    let configurations = &resources.launch_configurations;
    if let Some(it) = configurations.iter().find(|it| environment.launch_configurations.contains(&it.name)) {
        for (name, value) in [
            ("EC2KeyName", it.key_name.clone()),
            ("IamInstanceProfile", it.instance_profile.clone()),
            ("InstanceType", it.instance_type.clone()),
            ("ImageId", it.image_id.clone()),
            ("SecurityGroups", Some(it.security_groups.join(","))),
        ] {
            let namespace = "aws:autoscaling:launchconfiguration";
            settings.extend(value.map(|value| (namespace, name, value)));
        }
    }
    let kind = if environment.load_balancers.is_empty() { "SingleInstance" } else { "LoadBalanced" };
    settings.push(("aws:elasticbeanstalk:environment", "EnvironmentType", kind.to_owned()));
    if let Some(balancer) = environment.load_balancers.first() {
        let kind = if balancer.starts_with("arn:") { "application" } else { "classic" };
        settings.push(("aws:elasticbeanstalk:environment", "LoadBalancerType", kind.to_owned()));
    }
    settings
}
