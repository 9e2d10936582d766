//! [`LaunchTemplates`]: the mirror of launch templates.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use aws_sdk_ec2::{
    Client,
    types::{LaunchTemplate as Described, LaunchTemplateVersion as DescribedVersion},
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{KeyPairs, LaunchTemplateVersion, SecurityGroups, Subnets, filter, find, next, tags};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Parts, Plan, Refs, Term,
    aws::{Clients, Tags, code, failure},
};

const DESCRIBE: Api = Api::new("ec2", "DescribeLaunchTemplates");
const VERSIONS: Api = Api::new("ec2", "DescribeLaunchTemplateVersions");

/// Launch templates, or versions, on a page.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html>.
const PAGE: i32 = 200;

/// Ids or names in a call: a page of them.
const AT_ONCE: usize = 200;

/// Launch templates of a region: the versions that matter are asked for all templates at once.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-template-restrictions.html>.
const ALL: usize = 5_000;

/// The versions that matter.
const LATEST_AND_DEFAULT: [&str; 2] = ["$Latest", "$Default"];

/// Mirrors launch templates: `ec2:launch-template`, by id or name.
///
/// All or some by `DescribeLaunchTemplates`; their latest and default versions, a part, by
/// `DescribeLaunchTemplateVersions`: those of all templates page by page, or those of one.
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
    /// RFC 3339.
    #[serde(rename = "CreateTime")]
    pub created: Option<String>,
    /// The ARN of who made it.
    pub created_by: Option<String>,
    /// The number of the version that is taken where nobody says which.
    pub default_version_number: Option<i64>,
    /// The number of the last version.
    pub latest_version_number: Option<i64>,
    /// The default and the latest version, by number; one if they are the same.
    pub versions: Vec<LaunchTemplateVersion>,
    /// Tags.
    pub tags: Tags,
}

/// The versions of templates, by the template's id and their numbers.
type Versions = BTreeMap<String, BTreeMap<Option<i64>, LaunchTemplateVersion>>;

