//! Applications, and their versions.

use super::super::{
    Scope,
    query::{Asked, Failure},
};
use crate::{
    resources::{Application, made_up},
    wire::document::Document,
};

#[expect(clippy::unnecessary_wraps, reason = "an operation may fail")]
pub(super) fn describe(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let names = asked.form.list("ApplicationNames.member");
    asked.accounts.of(asked.scope, |resources| {
        let all = resources.applications.iter();
        let found = all.filter(|it| names.is_empty() || names.contains(&&*it.name));
        xml.list("Applications", "member", found, |xml, it| application(xml, asked.scope, it));
    });
    Ok(())
}

/// The model has no versions.
#[expect(clippy::unnecessary_wraps, reason = "an operation may fail")]
pub(super) fn describe_versions(_asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    xml.texts("ApplicationVersions", "member", [""; 0]);
    Ok(())
}

fn application(xml: &mut Document, scope: &Scope, application: &Application) {
    xml.text("ApplicationArn", application.arn(&scope.account, &scope.region));
    xml.text("ApplicationName", &application.name);
    xml.maybe("Description", application.description.as_ref());
    xml.text("DateCreated", made_up::CREATED);
    xml.text("DateUpdated", made_up::CREATED);
    xml.texts("Versions", "member", [""; 0]);
    xml.texts("ConfigurationTemplates", "member", [""; 0]);
    xml.node("ResourceLifecycleConfig", |xml| {
        xml.node("VersionLifecycleConfig", |xml| {
            for (rule, most, number) in
                [("MaxCountRule", "MaxCount", 200), ("MaxAgeRule", "MaxAgeInDays", 180)]
            {
                xml.node(rule, |xml| {
                    xml.text("Enabled", false);
                    xml.text(most, number);
                    xml.text("DeleteSourceFromS3", false);
                });
            }
        });
    });
}
