//! [`Roles`]: the mirror of IAM roles.

use std::borrow::Cow;

use aws_sdk_iam::Client;
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::name_of;
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const GET: Api = Api::new("iam", "GetRole");
const LIST: Api = Api::new("iam", "ListRoles");

/// Roles on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>.
const PAGE: i32 = 1_000;

/// Mirrors IAM roles: `iam:role`, by name. They are in no region.
#[derive(Clone, Debug)]
pub struct Roles {
    clients: Clients<Client>,
}

/// An IAM role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Role {
    /// The name.
    #[serde(rename = "RoleName")]
    pub name: String,
    /// The id.
    #[serde(rename = "RoleId")]
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The path, `/` if none was chosen.
    pub path: String,
    /// RFC 3339.
    pub create_date: String,
    /// A text.
    pub description: Option<String>,
}

impl Roles {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Roles {
    const TYPE: &'static str = "iam:role";

    const GLOBAL: bool = true;

    type Model = Role;

    fn key(model: &Role) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &Role, add: &mut dyn FnMut(&str)) {
        add(&model.arn);
    }

    fn refs(_: &Role, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.get_role().role_name(*key);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => {
                    output.role().into_iter().for_each(|role| answer(role, answers));
                }
                // A text that is no name at all is refused as such.
                Err(error) if matches!(code(&error), Some("NoSuchEntity" | "ValidationError")) => {
                    answers.absent(key);
                }
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation = self.clients.of(cx.scope())?.list_roles().max_items(PAGE);
        let operation = operation.set_marker(page.map(str::to_owned));
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        output.roles().iter().for_each(|role| answer(role, answers));
        Ok(output.marker.filter(|_| output.is_truncated))
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(_) => name_of(term.text(), "role").map_or(Find::No, |name| Find::Key(name.into())),
            None if term.tag().is_some() || term.address().is_some() => Find::No,
            None => Find::List,
        }
    }
}

fn answer(role: &aws_sdk_iam::types::Role, answers: &mut Answers<Roles>) {
    if role.role_name().is_empty() {
        answers.unreadable(None, "RoleName");
        return;
    }
    answers.found(Role {
        name: role.role_name().to_owned(),
        id: role.role_id().to_owned(),
        arn: role.arn().to_owned(),
        path: role.path().to_owned(),
        create_date: role.create_date().to_string(),
        description: role.description().map(str::to_owned),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_term_may_be() {
        let arn = Term::new("arn:aws:iam::123456789012:role/service-role/reader");
        assert_eq!(Roles::find(&arn), Find::Key("reader".into()));
        assert_eq!(Roles::find(&Term::new("arn:aws:iam::123456789012:user/reader")), Find::No);
        assert_eq!(Roles::find(&Term::new("reader")), Find::List);
        assert_eq!(Roles::find(&Term::new("Name=reader")), Find::No);
    }
}