impl LaunchTemplates {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }

    /// Those of these ids, all of which must be there.
    async fn by_id(&self, cx: &Fetch, ids: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let mut token = None;
        loop {
            let operation = self
                .clients
                .of(cx.scope())?
                .describe_launch_templates()
                .set_launch_template_ids(Some(ids.clone()))
                .set_next_token(token);
            let output = match send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await {
                Ok(output) => output,
                Err(error) if code(&error).is_some_and(is_unknown) => {
                    return Err(FetchError::poisoned(error));
                }
                Err(error) => return Err(failure(error)),
            };
            answer(output.launch_templates(), answers);
            token = next(output.next_token);
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// A page of all, or of some by name.
    async fn page(
        &self,
        cx: &Fetch,
        names: &[&str],
        token: Option<String>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let filters = (!names.is_empty()).then(|| vec![filter("launch-template-name", names)]);
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_launch_templates()
            .set_filters(filters)
            .max_results(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(DESCRIBE), || operation.clone().send()).await.map_err(failure)?;
        answer(output.launch_templates(), answers);
        Ok(next(output.next_token))
    }

    /// A page of the versions that matter of all templates.
    async fn versions(
        &self,
        cx: &Fetch,
        token: Option<String>,
        versions: &mut Versions,
    ) -> Result<Option<String>, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_launch_template_versions()
            .set_versions(Some(LATEST_AND_DEFAULT.map(str::to_owned).into()))
            .max_results(PAGE)
            .set_next_token(token);
        let output = send(cx, &cx.call(VERSIONS), || operation.clone().send()).await.map_err(failure)?;
        add(output.launch_template_versions(), versions);
        Ok(next(output.next_token))
    }

    /// The versions that matter of one template; `false` if it is gone.
    async fn versions_of(&self, cx: &Fetch, id: &str, versions: &mut Versions) -> Result<bool, FetchError> {
        let operation = self
            .clients
            .of(cx.scope())?
            .describe_launch_template_versions()
            .launch_template_id(id)
            .set_versions(Some(LATEST_AND_DEFAULT.map(str::to_owned).into()));
        match send(cx, &cx.call(VERSIONS), || operation.clone().send()).await {
            Ok(output) => {
                add(output.launch_template_versions(), versions);
                Ok(true)
            }
            Err(error) if code(&error).is_some_and(is_unknown) => Ok(false),
            Err(error) => Err(failure(error)),
        }
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
        let versions = &model.versions;
        let key_names: BTreeSet<_> = versions.iter().filter_map(|it| it.key_name.as_deref()).collect();
        refs.many::<KeyPairs>("Versions.KeyName", key_names);
        let groups: BTreeSet<_> = versions.iter().flat_map(|it| &it.security_group_ids).collect();
        refs.many::<SecurityGroups>("Versions.SecurityGroupIds", groups);
        let subnets: BTreeSet<_> = versions.iter().flat_map(|it| &it.subnet_ids).collect();
        refs.many::<Subnets>("Versions.SubnetIds", subnets);
        #[cfg(feature = "iam")]
        for profile in
            versions.iter().filter_map(|it| it.iam_instance_profile.as_deref()).collect::<BTreeSet<_>>()
        {
            crate::aws::iam::profile("Versions.IamInstanceProfile", Some(profile), refs);
        }
        #[cfg(feature = "autoscaling")]
        if refs.is_root() {
            use crate::aws::autoscaling::Groups;
            refs.holders(&Groups::OF_LAUNCH_TEMPLATE, &model.id);
            if let Some(name) = &model.name {
                refs.holders(&Groups::OF_LAUNCH_TEMPLATE, name);
            }
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE).and_list(DESCRIBE, AT_ONCE).part("versions", VERSIONS, ALL)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let (ids, names): (Vec<&str>, Vec<&str>) = keys.iter().partition(|key| is_id(key));
        if !names.is_empty() {
            let mut token = self.page(cx, &names, None, answers).await?;
            while token.is_some() {
                token = self.page(cx, &names, token, answers).await?;
            }
        }
        if ids.is_empty() { Ok(()) } else { self.by_id(cx, &ids, answers).await }
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        self.page(cx, &[], page.map(str::to_owned), answers).await
    }

    async fn complete(
        &self,
        _part: &'static str,
        cx: &Fetch,
        models: &[&LaunchTemplate],
        parts: &mut Parts<Self>,
    ) -> Result<(), FetchError> {
        let mut versions = Versions::new();
        let mut missing: Vec<&LaunchTemplate> = models.to_vec();
        let (mut pages, mut token) = (0, None);
        // A page tells those of up to 200 templates, but maybe of others: what is left is asked for one by one as
        // soon as that takes no more calls than there were pages.
        while missing.len() > pages.max(1) {
            token = self.versions(cx, token, &mut versions).await?;
            pages += 1;
            missing.retain(|model| !is_whole(model, &versions));
            if token.is_none() {
                break;
            }
        }
        let mut gone = BTreeSet::new();
        for model in missing {
            if !self.versions_of(cx, &model.id, &mut versions).await? {
                gone.insert(&*model.id);
            }
        }
        for model in models {
            match versions.remove(&model.id) {
                _ if gone.contains(&*model.id) => parts.absent(&model.id),
                Some(told) => parts.add(&model.id, |model| model.versions = told.into_values().collect()),
                None => parts.unreadable(&model.id, "LaunchTemplateVersions"),
            }
        }
        Ok(())
    }

    fn find(term: &Term) -> Find<'_> {
        if term.address().is_some() { Find::No } else { find(term, "lt", "launch-template") }
    }

    fn answers_to(model: &LaunchTemplate, term: &Term) -> bool {
        model.id == term.text() || model.name.as_deref() == Some(term.text()) || model.tags.answer_to(term)
    }
}

