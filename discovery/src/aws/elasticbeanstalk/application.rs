//! [`Applications`]: the mirror of Elastic Beanstalk applications.

use std::borrow::Cow;

use aws_sdk_elasticbeanstalk::{Client, types::ApplicationDescription};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{Environments, INVALID};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, ec2_id::is_ec2_id, failure},
};

const DESCRIBE: Api = Api::new("elasticbeanstalk", "DescribeApplications");

/// Applications in a call: it has no pages, and AWS names no cap of names.
///
/// Source: <https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_DescribeApplications.html>.
const AT_ONCE: usize = 1000;

/// The most characters of a name.
///
/// Source: <https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_ApplicationDescription.html>.
const LONGEST_NAME: usize = 100;

/// Mirrors Elastic Beanstalk applications: `elasticbeanstalk:application`, by name.
///
/// All or some by `DescribeApplications`. Tags are not asked for.
#[derive(Clone, Debug)]
pub struct Applications {
    clients: Clients<Client>,
}

/// An Elastic Beanstalk application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Application {
    /// The name.
    #[serde(rename = "ApplicationName")]
    pub name: String,
    /// The ARN.
    #[serde(rename = "ApplicationArn")]
    pub arn: Option<String>,
    /// A text.
    pub description: Option<String>,
    /// RFC 3339.
    #[serde(rename = "DateCreated")]
    pub created: Option<String>,
    /// RFC 3339.
    #[serde(rename = "DateUpdated")]
    pub updated: Option<String>,
    /// Names of saved configurations.
    pub configuration_templates: Vec<String>,
    /// The ARN of the role that its versions are deleted with.
    pub service_role: Option<String>,
}

impl Applications {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    async fn describe(
        &self,
        cx: &Fetch,
        names: Option<Vec<String>>,
        answers: &mut Answers<Self>,
    ) -> Result<(), FetchError> {
        let is_by_name = names.is_some();
        let operation = self.clients.of(cx.scope())?.describe_applications().set_application_names(names);
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => {
                answer(output.applications(), answers);
                Ok(())
            }
            Err(error) if is_by_name && code(&error).is_some_and(|code| INVALID.contains(&code)) => {
                Err(FetchError::poisoned(error))
            }
            Err(error) => Err(failure(error)),
        }
    }
}

impl Mirror for Applications {
    const TYPE: &'static str = "elasticbeanstalk:application";

    type Model = Application;

    fn key(model: &Application) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn refs(model: &Application, refs: &mut Refs<'_>) {
        #[cfg(feature = "iam")]
        crate::aws::arns::role("ServiceRole", model.service_role.as_deref(), refs);
        if refs.is_root() {
            refs.holders(&Environments::OF_APPLICATION, &model.name);
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, AT_ONCE)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let names = keys.iter().map(|key| (*key).to_owned()).collect();
        self.describe(cx, Some(names), answers).await
    }

    async fn list(
        &self,
        cx: &Fetch,
        _page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        self.describe(cx, None, answers).await?;
        Ok(None)
    }

    fn find(term: &Term) -> Find<'_> {
        if let Some(arn) = term.arn() {
            let name =
                arn.resource.strip_prefix("application/").filter(|_| arn.service == "elasticbeanstalk");
            return name.map_or(Find::No, |name| Find::Key(Cow::Borrowed(name)));
        }
        let text = term.text();
        let is_name = !text.contains('/') && (1..=LONGEST_NAME).contains(&text.chars().count());
        if !is_name || term.tag().is_some() || term.address().is_some() || is_ec2_id(text) {
            return Find::No;
        }
        Find::Key(Cow::Borrowed(text))
    }
}

fn answer(applications: &[ApplicationDescription], answers: &mut Answers<Applications>) {
    for application in applications {
        let Some(name) = application.application_name() else {
            answers.unreadable(None, "ApplicationName");
            continue;
        };
        let lifecycle = application.resource_lifecycle_config();
        answers.found(Application {
            name: name.to_owned(),
            arn: application.application_arn().map(str::to_owned),
            description: application.description().map(str::to_owned),
            created: application.date_created().map(ToString::to_string),
            updated: application.date_updated().map(ToString::to_string),
            configuration_templates: application.configuration_templates().to_vec(),
            service_role: lifecycle.and_then(|it| it.service_role()).map(str::to_owned),
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticbeanstalk::{primitives::DateTime, types::ApplicationResourceLifecycleConfig};

    use super::*;
    use crate::aws::said::{find, here, holders_in, refs_in, told};

    #[test]
    fn one_without_a_name_does_not_cost_the_others() {
        let lifecycle = ApplicationResourceLifecycleConfig::builder()
            .service_role("arn:aws:iam::123456789012:role/service-role/eb");
        let applications = [
            ApplicationDescription::builder().description("nameless").build(),
            ApplicationDescription::builder()
                .application_name("shop")
                .date_created(DateTime::from_secs(0))
                .resource_lifecycle_config(lifecycle.build())
                .build(),
        ];
        let (models, unreadable) = told(|answers| answer(&applications, answers));
        assert_eq!(
            models,
            [Application {
                name: "shop".to_owned(),
                created: Some("1970-01-01T00:00:00Z".to_owned()),
                service_role: Some("arn:aws:iam::123456789012:role/service-role/eb".to_owned()),
                ..Application::default()
            }]
        );
        assert_eq!(unreadable, [(None, "ApplicationName".to_owned())]);
    }

    #[test]
    fn only_one_that_was_looked_for_leads_to_its_environments() {
        let application = Application { name: "shop".to_owned(), ..Application::default() };
        assert_eq!(refs_in::<Applications>(&application, &here(), false), []);
        assert_eq!(
            refs_in::<Applications>(&application, &here(), true),
            [holders_in(Environments::OF_APPLICATION, &here(), "shop")]
        );
    }

    #[test]
    #[cfg(feature = "iam")]
    fn its_role_is_named_without_the_path() {
        use crate::aws::{iam::Roles, said::one_in};

        let service_role = Some("arn:aws:iam::123456789012:role/service-role/eb".to_owned());
        let application = Application { name: "shop".to_owned(), service_role, ..Application::default() };
        assert_eq!(
            refs_in::<Applications>(&application, &here(), false),
            [one_in::<Roles>("ServiceRole", &here().global(), "eb")]
        );
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("shop", "shop"),
            ("My Shop", "My Shop"),
            ("shop.example", "shop.example"),
            ("arn:aws:elasticbeanstalk:eu-west-1:123456789012:application/shop", "shop"),
            ("arn:aws:elasticbeanstalk:eu-west-1:123456789012:environment/shop/shop-production", "No"),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "No"),
            ("Name=shop", "No"),
            ("", "No"),
        ] {
            assert_eq!(find::<Applications>(term), how, "{term}");
        }
    }
}
