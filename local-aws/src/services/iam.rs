//! AWS IAM: roles and instance profiles, which an account has in no region.

mod profiles;
mod roles;
mod write;

use http::StatusCode;

use super::{
    constraint,
    query::{Api, Asked, Envelope, Failure, Operation},
};
use crate::{
    resources::Resources,
    wire::{document::Document, page::Page},
};

pub(crate) const API: Api = Api {
    service: "iam",
    version: "2010-05-08",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    envelope: Envelope::Result,
    operations: &[
        Operation { name: "GetInstanceProfile", run: profiles::get },
        Operation { name: "GetRole", run: roles::get },
        Operation { name: "ListAttachedRolePolicies", run: roles::attached_policies },
        Operation { name: "ListInstanceProfiles", run: profiles::list },
        Operation { name: "ListInstanceProfilesForRole", run: profiles::of_role },
        Operation { name: "ListInstanceProfileTags", run: profiles::tags },
        Operation { name: "ListRoleTags", run: roles::tags },
        Operation { name: "ListRoles", run: roles::list },
    ],
};

/// How many items a page has unless more are asked for, and the most that may be.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>.
const PAGE: (usize, usize) = (100, 1_000);

/// Looks at what the account of the caller has in no region.
fn look<T>(asked: &Asked<'_>, look: impl FnOnce(&Resources) -> T) -> T {
    asked.accounts.global(&asked.scope.account, |known| look(known))
}

/// Writes a page of a list, and where the next one begins.
fn page<T>(
    asked: &Asked<'_>,
    xml: &mut Document,
    (list, member): (&str, &str),
    items: impl IntoIterator<Item = T>,
    write: impl FnMut(&mut Document, T),
) -> Result<(), Failure> {
    let most = constraint::number(&asked.form, "MaxItems", PAGE.1, PAGE.0)?;
    let page = Page::of(list, items, asked.form.get("Marker"), most)
        .map_err(|_| Failure::new("ValidationError", "Invalid Marker."))?;
    xml.list(member, "member", page.items, write);
    xml.text("IsTruncated", page.next.is_some());
    xml.maybe("Marker", page.next);
    Ok(())
}

/// Whether a path prefix is that of all there is: every path is `/`.
fn all_paths(asked: &Asked<'_>) -> Result<bool, Failure> {
    match asked.form.get("PathPrefix") {
        None | Some("/") => Ok(true),
        Some(prefix) if prefix.starts_with('/') => Ok(false),
        Some(_) => {
            let message = "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or /";
            Err(Failure::new("ValidationError", message))
        }
    }
}

fn no_such(message: String) -> Failure {
    Failure { status: StatusCode::NOT_FOUND, ..Failure::new("NoSuchEntity", message) }
}