/// Whether a key is an id, and no name.
fn is_id(key: &str) -> bool {
    let digits = key.strip_prefix("lt-");
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Whether a code says that there is no such template.
fn is_unknown(code: &str) -> bool {
    code.starts_with("InvalidLaunchTemplateId.") || code.starts_with("InvalidLaunchTemplateName.")
}

/// Whether both versions that matter are there. One that was made meanwhile makes them look incomplete.
fn is_whole(model: &LaunchTemplate, versions: &Versions) -> bool {
    let numbers = [model.default_version_number, model.latest_version_number];
    versions.get(&model.id).is_some_and(|told| numbers.iter().all(|number| told.contains_key(number)))
}

fn add(described: &[DescribedVersion], versions: &mut Versions) {
    for version in described {
        let Some(id) = version.launch_template_id() else { continue };
        versions.entry(id.to_owned()).or_default().insert(version.version_number(), version.into());
    }
}

fn answer(templates: &[Described], answers: &mut Answers<LaunchTemplates>) {
    for template in templates {
        let Some(id) = template.launch_template_id() else {
            answers.unreadable(template.launch_template_name(), "LaunchTemplateId");
            continue;
        };
        answers.found(LaunchTemplate {
            id: id.to_owned(),
            name: template.launch_template_name().map(str::to_owned),
            created: template.create_time().map(ToString::to_string),
            created_by: template.created_by().map(str::to_owned),
            default_version_number: template.default_version_number(),
            latest_version_number: template.latest_version_number(),
            versions: Vec::new(),
            tags: tags(template.tags()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::said::{aliases, answers_to, find, here, one, refs_in, told};

    fn template() -> LaunchTemplate {
        let described = Described::builder()
            .launch_template_id("lt-1")
            .launch_template_name("web.shop.example")
            .default_version_number(1)
            .latest_version_number(3);
        let (models, unreadable) = told(|answers| answer(&[described.build()], answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a launch template")
    }

    fn version(id: &str, number: i64) -> DescribedVersion {
        DescribedVersion::builder().launch_template_id(id).version_number(number).build()
    }

    #[test]
    fn a_launch_template_without_an_id_does_not_cost_the_others() {
        let bare = Described::builder().launch_template_id("lt-1").build();
        let templates = [Described::builder().launch_template_name("web").build(), bare];
        let (models, unreadable) = told(|answers| answer(&templates, answers));
        assert_eq!(models, [LaunchTemplate { id: "lt-1".to_owned(), ..LaunchTemplate::default() }]);
        assert_eq!(unreadable, [(Some("web".to_owned()), "LaunchTemplateId".to_owned())]);
    }

    #[test]
    fn it_refers_to_what_its_versions_launch_with_each_once() {
        let with = |key: &str, group: &str| LaunchTemplateVersion {
            key_name: Some(key.to_owned()),
            security_group_ids: vec!["sg-1".to_owned(), group.to_owned()],
            subnet_ids: vec!["subnet-1".to_owned()],
            iam_instance_profile: Some("servers".to_owned()),
            ..LaunchTemplateVersion::default()
        };
        let versions = vec![with("deploy", "sg-2"), with("deploy", "sg-3")];
        let template = LaunchTemplate { versions, ..template() };
        let mut expected = vec![
            one::<KeyPairs>("Versions.KeyName", "deploy"),
            one::<SecurityGroups>("Versions.SecurityGroupIds", "sg-1"),
            one::<SecurityGroups>("Versions.SecurityGroupIds", "sg-2"),
            one::<SecurityGroups>("Versions.SecurityGroupIds", "sg-3"),
            one::<Subnets>("Versions.SubnetIds", "subnet-1"),
            #[cfg(feature = "iam")]
            one::<crate::aws::iam::InstanceProfiles>("Versions.IamInstanceProfile", "servers"),
        ];
        assert_eq!(refs_in::<LaunchTemplates>(&template, &here(), false), expected);
        #[cfg(feature = "autoscaling")]
        {
            use crate::aws::{autoscaling::Groups, said::holders_in};
            expected.push(holders_in(Groups::OF_LAUNCH_TEMPLATE, &here(), "lt-1"));
            expected.push(holders_in(Groups::OF_LAUNCH_TEMPLATE, &here(), "web.shop.example"));
        }
        expected.sort_by_key(|said| format!("{said:?}"));
        let mut said = refs_in::<LaunchTemplates>(&template, &here(), true);
        said.sort_by_key(|said| format!("{said:?}"));
        assert_eq!(said, expected);
        assert_eq!(aliases::<LaunchTemplates>(&template), ["web.shop.example"]);
    }

    #[test]
    fn a_template_is_whole_with_its_default_and_its_latest_version() {
        let mut versions = Versions::new();
        add(&[version("lt-1", 3), version("lt-2", 1)], &mut versions);
        assert!(!is_whole(&template(), &versions));
        add(&[version("lt-1", 1)], &mut versions);
        assert!(is_whole(&template(), &versions));
        let numbers: Vec<_> = versions["lt-1"].values().map(|version| version.number).collect();
        assert_eq!(numbers, [Some(1), Some(3)]);
    }

    #[test]
    fn an_id_is_no_name() {
        for id in ["lt-0a1b2c3d4e5f60001", "lt-1"] {
            assert!(is_id(id), "{id}");
        }
        for name in ["lt-", "lt-web", "web", "web.shop.example"] {
            assert!(!is_id(name), "{name}");
        }
        for code in ["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateName.NotFoundException"] {
            assert!(is_unknown(code), "{code}");
        }
        assert!(!is_unknown("InvalidParameterValue"));
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("lt-0a1b2c3d4e5f60001", "lt-0a1b2c3d4e5f60001"),
            ("arn:aws:ec2:eu-west-1:123456789012:launch-template/lt-0a1b2c3d", "lt-0a1b2c3d"),
            ("i-0a1b2c3d4e5f60001", "No"),
            ("10.0.0.1", "No"),
            ("web.shop.example", "List"),
            ("Name=web", "List"),
        ] {
            assert_eq!(find::<LaunchTemplates>(term), how, "{term}");
        }
        for term in ["lt-1", "web.shop.example"] {
            assert!(answers_to::<LaunchTemplates>(&template(), term), "{term}");
        }
        assert!(!answers_to::<LaunchTemplates>(&template(), "web"));
    }
}
