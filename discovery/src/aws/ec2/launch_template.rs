//! [`LaunchTemplates`]: the mirror of launch templates.

use std::borrow::Cow;

use aws_sdk_ec2::{Client, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{AT_ONCE, KeyPairs, SecurityGroups, find, tags, text};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, Tags, code, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeLaunchTemplates");
const VERSIONS: Api = Api::new("ec2", "DescribeLaunchTemplateVersions");

/// Launch templates, and versions of them, on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html>.
const PAGE: i32 = 200;

/// Launch templates whose default and latest versions fit on a page.
const HALF_A_PAGE: usize = 100;

/// Mirrors launch templates: `ec2:launch-template`, by id, with their latest and their default version.
#[derive(Clone, Debug)]
pub struct LaunchTemplates {
    clients: Clients<Client>,
}

/// A launch template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LaunchTemplate {
    /// The id.
    #[serde(rename = "LaunchTemplateId")]
    pub id: String,
    /// The name.
    #[serde(rename = "LaunchTemplateName")]
    pub name: Option<String>,
    /// The number of the default version.
    pub default_version_number: Option<i64>,
    /// The number of the latest version.
    pub latest_version_number: Option<i64>,
    /// The latest and the default version.
    pub versions: Vec<LaunchTemplateVersion>,
    /// Tags.
    pub tags: Tags,
}

/// A version of a launch template, without its user data, which may hold secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LaunchTemplateVersion {
    /// From 1.
    pub version_number: Option<i64>,
    /// The image.
    pub image_id: Option<String>,
    /// The type of the instances.
    pub instance_type: Option<String>,
    /// The key pair, by name.
    pub key_name: Option<String>,
    /// Ids.
    pub security_group_ids: Vec<String>,
    /// The ARN or the name.
    pub iam_instance_profile: Option<String>,
}

impl LaunchTemplates {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for LaunchTemplates {
    const TYPE: &'static str = "ec2:launch-template";

    type Model = LaunchTemplate;

    fn key(model: &LaunchTemplate) -> Cow<'_, str> {
        Cow::Borrowed(&model.id)
    }

    fn aliases(model: &LaunchTemplate, add: &mut dyn FnMut(&str)) {
        model.name.iter().for_each(|name| add(name));
    }

    fn refs(model: &LaunchTemplate, refs: &mut Refs<'_>) {
        for version in &model.versions {
            refs.maybe::<KeyPairs>("KeyName", version.key_name.as_ref());
            refs.many::<SecurityGroups>("SecurityGroupIds", &version.security_group_ids);
            #[cfg(feature = "iam")]
            if let Some(profile) = &version.iam_instance_profile {
                let name = crate::aws::iam::name_of(profile, "instance-profile").unwrap_or(profile);
                refs.to::<crate::aws::iam::InstanceProfiles>("IamInstanceProfile", name);
            }
        }
        #[cfg(feature = "autoscaling")]
        if refs.is_root() {
            refs.holders(&crate::aws::autoscaling::Groups::OF_LAUNCH_TEMPLATE, &model.id);
        }
    }

    fn plan(&self) -> Plan {
        let page = usize::try_from(PAGE).unwrap_or(1);
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, page).part("versions", VERSIONS, HALF_A_PAGE)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        // There is no filter by id, and one unknown id fails the call.
        let ids = keys.iter().map(|key| (*key).to_owned()).collect();
        let operation =
            self.clients.of(cx.scope())?.describe_launch_templates().set_launch_template_ids(Some(ids));
        match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
            Ok(output) => output.launch_templates().iter().for_each(|it| answer(it, answers)),
            Err(error) if code(&error).is_some_and(is_about_an_id) => {
                return Err(FetchError::poisoned(error));
            }
            Err(error) => return Err(failure(error)),
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self.clients.of(cx.scope())?.describe_launch_templates().max_results(PAGE);
        let operation = operation.set_next_token(page.map(str::to_owned));
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        output.launch_templates().iter().for_each(|it| answer(it, answers));
        Ok(output.next_token)
    }

    async fn complete(
        &self,
        _part: &'static str,
        cx: &Fetch,
        models: &[&LaunchTemplate],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_launch_template_versions()
            .versions("$Latest")
            .versions("$Default")
            .max_results(PAGE);
        // One template is asked for by its id; of many, the versions of all are told, page by page.
        let operation = match models {
            [one] => operation.launch_template_id(&one.id),
            _ => operation,
        };
        let mut versions = std::collections::HashMap::<String, Vec<LaunchTemplateVersion>>::new();
        let mut page = None;
        loop {
            let operation = operation.clone().set_next_token(page.take());
            let output = match send(cx, &cx.call(VERSIONS), || operation.clone().send()).await {
                Ok(output) => output,
                Err(error) if code(&error).is_some_and(is_about_an_id) => {
                    models.iter().for_each(|model| parts.absent(&model.id));
                    return Ok(());
                }
                Err(error) => return Err(failure(error)),
            };
            for it in output.launch_template_versions() {
                if let (Some(id), Some(version)) = (it.launch_template_id(), version(it)) {
                    versions.entry(id.to_owned()).or_default().push(version);
                }
            }
            page = output.next_token;
            if page.is_none() {
                break;
            }
        }
        for model in models {
            let versions = versions.remove(&model.id).unwrap_or_default();
            parts.add(&model.id, |model| model.versions = versions);
        }
        Ok(())
    }

    fn find(term: &Term) -> Find<'_> {
        find(term, "lt-", "launch-template")
    }

    fn answers_to(model: &LaunchTemplate, term: &Term) -> bool {
        model.id == term.text() || model.name.as_deref() == Some(term.text()) || model.tags.answer_to(term)
    }
}

fn is_about_an_id(code: &str) -> bool {
    code.starts_with("InvalidLaunchTemplateId")
}

fn answer(it: &types::LaunchTemplate, answers: &mut Answers<LaunchTemplates>) {
    let Some(id) = it.launch_template_id().filter(|id| !id.is_empty()) else {
        return answers.unreadable(None, "LaunchTemplateId");
    };
    answers.found(LaunchTemplate {
        id: id.to_owned(),
        name: text(it.launch_template_name()),
        default_version_number: it.default_version_number(),
        latest_version_number: it.latest_version_number(),
        versions: Vec::new(),
        tags: tags(it.tags()),
    });
}

fn version(it: &types::LaunchTemplateVersion) -> Option<LaunchTemplateVersion> {
    let data = it.launch_template_data()?;
    let profile = data.iam_instance_profile();
    Some(LaunchTemplateVersion {
        version_number: it.version_number(),
        image_id: text(data.image_id()),
        instance_type: data.instance_type().map(|kind| kind.as_str().to_owned()),
        key_name: text(data.key_name()),
        security_group_ids: data.security_group_ids().to_vec(),
        iam_instance_profile: profile.and_then(|it| text(it.arn()).or_else(|| text(it.name()))),
    })
}
