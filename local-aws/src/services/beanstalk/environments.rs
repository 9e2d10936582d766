//! Environments.

use super::{
    super::{
        Scope, constraint,
        query::{Asked, Failure},
    },
    PLATFORM, invalid, platform_arn,
};
use crate::{
    resources::{Environment, made_up},
    wire::{document::Document, page::Page},
};

/// Environments of one page, at most; unless asked for pages, there is one of them all.
const LARGEST_PAGE: usize = 1_000;

pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let form = &asked.form;
    let most = constraint::number(form, "MaxRecords", LARGEST_PAGE, usize::MAX)?;
    let (ids, names) = (form.list("EnvironmentIds.member"), form.list("EnvironmentNames.member"));
    let application = constraint::optional(form, "ApplicationName");
    let with_deleted = constraint::flag(form, "IncludeDeleted", true);
    // No environment of the model runs a version that has a label.
    let of_version = constraint::optional(form, "VersionLabel").is_some();
    asked.accounts.of(asked.scope, |resources| {
        let found = resources.environments.iter().filter(|it| {
            (ids.is_empty() || ids.contains(&&*it.id))
                && (names.is_empty() || names.contains(&&*it.name))
                && application.is_none_or(|name| it.application == name)
                && (with_deleted || it.status() != "Terminated")
                && !of_version
        });
        let token = constraint::optional(form, "NextToken");
        let page = Page::of("environments", found, token, most)
            .map_err(|_| invalid(format!("Invalid NextToken: {}", token.unwrap_or_default())))?;
        xml.list("Environments", "member", page.items, |xml, it| environment(xml, asked.scope, it));
        xml.maybe("NextToken", page.next);
        Ok(())
    })
}

fn environment(xml: &mut Document, scope: &Scope, environment: &Environment) {
    let Scope { account, region } = scope;
    let (health, health_status) = match environment.status() {
        "Ready" | "Updating" => ("Green", "Ok"),
        "Launching" => ("Grey", "Pending"),
        _ => ("Grey", "NoData"),
    };
    xml.text("EnvironmentName", &environment.name);
    xml.text("EnvironmentId", &environment.id);
    xml.text("ApplicationName", &environment.application);
    xml.text("SolutionStackName", PLATFORM);
    xml.text("PlatformArn", platform_arn(region));
    xml.maybe("EndpointURL", environment.endpoint_url.as_ref());
    xml.text("CNAME", environment.cname(region));
    xml.text("DateCreated", made_up::CREATED);
    xml.text("DateUpdated", made_up::CREATED);
    xml.text("Status", environment.status());
    xml.text("AbortableOperationInProgress", false);
    xml.text("Health", health);
    xml.text("HealthStatus", health_status);
    xml.node("Tier", |xml| {
        xml.text("Name", "WebServer");
        xml.text("Type", "Standard");
        xml.text("Version", "1.0");
    });
    xml.texts("EnvironmentLinks", "member", [""; 0]);
    xml.text("EnvironmentArn", environment.arn(account, region));
}
