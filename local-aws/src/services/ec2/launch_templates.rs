//! Launch templates and their versions.

use std::ops::RangeInclusive;

use super::{
    super::{
        Scope,
        query::{Asked, Failure},
    },
    filter::Filter,
    select::{most, page},
    tags,
};
use crate::{
    resources::{LaunchTemplate, LaunchTemplateVersion, made_up},
    wire::document::Document,
};

/// Launch templates, and versions of them, of one page, at least and at most.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html>.
const PAGES: RangeInclusive<usize> = 1..=200;

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    let (ids, names) = (form.list("LaunchTemplateId"), form.list("LaunchTemplateName"));
    let filters = Filter::read(form, &["create-time", "launch-template-name"])?;
    asked.accounts.of(asked.scope, |resources| {
        let templates = &resources.launch_templates;
        missing(&ids, &names, templates)?;
        let fits = |template: &&LaunchTemplate| {
            let values = |filter: &str| match filter {
                "launch-template-name" => vec![name(template).to_owned()],
                _ => vec![made_up::CREATED.to_owned()],
            };
            let is_asked = (ids.is_empty() && names.is_empty())
                || ids.contains(&&*template.id)
                || names.contains(&name(template));
            is_asked && filters.iter().all(|filter| filter.fits(&template.tags, values))
        };
        let page = page(asked, "templates", templates.iter().filter(fits), most(asked, PAGES)?)?;
        xml.list("launchTemplates", "item", page.items, |xml, template| {
            xml.text("launchTemplateId", &template.id);
            xml.text("launchTemplateName", name(template));
            xml.text("createTime", made_up::CREATED);
            xml.text("createdBy", format!("arn:aws:iam::{}:root", asked.scope.account));
            xml.text("defaultVersionNumber", 1);
            xml.text("latestVersionNumber", template.versions.len().max(1));
            tags(xml, &template.tags);
        });
        xml.maybe("nextToken", page.next);
        Ok(())
    })
}

pub(super) fn describe_versions(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    let (id, of_name) = (form.get("LaunchTemplateId"), form.get("LaunchTemplateName"));
    let versions = form.list("LaunchTemplateVersion");
    if id.is_none() && of_name.is_none() && !versions.iter().all(|it| matches!(*it, "$Latest" | "$Default")) {
        let message = "You must specify either a launch template ID or a launch template name.";
        return Err(Failure::new("MissingParameter", message));
    }
    if id.is_none() && of_name.is_none() && versions.is_empty() {
        let message = "You must specify either a launch template ID or a launch template name.";
        return Err(Failure::new("MissingParameter", message));
    }
    asked.accounts.of(asked.scope, |resources| {
        let templates = &resources.launch_templates;
        missing(id.as_slice(), of_name.as_slice(), templates)?;
        let is_of = |template: &&LaunchTemplate| {
            id.is_none_or(|id| template.id == id) && of_name.is_none_or(|of| name(template) == of)
        };
        let empty = LaunchTemplateVersion::default();
        let all = templates.iter().filter(is_of).flat_map(|template| {
            let latest = template.versions.len().max(1);
            let versions = &versions;
            let empty = &empty;
            (1..=latest).rev().filter_map(move |number| {
                let is_asked = versions.is_empty()
                    || versions.iter().any(|version| match *version {
                        "$Latest" => number == latest,
                        "$Default" => number == 1,
                        text => text.parse() == Ok(number),
                    });
                let version = template.versions.get(number - 1).unwrap_or(empty);
                is_asked.then_some((template, number, version))
            })
        });
        let page = page(asked, "versions", all, most(asked, PAGES)?)?;
        xml.list("launchTemplateVersionSet", "item", page.items, |xml, (template, number, version)| {
            xml.text("launchTemplateId", &template.id);
            xml.text("launchTemplateName", name(template));
            xml.text("versionNumber", number);
            xml.text("createTime", made_up::CREATED);
            xml.text("createdBy", format!("arn:aws:iam::{}:root", asked.scope.account));
            xml.text("defaultVersion", number == 1);
            xml.node("launchTemplateData", |xml| data(xml, asked.scope, version));
        });
        xml.maybe("nextToken", page.next);
        Ok(())
    })
}

fn data(xml: &mut Document, scope: &Scope, version: &LaunchTemplateVersion) {
    if let Some(name) = &version.instance_profile {
        xml.node("iamInstanceProfile", |xml| {
            xml.text("arn", format!("arn:aws:iam::{}:instance-profile/{name}", scope.account));
        });
    }
    xml.maybe("imageId", version.image_id.as_ref());
    xml.maybe("instanceType", version.instance_type.as_ref());
    xml.maybe("keyName", version.key_name.as_ref());
    xml.texts("securityGroupIdSet", "item", &version.security_groups);
}

fn missing(ids: &[&str], names: &[&str], templates: &[LaunchTemplate]) -> Result<(), Failure> {
    if let Some(id) = ids.iter().find(|id| templates.iter().all(|template| template.id != **id)) {
        let message = format!("The specified launch template, with template ID {id}, does not exist.");
        return Err(Failure::new("InvalidLaunchTemplateId.NotFound", message));
    }
    if let Some(of) = names.iter().find(|of| templates.iter().all(|template| name(template) != **of)) {
        let message = format!("The specified launch template, with template name {of}, does not exist.");
        return Err(Failure::new("InvalidLaunchTemplateName.NotFoundException", message));
    }
    Ok(())
}

fn name(template: &LaunchTemplate) -> &str {
    template.name.as_deref().unwrap_or(&template.id)
}
