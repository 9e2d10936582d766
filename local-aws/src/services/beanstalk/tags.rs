//! The tags of applications and environments.

use super::super::{
    constraint, elb,
    query::{Asked, Failure},
};
use crate::{
    resources::{Environment, Resources, Tags},
    wire::document::Document,
};

pub(super) fn list(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let arn = constraint::required(&asked.form, "ResourceArn")?;
    let (account, region) = (&asked.scope.account, &asked.scope.region);
    let tags = asked.accounts.of(asked.scope, |resources| {
        let Resources { applications, environments, .. } = &*resources;
        let application = applications.iter().find(|it| it.arn(account, region) == arn);
        let mut lives = environments.iter().filter(|it| it.status() != "Terminated");
        let environment = lives.find(|it| it.arn(account, region) == arn);
        application.map(|it| it.tags.clone()).or_else(|| environment.map(of_environment))
    });
    let tags = tags.ok_or_else(|| {
        let message = format!("Resource not found for ARN '{arn}'.");
        Failure::new("ResourceNotFoundException", message)
    })?;
    xml.text("ResourceArn", arn);
    elb::tags(xml, "ResourceTags", &tags);
    Ok(())
}

/// Elastic Beanstalk tags an environment as it tags the resources of it.
fn of_environment(environment: &Environment) -> Tags {
    let mut tags = Tags::from([
        ("Name".to_owned(), environment.name.clone()),
        ("elasticbeanstalk:environment-id".to_owned(), environment.id.clone()),
        ("elasticbeanstalk:environment-name".to_owned(), environment.name.clone()),
    ]);
    tags.extend(environment.tags.clone());
    tags
}
