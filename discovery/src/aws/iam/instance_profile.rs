//! [`InstanceProfiles`]: the mirror of IAM instance profiles.

use std::borrow::Cow;

use aws_sdk_iam::Client;
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::name_of;
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const GET: Api = Api::new("iam", "GetInstanceProfile");
const LIST: Api = Api::new("iam", "ListInstanceProfiles");

/// Instance profiles on a page, at most.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html>.
const PAGE: i32 = 1_000;

/// Mirrors IAM instance profiles: `iam:instance-profile`, by name. They are in no region.
#[derive(Clone, Debug)]
pub struct InstanceProfiles {
    clients: Clients<Client>,
}

/// An IAM instance profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceProfile {
    /// The name.
    #[serde(rename = "InstanceProfileName")]
    pub name: String,
    /// The id.
    #[serde(rename = "InstanceProfileId")]
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The path, `/` if none was chosen.
    pub path: String,
    /// RFC 3339.
    pub create_date: String,
    /// Names of the roles in it: at most one.
    pub roles: Vec<String>,
}

impl InstanceProfiles {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for InstanceProfiles {
    const TYPE: &'static str = "iam:instance-profile";

    const GLOBAL: bool = true;

    type Model = InstanceProfile;

    fn key(model: &InstanceProfile) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &InstanceProfile, add: &mut dyn FnMut(&str)) {
        add(&model.arn);
    }

    fn refs(model: &InstanceProfile, refs: &mut Refs<'_>) {
        refs.many::<super::Roles>("Roles", &model.roles);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.get_instance_profile().instance_profile_name(*key);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => {
                    output.instance_profile().into_iter().for_each(|profile| answer(profile, answers));
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
        let operation = self.clients.of(cx.scope())?.list_instance_profiles().max_items(PAGE);
        let operation = operation.set_marker(page.map(str::to_owned));
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        output.instance_profiles().iter().for_each(|profile| answer(profile, answers));
        Ok(output.marker.filter(|_| output.is_truncated))
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(_) => {
                name_of(term.text(), "instance-profile").map_or(Find::No, |name| Find::Key(name.into()))
            }
            None if term.tag().is_some() || term.address().is_some() => Find::No,
            None => Find::List,
        }
    }
}

fn answer(profile: &aws_sdk_iam::types::InstanceProfile, answers: &mut Answers<InstanceProfiles>) {
    if profile.instance_profile_name().is_empty() {
        answers.unreadable(None, "InstanceProfileName");
        return;
    }
    answers.found(InstanceProfile {
        name: profile.instance_profile_name().to_owned(),
        id: profile.instance_profile_id().to_owned(),
        arn: profile.arn().to_owned(),
        path: profile.path().to_owned(),
        create_date: profile.create_date().to_string(),
        roles: profile.roles().iter().map(|role| role.role_name().to_owned()).collect(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_term_may_be() {
        let arn = Term::new("arn:aws:iam::123456789012:instance-profile/path/reader");
        assert_eq!(InstanceProfiles::find(&arn), Find::Key("reader".into()));
        assert_eq!(InstanceProfiles::find(&Term::new("arn:aws:iam::123456789012:user/reader")), Find::No);
        assert_eq!(InstanceProfiles::find(&Term::new("reader")), Find::List);
        assert_eq!(InstanceProfiles::find(&Term::new("Name=reader")), Find::No);
    }
}
