//! AWS STS: who asks, and credentials for another account.

use super::query::{Api, Asked, Envelope, Failure, Operation};
use crate::wire::document::Document;

pub(crate) const API: Api = Api {
    service: "sts",
    version: "2011-06-15",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    envelope: Envelope::Result,
    operations: &[
        Operation { name: "AssumeRole", run: assume_role },
        Operation { name: "GetCallerIdentity", run: get_caller_identity },
    ],
};

#[expect(clippy::unnecessary_wraps, reason = "an operation may fail")]
fn get_caller_identity(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let account = &asked.scope.account;
    xml.text("Arn", format!("arn:aws:iam::{account}:root"));
    xml.text("UserId", account);
    xml.text("Account", account);
    Ok(())
}

/// The access key is the number of the role's account, which is what tells accounts apart here.
fn assume_role(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let required = |name: &str| {
        asked.form.get(name).ok_or_else(|| {
            let message = format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null");
            Failure::new("ValidationError", message)
        })
    };
    let (arn, session) = (required("RoleArn")?, required("RoleSessionName")?);
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4).filter(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()));
    let name = parts.next().and_then(|resource| resource.strip_prefix("role/"));
    let (Some(account), Some(name)) = (account, name) else {
        return Err(Failure::new("ValidationError", format!("{arn} is invalid")));
    };
    xml.node("Credentials", |xml| {
        xml.text("AccessKeyId", account);
        xml.text("SecretAccessKey", "test");
        xml.text("SessionToken", "test");
        xml.text("Expiration", "2099-01-01T00:00:00Z");
    });
    xml.node("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", format!("AROA{account}:{session}"));
        xml.text("Arn", format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"));
    });
    Ok(())
}
