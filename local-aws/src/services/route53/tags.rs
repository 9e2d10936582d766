//! The tags of hosted zones.

use http::StatusCode;

use super::{Asked, invalid, no_such_zone};
use crate::{
    resources::{HostedZone, Resources},
    services::query::Failure,
    wire::document::Document,
};

/// The most zones in a call.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListTagsForResources.html>.
const ZONES: usize = 10;

pub(super) fn of_one(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let (kind, id) = (&*asked.path[0], &*asked.path[1]);
    check(kind, id)?;
    asked.accounts.global(asked.account, |known| {
        let zone = find(known, id)?;
        xml.node("ResourceTagSet", |xml| write(xml, zone));
        Ok(())
    })
}

pub(super) fn of_many(asked: &Asked<'_>, xml: &mut Document) -> Result<(), Failure> {
    let body = String::from_utf8_lossy(asked.body);
    let ids = ids(&body);
    if ids.is_empty() || ids.len() > ZONES {
        let bound = if ids.is_empty() { "greater than or equal to 1" } else { "less than or equal to 10" };
        return Err(invalid(format!(
            "1 validation error detected: Value '[{}]' at 'resourceIds' failed to satisfy constraint: Member \
             must have length {bound}",
            ids.join(", ")
        )));
    }
    check(&asked.path[0], ids[0])?;
    asked.accounts.global(asked.account, |known| {
        let zones = ids.iter().map(|id| find(known, id)).collect::<Result<Vec<_>, _>>()?;
        xml.list("ResourceTagSets", "ResourceTagSet", zones, write);
        Ok(())
    })
}

/// Health checks have tags, too, but there are none.
fn check(kind: &str, id: &str) -> Result<(), Failure> {
    match kind {
        "hostedzone" => Ok(()),
        "healthcheck" => {
            let message = format!("No health check found with ID: {id}");
            Err(Failure { status: StatusCode::NOT_FOUND, ..Failure::new("NoSuchHealthCheck", message) })
        }
        other => Err(invalid(format!("'{other}' is not a type of resources that have tags."))),
    }
}

fn find<'a>(known: &'a Resources, id: &str) -> Result<&'a HostedZone, Failure> {
    known.hosted_zones.iter().find(|zone| zone.id == id).ok_or_else(|| no_such_zone(id))
}

/// The texts of `<ResourceId>`; ids have nothing in them that XML escapes.
fn ids(body: &str) -> Vec<&str> {
    let texts = body.split("<ResourceId>").skip(1);
    texts.filter_map(|text| text.split_once("</ResourceId>")).map(|(id, _)| id.trim()).collect()
}

fn write(xml: &mut Document, zone: &HostedZone) {
    xml.text("ResourceType", "hostedzone");
    xml.text("ResourceId", &zone.id);
    xml.list("Tags", "Tag", &zone.tags, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}
