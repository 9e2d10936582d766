//! [`InstanceProfiles`]: the mirror of instance profiles.

use std::borrow::Cow;

use aws_sdk_iam::{Client, types::InstanceProfile as Described};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use super::{PAGE, Roles, UNKNOWN, created, find_by_name, given, role::role};
use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const GET: Api = Api::new("iam", "GetInstanceProfile");
const LIST: Api = Api::new("iam", "ListInstanceProfiles");

/// Mirrors instance profiles: `iam:instance-profile`, by name or ARN. In no region.
///
/// One by `GetInstanceProfile`, all by `ListInstanceProfiles`; both tell all about their roles. Tags are not asked
/// for.
#[derive(Clone, Debug)]
pub struct InstanceProfiles {
    clients: Clients<Client>,
}

/// An instance profile: what every call says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceProfile {
    /// The name.
    #[serde(rename = "InstanceProfileName")]
    pub name: String,
    /// The id, which no other instance profile has ever had.
    #[serde(rename = "InstanceProfileId")]
    pub id: Option<String>,
    /// The ARN.
    pub arn: Option<String>,
    /// Such as `/`.
    pub path: Option<String>,
    /// RFC 3339.
    #[serde(rename = "CreateDate")]
    pub created: Option<String>,
    /// The role, by name: AWS allows one.
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
        model.arn.iter().for_each(|arn| add(arn));
    }

    fn refs(model: &InstanceProfile, refs: &mut Refs<'_>) {
        refs.many::<Roles>("Roles", &model.roles);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.get_instance_profile().instance_profile_name(*key);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => answer(output.instance_profile.as_slice(), answers),
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
        let operation = self
            .clients
            .of(cx.scope())?
            .list_instance_profiles()
            .set_marker(page.map(str::to_owned))
            .max_items(PAGE);
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        answer(output.instance_profiles(), answers);
        Ok(output.marker.filter(|_| output.is_truncated))
    }

    fn find(term: &Term) -> Find<'_> {
        find_by_name(term, "instance-profile")
    }
}

fn answer(profiles: &[Described], answers: &mut Answers<InstanceProfiles>) {
    for profile in profiles {
        let Some(name) = given(profile.instance_profile_name()) else {
            answers.unreadable(Some(profile.arn()).filter(|arn| !arn.is_empty()), "InstanceProfileName");
            continue;
        };
        let mut roles = Vec::new();
        for role in profile.roles().iter().filter_map(role) {
            roles.push(role.name.clone());
            answers.also::<Roles>(role);
        }
        answers.found(InstanceProfile {
            name,
            id: given(profile.instance_profile_id()),
            arn: given(profile.arn()),
            path: given(profile.path()),
            created: created(profile.create_date()),
            roles,
        });
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::Role as DescribedRole;
    use aws_smithy_types::DateTime;

    use super::*;
    use crate::{
        Scope,
        answers::Answer,
        aws::{
            iam::Role,
            said::{aliases, find, one_in, refs_in},
        },
    };

    const ARN: &str = "arn:aws:iam::123456789012:instance-profile/web/servers";

    fn described(name: &str) -> Described {
        let then = DateTime::from_secs(1_767_225_600);
        let role = |name: &str| {
            let role = DescribedRole::builder().role_name(name).role_id("AROA1").path("/").arn("");
            role.create_date(then).build().expect("a whole role")
        };
        Described::builder()
            .instance_profile_name(name)
            .instance_profile_id("AIPA1")
            .path("/web/")
            .arn(ARN)
            .create_date(then)
            .roles(role("servers-role"))
            .roles(role(""))
            .build()
            .expect("a whole instance profile")
    }

    #[test]
    fn it_refers_to_its_role_and_tells_all_about_it() {
        let mut answers = Answers::new();
        answer(&[described(""), described("servers")], &mut answers);
        let (mut profiles, mut roles, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for answer in answers.all {
            match answer {
                Answer::Found { model, .. } => match model.downcast::<InstanceProfile>() {
                    Ok(profile) => profiles.push(profile),
                    Err(model) => roles.push(model.downcast::<Role>().expect("a role")),
                },
                Answer::Unreadable { key, field } => unreadable.push((key, field)),
                Answer::Absent { .. } | Answer::Named { .. } => {}
            }
        }
        assert_eq!(unreadable, [(Some(ARN.into()), "InstanceProfileName".to_owned())]);
        let [profile] = &*profiles else { panic!("one instance profile: {profiles:?}") };
        let everywhere = Scope::new("123456789012", "");
        assert_eq!(
            refs_in::<InstanceProfiles>(profile, &everywhere, false),
            [one_in::<Roles>("Roles", &everywhere, "servers-role")]
        );
        assert_eq!(aliases::<InstanceProfiles>(profile), [ARN]);
        let [role] = &*roles else { panic!("one role: {roles:?}") };
        assert_eq!((&*role.name, role.id.as_deref()), ("servers-role", Some("AROA1")));
        assert_eq!(role.created.as_deref(), Some("2026-01-01T00:00:00Z"));
    }

    #[cfg(any(feature = "autoscaling", feature = "ec2"))]
    #[test]
    fn a_name_or_an_arn_leads_to_it() {
        use crate::{
            Refs,
            aws::{iam::profile, said::here},
            refs::Named,
        };

        let lead = |text: Option<&str>| {
            let mut all = Vec::new();
            let mut take = |named: Named<'_>| {
                if let Named::One { scope, key, .. } = named {
                    all.push(format!("{scope}: {key}"));
                }
            };
            profile("IamInstanceProfile", text, &mut Refs::new(&here(), false, &mut take));
            all
        };
        assert_eq!(lead(Some("servers")), ["123456789012 eu-west-1: servers"]);
        assert_eq!(lead(Some(ARN)), ["123456789012: servers"]);
        assert_eq!(lead(Some("arn:aws:iam::210987654321:instance-profile/a")), ["210987654321: a"]);
        assert!(lead(Some("arn:aws:iam::123456789012:role/servers")).is_empty());
        assert!(lead(None).is_empty());
    }

    #[test]
    fn terms() {
        for (term, how) in [
            ("servers", "servers"),
            (ARN, "servers"),
            ("arn:aws:iam::123456789012:role/servers", "No"),
            ("Name=servers", "No"),
        ] {
            assert_eq!(find::<InstanceProfiles>(term), how, "{term}");
        }
    }
}
