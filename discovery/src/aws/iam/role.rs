//! [`Roles`]: the mirror of roles.

use std::borrow::Cow;

use aws_sdk_iam::{Client, types::Role as Described};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{PAGE, UNKNOWN, created, find_by_name, given};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const GET: Api = Api::new("iam", "GetRole");
const LIST: Api = Api::new("iam", "ListRoles");

/// Mirrors roles: `iam:role`, by name or ARN. In no region.
///
/// One by `GetRole`, all by `ListRoles`; and instance profiles tell all about their roles. Tags are not asked for.
#[derive(Clone, Debug)]
pub struct Roles {
    clients: Clients<Client>,
}

/// A role: what every call says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Role {
    /// The name.
    #[serde(rename = "RoleName")]
    pub name: String,
    /// The id, which no other role has ever had.
    #[serde(rename = "RoleId")]
    pub id: Option<String>,
    /// The ARN.
    pub arn: Option<String>,
    /// Such as `/service-role/`.
    pub path: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreateDate")]
    pub created: Option<String>,
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
        model.arn.iter().for_each(|arn| add(arn));
    }

    /// None: a role does not lead to what takes it on.
    fn refs(_: &Role, _: &mut Refs<'_>) {}

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.get_role().role_name(*key);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => answer(output.role.as_slice(), answers),
                Err(error) if code(&error) == Some(UNKNOWN) => answers.absent(key),
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
        let operation =
            self.clients.of(cx.scope())?.list_roles().set_marker(page.map(str::to_owned)).max_items(PAGE);
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        answer(output.roles(), answers);
        Ok(output.marker.filter(|_| output.is_truncated))
    }

    fn find(term: &Term) -> Find<'_> {
        find_by_name(term, "role")
    }
}

/// A role, if it has a name.
pub(super) fn role(role: &Described) -> Option<Role> {
    let name = given(role.role_name())?;
    Some(Role {
        name,
        id: given(role.role_id()),
        arn: given(role.arn()),
        path: given(role.path()),
        created: created(role.create_date()),
    })
}

fn answer(roles: &[Described], answers: &mut Answers<Roles>) {
    for described in roles {
        match role(described) {
            Some(role) => answers.found(role),
            None => answers.unreadable(Some(described.arn()).filter(|arn| !arn.is_empty()), "RoleName"),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;
    use crate::aws::said::{aliases, answers_to, find, refs, told};

    fn described(name: &str) -> Described {
        let role = Described::builder().role_name(name).role_id("").path("/web/");
        let role = role.arn(format!("arn:aws:iam::123456789012:role/web/{name}"));
        role.create_date(DateTime::from_secs(0)).build().expect("a whole role")
    }

    #[test]
    fn a_role_without_a_name_does_not_cost_the_others() {
        let (models, unreadable) = told(|answers| answer(&[described(""), described("servers")], answers));
        let expected = Role {
            name: "servers".to_owned(),
            arn: Some("arn:aws:iam::123456789012:role/web/servers".to_owned()),
            path: Some("/web/".to_owned()),
            ..Role::default()
        };
        assert_eq!(models, [expected]);
        assert_eq!(
            unreadable,
            [(Some("arn:aws:iam::123456789012:role/web/".to_owned()), "RoleName".to_owned())]
        );
        assert_eq!(aliases::<Roles>(&models[0]), ["arn:aws:iam::123456789012:role/web/servers"]);
        assert_eq!(refs::<Roles>(&models[0]), []);
        assert!(answers_to::<Roles>(&models[0], "arn:aws:iam::123456789012:role/web/servers"));
    }

    #[test]
    fn when_it_was_made_is_read() {
        let mut role = described("servers");
        role.create_date = DateTime::from_secs(1_767_225_600);
        let (models, _) = told(|answers| answer(&[role], answers));
        assert_eq!(models[0].created.as_deref(), Some("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn terms() {
        let long = "x".repeat(129);
        for (term, how) in [
            ("servers", "servers"),
            ("nodes.shop.example", "nodes.shop.example"),
            ("arn:aws:iam::123456789012:role/servers", "servers"),
            ("arn:aws:iam::123456789012:role/service-role/eb", "eb"),
            ("arn:aws:iam::123456789012:instance-profile/servers", "No"),
            ("arn:aws:iam::123456789012:user/role/servers", "No"),
            ("arn:aws:ecs:eu-west-1:123456789012:role/servers", "No"),
            ("Name=servers", "No"),
            ("my servers", "No"),
            (&long, "No"),
            ("", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
        ] {
            assert_eq!(find::<Roles>(term), how, "{term}");
        }
    }
}
